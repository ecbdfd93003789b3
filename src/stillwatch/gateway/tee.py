"""What is kept of an answer while it goes by."""

from __future__ import annotations

__all__ = ["TAIL", "Tee"]

TAIL = 4096
"""Bytes of the end of an answer that are kept even where the rest of it is too long."""


class Tee:
    """What is kept of an answer that goes by: its text up to a limit, its end for the usage, its size and its events."""

    __slots__ = ("_kept", "_last", "_most", "_size", "events", "stream")

    def __init__(self, most: int, *, stream: bool) -> None:
        self._most = most
        self._kept: list[bytes] = []
        self._size = 0
        self._last = b""
        self.stream = stream
        self.events = 0

    def add(self, piece: bytes) -> None:
        """Take note of one piece."""
        if self._size < self._most:
            self._kept.append(piece)
        else:
            self._last = (self._last + piece)[-TAIL:]
        self._size += len(piece)
        if self.stream:
            self.events += piece.count(b"data:")

    @property
    def cut(self) -> bool:
        """Whether the text lacks its end."""
        return bool(self._last)

    def body(self) -> bytes:
        """The answer, up to the limit."""
        if len(self._kept) > 1:
            self._kept = [b"".join(self._kept)]
        return self._kept[0] if self._kept else b""

    def tail(self) -> bytes:
        """The last bytes, where providers say what an answer cost."""
        body = self.body()
        return (body[-TAIL:] + self._last)[-TAIL:] if self._last else body[-TAIL:]
