"""A custodian's seeds: one file an epoch, readable by their owner alone, destroyed once the epoch is closed: by who serves, or rotates.

    keys/<epoch>.key      the seed, and from when to when it is used
    keys/<epoch>.json     the statement of its public keys; stays when the seed is gone

Seeds of different epochs have nothing in common: a destroyed epoch's tags can be computed by nobody any more. Misled by: what a disk
keeps of deleted blocks, and backups; keep the folder on a medium that can be destroyed.
"""

from __future__ import annotations

import datetime as dt
import re
import secrets
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import msgspec

from stillwatch.engine import durable_create
from stillwatch.forum.tags.committed import Statement, commit, read_statements
from stillwatch.forum.tags.evaluator import Evaluator, evaluator
from stillwatch.forum.tags.kinds import Kind, key_info
from stillwatch.forum.tags.refusals import TagError

__all__ = ["LONGEST", "NAME", "Epoch", "destroy_closed", "new_epoch", "read_epoch", "read_epochs"]

LONGEST = dt.timedelta(days=120)
"""Longest life of an epoch: tags must not follow anybody for longer."""

NAME = re.compile(r"[a-z0-9][a-z0-9.-]{0,62}")
"""What custodians, members and epochs may be called."""


@dataclass(frozen=True, kw_only=True)
class Epoch:
    """One epoch at a custodian: its statement, and its keys at work."""

    statement: Statement
    keys: dict[Kind, Evaluator]


class _Seed(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    custodian: str
    epoch: str
    opens: dt.date
    closes: dt.date
    seed: str


def new_epoch(folder: Path, custodian: str, epoch: str, opens: dt.date, closes: dt.date) -> Epoch:
    """Make the keys of an epoch. To rotate, let the next epoch open before this one closes: both are evaluated in between.

    Raises:
        TagError: when the epoch is there already, was there, is named badly, or lives too long.
    """
    for what, name in (("custodian", custodian), ("epoch", epoch)):
        if not NAME.fullmatch(name):
            raise TagError(f"{what}: got {name!r}, expected small letters, digits, dots and hyphens, at most 63")
    if not opens < closes <= opens + LONGEST:
        raise TagError(
            f"epoch {epoch}: got {opens} to {closes}, expected at most {LONGEST.days} days, and one at least"
        )
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if (folder / f"{epoch}.json").exists():
        raise TagError(f"epoch {epoch}: was made already; an epoch has one seed, once")
    seed = _Seed(custodian=custodian, epoch=epoch, opens=opens, closes=closes, seed=secrets.token_hex(32))
    try:
        durable_create(folder / f"{epoch}.key", msgspec.json.encode(seed), mode=0o600)
    except FileExistsError as error:
        raise TagError(f"epoch {epoch}: was made already; an epoch has one seed, once") from error
    return read_epoch(folder, epoch)


def read_epoch(folder: Path, epoch: str) -> Epoch:
    """An epoch whose seed is kept; its statement is published now if a crash kept it from being.

    Raises:
        TagError: when its file is damaged, or others can read it.
    """
    path = folder / f"{epoch}.key"
    if path.stat().st_mode & 0o077:
        raise TagError(f"{path}: others can read it; chmod 600, and make a new epoch if they may have")
    kept = _kept(path)
    seed = bytes.fromhex(kept.seed)
    keys = {kind: evaluator(seed, key_info(kept.custodian, kept.epoch, kind)) for kind in Kind}
    beside = folder / f"{epoch}.json"
    if not beside.exists():
        made = commit(kept.custodian, kept.epoch, kept.opens, kept.closes, keys)
        with suppress(FileExistsError):  # another process published it at the same moment
            durable_create(beside, msgspec.json.encode(made))
    (statement,) = read_statements(beside.read_bytes())
    if any(statement.public(kind) != key.public for kind, key in keys.items()):
        raise TagError(f"{beside}: does not speak of the keys in {path.name}; restore both")
    return Epoch(statement=statement, keys=keys)


def read_epochs(folder: Path) -> dict[str, Epoch]:
    """Every epoch whose seed is kept, by name."""
    return {path.stem: read_epoch(folder, path.stem) for path in sorted(folder.glob("*.key"))}


def destroy_closed(folder: Path, today: dt.date) -> list[str]:
    """Overwrite and delete the seeds of epochs that are closed; their names.

    Raises:
        TagError: when a file is damaged.
    """
    gone = []
    for path in sorted(folder.glob("*.key")):
        kept = _kept(path)
        if kept.closes <= today:
            path.write_bytes(secrets.token_bytes(path.stat().st_size))
            path.unlink()
            gone.append(kept.epoch)
    return gone


def _kept(path: Path) -> _Seed:
    try:
        kept = msgspec.json.decode(path.read_bytes(), type=_Seed)
        bytes.fromhex(kept.seed)
    except (msgspec.DecodeError, ValueError) as error:
        raise TagError(f"{path}: damaged key file; restore it") from error
    return kept
