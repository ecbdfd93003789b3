"""Who is asking: by client certificate, bearer token or password, and never the same guess cheaply twice.

A password is checked with argon2id, which is slow on purpose: off the loop, a few at a time, remembered for minutes under a key of this
process, and not at all for whoever was wrong too often within a minute.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from cryptography import x509

from stillwatch.forum.taxii.hub import Hub, Member
from stillwatch.forum.taxii.wire import Refusal

__all__ = ["Doorkeeper", "hash_password", "new_token", "subject_key"]

_REMEMBERED_SECONDS = 600.0
_MOST_REMEMBERED = 4096
_WRONG_A_MINUTE = 10
_LONGEST = 4096
_CHALLENGE = (
    ("www-authenticate", 'Bearer realm="stillwatch forum"'),
    ("www-authenticate", 'Basic realm="stillwatch forum", charset="UTF-8"'),
)


class Doorkeeper:
    """Knows the members of a hub by what they bring."""

    def __init__(self, hub: Hub, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._header = hub.unsafe_subject_header.lower()
        self._proxies = frozenset(hub.unsafe_trusted_proxies)
        self._tokens = {one.token_sha256: one for one in hub.member if one.token_sha256}
        self._passwords = {one.name: one for one in hub.member if one.password}
        self._subjects = {subject_key(one.certificate): one for one in hub.member if one.certificate}
        self._hasher = PasswordHasher()
        self._dummy = ""
        self._key = secrets.token_bytes(32)
        self._known: OrderedDict[bytes, tuple[float, Member]] = OrderedDict()
        self._wrong: OrderedDict[str, list[float]] = OrderedDict()
        self._lock = threading.Lock()

    def quick(self, headers: Mapping[str, str], *, subject: str, peer: str) -> Member | None:
        """The member, when no slow check is needed; None when `slow` must look.

        Raises:
            Refusal: 401 when nobody can be told from what was brought.
        """
        if self._header and peer in self._proxies:
            subject = headers.get(self._header, "")
        if subject:
            member = self._subjects.get(_key_or_none(subject))
            if member is not None:
                return member
        brought = headers.get("authorization", "")
        scheme, _, rest = brought.partition(" ")
        if scheme.lower() == "bearer" and len(rest) <= _LONGEST:
            member = self._tokens.get(hashlib.sha256(rest.strip().encode()).hexdigest())
            if member is None:
                raise _unknown()
            return member
        if scheme.lower() != "basic" or len(rest) > _LONGEST:
            raise _unknown()
        with self._lock:
            until, member = self._known.get(self._mark(rest), (0.0, None))
        return member if until > self._clock() else None

    def slow(self, headers: Mapping[str, str], *, peer: str) -> Member:
        """The member whose password was brought.

        Raises:
            Refusal: 401 when it is wrong, 429 after too many wrong ones.
        """
        rest = headers["authorization"].partition(" ")[2]
        name, password = _basic(rest)
        if self._too_often(f"{peer} {name}"):
            raise Refusal(429, "too many wrong passwords; wait a minute", headers=(("retry-after", "60"),))
        member = self._passwords.get(name)
        self._dummy = self._dummy or self._hasher.hash(secrets.token_hex(8))
        if not self._right(member.password if member else self._dummy, password) or member is None:
            with self._lock:
                self._wrong.setdefault(f"{peer} {name}", []).append(self._clock())
            raise _unknown()
        with self._lock:
            self._known[self._mark(rest)] = (self._clock() + _REMEMBERED_SECONDS, member)
            while len(self._known) > _MOST_REMEMBERED:
                self._known.popitem(last=False)
        return member

    def _mark(self, rest: str) -> bytes:
        return hmac.digest(self._key, rest.encode(), "sha256")

    def _right(self, hashed: str, password: str) -> bool:
        try:
            return self._hasher.verify(hashed, password)
        except (VerificationError, InvalidHashError):
            return False

    def _too_often(self, who: str) -> bool:
        with self._lock:
            recent = [at for at in self._wrong.pop(who, []) if at > self._clock() - 60]
            if recent:
                self._wrong[who] = recent
            while len(self._wrong) > _MOST_REMEMBERED:
                self._wrong.popitem(last=False)
            return len(recent) >= _WRONG_A_MINUTE


def subject_key(subject: str) -> frozenset[tuple[str, str]]:
    """A certificate's subject (RFC 4514, such as CN=lab-a,O=Lab A) in a form in which order and spacing do not matter.

    Raises:
        ValueError: when it is none.
    """
    name = x509.Name.from_rfc4514_string(subject)
    return frozenset((one.oid.dotted_string, str(one.value)) for one in name)


def new_token() -> tuple[str, str]:
    """A token for a member, and the hash of it that the hub keeps."""
    token = secrets.token_urlsafe(32)
    return token, hashlib.sha256(token.encode()).hexdigest()


def hash_password(password: str) -> str:
    """What the hub keeps of a password."""
    return PasswordHasher().hash(password)


def _unknown() -> Refusal:
    return Refusal(401, "expected a member's certificate, token or password", headers=_CHALLENGE)


def _key_or_none(subject: str) -> frozenset[tuple[str, str]]:
    try:
        return subject_key(subject)
    except ValueError:
        return frozenset()


def _basic(rest: str) -> tuple[str, str]:
    try:
        name, colon, password = base64.b64decode(rest.strip(), validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        name, colon, password = "", "", ""
    if not colon:
        raise _unknown()
    return name, password
