"""`stillwatch case`: from a finding to a decision, every step recorded in the journal."""

from __future__ import annotations

import getpass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

from cyclopts import App, Parameter
from rich.console import Console
from rich.text import Text

from stillwatch.cli.app import app
from stillwatch.cli.listing import listing, show_list
from stillwatch.cli.scan import DEFAULT_WORKSPACE

if TYPE_CHECKING:
    from stillwatch.cases import Case, Desk

__all__ = ["By", "Flag", "case_app", "desk_in", "me", "publish", "word"]

case_app = App(name="case", help="Open, decide, seal and export cases. Every step is recorded in the journal.")
app.command(case_app)

By = Annotated[str | None, Parameter(help="Who acts: your log-in name by default. It is taken at its word.")]
Flag = Annotated[bool, Parameter(negative=())]
_Word = TypeVar("_Word", bound=StrEnum)


def desk_in(workspace: Path) -> Desk:
    """The desk of a workspace that is there already."""
    from stillwatch.cases import Desk
    from stillwatch.engine import Workspace

    return Desk(Workspace(workspace, make=False))


def me(by: str | None) -> str:
    """Who acts."""
    return by or getpass.getuser()


@case_app.command(name="open")
def case_open(handle: str, /, *, by: By = None, workspace: Path = DEFAULT_WORKSPACE) -> None:
    """Open a case for an actor or a single account of the last scan. Prices in prices.toml beside it give an estimate of value.

    Args:
        handle: Handle of an actor (X-...) or an account (A-...).
        workspace: Folder of the scan.
    """
    from stillwatch.engine import Workspace
    from stillwatch.pipeline import case_opening, last_view, read_prices

    prices = read_prices(workspace / "prices.toml")
    view, desk = last_view(Workspace(workspace, make=False)), desk_in(workspace)
    opening = case_opening(view, handle, prices=prices, labels=desk.book().feedback.labels)
    _told(desk.open(opening, by=me(by)))


@case_app.command(name="list")
def case_list(*, workspace: Path = DEFAULT_WORKSPACE) -> None:
    """List the cases.

    Args:
        workspace: Folder of the scan.
    """
    table = listing("case", "about", "state", "accounts", "decisions in force", "opened")
    for case in desk_in(workspace).cases().values():
        force = ", ".join(ruling.ruling.value for ruling in case.in_force)
        state = case.state.replace("_", " ")
        table.add_row(case.id, Text(case.handle), state, str(len(case.members)), force, case.history[0].at[:16])
    show_list(table)


@case_app.command(name="show")
def case_show(case: str, /, *, why: str = "", by: By = None, workspace: Path = DEFAULT_WORKSPACE) -> None:
    """Show a case with everything that speaks for and against it. That you looked is recorded.

    Args:
        case: Id of the case (C-...).
        why: Why you look.
        workspace: Folder of the scan.
    """
    from stillwatch.cases import case_lines

    console = Console(highlight=False)
    for heading, text in case_lines(desk_in(workspace).see(case, by=me(by), why=why)):
        console.print(Text(text, style="bold" if heading else ""))


@case_app.command(name="decide")
def case_decide(
    case: str,
    ruling: str,
    reason: str,
    /,
    *,
    note: str,
    organisation: str | None = None,
    confidence: str | None = None,
    days: int | None = None,
    by: By = None,
    workspace: Path = DEFAULT_WORKSPACE,
) -> None:
    """Decide an open case. To block, to suspend and to attribute need a second person: see approve.

    Args:
        case: Id of the case (C-...).
        ruling: clear, no_action, verify, throttle, block, suspend or attribute.
        reason: Code of the reason; a wrong one is answered with those that fit.
        note: Why, in words.
        organisation: Whom an attribution names: an allegation.
        confidence: How sure it is: low, moderate or high.
        days: How long it holds, 1 to 366; by default 30 to verify and throttle, 180 to block and suspend.
        workspace: Folder of the scan.
    """
    from stillwatch.cases import Confidence, Reason, Ruling

    decided = desk_in(workspace).decide(
        case,
        word(Ruling, ruling, "ruling"),
        word(Reason, reason, "reason"),
        by=me(by),
        note=note,
        organisation=organisation,
        confidence=None if confidence is None else word(Confidence, confidence, "confidence"),
        days=days,
    )
    _told(decided)
    publish(workspace)


