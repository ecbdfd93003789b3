"""The list of cases, and one case: three parts kept apart, what it rests on, what was decided, by whom, and what left the house."""

from __future__ import annotations

import datetime as dt

from starlette.responses import Response

from stillwatch.cases import (
    NEEDS_TWO,
    Case,
    Claim,
    Confidence,
    Feedback,
    Reason,
    Ruling,
    all_proposed,
    holds_in,
    proposed,
    sealed_files,
    undoable,
    waiting,
)
from stillwatch.cases import State as CaseState
from stillwatch.console.door import page
from stillwatch.console.visit import NotFound, Visit
from stillwatch.core import Part
from stillwatch.pipeline import Bystander, bystanders, decision_marks, looked_for
from stillwatch.report import ruler_reach

__all__ = ["case_of"]

_PER_PAGE = 100


def case_of(visit: Visit) -> Case:
    """The case in the path.

    Raises:
        NotFound: when there is none of this id.
    """
    found = visit.book.cases.get(visit.path["case"])
    if found is None:
        raise NotFound("no case has this id")
    return found


@page("cases")
def cases(visit: Visit) -> Response:
    """Every case, those that wait for somebody first, then contested ones by when they are due, then the latest."""
    wanted = visit.query.get("state", "")
    every = list(visit.book.cases.values())
    rank = {CaseState.AWAITS_SECOND: 0, CaseState.OPEN: 1, CaseState.DECIDED: 2, CaseState.MERGED: 3}
    chosen = [one for one in every if wanted in ("", one.state.value)]
    chosen.sort(key=lambda one: one.history[-1].at, reverse=True)
    chosen.sort(key=lambda one: (rank[one.state], one.answer_by or "9"))
    here, pages = visit.turned(len(chosen), _PER_PAGE)
    listed = chosen[(here - 1) * _PER_PAGE : here * _PER_PAGE]
    return visit.page(
        "cases.html",
        title="Cases",
        cases=listed,
        proposals=set(all_proposed(visit.book)),
        total=len(chosen),
        here=here,
        pages=pages,
        wanted=wanted if wanted in set(CaseState) else "",
        states=[(one, sum(case.state is one for case in every)) for one in CaseState],
    )


@page("case")
def case(visit: Visit) -> Response:
    """One case. That somebody looked at it is recorded once a session."""
    found = case_of(visit)
    if _first_look(visit, found):
        visit.house.desk.see(found.id, by=visit.who.name, why="opened in the console")
        found = case_of(visit)
    feedback: Feedback = visit.book.feedback
    last = found.rulings[-1] if found.rulings else None
    third = bystanders(visit.house.desk, found.id) if looked_for(visit.house.desk, found.id) else None
    return visit.page(
        "case.html",
        title=f"Case {found.id}",
        case=found,
        three=[(part, [s for s in found.statements if s.part is part]) for part in Part],
        open=found.state is CaseState.OPEN,
        awaits=found.state is CaseState.AWAITS_SECOND,
        decided=found.state is CaseState.DECIDED,
        own=last is not None and last.by == visit.who.name,
        last=last,
        needs_two=NEEDS_TWO,
        rulings=list(Ruling),
        reasons=list(Reason),
        confidences=list(Confidence),
        claims=list(Claim),
        part_names=list(Part),
        label=feedback.labels.get(found.handle),
        files=sealed_files(visit.house.desk, found.id),
        leaving=waiting(visit.book, found.id),
        held=found.id in holds_in(visit.book),
        others=[one for one in visit.book.cases.values() if one.id != found.id and one.state is CaseState.OPEN],
        known=None if visit.house.scan() is None else visit.scan.actors.get(found.handle),
        marks=decision_marks([found]),
        bystanders=None if third is None else len(third),
        untold=0 if third is None else _untold(visit, found.id, third),
        proposals=proposed(visit.book, found.id),
        undoes=undoable(visit.book, found.id),
        reach=ruler_reach([(one.e_value, one.threshold) for one in found.openings]),
    )


def _untold(visit: Visit, case_id: str, third: tuple[Bystander, ...]) -> int:
    """Credentials of third parties of which nobody was told."""
    told = {
        one.record.body["number"] for one in visit.book.by_case[case_id] if one.record.kind == "case.bystanders_told"
    }
    return sum(one.kind == "credential" and one.number not in told for one in third)


def _first_look(visit: Visit, found: Case) -> bool:
    """Whether this person has done nothing with the case for an hour: then that they look is worth a record."""
    mine = [event.at for event in found.history if event.by == visit.who.name]
    return not mine or (visit.now.timestamp() - _seconds(mine[-1])) > 3600


def _seconds(at: str) -> float:
    return dt.datetime.fromisoformat(at).timestamp()
