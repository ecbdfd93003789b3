"""`stillwatch audit served`: what the gateway kept while serving, as the items of an audit."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from stillwatch.cli.scan import DEFAULT_WORKSPACE

__all__ = ["audit_served"]


def audit_served(
    workspace: Path = DEFAULT_WORKSPACE,
    /,
    *,
    of: Literal["siblings", "marks"] = "siblings",
    out: Path = Path("served.jsonl"),
    account: Annotated[list[str] | None, Parameter(negative=())] = None,
    epoch: str | None = None,
) -> None:
    """Gather what the gateway kept while serving into the items of an audit, in the order in which they were served.

    Args:
        workspace: Folder of the gateway.
        of: Unserved siblings, or wordings and habits that were drawn for accounts.
        out: File of the items; never written over.
        account: Handle of an account (A-...); give it once for each, none for all.
        epoch: Name of an epoch, such as 2026-11; none for all.
    """
    from stillwatch.audit import collected, write_served
    from stillwatch.core import Error

    found = collected(workspace / of, accounts=frozenset(account or ()), epoch=epoch)
    if not found:
        raise Error(f"{workspace / of}: no such record; the policy of the gateway draws them")
    write_served(out, found)
    print(f"{len(found)} items of {len({one.account for one in found})} accounts in {out}")
