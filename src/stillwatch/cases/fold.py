"""Cases from the journal: every record that names a case changes it in one way, and nothing else does."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

import msgspec

from stillwatch.cases.exhibit import Exhibit, ExhibitGiven
from stillwatch.cases.journal import Told
from stillwatch.cases.opening import SHOWN, Member, Opening
from stillwatch.cases.record import FORGOTTEN, Case, ClaimRaised, Event, RulingGiven, State
from stillwatch.cases.statement import Statement

__all__ = ["STEPS", "cases_from", "said", "take_step"]

_Step = Callable[[Case, Told], Case]
STEPS: dict[str, _Step] = {}
"""What each kind of record does to its case."""


def cases_from(history: Iterable[Told]) -> dict[str, Case]:
    """Every case by id, as the journal's records make it, in the order of opening."""
    cases: dict[str, Case] = {}
    for told in history:
        take_step(cases, told)
    return cases


def take_step(cases: dict[str, Case], told: Told) -> None:
    """Change the cases as one more record says."""
    record = told.record
    if record.case is None:
        return
    if record.kind in ("case.opened", "case.split_off"):
        cases[record.case] = _begun(told, cases)
    else:
        cases[record.case] = STEPS[record.kind](cases[record.case], told)
    if record.kind == "case.took_over":
        _take(cases, record.case, record.body["other"])
    cases[record.case] = _with_event(cases[record.case], told)


def said(told: Told, field: str = "note") -> str:
    """A personal field of a record, or that it was forgotten."""
    text: str = told.private.get(field, FORGOTTEN)
    return text


def _begun(told: Told, cases: Mapping[str, Case]) -> Case:
    record = told.record
    members = _members(told)
    if record.kind == "case.opened":
        shown = {name: told.private[name] for name in SHOWN if name in told.private}
        opening = _opening({**record.body, **shown}, said(told, "handle"), members)
        made = Case(id=record.case or "", state=State.OPEN, handle=opening.handle, openings=(opening,), members=members)
    else:
        source = cases[record.body["split_from"]]
        made = replace(
            source,
            id=record.case or "",
            state=State.OPEN,
            members=members,
            rulings=(),
            claims=(),
            split_from=source.id,
            history=(),
        )
        made = _naming_members(made)
    return made


def _opening(body: Mapping[str, Any], handle: str, members: tuple[Member, ...]) -> Opening:
    return msgspec.convert({**body, "handle": handle, "members": msgspec.to_builtins(members)}, Opening)


def _members(told: Told) -> tuple[Member, ...]:
    """The members that can still be told; a forgotten one keeps its place without a name."""
    fields = [one.field for one in told.record.private if one.field.startswith("member/")]
    unknown = Member(handle=FORGOTTEN, exchanges=0, harvest_exchanges=None, reason=FORGOTTEN)
    return tuple(msgspec.convert(told.private[field], Member) if field in told.private else unknown for field in fields)


def _with_event(case: Case, told: Told) -> Case:
    record = told.record
    noted = any(one.field == "note" for one in record.private)
    event = Event(
        seq=record.seq,
        at=record.at,
        what=record.kind.removeprefix("case."),
        by=said(told, "by"),
        note=said(told) if noted else "",
    )
    return replace(case, history=(*case.history, event))


def _take(cases: dict[str, Case], into: str, other: str) -> None:
    mine, theirs = cases[into], cases[other]
    known = {member.handle for member in mine.members} - {FORGOTTEN}
    joined = replace(
        mine,
        openings=mine.openings + tuple(o for o in theirs.openings if o not in mine.openings),
        members=mine.members + tuple(m for m in theirs.members if m.handle not in known),
        added=mine.added + tuple(s for s in theirs.added if s not in mine.added),
        exhibits=_joined(mine.exhibits, theirs.exhibits),
    )
    cases[into] = _naming_members(joined)


def _joined(mine: tuple[ExhibitGiven, ...], theirs: tuple[ExhibitGiven, ...]) -> tuple[ExhibitGiven, ...]:
    """The exhibits of two cases that are one now; of one that both held, the members that it names in either."""
    other = {one.sha256: one for one in theirs}
    both = tuple(
        replace(
            one,
            ever_named=tuple(dict.fromkeys((*one.ever_named, *other[one.sha256].ever_named))),
            days_meet=one.days_meet or other[one.sha256].days_meet,
        )
        if one.sha256 in other
        else one
        for one in mine
    )
    known = {one.sha256 for one in mine}
    return (*both, *(one for one in theirs if one.sha256 not in known))


def _step(kind: str) -> Callable[[_Step], _Step]:
    def keep(step: _Step) -> _Step:
        STEPS[kind] = step
        return step

    return keep


@_step("case.seen")
@_step("case.bystanders_found")
@_step("case.bystanders_opened")
@_step("case.bystanders_told")
@_step("case.reported")
@_step("case.features_sealed")
@_step("case.took_over")
@_step("case.sealed")
@_step("case.export_asked")
@_step("case.redacted")
@_step("case.stamped")
@_step("case.exported")
@_step("case.vault_opened")
@_step("case.shared")
@_step("case.withdrawn")
@_step("case.packaged")
@_step("case.proposed")
@_step("case.proposal_declined")
def _same(case: Case, told: Told) -> Case:
    return case


