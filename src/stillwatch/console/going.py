"""People on their way to a log-in provider: what they have to bring back, kept here and used once.

The browser gets a cookie of its own and the address a state; both are needed to come back, so that nobody logs somebody else in as
themselves (log-in CSRF), and each is stored as a hash. The verifier (PKCE, RFC 7636) and the nonce never leave but as their hash, and in
the provider's own token.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass

from stillwatch.console.register import Register

__all__ = ["LASTS", "Going", "Leaving", "Return"]

LASTS = 600.0
"""Seconds within which somebody has to come back."""

_MOST = 5000
"""Kept at once; beyond it the oldest are let go."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Leaving:
    """Somebody who goes: the state and challenge for the address, the nonce for the token, and what their browser keeps."""

    state: str
    nonce: str
    challenge: str
    browser: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Return:
    """Somebody who came back: what the code is exchanged with, and the page they wanted."""

    nonce: str
    verifier: str
    onward: str


class Going:
    """Everybody on the way.

    Args:
        register: where they are kept.
        clock: seconds since 1970.
    """

    def __init__(self, register: Register, clock: Callable[[], float]) -> None:
        self._register = register
        self._clock = clock

    def leave(self, onward: str) -> Leaving:
        """Note that somebody goes."""
        state, browser, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(4))
        now = self._clock()
        with self._register.writing() as database:
            database.do("delete from away where made < ?", now - LASTS)
            kept = database.rows("select count(*) from away")[0][0]
            if kept >= _MOST:
                database.do("delete from away where made <= (select min(made) from away)")
            database.do(
                "insert into away (state, browser, nonce, verifier, onward, made) values (?, ?, ?, ?, ?, ?)",
                *(_hash(state), _hash(browser), nonce, verifier, onward, now),
            )
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        return Leaving(state=state, nonce=nonce, challenge=challenge, browser=browser)

    def back(self, state: str, browser: str) -> Return | None:
        """Who came back with this state, in the browser that left; whatever comes of it, the state is used up."""
        key = _hash(state)
        with self._register.writing() as database:
            rows = database.rows("select browser, nonce, verifier, onward, made from away where state = ?", key)
            database.do("delete from away where state = ?", key)
        if not rows:
            return None
        left, nonce, verifier, onward, made = rows[0]
        if not hmac.compare_digest(bytes(left), _hash(browser)) or self._clock() - made > LASTS:
            return None
        return Return(nonce=nonce, verifier=verifier, onward=onward)


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()
