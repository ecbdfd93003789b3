"""The desk: open a case, add to it, decide it, re-open, merge and split it. Each step is a record of the journal, and nothing else.

Who acts is named by the caller: the desk believes the name it is given, and holds that two names are two persons. Logging in is the
console's business.
"""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import msgspec

from stillwatch.cases.book import Book, Bookkeeper
from stillwatch.cases.fold import cases_from
from stillwatch.cases.journal import Append, Entry, Journal, Private
from stillwatch.cases.opening import SHOWN, Member, Opening, whole
from stillwatch.cases.record import FORGOTTEN, Case, State
from stillwatch.cases.ruling import NEEDS_TWO, Reason, Ruling, ends, fits
from stillwatch.cases.signing import PublicKey, Signer, collector, retired
from stillwatch.cases.statement import Claim, Confidence, Statement
from stillwatch.cases.subjects import Subjects
from stillwatch.core import handle, unhandle
from stillwatch.core.errors import CaseError
from stillwatch.engine import Workspace

__all__ = ["Desk", "note_entry", "sealed_members", "subject_of"]


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


class Desk:
    """The cases of one workspace.

    Args:
        workspace: where they are kept, in `desk/`.
        clock: says the time; the system's by default.
    """

    def __init__(self, workspace: Workspace, clock: Callable[[], dt.datetime] = _now) -> None:
        self.workspace = workspace
        self.clock = clock
        self.signer: Signer = collector(workspace)
        self.sealed = workspace.root / "sealed"
        subjects = Subjects(workspace.root / "keys" / "subjects.sqlite", workspace.key)
        self.journal = Journal(workspace.root / "desk", self.signer, subjects, clock, traces=[self.sealed])
        self._books = Bookkeeper(self.journal)

    @property
    def own_keys(self) -> tuple[PublicKey, ...]:
        """The installation's key, and those that it had before."""
        return tuple(dict.fromkeys((self.signer.public, *retired(self.workspace.root / "keys"))))

    def book(self) -> Book:
        """The journal as it stands, as cases and as what was said of findings.

        Raises:
            TamperingFound: when it is not as it was written.
        """
        return self._books.book()

    def cases(self) -> Mapping[str, Case]:
        """Every case by id, in the order of opening."""
        return self.book().cases

    def case(self, case_id: str) -> Case:
        """One case.

        Raises:
            CaseError: when there is none of this id.
        """
        return _found(self.cases(), case_id)

    def case_at(self, case_id: str, seq: int | None = None) -> tuple[Case, str]:
        """One case as it stood at a record of the journal (by default its own last one), and that record's number and hash in words.

        Raises:
            CaseError: when there was none of this id then.
        """
        history = self.journal.history()
        last = _found(cases_from(history), case_id).history[-1].seq if seq is None else seq
        until = [told for told in history if told.record.seq <= last]
        case = _found(cases_from(until), case_id)
        return case, f"journal record {until[-1].record.seq}, {until[-1].record.hash[:16]}"

    def open(self, opening: Opening, *, by: str) -> Case:
        """Open a case for a finding. The first one begins the journal.

        Raises:
            CaseError: when the finding does not say all that a case must say, or is in a case already.
            TamperingFound: when there was a journal and it is gone.
        """
        whole(opening)
        self.journal.begin()
        with self._step() as (cases, append):
            for other in cases.values():
                same = any((o.handle, o.run) == (opening.handle, opening.run) for o in other.openings)
                if same and other.state is not State.MERGED and other.split_from is None:
                    raise CaseError(f"{opening.handle}: is in case {other.id} already")
            made = self._id(opening.handle, opening.run, len(cases))
            body = msgspec.to_builtins(opening)
            del body["handle"], body["members"]
            about = subject_of(opening.handle)
            private = (
                Private(field="handle", subject=about, value=opening.handle),
                *(Private(field=name, subject=about, value=body.pop(name)) for name in SHOWN),
                *sealed_members("member", opening.members),
            )
            append([Entry(kind="case.opened", by=by, case=made, body=body, private=private)])
        return self.case(made)

    def see(self, case_id: str, *, by: str, why: str) -> Case:
        """Look at a case; who looked, and why, is recorded first."""
        return self._one(case_id, "case.seen", by=by, note=why)

    def report(self, case_id: str, sha256: str, *, by: str, why: str) -> Case:
        """Record that a report of the case was made, by its SHA-256, before it is handed to anybody."""
        return self._one(case_id, "case.reported", by=by, note=why, body={"sha256": sha256})

    def features_sealed(self, case_id: str, sha256: str, *, by: str, why: str) -> Case:
        """Record which features the case's statistics can be computed from anew; a file sealed afterwards names them."""
        note = f"SHA-256 {sha256}: {why}"
        return self._one(case_id, "case.features_sealed", by=by, note=note, body={"sha256": sha256})

    def bystanders(self, case_id: str, step: str, facts: dict[str, Any], *, by: str, why: str) -> Case:
        """Record that data of third parties was `found`, `opened` or `told` about: kinds and numbers, never a value."""
        return self._one(case_id, f"case.bystanders_{step}", by=by, note=why, body=facts)

    def state(self, case_id: str, statement: Statement, *, by: str) -> Case:
        """Add a statement; its sentence is sealed as one about the case's subject."""
        body = msgspec.to_builtins(statement)
        return self._one(case_id, "case.stated", by=by, note=body.pop("sentence"), body=body)

    def claim(self, case_id: str, claim: Claim, *, by: str, why: str) -> Case:
        """Raise a claim on its own facts."""
        return self._one(case_id, "case.claimed", by=by, note=why, body={"claim": claim.value})

    def decide(
        self,
        case_id: str,
        ruling: Ruling,
        reason: Reason,
        *,
        by: str,
        note: str,
        organisation: str | None = None,
        confidence: Confidence | None = None,
        days: int | None = None,
    ) -> Case:
        """Decide a case. Attributing, blocking and suspending count only when a second person approves.

        What restricts somebody's use ends after `days`, by default those of `ruling.LASTS`.

        Raises:
            CaseError: when the reason does not fit, the case is not open, an attribution lacks confidence or source, or the days are none.
        """
        fits(ruling, reason, organisation)
        until = ends(ruling, self.clock(), days)
        if organisation is not None and confidence is None:
            raise CaseError(f"{ruling}: a named organisation is an allegation and needs its confidence")
        if organisation is not None and not note.strip():
            raise CaseError(f"{ruling}: a named organisation needs its source; say in the note who says so, and where")
        named = (
            ()
            if organisation is None
            else (Private(field="organisation", subject=f"organisation:{organisation}", value=organisation),)
        )
        with self._step() as (cases, append):
            case = _in_state(cases, case_id, State.OPEN)
            body = {
                "number": len(case.rulings) + 1,
                "ruling": ruling.value,
                "reason": reason.value,
                "confidence": confidence and confidence.value,
                "until": until and until.astimezone(dt.UTC).isoformat(),
            }
            append([note_entry("case.decided", case, by, note, body, named)])
        return self.case(case_id)

    def approve(self, case_id: str, *, by: str, note: str) -> Case:
        """Approve the decision that awaits a second person.

        Raises:
            CaseError: when none does, or when this person gave it.
        """
        with self._step() as (cases, append):
            case = _in_state(cases, case_id, State.AWAITS_SECOND)
            given = case.rulings[-1]
            me = self.journal.subjects.known(f"person:{by}")
            if me is not None and me.id == given.person:
                raise CaseError(f"{case_id}: {given.ruling} needs a second person; {by} gave it")
            append([note_entry("case.approved", case, by, note, {"number": given.number})])
        return self.case(case_id)

    def reopen(self, case_id: str, *, by: str, why: str, contested: bool = False) -> Case:
        """Take up a case again, after an appeal (`contested`) or new facts; every decision that counted or waited is withdrawn."""
        with self._step() as (cases, append):
            case = _in_state(cases, case_id, State.DECIDED, State.AWAITS_SECOND)
            standing = [r.number for r in case.rulings if not r.withdrawn]
            append([note_entry("case.reopened", case, by, why, {"withdrawn": standing, "contested": contested})])
        return self.case(case_id)

    def lapse(self) -> list[str]:
        """Record which decisions' time is over, and open their cases again where nothing else counts; the cases concerned.

        Until it is recorded such a decision stays in force: everything that reads cases sees the same.
        """
        if not any(_over(case, self.clock()) for case in self.cases().values()):
            return []
        with self._step() as (cases, append):
            due = {case.id: over for case in cases.values() if (over := _over(case, self.clock()))}
            why = "the time of the decision is over; decide anew, or close the case"
            entries = [
                note_entry("case.lapsed", cases[one], "stillwatch", why, {"numbers": n}) for one, n in due.items()
            ]
            if entries:
                append(entries)
        return list(due)

    def open_vault(self, case_id: str, kinds: Sequence[str], *, by: str, why: str) -> Case:
        """The case, once it is recorded that raw identifiers of its members are opened: by whom, why, and of which kinds; no value is.

        Raises:
            CaseError: when no decision that a second person approved is in force, or nobody says why.
        """
        if not why.strip():
            raise CaseError(f"{case_id}: the vault opens for a reason that somebody gives; say why")
        with self._step() as (cases, append):
            case = _in_state(cases, case_id, State.DECIDED)
            if not any(given.ruling in NEEDS_TWO for given in case.in_force):
                needed = ", ".join(sorted(NEEDS_TWO))
                raise CaseError(f"{case_id}: the vault opens after a decision that a second person approved: {needed}")
            body = {"kinds": sorted(kinds), "members": len(case.members)}
            append([note_entry("case.vault_opened", case, by, why, body)])
        return self.case(case_id)

    def merge(self, into: str, other: str, *, by: str, why: str, **refers: int) -> Case:
        """Take another open case into this one; its history stays under its own id. `refers` names the record that it answers or undoes.

        Raises:
            CaseError: when they are one, or either is not open.
        """
        if into == other:
            raise CaseError(f"{into}: cannot take over itself")
        with self._step() as (cases, append):
            kept, gone = _in_state(cases, into, State.OPEN), _in_state(cases, other, State.OPEN)
            took = note_entry("case.took_over", kept, by, why, {"other": other, **refers})
            append([took, note_entry("case.merged", gone, by, why, {"into": into})])
        return self.case(into)

    def split(self, case_id: str, handles: Sequence[str], *, by: str, why: str, **refers: int) -> Case:
        """Take some members out into a case of their own, which rests on the same findings and has no decisions.

        Raises:
            CaseError: when the case is not open, or the members are not some, but not all, of its own.
        """
        with self._step() as (cases, append):
            case = _in_state(cases, case_id, State.OPEN)
            gone = tuple(m for m in case.members if m.handle in set(handles))
            unknown = set(handles) - {m.handle for m in gone} | (set(handles) & {FORGOTTEN})
            if unknown or not gone or len(gone) == len(case.members):
                told = ", ".join(sorted(unknown)) or "all of them" if gone or unknown else "nobody"
                raise CaseError(f"{case_id}: got {told}, expected some but not all of its members")
            made = self._id(case_id, *handles, len(cases))
            gave = {"to": made, **refers}
            off = note_entry("case.gave_off", case, by, why, gave, sealed_members("gone", gone))
            new = note_entry("case.split_off", case, by, why, {"split_from": case_id}, sealed_members("member", gone))
            append([off, replace(new, case=made)])
        return self.case(made)

    def _one(self, case_id: str, kind: str, *, by: str, note: str, body: dict[str, Any] | None = None) -> Case:
        with self._step() as (cases, append):
            append([note_entry(kind, _found(cases, case_id), by, note, body or {})])
        return self.case(case_id)

    @contextlib.contextmanager
    def _step(self) -> Iterator[tuple[Mapping[str, Case], Append]]:
        """The cases as they are, and the function that appends: nobody else writes in between."""
        with self.journal.writing() as append:
            yield self.cases(), append

    def _id(self, *facts: object) -> str:
        return handle("case", self.workspace.names.name("case", "\n".join(map(str, facts))))