@_step("case.continued")
def _continued(case: Case, told: Told) -> Case:
    """Members that a scan saw join while the case was open; what was decided is about those whom it named."""
    if not told.record.body["joins"]:
        return case
    known = {member.handle for member in case.members} - {FORGOTTEN}
    return replace(case, members=case.members + tuple(m for m in _members(told) if m.handle not in known))


@_step("case.stated")
def _stated(case: Case, told: Told) -> Case:
    statement = msgspec.convert({**told.record.body, "sentence": said(told)}, Statement)
    return replace(case, added=(*case.added, statement))


@_step("case.claimed")
def _claimed(case: Case, told: Told) -> Case:
    claim = msgspec.convert(
        {**told.record.body, "why": said(told), "by": said(told, "by"), "at": told.record.at}, ClaimRaised
    )
    return replace(case, claims=(*case.claims, claim))


@_step("case.decided")
def _decided(case: Case, told: Told) -> Case:
    record = told.record
    given = msgspec.convert(
        {
            **record.body,
            "by": said(told, "by"),
            "person": record.by,
            "at": record.at,
            "note": said(told),
            "organisation": said(told, "organisation") if record.body["ruling"] == "attribute" else None,
        },
        RulingGiven,
    )
    state = State.DECIDED if given.counts else State.AWAITS_SECOND
    return replace(case, rulings=(*case.rulings, given), state=state, contested_at=None)


@_step("case.approved")
def _approved(case: Case, told: Told) -> Case:
    number = told.record.body["number"]
    rulings = tuple(replace(r, approved_by=said(told, "by")) if r.number == number else r for r in case.rulings)
    return replace(case, rulings=rulings, state=State.DECIDED)


@_step("case.reopened")
def _reopened(case: Case, told: Told) -> Case:
    withdrawn = told.record.body["withdrawn"]
    rulings = tuple(replace(r, withdrawn=r.withdrawn or r.number in withdrawn) for r in case.rulings)
    contested = told.record.at if told.record.body["contested"] else case.contested_at
    return replace(case, rulings=rulings, state=State.OPEN, contested_at=contested)


@_step("case.lapsed")
def _lapsed(case: Case, told: Told) -> Case:
    over = told.record.body["numbers"]
    rulings = tuple(replace(r, lapsed=r.lapsed or r.number in over) for r in case.rulings)
    state = State.OPEN if case.state is State.DECIDED and not any(r.counts for r in rulings) else case.state
    return replace(case, rulings=rulings, state=state)


@_step("case.merged")
def _merged(case: Case, told: Told) -> Case:
    return replace(case, state=State.MERGED, merged_into=told.record.body["into"])


@_step("case.gave_off")
def _gave_off(case: Case, told: Told) -> Case:
    gone = {one["handle"] for field, one in told.private.items() if field.startswith("gone/")}
    return _naming_members(replace(case, members=tuple(m for m in case.members if m.handle not in gone)))


@_step("case.unmerged")
def _unmerged(case: Case, told: Told) -> Case:
    """What came with the other case goes with it; what was said since stays."""
    body = told.record.body
    gone = {one["handle"] for field, one in told.private.items() if field.startswith("gone/")}
    (first, end), (said_first, said_end) = body["openings"], body["added"]
    left = replace(
        case,
        openings=case.openings[:first] + case.openings[end:],
        added=case.added[:said_first] + case.added[said_end:],
        exhibits=tuple(one for one in case.exhibits if one.sha256 not in body["exhibits"]),
        members=tuple(m for m in case.members if m.handle not in gone),
    )
    return _naming_members(left)


@_step("case.restored")
def _restored(case: Case, told: Told) -> Case:
    return replace(case, state=State.OPEN, merged_into=None)


@_step("case.exhibit_added")
def _exhibit_added(case: Case, told: Told) -> Case:
    """An exhibit goes with the subject of its case: where that was forgotten, only the record that there was one is left."""
    record, file = told.record, told.private.get("exhibit")
    if file is None:
        return case
    fields = [one.field for one in record.private if one.field.startswith("named/")]
    given = ExhibitGiven(
        exhibit=msgspec.convert(file["exhibit"], Exhibit),
        file=file,
        sha256=record.body["sha256"],
        keys=tuple(record.body["keys"]),
        signed_at=record.body["signed_at"],
        at=record.at,
        by=said(told, "by"),
        ever_named=tuple(said(told, field) for field in fields),
        named=(),
        days_meet=record.body["days_meet"],
    )
    return _naming_members(replace(case, exhibits=(*case.exhibits, given)))


@_step("case.exhibit_revoked")
def _exhibit_revoked(case: Case, told: Told) -> Case:
    gone, why = told.record.body["sha256"], said(told)
    exhibits = tuple(replace(one, revoked=why) if one.sha256 == gone else one for one in case.exhibits)
    return replace(case, exhibits=exhibits)


def _naming_members(case: Case) -> Case:
    """The case, its exhibits naming only accounts that are in it; whom it cannot tell any more stays counted."""
    here = {member.handle for member in case.members} | {FORGOTTEN}
    exhibits = tuple(replace(one, named=tuple(n for n in one.ever_named if n in here)) for one in case.exhibits)
    return replace(case, exhibits=exhibits)
