"""What the pipeline proposed of a case and nobody has answered, taken or declined in one step; and the last merger or split undone.

Undoing takes nothing out of the journal: it is a record of its own, and what was merged or split stays in the history.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from stillwatch.cases.book import Book
from stillwatch.cases.checked import Told
from stillwatch.cases.desk import Desk, note_entry, sealed_members
from stillwatch.cases.fold import cases_from, said
from stillwatch.cases.record import FORGOTTEN, Case, State
from stillwatch.core.errors import CaseError

__all__ = ["Proposed", "Undoable", "all_proposed", "decline", "follow", "proposed", "undo", "undoable"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Proposed:
    """A merger (with the case `other`) or a split (of `members`) that waits for a person; `hinders` says why it cannot be done now."""

    seq: int
    step: str
    at: str
    why: str
    other: str | None
    members: tuple[str, ...]
    hinders: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Undoable:
    """A merger or a split that can be taken back: its record, and the other case."""

    seq: int
    step: str
    at: str
    by: str
    other: str


def proposed(book: Book, case_id: str) -> list[Proposed]:
    """Proposals to a case that nobody took or declined, oldest first; those of before proposals named what they are about are left out."""
    records = book.by_case.get(case_id, ())
    answered = {one.record.body["answers"] for one in records if "answers" in one.record.body}
    open_ = [one for one in records if one.record.kind == "case.proposed" and one.record.seq not in answered]
    return [made for one in open_ if (made := _proposed(book, book.cases[case_id], one)) is not None]


def all_proposed(book: Book) -> dict[str, list[Proposed]]:
    """Cases with what waits there, in the order of opening; costs a look at the cases to which something was ever proposed."""
    ever = {told.record.case for told in book.kinds.get("case.proposed", ())}
    return {one: found for one in book.cases if one in ever and (found := proposed(book, one))}


def follow(desk: Desk, case_id: str, seq: int, *, by: str, why: str) -> Case:
    """Do what was proposed, in the name of whoever does.

    Raises:
        CaseError: when no such proposal waits, it cannot be done now, or no reason is given.
    """
    one = _waiting(desk, case_id, seq, why)
    if one.hinders:
        raise CaseError(f"{case_id}: {one.hinders}")
    if one.step == "merge" and one.other is not None:
        return desk.merge(case_id, one.other, by=by, why=why, answers=seq)
    return desk.split(case_id, one.members, by=by, why=why, answers=seq)


def decline(desk: Desk, case_id: str, seq: int, *, by: str, why: str) -> Case:
    """Decline what was proposed; it is not proposed again.

    Raises:
        CaseError: when no such proposal waits, or no reason is given.
    """
    _waiting(desk, case_id, seq, why)
    with desk.journal.writing() as append:
        append([note_entry("case.proposal_declined", desk.case(case_id), by, why, {"answers": seq})])
    return desk.case(case_id)


def undoable(book: Book, case_id: str) -> Undoable | None:
    """The last merger or split of an open case, where it can be taken back: the cases are as it left them, and nobody took it back."""
    case = book.cases[case_id]
    records = book.by_case.get(case_id, ())
    undone = {one.record.body["undoes"] for one in records if "undoes" in one.record.body}
    steps = [one for one in records if one.record.kind in ("case.took_over", "case.gave_off")]
    steps = [one for one in steps if one.record.seq not in undone and "undoes" not in one.record.body]
    if case.state is not State.OPEN or not steps:
        return None
    last = steps[-1].record
    merged = last.kind == "case.took_over"
    other = book.cases[last.body["other" if merged else "to"]]
    if not merged and other.state is not State.OPEN:
        return None
    step = "merge" if merged else "split"
    return Undoable(seq=last.seq, step=step, at=last.at, by=said(steps[-1], "by"), other=other.id)


def undo(desk: Desk, case_id: str, seq: int, *, by: str, why: str) -> Case:
    """Take the last merger or split back.

    After a merger the other case is as it was when it went in; who was in both, came since, or was forgotten stays here. After a split its
    members, and what was said of them meanwhile, come back.

    Raises:
        CaseError: when this is not what can be taken back, or no reason is given.
    """
    last = undoable(desk.book(), case_id)
    if last is None or last.seq != seq:
        raise CaseError(f"{case_id}: record {seq} is no merger or split that can be undone now")
    if not why.strip():
        raise CaseError(f"{case_id}: say why it is undone")
    if last.step == "split":
        return desk.merge(case_id, last.other, by=by, why=why, undoes=seq)
    with desk.journal.writing() as append:
        book = desk.book()
        now = undoable(book, case_id)
        if now != last:
            raise CaseError(f"{case_id}: was changed meanwhile; look again")
        case, other = book.cases[case_id], book.cases[last.other]
        before, after = _around(book.history, case_id, seq)
        own = {member.handle for member in before.members}
        came = {member.handle for member in other.members} - own - {FORGOTTEN}
        gone = tuple(member for member in case.members if member.handle in came)
        body = {
            "undoes": seq,
            "other": other.id,
            "openings": [len(before.openings), len(after.openings)],
            "added": [len(before.added), len(after.added)],
            "exhibits": sorted({e.sha256 for e in after.exhibits} - {e.sha256 for e in before.exhibits}),
        }
        back = note_entry("case.restored", other, by, why, {"from": case_id})
        append([note_entry("case.unmerged", case, by, why, body, sealed_members("gone", gone)), back])
    return desk.case(case_id)


def _proposed(book: Book, case: Case, told: Told) -> Proposed | None:
    record = told.record
    step, other = record.body["step"], record.body.get("other")
    sealed = [field.field for field in record.private if field.field.startswith("member/")]
    if other is None and not sealed:
        return None
    members = tuple(str(told.private[name]["handle"]) for name in sealed if name in told.private)
    here = {member.handle for member in case.members}
    left = tuple(name for name in members if name in here)
    return Proposed(
        seq=record.seq,
        step=step,
        at=record.at,
        why=said(told),
        other=other,
        members=left,
        hinders=_hinders(book, case, other, left),
    )


def _hinders(book: Book, case: Case, other: str | None, members: Sequence[str]) -> str:
    """Why a proposal cannot be followed now; empty when it can."""
    if case.state is not State.OPEN:
        return f"this case is {case.state.replace('_', ' ')}; open it again first"
    if other is not None:
        theirs = book.cases.get(other)
        return "" if theirs is not None and theirs.state is State.OPEN else f"{other} is not open"
    return (
        "" if 0 < len(members) < len(case.members) else "its members are not some, but not all, of this case any more"
    )


def _waiting(desk: Desk, case_id: str, seq: int, why: str) -> Proposed:
    desk.case(case_id)
    one = next((one for one in proposed(desk.book(), case_id) if one.seq == seq), None)
    if one is None:
        raise CaseError(f"{case_id}: no proposal {seq} waits for an answer")
    if not why.strip():
        raise CaseError(f"{case_id}: say why")
    return one


def _around(history: Sequence[Told], case_id: str, seq: int) -> tuple[Case, Case]:
    """A case before a record, and after it with the one that follows it."""
    before = cases_from(told for told in history if told.record.seq < seq)[case_id]
    return before, cases_from(told for told in history if told.record.seq <= seq)[case_id]
