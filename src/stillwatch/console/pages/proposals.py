"""What the pipeline proposed of a case, followed or declined by one click, and the last merger or split undone."""

from __future__ import annotations

from starlette.responses import Response

from stillwatch.cases import decline, follow, undo, undoable
from stillwatch.console.door import page
from stillwatch.console.pages.cases import case_of
from stillwatch.console.visit import NotFound, Visit

__all__: list[str] = []


@page("follow")
def follow_it(visit: Visit) -> Response:
    """Merge or split as it was proposed, or decline that; a reason goes on record either way."""
    found, seq, why = case_of(visit), _seq(visit), visit.needed("note", most=1000)
    desk, me = visit.house.desk, visit.who.name
    if visit.field("answer", most=10) == "decline":
        decline(desk, found.id, seq, by=me, why=why)
        return visit.go(f"/cases/{found.id}", "declined")
    before = set(visit.book.cases)
    follow(desk, found.id, seq, by=me, why=why)
    visit.house.publish()
    split = set(visit.book.cases) - before
    return visit.go(f"/cases/{found.id}", "split" if split else "merged")


@page("undo")
def undo_it(visit: Visit) -> Response:
    """Take the last merger or split back."""
    found, seq = case_of(visit), _seq(visit)
    last = undoable(visit.book, found.id)
    undo(visit.house.desk, found.id, seq, by=visit.who.name, why=visit.needed("note", most=1000))
    visit.house.publish()
    return visit.go(f"/cases/{found.id}", "unmerged" if last is not None and last.step == "merge" else "rejoined")


def _seq(visit: Visit) -> int:
    text = visit.path["seq"]
    if not (text.isascii() and text.isdigit() and len(text) < 12):
        raise NotFound("no such record")
    return int(text)
