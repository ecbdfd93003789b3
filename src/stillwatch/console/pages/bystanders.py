"""Third parties in the traffic of a case: where their secrets lie, one value opened at a time with a reason, and whom somebody has told."""

from __future__ import annotations

from collections import defaultdict

from starlette.responses import Response

from stillwatch.cases import Event
from stillwatch.console.door import page
from stillwatch.console.pages.cases import case_of
from stillwatch.console.visit import NotFound, Visit
from stillwatch.pipeline import (
    Bystander,
    bystanders,
    find_bystanders,
    looked_for,
    open_bystander,
    tell_bystander,
)

__all__: list[str] = []

_PER_PAGE = 200


@page("bystanders")
def listed(visit: Visit) -> Response:
    """The register: kinds, issuers and numbers, no value."""
    found = case_of(visit)
    looked = looked_for(visit.house.desk, found.id)
    rows = bystanders(visit.house.desk, found.id) if looked else ()
    here, pages = visit.turned(len(rows), _PER_PAGE)
    steps = _steps(visit, found.id)
    looks = [told for told in visit.book.by_case[found.id] if told.record.kind == "case.bystanders_found"]
    return visit.page(
        "bystanders.html",
        title=f"Bystanders of {found.id}",
        case=found,
        looked=looked,
        rows=[(one, steps.get(one.number, [])) for one in rows[(here - 1) * _PER_PAGE : here * _PER_PAGE]],
        total=len(rows),
        left_out=looks[-1].record.body["left_out"] if looks else 0,
        here=here,
        pages=pages,
    )


@page("find_bystanders")
def find(visit: Visit) -> Response:
    """Look through the kept texts of the case's accounts."""
    found = case_of(visit)
    find_bystanders(visit.house.desk, found.id, by=visit.who.name, why=visit.needed("note", most=500))
    return visit.go(f"/cases/{found.id}/bystanders", "looked")


@page("bystander")
def one_of_them(visit: Visit) -> Response:
    """One entry of the register, without its value: what it is, who was told, and the forms to open it and to tell."""
    return _shown(visit, _one(visit), None)


@page("open_bystander")
def open_one(visit: Visit) -> Response:
    """The value, so that its owner can be told; who opened it and why is on the disk before it is read, and it is on this answer alone."""
    found, one = case_of(visit), _one(visit)
    why = visit.needed("why", most=500)
    return _shown(visit, one, open_bystander(visit.house.desk, found.id, one.number, by=visit.who.name, why=why))


@page("tell_bystander")
def tell(visit: Visit) -> Response:
    """Record who was told, and by which way."""
    found, one = case_of(visit), _one(visit)
    whom, why = visit.needed("whom", most=200), visit.needed("why", most=500)
    tell_bystander(visit.house.desk, found.id, one.number, whom=whom, by=visit.who.name, why=why)
    return visit.go(f"/cases/{found.id}/bystanders", "told")


def _shown(visit: Visit, one: Bystander, value: str | None) -> Response:
    case = case_of(visit)
    return visit.page(
        "bystander.html",
        title=f"Bystander {one.number} of {case.id}",
        case=case,
        one=one,
        value=value,
        steps=_steps(visit, case.id).get(one.number, []),
    )


def _one(visit: Visit) -> Bystander:
    case, number = case_of(visit), visit.path["number"]
    rows = bystanders(visit.house.desk, case.id) if looked_for(visit.house.desk, case.id) else ()
    found = next((one for one in rows if str(one.number) == number), None)
    if found is None:
        raise NotFound("nothing of this number is in quarantine")
    return found


def _steps(visit: Visit, case_id: str) -> dict[int, list[Event]]:
    """What was done with each number, oldest first, as the case's history tells it."""
    events = {event.seq: event for event in visit.book.cases[case_id].history}
    steps: dict[int, list[Event]] = defaultdict(list)
    for told in visit.book.by_case.get(case_id, ()):
        if told.record.kind in ("case.bystanders_opened", "case.bystanders_told"):
            steps[told.record.body["number"]].append(events[told.record.seq])
    return steps
