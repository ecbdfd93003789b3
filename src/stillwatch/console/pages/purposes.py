"""The register of declared purposes: what counts, what waits for a second person, what has ended; record, approve and end."""

from __future__ import annotations

import datetime as dt

from starlette.responses import Response

from stillwatch.cases import NEEDS_APPROVAL, Purpose, approve_purpose, declare_purpose, end_purpose
from stillwatch.console.door import page
from stillwatch.console.visit import Visit
from stillwatch.core import Error, handle, unhandle

__all__: list[str] = []


@page("purposes")
def purposes(visit: Visit) -> Response:
    """Every declaration, the latest first."""
    every = sorted(visit.book.feedback.purposes.values(), key=lambda one: -one.number)
    return visit.page(
        "purposes.html",
        title="Declared purposes",
        waiting_now=[one for one in every if one.waits and one.until > visit.now],
        counting=[one for one in every if one.standing and one.until > visit.now],
        over=[one for one in every if one.ended_by is not None or one.until <= visit.now],
        kinds=[one.value for one in Purpose],
        by_two=sorted(NEEDS_APPROVAL),
        today=visit.now,
        about=_account(visit.query.get("for", "")),
    )


@page("declare_purpose")
def declare(visit: Visit) -> Response:
    """Record what a customer declared.

    Raises:
        Error: when a day is none.
    """
    purpose = visit.word("purpose", Purpose)
    declare_purpose(
        visit.house.desk,
        purpose,
        visit.needed("handles", most=20_000).replace(",", " ").split(),
        declarer=visit.needed("declarer", most=200),
        since=_day(visit, "since"),
        until=_day(visit, "until"),
        by=visit.who.name,
        why=visit.needed("why", most=1000),
    )
    visit.house.publish()
    return visit.go("/purposes", "purpose_waits" if purpose in NEEDS_APPROVAL else "declared")


@page("approve_purpose")
def approve(visit: Visit) -> Response:
    """The second hand on a declaration."""
    approve_purpose(visit.house.desk, _number(visit), by=visit.who.name, why=visit.needed("why", most=1000))
    visit.house.publish()
    return visit.go("/purposes", "declared")


@page("end_purpose")
def end(visit: Visit) -> Response:
    """End a declaration, or refuse one that waits; gateways know within seconds."""
    end_purpose(visit.house.desk, _number(visit), by=visit.who.name, why=visit.needed("why", most=1000))
    visit.house.publish()
    return visit.go("/purposes", "purpose_ended")


def _account(name: str) -> str:
    """The handle of an account that a link came with; nothing else that stands in an address is shown."""
    try:
        kind, number = unhandle(name)
    except ValueError:
        return ""
    return handle(kind, number) if kind == "account" else ""


def _day(visit: Visit, name: str) -> dt.datetime:
    try:
        return dt.datetime.combine(dt.date.fromisoformat(visit.needed(name, most=10)), dt.time(), dt.UTC)
    except ValueError:
        raise Error(f"{name}: expected a day as in 2026-11-30") from None


def _number(visit: Visit) -> int:
    try:
        return int(visit.needed("number", most=12))
    except ValueError:
        raise Error("number: expected the number of a declared purpose") from None
