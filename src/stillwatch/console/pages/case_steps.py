"""What is done to a case: opened, decided, approved, re-opened, added to, merged and split. The desk holds the rules; who acts is who is
logged in.
"""

from __future__ import annotations

from starlette.responses import Response

from stillwatch.cases import Claim, Confidence, Reason, Ruling, Statement
from stillwatch.cases import State as CaseState
from stillwatch.console.door import page
from stillwatch.console.pages.cases import case_of
from stillwatch.console.visit import Visit
from stillwatch.core import Error, Part, unhandle
from stillwatch.pipeline import case_opening, read_prices

__all__: list[str] = []


@page("open_case")
def open_case(visit: Visit) -> Response:
    """A case from a finding, in one step; an account that the report does not list is taken from the tables."""
    name = visit.needed("handle", most=20)
    known = visit.marks.in_case.get(name)
    if known is not None:
        return visit.go(f"/cases/{known}")
    scan = visit.scan
    single = scan.drawers.account(unhandle(name)[1], threshold_p=scan.threshold_p) if _is_account(name) else None
    prices = read_prices(visit.house.workspace.root / "prices.toml")
    labels = visit.book.feedback.labels
    opening = case_opening(scan.view, name, account=single, prices=prices, labels=labels)
    made = visit.house.desk.open(opening, by=visit.who.name)
    return visit.go(f"/cases/{made.id}", "opened")


@page("decide")
def decide(visit: Visit) -> Response:
    """Decide; where two are needed it waits for the second."""
    found = case_of(visit)
    ruling = visit.word("ruling", Ruling)
    attributes = ruling is Ruling.ATTRIBUTE
    decided = visit.house.desk.decide(
        found.id,
        ruling,
        visit.word("reason", Reason),
        by=visit.who.name,
        note=visit.needed("note"),
        organisation=visit.needed("organisation", most=200) if attributes else None,
        confidence=visit.word("confidence", Confidence) if attributes else None,
        days=_days(visit),
    )
    visit.house.publish()
    return visit.go(f"/cases/{found.id}", "waits" if decided.state is CaseState.AWAITS_SECOND else "decided")


@page("approve")
def approve(visit: Visit) -> Response:
    """Approve what another person decided."""
    found = case_of(visit)
    visit.house.desk.approve(found.id, by=visit.who.name, note=visit.needed("note"))
    visit.house.publish()
    return visit.go(f"/cases/{found.id}", "approved")


@page("reopen")
def reopen(visit: Visit) -> Response:
    """Take a case up again."""
    found = case_of(visit)
    contested = visit.field("contested", most=5) == "yes"
    visit.house.desk.reopen(found.id, by=visit.who.name, why=visit.needed("note"), contested=contested)
    visit.house.publish()
    return visit.go(f"/cases/{found.id}", "reopened")


@page("state")
def state(visit: Visit) -> Response:
    """Add a statement to one of the three parts."""
    found = case_of(visit)
    said = Statement(
        part=visit.word("part", Part),
        confidence=visit.word("confidence", Confidence),
        sentence=visit.needed("sentence", most=1000),
        ground=visit.needed("ground", most=300),
        single_source=visit.field("single", most=5) == "yes",
        interested_party=visit.field("interested", most=5) == "yes",
    )
    visit.house.desk.state(found.id, said, by=visit.who.name)
    return visit.go(f"/cases/{found.id}", "stated")


@page("claim")
def claim(visit: Visit) -> Response:
    """Raise one claim on facts of its own."""
    found = case_of(visit)
    visit.house.desk.claim(found.id, visit.word("claim", Claim), by=visit.who.name, why=visit.needed("note"))
    return visit.go(f"/cases/{found.id}", "claimed")


@page("merge")
def merge(visit: Visit) -> Response:
    """Take another open case into this one."""
    found = case_of(visit)
    visit.house.desk.merge(found.id, visit.needed("other", most=20), by=visit.who.name, why=visit.needed("note"))
    visit.house.publish()
    return visit.go(f"/cases/{found.id}", "merged")


@page("split")
def split(visit: Visit) -> Response:
    """Give some members a case of their own.

    Raises:
        Error: when none is chosen.
    """
    found = case_of(visit)
    chosen = visit.form.get("member", [])
    if not chosen:
        raise Error("member: choose at least one")
    made = visit.house.desk.split(found.id, chosen, by=visit.who.name, why=visit.needed("note"))
    visit.house.publish()
    return visit.go(f"/cases/{made.id}", "split")


def _days(visit: Visit) -> int | None:
    """How long a decision is to hold, if somebody says so.

    Raises:
        Error: when it is no whole number.
    """
    text = visit.field("days", most=4)
    if text and not (text.isascii() and text.isdigit()):
        raise Error("days: expected a whole number of days, at most 366")
    return int(text) if text else None


def _is_account(name: str) -> bool:
    try:
        return unhandle(name)[0] == "account"
    except ValueError:
        raise Error("handle: expected one of an actor (X-...) or an account (A-...)") from None
