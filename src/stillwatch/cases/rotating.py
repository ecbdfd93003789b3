"""The installation's key is replaced by another, and whoever knew the old one can follow: old and new sign one statement about both.

    keys/collector.pem            the key in use; `.pub.pem` beside it
    keys/collector.next.pem       only while a key is being replaced
    keys/retired/ID.pub.pem       public halves of keys that were in use, by the first 16 digits of their ids
    keys/retired/ID.dsse.json     the statement of that key and its successor

The private half of a retired key is not kept. What it signed stays what it was: a sealed file by it verifies with its public half, and
counts as this house's own where the journal says that this very file was made, which no later holder of the key can bring about. The
journal is signed by the key in use alone, so a retired key vouches for no head any more.

A crash at any point leaves the old key in use or a replacement that is not finished; the same command finishes it, and until then the
desk goes on working.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from stillwatch.cases.desk import Desk
from stillwatch.cases.journal import Append, Entry, Private
from stillwatch.cases.rotation import Rotation, read_rotation, rotation_statement
from stillwatch.cases.signing import (
    PublicKey,
    Signer,
    make_private,
    next_path,
    public_half,
    read_public,
    read_signer,
    retired_folder,
)
from stillwatch.core.errors import CaseError, TamperingFound
from stillwatch.engine import durable_write

__all__ = ["ROTATED", "followed", "rotate", "rotations"]

ROTATED = "key.rotated"
"""Kind of the journal's record of it."""


def rotate(desk: Desk, *, by: str, why: str) -> Rotation:
    """Replace the installation's key, or finish a replacement that was cut off. The journal, where one was begun, has a record of it.

    Raises:
        CaseError: when nobody says why.
        TamperingFound: when the journal is not as it was written: a new key would vouch for it.
    """
    if not why.strip():
        raise CaseError("a key is replaced for a reason that somebody gives; say why")
    with desk.journal.unbegun() as none:
        if none:
            return _rotated(desk, None, by, why)
    with desk.journal.writing() as append:
        for _ in desk.journal.records():
            pass
        return _rotated(desk, append, by, why)


def rotations(keys: Path) -> list[Rotation]:
    """Every replacement of the key whose folder of keys this is, the first one first, each checked.

    Raises:
        TamperingFound: when one is not as both keys signed it, or they do not follow one another.
    """
    folder = retired_folder(keys)
    found = {}
    for path in sorted(folder.glob("*.dsse.json")):
        old = read_public(folder / f"{path.name.removesuffix('.dsse.json')}.pub.pem")
        found[old.id] = read_rotation(path.read_bytes(), [old])
    heirs = {one.new.id for one in found.values()}
    first = [old for old in found if old not in heirs]
    ordered: list[Rotation] = []
    while len(first) == 1 and first[0] in found:
        ordered.append(found[first[0]])
        first = [ordered[-1].new.id]
    if len(ordered) < len(found):
        raise TamperingFound([f"{folder}: the retired keys do not follow one another"])
    return ordered


def followed(statements: Sequence[bytes], key: PublicKey) -> PublicKey:
    """The key that is in use after these statements, in their order, for whoever knows the first.

    Raises:
        TamperingFound: when one is not as its keys signed it, or does not follow on the one before.
    """
    for one in statements:
        key = read_rotation(one, [key]).new
    return key


def _rotated(desk: Desk, append: Append | None, by: str, why: str) -> Rotation:
    keys = desk.workspace.root / "keys"
    current, coming = keys / "collector.pem", next_path(keys)
    if not coming.exists():
        make_private(coming)
    old, new = read_signer(current), read_signer(coming)
    made = _kept(desk, keys, old, new) if append is None else _recorded(desk, append, keys, old, new, by, why)
    if append is not None:
        desk.journal.hand_over(new)
    durable_write(public_half(current), new.public.pem())
    coming.replace(current)
    descriptor = os.open(keys, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    return made


def _recorded(desk: Desk, append: Append, keys: Path, old: Signer, new: Signer, by: str, why: str) -> Rotation:
    """The statement with its record in the journal, which the old key vouches for; what was recorded already stands."""
    told = next((one for one in desk.journal.records() if _is_of(one.kind, one.body, old, new)), None)
    path = retired_folder(keys) / f"{old.public.id[:16]}.dsse.json"
    if told is not None:
        return read_rotation(path.read_bytes(), [old.public])
    made = _kept(desk, keys, old, new)
    body = {"old": old.public.id, "new": new.public.id, "sha256": hashlib.sha256(made.statement).hexdigest()}
    append([Entry(kind=ROTATED, by=by, body=body, private=(Private(field="note", subject=f"person:{by}", value=why),))])
    return made


def _is_of(kind: str, body: Mapping[str, Any], old: Signer, new: Signer) -> bool:
    return kind == ROTATED and (body["old"], body["new"]) == (old.public.id, new.public.id)


def _kept(desk: Desk, keys: Path, old: Signer, new: Signer) -> Rotation:
    """The statement and the old key's public half, on the disk."""
    folder = retired_folder(keys)
    folder.mkdir(exist_ok=True, mode=0o700)
    at = desk.clock().isoformat().replace("+00:00", "Z")
    statement = rotation_statement(old, new, at=at)
    durable_write(folder / f"{old.public.id[:16]}.pub.pem", old.public.pem())
    durable_write(folder / f"{old.public.id[:16]}.dsse.json", statement, mode=0o600)
    return Rotation(old=old.public.id, new=new.public, at=at, statement=statement)
