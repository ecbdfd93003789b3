"""Forgetting a person or an account on request, and the legal hold that stands above it.

What is forgotten: every personal field of the journal about that subject, on this installation. What is not: sealed files that have left
the house, the workspace's tables, and copies of `keys/`. The record of the forgetting itself names only a random id.
"""

from __future__ import annotations

from stillwatch.cases.desk import Desk, subject_of
from stillwatch.cases.journal import Entry, Private
from stillwatch.cases.record import State
from stillwatch.core.errors import CaseError

__all__ = ["forget", "hold", "holds", "release"]


def hold(desk: Desk, name: str, *, by: str, why: str) -> None:
    """Put a handle, a person (`person:NAME`) or a whole case (`C-...`) under legal hold: nothing of it is forgotten while it lasts.

    Raises:
        CaseError: when it is held already, or there is no such case.
    """
    if name.startswith("C-"):
        desk.case(name)
    if name in holds(desk):
        raise CaseError(f"{name}: is under legal hold already")
    desk.journal.append(_entry("hold.set", name, by, why))


def release(desk: Desk, name: str, *, by: str, why: str) -> None:
    """End a legal hold.

    Raises:
        CaseError: when there is none.
    """
    if name not in holds(desk):
        raise CaseError(f"{name}: is under no legal hold")
    desk.journal.append(_entry("hold.released", name, by, why))


def holds(desk: Desk) -> dict[str, str]:
    """What is under legal hold, with the reason given."""
    held: dict[str, str] = {}
    for told in desk.journal.history():
        if told.record.kind == "hold.set":
            held[told.private["name"]] = told.private["note"]
        elif told.record.kind == "hold.released":
            held.pop(told.private["name"], None)
    return held


def forget(desk: Desk, name: str, *, by: str, why: str) -> None:
    """Destroy the key of a handle or a person (`person:NAME`). It cannot be undone.

    The request is recorded first, so that a crash in between leaves a request that can be made again, never a silent deletion.

    Raises:
        CaseError: when a legal hold covers it (the refusal is recorded too), when it is a person whose decision awaits a second one,
            or when nothing is kept about it.
    """
    subject = desk.journal.subjects.known(subject_of(name))
    if subject is None:
        raise CaseError(f"{name}: nothing is kept about it under a key of its own")
    waiting = [case for case in desk.cases().values() if case.state is State.AWAITS_SECOND]
    mine = [case.id for case in waiting if case.rulings[-1].person == subject.id]
    if mine:  # forgotten, they would come back as a stranger and approve themselves
        raise CaseError(f"{name}: gave a decision that awaits a second person; settle {', '.join(mine)} first")
    covering = _covering(desk, name)
    kind = "forgetting.refused" if covering else "subject.forgotten"
    desk.journal.append(Entry(kind=kind, by=by, body={"subject": subject.id, "why": why}))
    if covering:
        raise CaseError(f"{name}: legal hold on {', '.join(covering)} overrides the request; the refusal is recorded")
    desk.journal.subjects.destroy(subject_of(name))


def _covering(desk: Desk, name: str) -> list[str]:
    """The holds that cover a name: its own, and those of cases that it is in or whose records it made."""
    held, cases = holds(desk), desk.cases()
    person = name.removeprefix("person:")

    def within(case_id: str) -> bool:
        case = cases[case_id]
        return name in {case.handle, *(m.handle for m in case.members)} or person in {e.by for e in case.history}

    return [one for one in held if one == name or (one in cases and within(one))]


def _entry(kind: str, name: str, by: str, why: str) -> Entry:
    """What is held, sealed under a key of its own that no request destroys."""
    about = f"hold:{name}"
    private = (Private(field="name", subject=about, value=name), Private(field="note", subject=about, value=why))
    return Entry(kind=kind, by=by, body={}, private=private)
