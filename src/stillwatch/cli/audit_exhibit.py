"""`stillwatch audit exhibit`: put what an audit found into a case, so that it is in the case's sealed file with what speaks against it."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from stillwatch.cli.case import By, desk_in, me
from stillwatch.cli.scan import DEFAULT_WORKSPACE

__all__ = ["audit_exhibit", "write_exhibit"]


def audit_exhibit(
    outcome: Path,
    case: str,
    /,
    *,
    why: str = "the audit of a suspect model",
    by: By = None,
    workspace: Path = DEFAULT_WORKSPACE,
) -> None:
    """Sign what an audit found with this installation's key, and put it into a case. Seal the case afterwards.

    Accounts are counted and not named: their names stay in the outcome. For an exhibit that an auditor signs, see report --exhibit.

    Args:
        outcome: The outcome that stillwatch audit run wrote.
        case: Id of the case (C-...).
        why: Why it belongs to the case.
        workspace: Folder of the scan.
    """
    from stillwatch.audit import read_outcome
    from stillwatch.cases import add_exhibit, exhibit_words, sealed_exhibit
    from stillwatch.pipeline import audit_exhibit as exhibit_of

    desk = desk_in(workspace)
    data = sealed_exhibit(exhibit_of(read_outcome(outcome)), [desk.signer], at=_now())
    added = add_exhibit(desk, case, data, by=me(by), why=why)
    print(f"{case}: {exhibit_words(added.exhibits[-1])}")
    print(f"stillwatch case seal {case} seals it with the case")


def write_exhibit(outcome: Path, to: Path, key: Path) -> str:
    """Write the exhibit of an outcome, signed by a key; its SHA-256.

    Raises:
        Error: something is there already, the outcome was changed, or the key is none.
    """
    import hashlib

    from stillwatch.audit import read_outcome
    from stillwatch.cases import read_signer, sealed_exhibit
    from stillwatch.core import Error
    from stillwatch.engine import durable_create
    from stillwatch.pipeline import audit_exhibit as exhibit_of

    data = sealed_exhibit(exhibit_of(read_outcome(outcome)), [read_signer(key)], at=_now())
    try:
        durable_create(to, data, mode=0o600)
    except FileExistsError:
        raise Error(f"{to}: is there already and is not written over; name another file") from None
    return hashlib.sha256(data.removesuffix(b"\n")).hexdigest()


def _now() -> str:
    return dt.datetime.now(dt.UTC).replace(microsecond=0).isoformat().replace("+00:00", "Z")
