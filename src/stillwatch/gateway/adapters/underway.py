"""Requests that a host told us of and whose end it will tell later: bounded, for a host may forget to."""

from __future__ import annotations

import msgspec

from stillwatch.policy import Asked, Ruling

__all__ = ["One", "Underway"]


class One(msgspec.Struct, kw_only=True, gc=False):
    """One request under way, and what was ruled about it."""

    asked: Asked
    ruling: Ruling
    zero: bool = False


class Underway:
    """Requests by the id that the host gives them. Beyond `most` the oldest is forgotten: what it reserved stays counted."""

    def __init__(self, most: int = 50_000) -> None:
        self._most = most
        self._ones: dict[str, One] = {}

    def __len__(self) -> int:
        return len(self._ones)

    def begin(self, name: str, one: One) -> None:
        """Take note of one."""
        if len(self._ones) >= self._most:
            self._ones.pop(next(iter(self._ones)))
        self._ones[name] = one

    def end(self, name: str | None) -> One | None:
        """One that has ended; told once."""
        return None if name is None else self._ones.pop(name, None)
