"""A sealed file leaves the house by two hands: one person asks, naming recipient and reason, and another lets it go.

Both are records of the journal. What is let go is exactly the bytes that were asked for: the request names their digest.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from stillwatch.cases.book import Book
from stillwatch.cases.desk import Desk, note_entry, subject_of
from stillwatch.cases.fold import said
from stillwatch.cases.journal import Private
from stillwatch.cases.leaving import ours
from stillwatch.cases.signing import PublicKey
from stillwatch.core.errors import CaseError

__all__ = ["Leave", "ask_to_export", "let_go", "sealed_files", "sealed_name", "waiting"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Leave:
    """A request to let a sealed file go: its record's number, the file's name and digest, for whom and why, and who asked."""

    seq: int
    case: str
    name: str
    sha256: str
    recipient: str
    why: str
    by: str
    person: str
    at: str


def sealed_files(desk: Desk, case_id: str) -> list[str]:
    """Names of the sealed files of a case, redacted copies among them."""
    return sorted(path.name for path in desk.sealed.glob(f"{case_id}-*.tar"))


def sealed_name(case_id: str, sha256: str) -> str:
    """What a sealed file is called in `sealed/`."""
    return f"{case_id}-{sha256[:12]}.tar"


def ask_to_export(desk: Desk, case_id: str, name: str, *, recipient: str, by: str, why: str) -> None:
    """Ask that a sealed file of a case be let go.

    Raises:
        CaseError: when the case has no such file, or recipient or reason are missing.
        TamperingFound: when the file is not as it was sealed.
    """
    if not recipient.strip() or not why.strip():
        raise CaseError(f"{case_id}: say for whom the file is, and why")
    data = _bytes(desk, case_id, name)
    ours(desk, desk.sealed / name, data)
    with desk.journal.writing() as append:
        case = desk.case(case_id)
        to = Private(field="recipient", subject=subject_of(case.handle), value=recipient)
        body = {"sha256": hashlib.sha256(data).hexdigest()}
        append([note_entry("case.export_asked", case, by, why, body, (to,))])


def waiting(book: Book, case_id: str) -> list[Leave]:
    """Requests of a case that nobody has answered, oldest first, as the journal's records say."""
    open_: dict[int, Leave] = {}
    for told in book.by_case.get(case_id, ()):
        record = told.record
        if record.kind == "case.export_asked":
            open_[record.seq] = Leave(
                seq=record.seq,
                case=case_id,
                name=sealed_name(case_id, record.body["sha256"]),
                sha256=record.body["sha256"],
                recipient=said(told, "recipient"),
                why=said(told),
                by=said(told, "by"),
                person=record.by,
                at=record.at,
            )
        elif "answers" in record.body:
            open_.pop(record.body["answers"], None)
    return list(open_.values())


def let_go(desk: Desk, case_id: str, seq: int, *, by: str, note: str, keys: Sequence[PublicKey] = ()) -> bytes:
    """The bytes of a file that another person asked for; that they left is on the disk before they are returned.

    Raises:
        CaseError: when no such request waits, this person made it, or the file changed since.
        TamperingFound: when the file is not as it was sealed.
    """
    with desk.journal.writing() as append:
        asked = next((one for one in waiting(desk.book(), case_id) if one.seq == seq), None)
        if asked is None:
            raise CaseError(f"{case_id}: no request {seq} waits to be answered")
        me = desk.journal.subjects.known(f"person:{by}")
        if me is not None and me.id == asked.person:
            raise CaseError(f"{case_id}: a file leaves by two hands; {by} asked for it")
        data = _bytes(desk, case_id, asked.name)
        told, _ = ours(desk, desk.sealed / asked.name, data, keys)
        if hashlib.sha256(data).hexdigest() != asked.sha256:
            raise CaseError(f"{case_id}: the file is another than the one that was asked for")
        body = {"sha256": asked.sha256, "removed": len(told.removed), "answers": seq}
        append([note_entry("case.exported", desk.case(case_id), by, f"to {asked.recipient}: {note}", body)])
    return data


def _bytes(desk: Desk, case_id: str, name: str) -> bytes:
    """A sealed file of this case by a name out of the list: no path is ever made of what somebody sent."""
    if name not in sealed_files(desk, case_id):
        raise CaseError(f"{case_id}: has no sealed file of this name")
    return (desk.sealed / name).read_bytes()
