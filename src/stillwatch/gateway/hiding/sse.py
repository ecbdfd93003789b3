"""Server-sent events (WHATWG HTML, section 9.2) cut out of bytes that arrive in pieces of any size, and put together again.

An event keeps its own bytes: lines that are not its data, their order and the kind of line end stay as they were.
"""

from __future__ import annotations

import re

__all__ = ["Event", "EventTooLong", "Events"]

_BLANK = re.compile(rb"(?>\r\n|\r|\n)(?>\r\n|\r|\n)")
_LINE = re.compile(rb"(?>\r\n|\r|\n)")


class EventTooLong(Exception):
    """An event larger than any that is read."""


class Event:
    """One event as it came; `data` is what its data lines say, `None` where it has none (a comment, a keep-alive)."""

    __slots__ = ("_plain", "data", "raw")

    def __init__(self, raw: bytes) -> None:
        self.raw = raw
        self._plain = raw[:6] == b"data: " and raw[-2:] == b"\n\n" and raw.count(b"\n") == 2 and b"\r" not in raw
        self.data = raw[6:-2] if self._plain else _data(raw)

    def with_data(self, data: bytes) -> bytes:
        """The event's bytes with other data, which must hold no line end."""
        if self._plain:
            return b"data: " + data + b"\n\n"
        made: list[bytes] = []
        written = False
        for line, end in _lines(self.raw):
            if not line.startswith(b"data") or line[4:5] not in (b":", b""):
                made += (line, end)
            elif not written:
                made += (b"data: " if line[5:6] == b" " else b"data:", data, end)
                written = True
        return b"".join(made)


def _lines(raw: bytes) -> list[tuple[bytes, bytes]]:
    found: list[tuple[bytes, bytes]] = []
    start = 0
    for end in _LINE.finditer(raw):
        found.append((raw[start : end.start()], end[0]))
        start = end.end()
    if start < len(raw):
        found.append((raw[start:], b""))
    return found


def _data(raw: bytes) -> bytes | None:
    pieces: list[bytes] = []
    for line, _ in _lines(raw.removeprefix(b"\xef\xbb\xbf")):
        if line.startswith(b"data:"):
            pieces.append(line[6:] if line[5:6] == b" " else line[5:])
        elif line == b"data":
            pieces.append(b"")
    return b"\n".join(pieces) if pieces else None


def _plain_end(held: bytearray, start: int) -> int:
    """Where the first event ends if LF is the only line end; -1 when it does not end yet."""
    at = held.find(b"\n\n", start)
    return at + 2 if at >= 0 else -1


def _blank_end(held: bytearray, start: int) -> int:
    """The same for any line ends. A lone CR at the very end may yet turn out to be the first half of a CRLF: it ends nothing."""
    end = _BLANK.search(held, start)
    if end is None or (end.end() == len(held) and held.endswith(b"\r")):
        return -1
    return end.end()


class Events:
    """Cuts events out of a stream of bytes.

    Args:
        longest: bytes that an event may have.
    """

    def __init__(self, longest: int = 16 << 20) -> None:
        self._longest = longest
        self._held = bytearray()
        self._from = 0

    def feed(self, piece: bytes) -> list[Event]:
        """The events that are whole now.

        Raises:
            EventTooLong: when one grows beyond what is read.
        """
        held = self._held
        held += piece
        found: list[Event] = []
        start = 0
        plain = b"\r" not in held
        while (end := _plain_end(held, self._from) if plain else _blank_end(held, self._from)) >= 0:
            found.append(Event(bytes(held[start:end])))
            start = self._from = end
        self._from = max(start, len(held) - 3) - start
        if start:
            del held[:start]
        if len(held) > self._longest:
            raise EventTooLong(f"{len(held)} bytes")
        return found

    def finish(self) -> Event | None:
        """What stands at the end of the stream without a blank line after it."""
        rest = bytes(self._held)
        self._held.clear()
        self._from = 0
        return Event(rest) if rest else None
