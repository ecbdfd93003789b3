"""The queue of findings, with its filters in the address: a view of it can be kept as a bookmark or sent to a colleague."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar
from urllib.parse import urlencode

from starlette.responses import Response

from stillwatch.console.door import page
from stillwatch.console.findings import SORTS, Level, Query, State
from stillwatch.console.visit import Visit
from stillwatch.core import Decision
from stillwatch.report import ruler_reach

__all__: list[str] = []

_Word = TypeVar("_Word", Decision, Level, State)


@page("findings")
def findings(visit: Visit) -> Response:
    """One page of the queue."""
    scan, marks = visit.scan, visit.marks
    asked = _query(visit.query)
    listed = scan.findings.listed(asked, marks)

    def way(**changed: object) -> str:
        """The address of this view with something changed; the page is the first again unless it is what changes."""
        now = {
            "q": asked.text,
            "decision": asked.decision or "any",
            "level": asked.level or "",
            "state": asked.state or "",
            "sort": asked.sort,
            "up": "1" if asked.up else "",
            **changed,
        }
        plain = {"q": "", "decision": "review", "level": "", "state": "", "sort": "evidence", "up": "", "page": 1}
        kept = {name: value for name, value in now.items() if str(value) != str(plain[name])}
        return "/findings" + ("?" + urlencode(kept) if kept else "")

    return visit.page(
        "findings.html",
        title="Findings",
        asked=asked,
        listed=listed,
        marks=marks,
        way=way,
        decisions=[Decision.REVIEW, Decision.UNDECIDED, Decision.SET_ASIDE],
        levels=list(Level),
        states=list(State),
        counts={one: scan.findings.count(one) for one in Decision},
        reach=ruler_reach([(row["evidence"], row["threshold"]) for row in listed.rows]),
    )


def _query(told: Mapping[str, str]) -> Query:
    """What an address asks for; words that it does not know count as not said."""
    decision = told.get("decision", "review")
    page_ = told.get("page", "1")
    return Query(
        text=told.get("q", "").strip()[:200],
        decision=None if decision == "any" else _one(Decision, decision) or Decision.REVIEW,
        level=_one(Level, told.get("level", "")),
        state=_one(State, told.get("state", "")),
        sort=told["sort"] if told.get("sort") in SORTS else "evidence",
        up=told.get("up") == "1",
        page=int(page_) if page_.isascii() and page_.isdigit() and len(page_) < 8 else 1,
    )


def _one(kind: type[_Word], text: str) -> _Word | None:
    return kind(text) if text in {one.value for one in kind} else None
