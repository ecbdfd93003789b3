"""What is made of a case: prints, sealed files that are checked and, by two hands, let go; and the journal of all that was done."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from starlette.responses import Response

from stillwatch.cases import (
    FORGOTTEN,
    Book,
    JournalFault,
    Told,
    ask_to_export,
    auditor_keys,
    journal_faults,
    let_go,
    seal,
    sealed_files,
    verified,
)
from stillwatch.console.door import page
from stillwatch.console.pages.cases import case_of
from stillwatch.console.visit import NotFound, Visit
from stillwatch.core import TamperingFound
from stillwatch.pipeline import PAPERS, case_paper

__all__: list[str] = []

_LINES = 200


@page("seal")
def seal_case(visit: Visit) -> Response:
    """Seal the case as it stands."""
    found = case_of(visit)
    seal(visit.house.desk, found.id, by=visit.who.name, why=visit.needed("note"))
    return visit.go(f"/cases/{found.id}#files", "")


@page("sealed")
def sealed(visit: Visit) -> Response:
    """Check every byte of a sealed file, and say what is in it."""
    found, name = case_of(visit), visit.path["name"]
    if name not in sealed_files(visit.house.desk, found.id):
        raise NotFound("the case has no sealed file of this name")
    data = (visit.house.desk.sealed / name).read_bytes()
    try:
        told, fault = verified(data, visit.house.desk.own_keys, auditors=auditor_keys(visit.book)), ""
    except TamperingFound as error:
        told, fault = None, str(error)
    kinds = Counter() if told is None else Counter(item.kind for item in told.items)
    return visit.page(
        "sealed.html",
        title=name,
        case=found,
        name=name,
        size=len(data),
        told=told,
        fault=fault,
        kinds=sorted(kinds.items()),
        key=visit.house.desk.signer.public.id,
    )


@page("ask_export")
def ask_export(visit: Visit) -> Response:
    """Ask that a file be let go."""
    found = case_of(visit)
    ask_to_export(
        visit.house.desk,
        found.id,
        visit.needed("name", most=80),
        recipient=visit.needed("recipient", most=200),
        by=visit.who.name,
        why=visit.needed("note"),
    )
    return visit.go(f"/cases/{found.id}", "asked")


@page("let_go")
def let_it_go(visit: Visit) -> Response:
    """Let a file go that somebody else asked for: it comes as the answer, once it is recorded that it left."""
    found, seq = case_of(visit), visit.path["seq"]
    if not (seq.isascii() and seq.isdigit() and len(seq) < 12):
        raise NotFound("no such request")
    data = let_go(visit.house.desk, found.id, int(seq), by=visit.who.name, note=visit.needed("note"))
    headers = {"content-disposition": f'attachment; filename="{found.id}.tar"'}
    return Response(data, media_type="application/x-tar", headers=headers)


@page("print_case")
def print_case(visit: Visit) -> Response:
    """The case as PDF or HTML; its SHA-256, who printed it and why are in the journal before it comes as the answer."""
    found, form = case_of(visit), visit.needed("form", most=10)
    paper = case_paper(visit.house.desk, found.id, form, by=visit.who.name, why=visit.needed("note", most=500))
    headers = {"content-disposition": f'attachment; filename="{found.id}.{form}"'}
    return Response(paper.data, media_type=PAPERS[form], headers=headers)


@page("journal")
def journal(visit: Visit) -> Response:
    """Who did what and when, newest first; every record was checked since the files last changed."""
    book, faults = _checked(visit)
    wanted, by = visit.query.get("kind", ""), visit.query.get("by", "").strip()
    kinds = sorted(book.kinds) if book else []
    chosen: Sequence[Told] = () if book is None else book.kinds.get(wanted, ()) if wanted else book.history
    if by:
        chosen = [told for told in chosen if told.private.get("by", FORGOTTEN) == by]
    here, pages = visit.turned(len(chosen), _LINES)
    return visit.page(
        "journal.html",
        title="Journal",
        faults=faults[:20],
        lines=_newest(chosen, here),
        total=len(chosen),
        kinds=kinds,
        wanted=wanted if wanted in kinds else "",
        by=by,
        here=here,
        pages=pages,
        forgotten=FORGOTTEN,
    )


def _newest(records: Sequence[Told], number: int) -> list[Told]:
    """A page of records, counted from the last one."""
    end = len(records) - (number - 1) * _LINES
    return list(reversed(records[max(0, end - _LINES) : end]))


def _checked(visit: Visit) -> tuple[Book | None, list[JournalFault]]:
    """The journal; where it is not as it was written, nothing of it and everything that is wrong."""
    try:
        return visit.book, []
    except TamperingFound:
        faults = journal_faults(visit.house.desk.journal.folder, *visit.house.desk.signer.vouching())
        if not faults:
            raise
        return None, faults
