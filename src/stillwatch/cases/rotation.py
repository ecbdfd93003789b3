"""A statement that one key of an installation is followed by another, signed by both of them.

Misled by: a key that was stolen before it was retired can sign a statement of its own about another successor. Who follows such a
statement should compare the new key's id with what the house says of it elsewhere.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from stillwatch.cases.canonical import read_canonical
from stillwatch.cases.dsse import envelope, opened_envelope, payload_of
from stillwatch.cases.signing import PublicKey, Signer
from stillwatch.core.errors import TamperingFound

__all__ = ["Rotation", "heirs", "read_rotation", "rotation_statement"]

ROTATION_FORM = "urn:stillwatch:key-rotation:1"
"""Names the predicate of a statement about a key and its successor."""

_NAME = "collector.pub.pem"


@dataclass(frozen=True, kw_only=True, slots=True)
class Rotation:
    """One key of an installation and its successor, as both of them signed: the old one's id, the new one, and when (UTC)."""

    old: str
    new: PublicKey
    at: str
    statement: bytes


def rotation_statement(old: Signer, new: Signer, *, at: str) -> bytes:
    """What both keys sign when one follows the other."""
    predicate = {"old": old.public.id, "new": new.public.raw.hex(), "at": at}
    return envelope(ROTATION_FORM, _digest(new.public), _NAME, predicate, [old, new])


def read_rotation(data: bytes, keys: Sequence[PublicKey]) -> Rotation:
    """What a statement of a key and its successor says, for whoever knows the key.

    Raises:
        TamperingFound: when none of `keys` is the old one, or it is not as both keys signed it.
    """
    try:
        predicate = read_canonical(payload_of(data))["predicate"]
        new = PublicKey(bytes.fromhex(predicate["new"]))
        old = next((one for one in keys if one.id == predicate["old"]), None)
        if old is None:
            raise ValueError(f"is about key {str(predicate['old'])[:16]}, which was not given")
        told, signed = opened_envelope(data, [old, new], ROTATION_FORM, _digest(new), _NAME)
        if signed != (old.id, new.id) or set(told) != {"old", "new", "at"}:
            raise ValueError("is not signed by the old key and the new one, in that order")
        return Rotation(old=old.id, new=new, at=str(told["at"]), statement=data)
    except (ValueError, KeyError, TypeError) as error:
        raise TamperingFound([f"key rotation: {error}"]) from error


def heirs(statements: Sequence[bytes], keys: Sequence[PublicKey], signed: Sequence[str]) -> tuple[str, ...]:
    """Ids of the successors of keys that signed something, by statements in their order, each of which follows on one before.

    Raises:
        TamperingFound: when one is not as its keys signed it.
        ValueError: when one is about a key that neither signed nor is an heir.
    """
    found: list[str] = []
    for one in statements:
        told = read_rotation(one, keys)
        if told.old not in (*signed, *found):
            raise ValueError(f"key {told.old[:16]} handed on what it had not signed")
        found.append(told.new.id)
    return tuple(found)


def _digest(key: PublicKey) -> str:
    return hashlib.sha256(key.pem()).hexdigest()
