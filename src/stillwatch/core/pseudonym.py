"""Keyed pseudonyms: raw identities stay home, everything else holds 64-bit names that mean nothing without the key.

A pseudonym is the first eight bytes of BLAKE2b (RFC 7693) keyed with the workspace's key and personalised with the kind of thing
named, read as a signed little-endian integer. Two kinds never share a name space: the account "x" and the address "x" differ.
Zero is never given out.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterable, Sequence

__all__ = ["Pseudonymiser", "handle", "unhandle"]

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LETTER = {"account": "A", "actor": "X", "family": "F", "org": "O", "exchange": "E", "case": "C"}
_KIND = {letter: kind for kind, letter in _LETTER.items()}


class Pseudonymiser:
    """Gives the same 64-bit name to the same thing, as long as the key is the same.

    >>> names = Pseudonymiser(b"0" * 32)
    >>> names.name("account", "alice") == names.name("account", "alice")
    True
    >>> names.name("account", "alice") == names.name("ip", "alice")
    False
    """

    def __init__(self, key: bytes) -> None:
        if len(key) < 16:
            raise ValueError(f"key: got {len(key)} bytes, expected at least 16")
        self._key = key[:64]
        self._begun: dict[str, hashlib.blake2b] = {}

    def __getstate__(self) -> bytes:
        return self._key

    def __setstate__(self, key: bytes) -> None:
        self._key = key
        self._begun = {}

    def _hash(self, kind: str) -> hashlib.blake2b:
        """A hash that has taken in the key and the kind: copying it costs a third of beginning anew."""
        begun = self._begun.get(kind)
        if begun is None:
            begun = self._begun[kind] = hashlib.blake2b(digest_size=8, key=self._key, person=kind.encode("ascii"))
        return begun

    def beginning(self, kind: str) -> tuple[bytes, bytes]:
        """What a hash of this kind begins with, for whoever computes many at once: the parameter block (RFC 7693, 2.5) and the key."""
        lengths = bytes([8, len(self._key), 1, 1])
        return lengths.ljust(48, b"\0") + kind.encode("ascii").ljust(16, b"\0"), self._key

    def name(self, kind: str, raw: str) -> int:
        """Name one raw value of a `kind` (at most 16 ASCII characters): a signed 64-bit integer, never zero."""
        one = self._hash(kind).copy()
        one.update(raw.encode("utf-8", "surrogatepass"))
        return int.from_bytes(one.digest(), "little", signed=True) or 1

    def names(self, kind: str, raws: Iterable[str | None]) -> list[int | None]:
        """Name many values; equal values are hashed once and unknown stays unknown."""
        raws = raws if isinstance(raws, Sequence) else list(raws)
        distinct = [raw for raw in dict.fromkeys(raws) if raw is not None]
        copy = self._hash(kind).copy
        digests: list[bytes] = []
        for raw in distinct:
            one = copy()
            one.update(raw.encode("utf-8", "surrogatepass"))
            digests.append(one.digest())
        named: Iterable[int] = struct.unpack(f"<{len(digests)}q", b"".join(digests))
        if 0 in named:
            named = [name or 1 for name in named]
        if len(distinct) == len(raws):
            return list(named)
        return list(map(dict(zip(distinct, named, strict=True)).get, raws))

    def salt(self, purpose: str) -> int:
        """A 64-bit number for keyed hashing of features in numpy; differs by `purpose` (at most 16 ASCII characters)."""
        return int.from_bytes(
            hashlib.blake2b(b"salt", digest_size=8, key=self._key, person=purpose.encode("ascii")).digest(), "little"
        )


def handle(kind: str, pseudonym: int) -> str:
    """Write a pseudonym as people see it, such as `A-0QZ4N8W2K7HXA` (Crockford base 32).

    >>> handle("account", 1)
    'A-0000000000001'
    """
    value = pseudonym & 0xFFFF_FFFF_FFFF_FFFF
    digits = [_ALPHABET[(value >> shift) & 31] for shift in range(60, -1, -5)]
    return f"{_LETTER[kind]}-{''.join(digits)}"


def unhandle(text: str) -> tuple[str, int]:
    """Read a handle back as (kind, pseudonym).

    >>> unhandle("A-0000000000001")
    ('account', 1)

    Raises:
        ValueError: when the text is no handle.
    """
    letter, _, digits = text.strip().upper().partition("-")
    digits = digits.translate(str.maketrans("OIL", "011"))
    if letter not in _KIND or len(digits) != 13 or any(d not in _ALPHABET for d in digits):
        raise ValueError(f"got {text!r}, expected a handle such as A-0QZ4N8W2K7HXA")
    value = 0
    for digit in digits:
        value = (value << 5) | _ALPHABET.index(digit)
    if value >= 1 << 64:
        raise ValueError(f"got {text!r}, expected a handle such as A-0QZ4N8W2K7HXA")
    return _KIND[letter], value - (1 << 64) if value >= 1 << 63 else value
