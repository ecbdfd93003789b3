"""Forgetting a person, an organisation or an account on request, and what is left of its name.

What is forgotten: every personal field of the journal about that subject, on this installation. What is not: sealed files, here and where
they went, the workspace's tables, and copies of `keys/`. The record of the forgetting names only a random id and a reason out of a list:
what a person would write ("asked by Mary Smith") would stay for good.
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

from stillwatch.cases.archive import unpack
from stillwatch.cases.canonical import canonical
from stillwatch.cases.desk import Desk
from stillwatch.cases.dsse import payload_of
from stillwatch.cases.holds import covering, hold_subject, named
from stillwatch.cases.journal import Entry
from stillwatch.cases.record import State
from stillwatch.cases.sealing import ENVELOPE, REDACTION
from stillwatch.core.errors import CaseError

__all__ = ["Ground", "forget"]


class Ground(StrEnum):
    """Why something is forgotten."""

    ERASURE_REQUEST = "erasure_request"
    RETENTION_ENDED = "retention_ended"
    RECORDED_BY_MISTAKE = "recorded_by_mistake"
    COURT_ORDER = "court_order"


def forget(desk: Desk, name: str, *, by: str, why: Ground) -> tuple[Path, ...]:
    """Destroy the key of a handle, a person (`person:NAME`) or an `organisation:NAME`; it cannot be undone.

    Returns the sealed files of this workspace in which the name still stands: they are evidence, and stay until somebody deletes them.
    The request is recorded first, so that a crash in between leaves a request that can be made again, never a silent deletion. Holds are
    read, and the key destroyed, while nobody else writes.

    Raises:
        CaseError: when a legal hold covers it (the refusal is recorded too), when it is a person whose decision or declared purpose awaits
            a second one, or when nothing is kept about it.
    """
    about = named(name)
    with desk.journal.writing() as append:
        subject = desk.journal.subjects.known(about)
        if subject is None:
            raise CaseError(f"{name}: nothing is kept about it under a key of its own")
        waiting = [case for case in desk.cases().values() if case.state is State.AWAITS_SECOND]
        mine = [case.id for case in waiting if case.rulings[-1].person == subject.id]
        if mine:  # forgotten, they would come back as a stranger and approve themselves
            raise CaseError(f"{name}: gave a decision that awaits a second person; settle {', '.join(mine)} first")
        asked = [one for one in desk.book().feedback.purposes.values() if one.waits and one.person == subject.id]
        if asked:
            numbers = ", ".join(str(one.number) for one in asked)
            raise CaseError(f"{name}: recorded a purpose that awaits a second person; settle number {numbers} first")
        held = covering(desk, name, subject.id)
        body = {"subject": subject.id, "why": why.value}
        if held:
            append([Entry(kind="forgetting.refused", by=by, body=body)])
            raise CaseError(f"{name}: legal hold on {', '.join(held)} overrides the request; the refusal is recorded")
        left = tuple(path for path in sorted(desk.sealed.glob("*.tar")) if _names(path, name))
        append([Entry(kind="subject.forgotten", by=by, body=body | {"still_in": [path.name for path in left]})])
        desk.journal.subjects.destroy(about)
        desk.journal.subjects.destroy(hold_subject(name))  # of holds that were released: one in force covers the name
        return left


def _names(path: Path, name: str) -> bool:
    """Whether a name stands in a sealed file; one that cannot be read may hold it.

    A handle is looked for anywhere, another name as a whole value: in what people wrote it is not found.
    """
    _, kinded, bare = name.partition(":")
    said = canonical(bare) if kinded else name.encode()
    try:
        files = unpack(path.read_bytes())
        texts = [*files.values(), *(payload_of(files[one]) for one in (ENVELOPE, REDACTION) if one in files)]
    except (ValueError, KeyError, TypeError):
        return True
    return any(said in text for text in texts)