@case_app.command(name="approve")
def case_approve(case: str, /, *, note: str, by: By = None, workspace: Path = DEFAULT_WORKSPACE) -> None:
    """Approve, as a second person, the decision that awaits one.

    Args:
        case: Id of the case (C-...).
        note: What you checked.
        workspace: Folder of the scan.
    """
    _told(desk_in(workspace).approve(case, by=me(by), note=note))
    publish(workspace)


@case_app.command(name="reopen")
def case_reopen(
    case: str, /, *, why: str, contested: Flag = False, by: By = None, workspace: Path = DEFAULT_WORKSPACE
) -> None:
    """Take up a decided case again; its decisions are withdrawn and stay in the history.

    Args:
        case: Id of the case (C-...).
        why: What is new.
        contested: The accused has appealed.
        workspace: Folder of the scan.
    """
    _told(desk_in(workspace).reopen(case, by=me(by), why=why, contested=contested))
    publish(workspace)


@case_app.command(name="claim")
def case_claim(case: str, claim: str, /, *, why: str, by: By = None, workspace: Path = DEFAULT_WORKSPACE) -> None:
    """Raise one claim on its own facts.

    Args:
        case: Id of the case (C-...).
        claim: contract, access_fraud, trade_secret or security.
        why: The facts that it rests on.
        workspace: Folder of the scan.
    """
    from stillwatch.cases import Claim

    _told(desk_in(workspace).claim(case, word(Claim, claim, "claim"), by=me(by), why=why))


@case_app.command(name="merge")
def case_merge(into: str, other: str, /, *, why: str, by: By = None, workspace: Path = DEFAULT_WORKSPACE) -> None:
    """Take another open case into this one.

    Args:
        into: Id of the case that goes on.
        other: Id of the case that goes into it.
        why: Why they are one.
        workspace: Folder of the scan.
    """
    _told(desk_in(workspace).merge(into, other, by=me(by), why=why))
    publish(workspace)


@case_app.command(name="split")
def case_split(
    case: str, members: list[str], /, *, why: str, by: By = None, workspace: Path = DEFAULT_WORKSPACE
) -> None:
    """Take some members out into a case of their own.

    Args:
        case: Id of the case (C-...).
        members: Handles of the members (A-...).
        why: Why they are another's.
        workspace: Folder of the scan.
    """
    _told(desk_in(workspace).split(case, members, by=me(by), why=why))
    publish(workspace)


def word(kind: type[_Word], text: str, what: str) -> _Word:
    """The word of a closed list that somebody typed.

    Raises:
        CaseError: when it is none, with those that are.
    """
    from stillwatch.core import CaseError

    try:
        return kind(text.replace("-", "_").lower())
    except ValueError as error:
        raise CaseError(f"{what}: got {text!r}, expected one of {', '.join(kind)}") from error


def publish(workspace: Path) -> None:
    """Publish the standing anew, so that a gateway knows of the decision within seconds."""
    from stillwatch.core import read_settings
    from stillwatch.engine import Workspace
    from stillwatch.pipeline import publish_standing

    publish_standing(Workspace(workspace, make=False), read_settings(workspace / "stillwatch.toml"))


def _told(case: Case) -> None:
    """Say where the case is now, and what an appeal against a decision in force names."""
    print(f"{case.id}: {case.state.replace('_', ' ')}, {len(case.members)} accounts")
    for ruling in case.in_force:
        print(f"{case.id}: {ruling.ruling} for {ruling.reason}; contested by naming {case.appeal(ruling.number)}")
