"""`stillwatch case journal` and what concerns it: legal holds and forgetting on request."""

from __future__ import annotations

from pathlib import Path

from stillwatch.cli.case import By, case_app, desk_in, me, word
from stillwatch.cli.scan import DEFAULT_WORKSPACE

__all__ = ["case_forget", "case_hold", "case_journal", "case_release"]


@case_app.command(name="journal")
def case_journal(*, case: str | None = None, workspace: Path = DEFAULT_WORKSPACE) -> None:
    """Check the whole journal, then print who did what and when.

    Args:
        case: Only records of this case.
        workspace: Folder of the scan.
    """
    from stillwatch.cases import FORGOTTEN, journal_faults
    from stillwatch.core import TamperingFound

    desk = desk_in(workspace)
    if not desk.journal.begun():
        return
    desk.journal.head()
    faults = journal_faults(desk.journal.folder, *desk.signer.vouching())
    if faults:
        raise TamperingFound([str(fault) for fault in faults])
    for told in desk.journal.history():
        if case is None or told.record.case == case:
            by = told.private.get("by", FORGOTTEN)
            note = told.private.get("note", "")
            record = told.record
            print("\t".join((str(record.seq), record.at, record.kind, record.case or "-", by, note)))


@case_app.command(name="hold")
def case_hold(name: str, /, *, why: str, by: By = None, workspace: Path = DEFAULT_WORKSPACE) -> None:
    """Put an account, a person or a case under legal hold: nothing of it is forgotten while it lasts.

    Args:
        name: A handle, a case (C-...), person:NAME or organisation:NAME.
        why: Which proceeding.
        workspace: Folder of the scan.
    """
    from stillwatch.cases import hold

    hold(desk_in(workspace), name, by=me(by), why=why)


@case_app.command(name="release")
def case_release(name: str, /, *, why: str, by: By = None, workspace: Path = DEFAULT_WORKSPACE) -> None:
    """End a legal hold.

    Args:
        name: A handle, a case (C-...), person:NAME or organisation:NAME.
        why: Why it ends.
        workspace: Folder of the scan.
    """
    from stillwatch.cases import release

    release(desk_in(workspace), name, by=me(by), why=why)


@case_app.command(name="forget")
def case_forget(name: str, /, *, why: str, by: By = None, workspace: Path = DEFAULT_WORKSPACE) -> None:
    """Make what cases and journal say of an account or a person unreadable for good, by destroying its key.

    Args:
        name: A handle (A-...), person:NAME or organisation:NAME.
        why: erasure_request, retention_ended, recorded_by_mistake or court_order; it stays, so no free text.
        workspace: Folder of the scan.
    """
    from stillwatch.cases import Ground, forget

    left = forget(desk_in(workspace), name, by=me(by), why=word(Ground, why, "why"))
    for path in left:
        print(f"{path}: sealed earlier, still holds {name}; it stays until somebody deletes it, as do copies that left")
