"""Seal, redact and export a case, each step recorded with the digest of what it made."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path

from stillwatch.cases.desk import Desk, note_entry
from stillwatch.cases.redacting import redacted
from stillwatch.cases.sealing import Seal, sealed_case
from stillwatch.cases.signing import PublicKey, Signer
from stillwatch.cases.verifying import Verified, verified
from stillwatch.core.errors import CaseError
from stillwatch.engine import durable_write

__all__ = ["export", "redact", "seal"]


def seal(desk: Desk, case_id: str, *, by: str, why: str, reviewer: Signer | None = None) -> Path:
    """Seal a case as it stands into `sealed/`, signed by the collector and, when a key is given, by the reviewer.

    The file is durable before the journal says that it is there; its name is that of its digest, so none is written over.
    """
    case = desk.case(case_id)
    signers = [desk.signer, *([reviewer] if reviewer else [])]
    told = Seal(at=_now(desk), reviewer=by, version=version("stillwatch"), journal=desk.journal.head())
    data = sealed_case(case, told, signers)
    verified(data, [one.public for one in signers])
    return _kept(desk, "case.sealed", case_id, data, by, why, {"keys": [one.public.id for one in signers]})


def redact(
    desk: Desk, path: Path, items: Mapping[str, str], *, by: str, why: str, keys: Sequence[PublicKey] = ()
) -> Path:
    """Make a copy of a sealed file without these items (number to reason), in `sealed/`.

    Raises:
        TamperingFound: when the file is not as it was sealed, by the collector's key and the `keys` given.
        CaseError: when an item is not there or must stay.
    """
    told = _checked(desk, path, keys)
    data = redacted(told, items, at=_now(desk), signers=[desk.signer])
    facts = {"of": _digest(path.read_bytes()), "items": sorted(items)}
    return _kept(desk, "case.redacted", told.case, data, by, why, facts)


def export(
    desk: Desk, path: Path, to: Path, *, recipient: str, by: str, why: str, keys: Sequence[PublicKey] = ()
) -> Verified:
    """Copy a sealed file out of the house. That it left, for whom and why, is recorded before it lies there.

    Raises:
        TamperingFound: when the file is not as it was sealed.
        CaseError: when something lies at `to` already.
    """
    if to.exists():
        raise CaseError(f"{to}: is there already; name another file")
    data = path.read_bytes()
    told = _checked(desk, path, keys)
    case = desk.case(told.case)
    body = {"sha256": _digest(data), "removed": len(told.removed)}
    desk.journal.append(note_entry("case.exported", case, by, f"to {recipient}: {why}", body))
    durable_write(to, data, mode=0o600)
    return told


def _checked(desk: Desk, path: Path, keys: Sequence[PublicKey]) -> Verified:
    return verified(path.read_bytes(), [desk.signer.public, *keys])


def _kept(desk: Desk, kind: str, case_id: str, data: bytes, by: str, why: str, facts: Mapping[str, object]) -> Path:
    digest = _digest(data)
    folder = desk.workspace.root / "sealed"
    folder.mkdir(exist_ok=True, mode=0o700)
    path = folder / f"{case_id}-{digest[:12]}.tar"
    durable_write(path, data, mode=0o600)
    desk.journal.append(note_entry(kind, desk.case(case_id), by, why, {"sha256": digest, **facts}))
    return path


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _now(desk: Desk) -> str:
    return desk.clock().astimezone(dt.UTC).isoformat().replace("+00:00", "Z")
