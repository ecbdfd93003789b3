"""One actor: everything for and against it, its links to walk along, its members, its days, and what can be done."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
from starlette.responses import Response

from stillwatch.console.door import page
from stillwatch.console.visit import NotFound, Visit
from stillwatch.pipeline import decision_marks, impact_of, read_prices, stop_marks
from stillwatch.report import ActorView, LinkPicture, SharedThing, draw_links, ruler_reach

__all__: list[str] = []

_SEED = 20_260_223
_MEMBERS = 100
_NEAR = 12
_SORTS = {"harvest": "harvest_exchanges", "exchanges": "exchanges", "links": "links", "weight": "weight"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Focus:
    """One shared thing that somebody looks along: who has it, and what else these share (with how many of them)."""

    thing: SharedThing
    accounts: tuple[str, ...]
    beside: tuple[tuple[SharedThing, int], ...]


@page("actor")
def actor(visit: Visit) -> Response:
    """The page of one actor of the last scan; of one that only a case remembers, the case."""
    name, _ = visit.handle("actor")
    scan, book = visit.scan, visit.book
    marks = visit.marks
    found = scan.actors.get(name)
    if found is None:
        if name in marks.in_case:
            return visit.go(f"/cases/{marks.in_case[name]}")
        raise NotFound("the last scan knows no such actor, and no case is about it")
    about = [one for one in book.cases.values() if name == one.handle or any(o.handle == name for o in one.openings)]
    focus = None if found.links is None else _focus(found.links, visit.query.get("thing", ""))
    return visit.page(
        "actor.html",
        title=f"Actor {name}",
        actor=found,
        marks=marks,
        case=marks.in_case.get(name),
        label=book.feedback.labels.get(name),
        pause=book.feedback.paused(visit.now).get(name),
        reach=ruler_reach([(one.e_value, one.threshold) for one in scan.view.actors]),
        decisions=decision_marks(about),
        stops=stop_marks(found.members),
        impact=impact_of(found, read_prices(visit.house.workspace.root / "prices.toml")),
        drawing=_drawn(found, focus),
        focus=focus,
        **_members(visit, found),
    )


def _drawn(found: ActorView, focus: Focus | None) -> object:
    if found.links is None:
        return None
    return draw_links(
        found.links,
        uid="links",
        name=found.handle,
        rng=np.random.default_rng(_SEED),
        way=lambda thing: f"/actors/{found.handle}?thing={thing.key}#links",
        focus=None if focus is None else focus.thing.key,
    )


def _focus(links: LinkPicture, key: str) -> Focus | None:
    """What somebody looks along; nothing where the picture has no such thing."""
    place = next((i for i, thing in enumerate(links.things) if thing.key == key), None)
    if place is None:
        return None
    having = {tie.account for tie in links.ties if tie.thing == place}
    beside = Counter(tie.thing for tie in links.ties if tie.account in having and tie.thing != place)
    return Focus(
        thing=links.things[place],
        accounts=tuple(links.accounts[i] for i in sorted(having)),
        beside=tuple((links.things[thing], n) for thing, n in beside.most_common(_NEAR)),
    )


def _members(visit: Visit, found: ActorView) -> dict[str, Any]:
    """A page of the members, sorted."""
    members, by = list(found.members), visit.query.get("by", "")
    if by in _SORTS:
        members.sort(key=lambda one: -getattr(one, _SORTS[by]))
    here, pages = visit.turned(len(members), _MEMBERS, "members")
    return {
        "members": members[(here - 1) * _MEMBERS : here * _MEMBERS],
        "by": by if by in _SORTS else "",
        "sorts": list(_SORTS),
        "members_page": here,
        "members_pages": pages,
    }
