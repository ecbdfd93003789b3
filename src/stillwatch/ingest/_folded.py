"""Streams of chat chunks made shorter: a run of chunks that differ in nothing but their text becomes one chunk with all of it."""

from __future__ import annotations

import re

import msgspec

__all__ = ["BETWEEN", "folded"]

BETWEEN = "\n\ndata: "
"""What stands between two chunks."""
_text = msgspec.json.Decoder(str).decode
_CONTENT = re.compile(r'"content": ?"')
_REST = re.compile(r'[^"\\]*(?:\\.[^"\\]*)*')
_MARK = "\x7f"
"""Stands between the texts of a run while they are read as one, so that no escape is made of the end of one and the begin of the next."""
_ESCAPED_MARK = "\\u007"


def folded(chunks: str) -> tuple[str, int, str] | None:
    """Chunks joined by `BETWEEN`, with the run around the middle one as one chunk without text: (chunks, its place, its text).

    `None` where that chunk is not of such a run. All chunks of a run are letter for letter the same before their text and after it, and
    the text stands in the only `"content"` that they have; the caller has to see that nothing else in such a chunk adds up.
    """
    middle = chunks.find(BETWEEN, len(chunks) // 2)
    begin = chunks.rfind(BETWEEN, 0, middle) if middle > 0 else -1
    if begin < 0:
        return None
    one = chunks[begin + len(BETWEEN) : middle]
    opening = _CONTENT.search(one)
    rest = _REST.match(one, opening.end()) if opening is not None else None
    if opening is None or rest is None:
        return None
    before, after = one[: opening.end()], one[rest.end() :]
    if "\\" in before or "\\" in after or '"content"' in after or before.count('"content"') != 1:
        return None
    framed = f"{BETWEEN}{chunks}{BETWEEN}"
    start, stop = framed.find(BETWEEN + before), framed.rfind(after + BETWEEN)
    if stop <= start + len(BETWEEN) + len(before):
        return None
    if _MARK in framed or f"\\{after}{BETWEEN}" in framed:
        return None
    texts = framed[start + len(BETWEEN) + len(before) : stop].replace(f"{after}{BETWEEN}{before}", _MARK)
    if _ESCAPED_MARK in texts:
        return None
    try:
        text = _text(f'"{texts}"')
    except msgspec.DecodeError:
        return None
    shorter = f"{framed[len(BETWEEN) : start + len(BETWEEN)]}{before}{framed[stop : -len(BETWEEN)]}"
    return shorter, framed.count(BETWEEN, 0, start + 1), text.replace(_MARK, "")
