"""A case as one page of HTML that loads nothing, for a reader who is no engineer: what the PDF says, in the same words and order."""

from __future__ import annotations

from typing import Any

from stillwatch.cases import NEEDS_TWO, Case, Claim, Opening, impact_estimates, standing_words
from stillwatch.core import Part, totals
from stillwatch.report.case_words import (
    DEFINITIONS,
    EXHIBITS_EXPLAINED,
    NEEDS,
    NOTICE,
    PART_WORDS,
    PARTS_EXPLAINED,
    SHOWN,
    STATES,
    alleged,
    case_title,
    in_short,
)
from stillwatch.report.page import standalone
from stillwatch.report.plot_evidence import ruler_reach
from stillwatch.report.view_actor import ActorView

__all__ = ["case_page"]

_MOST_MEMBERS = 200


def case_page(case: Case, actor: ActorView | None, *, journal: str) -> bytes:
    """The case as HTML, in UTF-8. The same case and actor give the same bytes.

    Args:
        case: the case as it stands.
        actor: what the scan that opened it shows of the actor, for the timeline of a case that keeps none itself.
        journal: how far the journal had come.
    """
    first = case.openings[0]
    hours, releases = _timeline(first, actor)
    facts: dict[str, Any] = {
        "case": case,
        "first": first,
        "journal": journal,
        "hours": hours,
        "releases": releases,
        "name": case_title(first),
        "in_short": in_short(case, first),
        "answered": totals(first.impact.uses)[0] if first.impact.uses else None,
        "notice": NOTICE,
        "parts_explained": PARTS_EXPLAINED,
        "part_words": PART_WORDS,
        "parts": list(Part),
        "shown": SHOWN,
        "states": STATES,
        "needs": NEEDS,
        "claims": list(Claim),
        "needs_two": NEEDS_TWO,
        "definitions": DEFINITIONS,
        "exhibits_explained": EXHIBITS_EXPLAINED,
        "alleged": alleged,
        "standing_words": standing_words,
        "impact_estimates": impact_estimates,
        "most_members": _MOST_MEMBERS,
        "reach": ruler_reach([(one.e_value, one.threshold) for one in case.openings]),
    }
    return standalone("case.html.j2", **facts).encode()


def _timeline(first: Opening, actor: ActorView | None) -> tuple[Any, Any]:
    """Hours and launches: those that the case keeps, or those of the scan's own report."""
    if first.hours or actor is None:
        return first.hours, first.releases
    return actor.hours, actor.releases
