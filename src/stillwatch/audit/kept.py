"""Plans and outcomes as files: written once, readable by their owner alone, each with a hash of what it says.

The hash shows a change by mistake, or by somebody who left it as it was. Anybody can compute it anew: it is no signature and no time
stamp, and by itself binds nobody.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TypeVar

import msgspec

from stillwatch.core import Error, FormatError
from stillwatch.engine import durable_create

__all__ = ["Kept", "hashed", "read_kept", "still_as_hashed", "write_kept"]


class Kept(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is kept in a file of its own. `sha256` is the hash of everything else in it."""

    sha256: str = ""


_Kept = TypeVar("_Kept", bound=Kept)


def hashed(told: _Kept) -> _Kept:
    """The same with its hash."""
    bare = msgspec.structs.replace(told, sha256="")
    made = hashlib.sha256(msgspec.json.encode(bare, order="deterministic")).hexdigest()
    return msgspec.structs.replace(told, sha256=made)


def still_as_hashed(told: Kept) -> bool:
    """Whether its hash is that of what it says."""
    return hashed(told).sha256 == told.sha256


def write_kept(path: Path, told: Kept) -> None:
    """Write a file where there is none.

    Raises:
        Error: there is one already.
    """
    try:
        durable_create(path, msgspec.json.format(msgspec.json.encode(told), indent=1) + b"\n", mode=0o600)
    except FileExistsError:
        raise Error(f"{path}: is there already and is not written over; name another file") from None


def read_kept(path: Path, kind: type[_Kept], what: str) -> _Kept:
    """What a file says, when its hash is that of it.

    Raises:
        FormatError: it is not such a file, or has another hash.
    """
    try:
        told = msgspec.json.decode(path.read_bytes(), type=kind)
    except msgspec.DecodeError as wrong:
        raise FormatError(f"{path}: not {what}: {wrong}") from None
    if not still_as_hashed(told):
        raise FormatError(f"{path}: changed after its hash was taken")
    return told
