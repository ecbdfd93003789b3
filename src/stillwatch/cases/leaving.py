"""Seal, redact and export a case, each step recorded with the digest of what it made.

Only files that this installation sealed, of cases that it knows, are redacted or exported; whoever else signed them besides.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from cryptography.x509 import Certificate

from stillwatch.cases.desk import Desk, note_entry
from stillwatch.cases.exhibits import auditor_keys
from stillwatch.cases.journal import Append
from stillwatch.cases.record import Case
from stillwatch.cases.redacting import redacted
from stillwatch.cases.rotating import rotations
from stillwatch.cases.sealing import Seal, sealed_case
from stillwatch.cases.signing import PublicKey, Signer
from stillwatch.cases.stamping import AskAuthority, Stamp, stamped
from stillwatch.cases.verifying import ROTATIONS, Verified, verified
from stillwatch.core.errors import CaseError
from stillwatch.engine import durable_create, durable_write

__all__ = ["SEALED_KINDS", "export", "ours", "redact", "seal", "stamp"]

SEALED_KINDS = ("case.sealed", "case.stamped", "case.redacted")
"""Kinds of records that say of a file that it was made here."""


def seal(desk: Desk, case_id: str, *, by: str, why: str, reviewer: Signer | None = None) -> Path:
    """Seal a case as it stands into `sealed/`, signed by the collector and, when a key is given, by the reviewer.

    The file is durable before the journal says that it is there; its name is that of its digest, so none is written over. Nobody is
    forgotten in between.
    """
    signers = [desk.signer, *([reviewer] if reviewer else [])]
    with desk.journal.writing() as append:
        case = desk.case(case_id)
        told = Seal(at=_now(desk), reviewer=by, version=version("stillwatch"), journal=desk.journal.head())
        data = sealed_case(case, told, signers)
        verified(data, [one.public for one in signers], auditors=auditor_keys(desk.book()))
        facts = {"keys": [one.public.id for one in signers]}
        return _kept(desk, append, "case.sealed", case, data, by, why, facts)


def redact(
    desk: Desk, path: Path, items: Mapping[str, str], *, by: str, why: str, keys: Sequence[PublicKey] = ()
) -> Path:
    """Make a copy of a sealed file without these items (number, or kind for all of a kind, to reason), in `sealed/`.

    Raises:
        TamperingFound: when the file is not as it was sealed, by the collector's key and the `keys` given.
        CaseError: when another installation sealed it, its case is not here, or an item is not there or must stay.
    """
    data = path.read_bytes()
    with desk.journal.writing() as append:
        told, case = ours(desk, path, data, keys)
        copy = redacted(told, items, at=_now(desk), signers=[desk.signer], handed_on=_handed_on(desk, told))
        left = verified(copy, [*desk.own_keys, *keys], auditors=auditor_keys(desk.book()))
        gone = left.removed.keys() - told.removed.keys()
        facts = {"of": _digest(data), "items": sorted(gone)}
        return _kept(desk, append, "case.redacted", case, copy, by, why, facts)


def stamp(
    desk: Desk,
    path: Path,
    ask: AskAuthority,
    authority: Sequence[Certificate],
    *,
    by: str,
    why: str,
    keys: Sequence[PublicKey] = (),
) -> tuple[Path, Stamp]:
    """Make a copy of a sealed file, in `sealed/`, with the time stamp that an authority gives now.

    It is asked while nobody waits: the journal is written after.

    Raises:
        TamperingFound: when the file is not as it was sealed.
        CaseError: when another installation sealed it, it has a time stamp, or the authority's answer is not to be believed.
    """
    data = path.read_bytes()
    told, _ = ours(desk, path, data, keys)
    files = {**told.files, **_handed_on(desk, told)}
    copy, given = stamped(files, ask, authority, at=desk.clock(), signer=desk.signer)
    verified(copy, [*desk.own_keys, *keys], authority, auditors=auditor_keys(desk.book()))
    with desk.journal.writing() as append:
        case = desk.case(told.case)
        facts = {"of": _digest(data), "time": given.time.isoformat(), "policy": given.policy, "serial": given.serial}
        return _kept(desk, append, "case.stamped", case, copy, by, why, facts), given


def export(
    desk: Desk, path: Path, to: Path, *, recipient: str, by: str, why: str, keys: Sequence[PublicKey] = ()
) -> Verified:
    """Copy a sealed file out of the house. That it left, for whom and why, is recorded before it lies there.

    Raises:
        TamperingFound: when the file is not as it was sealed.
        CaseError: when another installation sealed it, its case is not here, or something lies at `to` already.
    """
    if to.exists():
        raise CaseError(f"{to}: is there already; name another file")
    data = path.read_bytes()
    told, case = ours(desk, path, data, keys)
    body = {"sha256": _digest(data), "removed": len(told.removed)}
    desk.journal.append(note_entry("case.exported", case, by, f"to {recipient}: {why}", body))
    try:
        durable_create(to, data, mode=0o600)
    except FileExistsError as error:
        raise CaseError(f"{to}: is there already; name another file") from error
    return told


def ours(desk: Desk, path: Path, data: bytes, keys: Sequence[PublicKey] = ()) -> tuple[Verified, Case]:
    """What the bytes of a sealed file say, and the case here that they are about.

    A key that somebody gives says only that its owner signed; that the file is this house's own takes the collector's. Of a key that was
    retired, whose private half may be anybody's, only files that the journal knows count.
    """
    own = desk.own_keys
    told, case = verified(data, [*own, *keys], auditors=auditor_keys(desk.book())), None
    if desk.signer.public.id not in told.signed:
        if not {one.id for one in own}.intersection(told.signed):
            raise CaseError(f"{path}: was not sealed by this installation (key {desk.signer.public.id[:16]})")
        case = desk.case(told.case)
        made = {one.record.body.get("sha256") for one in desk.book().of_kinds(*SEALED_KINDS)}
        if _digest(data) not in made:
            raise CaseError(f"{path}: is signed by a key that was retired, and the journal knows no such file")
    return told, case or desk.case(told.case)


def _handed_on(desk: Desk, told: Verified) -> dict[str, bytes]:
    """The statements, by their names in a file, that lead from a key under its seal to the one in use; what is in the file stays first."""
    chain = rotations(desk.workspace.root / "keys")
    start = next((place for place, one in enumerate(chain) if one.old in told.signed), len(chain))
    return {f"{ROTATIONS}{number:06d}.dsse.json": one.statement for number, one in enumerate(chain[start:], 1)}


def _kept(
    desk: Desk, append: Append, kind: str, case: Case, data: bytes, by: str, why: str, facts: Mapping[str, Any]
) -> Path:
    digest = _digest(data)
    desk.sealed.mkdir(exist_ok=True, mode=0o700)
    path = desk.sealed / f"{case.id}-{digest[:12]}.tar"
    durable_write(path, data, mode=0o600)
    append([note_entry(kind, case, by, why, {"sha256": digest, **facts})])
    return path


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _now(desk: Desk) -> str:
    return desk.clock().astimezone(dt.UTC).isoformat().replace("+00:00", "Z")
