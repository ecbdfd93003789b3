"""`stillwatch case purposes`: the register of what customers declared beforehand that their bulk use is for."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter
from rich.text import Text

from stillwatch.cli.case import By, Flag, case_app, desk_in, me, publish, word
from stillwatch.cli.listing import listing, show_list
from stillwatch.cli.scan import DEFAULT_WORKSPACE

if TYPE_CHECKING:
    from stillwatch.cases import Declared

__all__ = ["purposes_app", "purposes_approve", "purposes_declare", "purposes_end", "purposes_list"]

purposes_app = App(
    name="purposes", help="Declare, list, approve and end what customers said beforehand that their bulk use is for."
)
case_app.command(purposes_app)


@purposes_app.command(name="declare")
def purposes_declare(
    purpose: str,
    handles: Annotated[list[str], Parameter(negative=())],
    /,
    *,
    declarer: str,
    until: dt.date,
    since: dt.date | None = None,
    why: str,
    by: By = None,
    workspace: Path = DEFAULT_WORKSPACE,
) -> None:
    """Record what a customer declared. Distillation counts once a second person approves it; the others at once.

    Args:
        purpose: evaluation, research, classroom, distillation or reseller.
        handles: Accounts (A-...) and organisations (O-...) that it covers.
        declarer: Who declared it for the customer.
        until: Day on which it ends, at most 366 days after it began.
        since: Day from which it counts; today by default.
        why: Where it is written: the agreement, the ticket, the form.
        workspace: Folder of the scan.
    """
    from stillwatch.cases import Purpose, declare_purpose

    desk = desk_in(workspace)
    number = declare_purpose(
        desk,
        word(Purpose, purpose, "purpose"),
        handles,
        declarer=declarer,
        since=_midnight(since or dt.datetime.now(dt.UTC).date()),
        until=_midnight(until),
        by=me(by),
        why=why,
    )
    publish(workspace)
    one = desk.book().feedback.purposes[number]
    print(f"declared purpose {number}: {one.purpose}, {_state(one, desk.clock())}")


@purposes_app.command(name="list")
def purposes_list(*, account: str | None = None, over: Flag = False, workspace: Path = DEFAULT_WORKSPACE) -> None:
    """List what counts and what waits for a second person.

    Args:
        account: Only what covers this account (A-...) or organisation (O-...) by its own handle.
        over: Also what has ended.
        workspace: Folder of the scan.
    """
    desk = desk_in(workspace)
    table = listing("number", "purpose", "state", "from", "until", "declared by", "covers", "recorded, approved", "why")
    now = desk.clock()
    for one in sorted(desk.book().feedback.purposes.values(), key=lambda one: -one.number):
        gone = one.ended_by is not None or one.until <= now
        if (gone and not over) or (account is not None and account not in one.handles):
            continue
        table.add_row(
            str(one.number),
            one.purpose.value,
            _state(one, now),
            f"{one.since:%Y-%m-%d}",
            f"{one.until:%Y-%m-%d}",
            Text(one.declarer),
            ", ".join(one.handles),
            Text(", ".join(filter(None, (one.by, one.approved_by)))),
            Text(one.why),
        )
    show_list(table)


@purposes_app.command(name="approve")
def purposes_approve(number: int, /, *, why: str, by: By = None, workspace: Path = DEFAULT_WORKSPACE) -> None:
    """Approve, as a second person, a declaration that waits for one.

    Args:
        number: Its number in the list.
        why: What you checked.
        workspace: Folder of the scan.
    """
    from stillwatch.cases import approve_purpose

    approve_purpose(desk_in(workspace), number, by=me(by), why=why)
    publish(workspace)
    print(f"declared purpose {number}: approved")


@purposes_app.command(name="end")
def purposes_end(number: int, /, *, why: str, by: By = None, workspace: Path = DEFAULT_WORKSPACE) -> None:
    """End a declaration before its time, or refuse one that waits; it counts no more, for earlier logs neither.

    Args:
        number: Its number in the list.
        why: Why it ends.
        workspace: Folder of the scan.
    """
    from stillwatch.cases import end_purpose

    end_purpose(desk_in(workspace), number, by=me(by), why=why)
    publish(workspace)
    print(f"declared purpose {number}: ended")


def _midnight(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), dt.UTC)


def _state(one: Declared, now: dt.datetime) -> str:
    if one.ended_by is not None:
        return "ended"
    if one.until <= now:
        return "over"
    if one.waits:
        return "waits for a second person"
    return "counts" if one.counts(now) else "not yet"
