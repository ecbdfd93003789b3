"""Legal holds: what a proceeding needs is not forgotten while it lasts, whatever is requested.

A hold on a case covers everybody of whom its records speak, whoever made them among them, and so do those of the cases that it was split
from or into, took over or went into.
"""

from __future__ import annotations

from collections.abc import Sequence

from stillwatch.cases.book import Book
from stillwatch.cases.desk import Desk, subject_of
from stillwatch.cases.journal import Entry, Private, Told
from stillwatch.cases.record import FORGOTTEN
from stillwatch.core import handle, unhandle
from stillwatch.core.errors import CaseError

__all__ = ["covering", "hold", "hold_subject", "holds", "holds_in", "named", "release"]

_KINDS = ("person", "organisation")
_TIES = ("split_from", "to", "into", "other")
"""What a record calls the other case that it ties its own to."""


def hold(desk: Desk, name: str, *, by: str, why: str) -> None:
    """Put a handle, a person (`person:NAME`), an `organisation:NAME` or a whole case (`C-...`) under legal hold.

    Raises:
        CaseError: when it is held already, is no such name, or nothing is kept about it, so that a hold would protect nothing.
    """
    subject = named(name)
    with desk.journal.writing() as append:
        if name in holds(desk):
            raise CaseError(f"{name}: is under legal hold already")
        if name.startswith("C-"):
            desk.case(name)
        elif desk.journal.subjects.known(subject) is None:
            raise CaseError(f"{name}: nothing is kept about it, a hold would protect nothing")
        append([_entry("hold.set", name, by, why)])


def release(desk: Desk, name: str, *, by: str, why: str) -> None:
    """End a legal hold.

    Raises:
        CaseError: when there is none.
    """
    with desk.journal.writing() as append:
        if name not in holds(desk):
            raise CaseError(f"{name}: is under no legal hold")
        append([_entry("hold.released", name, by, why)])


def holds(desk: Desk) -> dict[str, str]:
    """What is under legal hold, with the reason given."""
    return holds_in(desk.book())


def holds_in(book: Book) -> dict[str, str]:
    """The same, as the journal's records say."""
    held: dict[str, tuple[str, str]] = {}
    for told in book.of_kinds("hold.set", "hold.released"):
        about = next(one.subject for one in told.record.private if one.field == "name")
        held.pop(about, None)
        if told.record.kind == "hold.set":
            held[about] = (told.private.get("name", FORGOTTEN), told.private.get("note", FORGOTTEN))
    return dict(held.values())


def covering(desk: Desk, name: str, subject: str) -> list[str]:
    """The holds that cover a subject (its random id) of this name: its own, and those of cases whose records speak of it."""
    history = desk.journal.history()
    return [one for one in holds(desk) if one == name or subject in _spoken_of(history, one)]


def named(name: str) -> str:
    """The subject that a person names: a handle in its one spelling, `person:NAME` or `organisation:NAME`.

    Raises:
        CaseError: when the name is none of these; one that is nearly right would protect, or forget, nothing.
    """
    kind, _, rest = name.partition(":")
    if kind in _KINDS and rest and rest == rest.strip():
        return name
    try:
        spelled = handle(*unhandle(name))
    except ValueError as error:
        raise CaseError(f"{name}: got no handle (A-...), person:NAME or organisation:NAME") from error
    if spelled != name:
        raise CaseError(f"{name}: is spelled {spelled}")
    return subject_of(name)


def _spoken_of(history: Sequence[Told], case_id: str) -> set[str]:
    """The random ids of all subjects in the records of a case and of those that it is tied to, however far."""
    ties: dict[str, set[str]] = {}
    for told in history:
        if told.record.case is not None:
            for other in {told.record.body[tie] for tie in _TIES if tie in told.record.body}:
                ties.setdefault(told.record.case, set()).add(other)
                ties.setdefault(other, set()).add(told.record.case)
    reached, left = {case_id}, [case_id]
    while left:
        new = ties.get(left.pop(), set()) - reached
        reached |= new
        left += new
    records = [told.record for told in history if told.record.case in reached]
    return {record.by for record in records} | {one.subject for record in records for one in record.private}


def hold_subject(name: str) -> str:
    """Whose key seals what is said of a hold: its own, which goes with the name when that is forgotten and no longer held."""
    return f"hold:{name}"


def _entry(kind: str, name: str, by: str, why: str) -> Entry:
    about = hold_subject(name)
    private = (Private(field="name", subject=about, value=name), Private(field="note", subject=about, value=why))
    return Entry(kind=kind, by=by, body={}, private=private)
