"""Which conversation a request continues, without its text: a keyed hash of the user's turns up to each of them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import msgspec
import pyarrow as pa

__all__ = ["prefixes"]


class _Turn(msgspec.Struct, gc=False):
    role: str
    content: str | None = None


_turns = msgspec.json.Decoder(list[_Turn])


def prefixes(messages: pa.Array, prompt: pa.Array, *, salt: int) -> pa.ListArray:
    """Hash each conversation's user turns up to each of them, the prompt last.

    A request continues another where its list holds the last hash of that one's. Only what users wrote counts, without the spaces
    around it: harnesses rewrite system texts and drop old answers and tool results within one conversation. A hash covers everything
    before it, so that equal prompts of different conversations differ. int64; null where the prompt is unknown or the turns before
    it are no JSON as `lay_out` writes it.

    >>> first, second, other = prefixes(
    ...     pa.array([None, '[{"role":"user","content":"Hi"},{"role":"assistant","content":"Hello"}]', None]),
    ...     pa.array(["Hi", "And now?", "And now?"]),
    ...     salt=7,
    ... ).to_pylist()
    >>> second[0] == first[0], second[1] == other[0]
    (True, False)
    """
    key = (salt & 0xFFFF_FFFF_FFFF_FFFF).to_bytes(8, "little")
    rows = zip(messages.to_pylist(), prompt.to_pylist(), strict=True)
    return pa.array([_chain(earlier, last, key) for earlier, last in rows], pa.list_(pa.int64()))


def _chain(earlier: str | None, last: str | None, key: bytes) -> list[int] | None:
    if last is None:
        return None
    try:
        turns = _turns.decode(earlier) if earlier else []
    except msgspec.DecodeError:
        return None
    return list(_hashes([*(turn.content for turn in turns if turn.role == "user" and turn.content), last], key))


def _hashes(texts: list[str], key: bytes) -> Iterator[int]:
    running = hashlib.blake2b(digest_size=8, key=key, person=b"prefix")
    for text in texts:
        running.update(text.strip().encode("utf-8", "surrogatepass") + b"\x00")
        yield int.from_bytes(running.copy().digest(), "little", signed=True)
