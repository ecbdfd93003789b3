"""`stillwatch case bystanders`, `bystander` and `told`: third parties' secrets and personal data in a case, and whom one has told."""

from __future__ import annotations

from pathlib import Path

from stillwatch.cli.case import By, case_app, desk_in, me
from stillwatch.cli.listing import listing, show_list
from stillwatch.cli.scan import DEFAULT_WORKSPACE

__all__ = ["case_bystander", "case_bystanders", "case_told"]


@case_app.command(name="bystanders")
def case_bystanders(case: str, /, *, why: str = "", by: By = None, workspace: Path = DEFAULT_WORKSPACE) -> None:
    """List what belongs to third parties in the texts of a case's accounts, never the values. With --why, look through the texts again.

    Args:
        case: Id of the case (C-...).
        why: Why you look; without it the list of the last look is shown.
        workspace: Folder of the scan.
    """
    from stillwatch.pipeline import bystanders, find_bystanders

    desk = desk_in(workspace)
    left = 0
    if why:
        found, left = find_bystanders(desk, case, by=me(by), why=why)
    else:
        found = bystanders(desk, case)
    table = listing("number", "kind", "issuer, who can void it", "seen in texts")
    for one in found:
        table.add_row(str(one.number), one.kind, one.issuer or "-", str(one.seen))
    show_list(table)
    if left:
        print(f"{left} more values are not listed")


@case_app.command(name="bystander")
def case_bystander(case: str, number: int, /, *, why: str, by: By = None, workspace: Path = DEFAULT_WORKSPACE) -> None:
    """Show one value out of quarantine, so that its owner can be told. That you opened it is recorded first.

    Args:
        case: Id of the case (C-...).
        number: Number of the value in the list of bystanders.
        why: Why it has to be opened.
        workspace: Folder of the scan.
    """
    from stillwatch.pipeline import open_bystander
    from stillwatch.report import inert

    print(inert(open_bystander(desk_in(workspace), case, number, by=me(by), why=why)))


@case_app.command(name="told")
def case_told(
    case: str, number: int, /, *, whom: str, why: str, by: By = None, workspace: Path = DEFAULT_WORKSPACE
) -> None:
    """Record that a bystander, or the issuer of a credential, was told.

    Args:
        case: Id of the case (C-...).
        number: Number of the value in the list of bystanders.
        whom: Who was told; sealed as personal.
        why: By which way, and what they were told.
        workspace: Folder of the scan.
    """
    from stillwatch.pipeline import tell_bystander

    tell_bystander(desk_in(workspace), case, number, whom=whom, by=me(by), why=why)
