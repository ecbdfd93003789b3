"""`stillwatch case proposals`, `follow`, `decline` and `undo`: mergers and splits that the pipeline proposed, and the last one undone."""

from __future__ import annotations

from pathlib import Path

from stillwatch.cli.case import By, case_app, desk_in, me, publish
from stillwatch.cli.scan import DEFAULT_WORKSPACE

__all__ = ["case_decline", "case_follow", "case_proposals", "case_undo"]


@case_app.command(name="proposals")
def case_proposals(*, workspace: Path = DEFAULT_WORKSPACE) -> None:
    """List mergers and splits that the pipeline proposed and nobody has answered.

    Args:
        workspace: Folder of the scan.
    """
    from stillwatch.cases import all_proposed

    for case, waiting in all_proposed(desk_in(workspace).book()).items():
        for one in waiting:
            print(f"{case} {one.seq} {one.step}: {one.why}" + (f" (not now: {one.hinders})" if one.hinders else ""))


@case_app.command(name="follow")
def case_follow(case: str, number: int, /, *, why: str, by: By = None, workspace: Path = DEFAULT_WORKSPACE) -> None:
    """Merge or split a case as the pipeline proposed.

    Args:
        case: Id of the case (C-...).
        number: Number of the proposal.
        why: Why it is right.
        workspace: Folder of the scan.
    """
    from stillwatch.cases import follow

    made = follow(desk_in(workspace), case, number, by=me(by), why=why)
    publish(workspace)
    print(f"{made.id}: {made.state.replace('_', ' ')}, {len(made.members)} accounts")


@case_app.command(name="decline")
def case_decline(case: str, number: int, /, *, why: str, by: By = None, workspace: Path = DEFAULT_WORKSPACE) -> None:
    """Decline a proposal of the pipeline; it is not made again.

    Args:
        case: Id of the case (C-...).
        number: Number of the proposal.
        why: Why not.
        workspace: Folder of the scan.
    """
    from stillwatch.cases import decline

    decline(desk_in(workspace), case, number, by=me(by), why=why)
    print(f"{case}: proposal {number} declined")


@case_app.command(name="undo")
def case_undo(case: str, /, *, why: str, by: By = None, workspace: Path = DEFAULT_WORKSPACE) -> None:
    """Take the last merger or split of a case back; both stay in the history.

    Args:
        case: Id of the case (C-...).
        why: Why it is undone.
        workspace: Folder of the scan.
    """
    from stillwatch.cases import undo, undoable
    from stillwatch.core import CaseError

    desk = desk_in(workspace)
    desk.case(case)
    last = undoable(desk.book(), case)
    if last is None:
        raise CaseError(f"{case}: has no merger or split that can be undone now")
    made = undo(desk, case, last.seq, by=me(by), why=why)
    publish(workspace)
    print(f"{case}: {len(made.members)} accounts; the {last.step} with {last.other} is undone")
