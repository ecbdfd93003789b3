"""Texts that somebody opened, for a quarter of an hour and that session alone; kept in memory and nowhere else."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["LASTS", "MOST", "Grant", "Grants"]

LASTS = 15 * 60.0
"""Seconds for which an opened text can be looked at again."""

MOST = 10
"""Exchanges that one reason opens, at most."""

_KEPT = 500


@dataclass(frozen=True, kw_only=True, slots=True)
class Grant:
    """Some exchanges of one account that a session may read until `until`. No text is in it: that is read when it is shown."""

    session: bytes
    account: str
    exchanges: tuple[int, ...]
    why: str
    until: float


class Grants:
    """The grants that hold."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._held: dict[str, Grant] = {}
        self._lock = threading.Lock()

    def give(self, session: bytes, account: str, exchanges: tuple[int, ...], why: str) -> str:
        """Let a session read these; the name to ask for them by."""
        now, name = self._clock(), secrets.token_urlsafe(16)
        with self._lock:
            held = [(key, one) for key, one in self._held.items() if one.until > now][-_KEPT:]
            self._held = dict(held)
            self._held[name] = Grant(session=session, account=account, exchanges=exchanges, why=why, until=now + LASTS)
        return name

    def find(self, name: str, session: bytes) -> Grant | None:
        """The grant of this name, while it lasts and for the session that it was given to."""
        with self._lock:
            one = self._held.get(name)
        return one if one is not None and one.session == session and one.until > self._clock() else None
