"""Sessions, kept here and never in the browser: a cookie holds a random token of which only a hash is stored.

A session begins at log-in with a token of its own, whatever cookie came with the request, so that nobody can plant one beforehand
(session fixation). It ends at log-out, after half an hour without a request, and after ten hours whatever happens.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass

from stillwatch.console.register import Register

__all__ = ["ABSOLUTE", "IDLE", "Session", "Sessions", "Throttle"]

IDLE = 30 * 60.0
"""Seconds without a request after which a session is over."""

ABSOLUTE = 10 * 3600.0
"""Seconds after log-in at which it is over however busy it was."""

_FRESH = 30.0
"""How old the noted last use may be before it is written again: not every request writes."""


@dataclass(frozen=True, slots=True)
class Session:
    """A session that holds: whose, the token that its forms must carry, and the hash that names it.

    `hint` is the provider's token of this log-in, where one vouched for the person: it ends the session there too.
    """

    person: str
    csrf: str
    id: bytes
    hint: str | None = None

    def wrote(self, token: str) -> bool:
        """Whether a form came from one of this session's own pages."""
        return hmac.compare_digest(self.csrf.encode(), token.encode("utf-8", "replace"))


class Sessions:
    """The sessions of one installation.

    Args:
        register: where they are kept.
        clock: seconds since 1970.
    """

    def __init__(self, register: Register, clock: Callable[[], float]) -> None:
        self._register = register
        self._clock = clock

    def begin(self, person: str, hint: str | None = None) -> str:
        """Begin a session; the token for its cookie. Sessions that are over are swept."""
        token, now = secrets.token_urlsafe(32), self._clock()
        row = (_id(token), person, secrets.token_urlsafe(32), now, now, hint)
        with self._register.writing() as database:
            database.do("delete from session where seen < ? or made < ?", now - IDLE, now - ABSOLUTE)
            database.do("insert into session (token, person, csrf, made, seen, hint) values (?, ?, ?, ?, ?, ?)", *row)
        return token

    def find(self, token: str) -> Session | None:
        """The session of a token while it holds; that it was used is noted."""
        now, id_ = self._clock(), _id(token)
        with self._register.reading() as database:
            rows = database.rows(
                "select s.person, s.csrf, s.made, s.seen, s.hint from session s join person p on p.name = s.person"
                " where s.token = ? and p.active = 1",
                id_,
            )
            if not rows:
                return None
            person, csrf, made, seen, hint = rows[0]
            if now - seen > IDLE or now - made > ABSOLUTE:
                database.do("delete from session where token = ?", id_)
                return None
            if now - seen > _FRESH:
                database.do("update session set seen = ? where token = ?", now, id_)
        return Session(person, csrf, id_, hint)

    def end(self, session: Session) -> None:
        """End a session."""
        with self._register.reading() as database:
            database.do("delete from session where token = ?", session.id)


class Throttle:
    """Slows down who guesses passwords: per name and per address, over a sliding quarter of an hour.

    A name that is tried too often is closed to everybody for a while; that is told apart from a wrong password to nobody.
    """

    WINDOW = 15 * 60.0
    BY_NAME = 8
    BY_ADDRESS = 40

    def __init__(self, register: Register, clock: Callable[[], float]) -> None:
        self._register = register
        self._clock = clock

    def try_(self, name: str, address: str) -> bool:
        """Whether another try may be made; it counts from this moment on. One that may not be made is not counted, and prolongs nothing."""
        now = self._clock()
        limits = ((_by_name(name), self.BY_NAME), (_by_address(address), self.BY_ADDRESS))
        with self._register.writing() as database:  # tries that come at once are counted one after the other
            database.do("delete from attempt where at < ?", now - self.WINDOW)
            for who, most in limits:
                if database.rows("select count(*) from attempt where who = ?", who)[0][0] >= most:
                    return False
            database.each("insert into attempt values (?, ?)", [(who, now) for who, _ in limits])
        return True

    def succeeded(self, name: str, address: str) -> None:
        """Forget the tries under a name once its owner is in, and of its address the last one."""
        here = _by_address(address)
        with self._register.writing() as database:
            database.do("delete from attempt where who = ?", _by_name(name))
            last = "(select max(at) from attempt where who = ?)"
            database.do(f"delete from attempt where who = ? and at = {last}", here, here)


def _by_name(name: str) -> str:
    return "name:" + hashlib.sha256(name.encode("utf-8", "replace")).hexdigest()[:32]


def _by_address(address: str) -> str:
    return "address:" + address[:60]


def _id(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()
