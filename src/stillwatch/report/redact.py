"""Examples that show an operator's template without showing anybody's text.

The constant part of a family (its scaffold) is what identifies the conduct and may be shown; what varies between
accounts may be a third party's words, so only its length is kept. Before that, addresses, numbers, keys and query
strings are masked everywhere. Redaction by pattern is never complete (names and street addresses pass): it is a
second fence, the first is that varying text is not kept.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from stillwatch.report.inert import inert
from stillwatch.report.view_actor import Example, Piece

__all__ = ["mask", "redact_examples"]

_READ = 20_000
"""Characters of a text that are looked at; the rest counts as cut."""

_SHINGLE = 4
"""Words in the stretch that counts as constant when enough texts have it."""

_START, _END = "\x02", "\x03"
"""Stand before the first and after the last word, so that stretches at the ends are told from those in the middle."""

_MASKS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("key", re.compile(r"-----BEGIN [A-Z ]{3,40}-----[^-]{0,8000}(?:-----END [A-Z ]{3,40}-----)?")),
    ("query", re.compile(r"(?<=[\w/.\-~%])[?#][^\s\"'<>)\]]{3,}")),
    ("login", re.compile(r"(?<=://)[^\s/@]{1,200}@")),
    ("e-mail", re.compile(r"[\w.+\-]{1,64}@[\w\-]{1,63}(?:\.[\w\-]{1,63}){1,8}")),
    ("key", re.compile(r"\b(?:sk|pk|rk|ghp|gho|ghs|glpat|hf|xox[abprs]|AKIA|ASIA|AIza|ya29)[-_A-Za-z0-9.]{10,}")),
    ("key", re.compile(r"\beyJ[-_A-Za-z0-9]{8,}(?:\.[-_A-Za-z0-9]*){0,2}")),
    ("key", re.compile(r"(?<![\w/+])(?=[A-Za-z_\-]*\d)(?=[\d_\-]*[A-Za-z])[A-Za-z0-9_\-]{24,}(?![\w/+])")),
    ("key", re.compile(r"(?<![\w/+])[A-Za-z0-9+/]{40,}={0,2}(?![\w/+])")),
    ("address", re.compile(r"(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?![\d.])")),
    ("number", re.compile(r"(?<!\w)\+?\(?\d(?:[ \-.()/]{0,2}\d){6,}(?!\w)")),
)
_IDEOGRAPHS = r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff"
_TOKEN = re.compile(rf"[{_IDEOGRAPHS}]|[^\W{_IDEOGRAPHS}]+|\n+|[^\w\s]")


def mask(text: str) -> tuple[str, int]:
    """The text with what looks like an address, a number, a key or a query string taken out, and how many were.

    >>> mask("write to a.b@example.org or +44 20 7946 0018")
    ('write to ‹e-mail› or ‹number›', 2)
    """
    found = 0
    for name, pattern in _MASKS:
        text, hits = pattern.subn(f"‹{name}›", text)
        found += hits
    return text, found


def redact_examples(
    texts: Sequence[str], *, show: int = 2, reveal_varying: bool = False, limit: int = 600
) -> tuple[Example, ...]:
    """Up to `show` texts of a family as examples: the scaffold readable, what varies as lengths; equal scaffolds once.

    `texts` are raw texts of one family, from as many different accounts as can be had (at least three; ten are
    plenty), repeats kept: a stretch of four words counts as constant when at least half of the texts, and never fewer
    than two, have it. With one text nothing is known to be constant and nothing is shown. At most `limit` characters
    are shown of each. `reveal_varying` shows the masked varying parts too: only for a house whose settings say so.

    Misled by: a family whose examples all come from one customer, whose private text then counts as constant.
    """
    masked = [_readable(text) for text in texts]
    tokens = [[(m.start(), m.end()) for m in _TOKEN.finditer(text)] for text, _, _ in masked]
    words = [
        [_START, *(text[a:b].casefold() for a, b in spans), _END]
        for (text, _, _), spans in zip(masked, tokens, strict=True)
    ]
    support = Counter(shingle for row in words for shingle in set(_shingles(row)))
    needed = max(2, (len(texts) + 1) // 2)
    examples: list[Example] = []
    told: set[tuple[str, ...]] = set()
    for (text, hits, lost), spans, row in zip(masked, tokens, words, strict=True):
        constant = [False] * len(row)
        for start, shingle in enumerate(_shingles(row)):
            if support[shingle] >= needed and any(word.isalnum() for word in shingle):
                constant[start : start + len(shingle)] = [True] * len(shingle)
        pieces = _pieces(text, spans, constant[1:-1], reveal_varying)
        kept, cut = _cut(pieces, limit)
        scaffold = tuple(piece.text or "" for piece in kept if piece.text is not None)
        if scaffold in told or len(examples) == show:
            continue
        told.add(scaffold)
        examples.append(Example(pieces=kept, masked=hits, cut=cut + lost))
    return tuple(examples)


def _readable(text: str) -> tuple[str, int, int]:
    """The text masked and inert, how many masks it has, and how many characters were not read."""
    lost = max(0, len(text) - _READ)
    if lost:
        head = text[:_READ]
        text = head[: max(head.rfind(" "), head.rfind("\n"), 0)]
    shown, hits = mask(inert(text))
    return shown, hits, lost


def _shingles(row: list[str]) -> list[tuple[str, ...]]:
    if len(row) <= _SHINGLE:
        return [tuple(row)]
    return [tuple(row[i : i + _SHINGLE]) for i in range(len(row) - _SHINGLE + 1)]


def _pieces(text: str, spans: list[tuple[int, int]], constant: list[bool], reveal: bool) -> list[Piece]:
    """The text cut where constant words meet varying ones; `spans` are its words, `constant` says which are."""
    if not spans:
        return [Piece(constant=False, text=text if reveal else None, length=len(text))] if text else []
    pieces: list[Piece] = []
    start = 0
    for i, (_, end) in enumerate(spans):
        last = i + 1 == len(spans)
        if not last and constant[i + 1] == constant[i]:
            continue
        stop = len(text) if last else spans[i + 1][0] if constant[i] else end
        shown = text[start:stop] if constant[i] or reveal else None
        pieces.append(Piece(constant=constant[i], text=shown, length=stop - start))
        start = stop
    return pieces


def _cut(pieces: list[Piece], limit: int) -> tuple[tuple[Piece, ...], int]:
    """The pieces up to `limit` shown characters, and how many characters were left off."""
    kept: list[Piece] = []
    room = limit
    for i, piece in enumerate(pieces):
        if piece.text is None:
            kept.append(piece)
        elif len(piece.text) <= room:
            kept.append(piece)
            room -= len(piece.text)
        else:
            kept.append(Piece(constant=piece.constant, text=piece.text[:room], length=room))
            return tuple(kept), piece.length - room + sum(later.length for later in pieces[i + 1 :])
    return tuple(kept), 0