def subject_of(name: str) -> str:
    """Whose key seals what is said of a handle (`account:A-...`, `actor:X-...`); of any other name, that name itself."""
    try:
        kind, _ = unhandle(name)
    except ValueError:
        return name
    return f"{kind}:{name}"


def _found(cases: Mapping[str, Case], case_id: str) -> Case:
    if case_id not in cases:
        raise CaseError(f"{case_id}: no such case; stillwatch case list says which there are")
    return cases[case_id]


def _in_state(cases: Mapping[str, Case], case_id: str, *states: State) -> Case:
    case = _found(cases, case_id)
    if case.state not in states:
        into = f" into {case.merged_into}" if case.merged_into else ""
        wanted = " or ".join(state.replace("_", " ") for state in states)
        raise CaseError(f"{case_id}: is {case.state.replace('_', ' ')}{into}, expected {wanted}")
    return case


def _over(case: Case, now: dt.datetime) -> list[int]:
    """Numbers of the decisions in force whose time is over."""
    if case.state is State.MERGED:
        return []
    return [r.number for r in case.in_force if r.until is not None and dt.datetime.fromisoformat(r.until) <= now]


def note_entry(
    kind: str, case: Case, by: str, note: str, body: dict[str, Any], private: tuple[Private, ...] = ()
) -> Entry:
    """A record about a case; what people write about it is sealed as about its subject."""
    about = case.id if case.handle == FORGOTTEN else case.handle
    sealed = (*private, Private(field="note", subject=subject_of(about), value=note))
    return Entry(kind=kind, by=by, case=case.id, body=body, private=sealed)


def sealed_members(field: str, members: Sequence[Member]) -> tuple[Private, ...]:
    """Members as personal fields of a record, each under the key of its own account."""
    return tuple(
        Private(field=f"{field}/{place}", subject=subject_of(member.handle), value=msgspec.to_builtins(member))
        for place, member in enumerate(members)
    )
