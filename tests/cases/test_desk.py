"""A case says what speaks for the accused, needs two persons for the hard steps, and keeps the history of everything."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path

import pytest

from stillwatch.cases import (
    FORGOTTEN,
    Case,
    Claim,
    Confidence,
    Desk,
    Exculpatory,
    Ground,
    Reason,
    Ruling,
    State,
    Statement,
    forget,
    hold,
    holds,
    journal_faults,
    release,
)
from stillwatch.core import CaseError, Part

from .desk import desk, opening

BLOCKED = (Ruling.BLOCK, Reason.COORDINATED_ACCOUNTS)
SPARED = (Ruling.CLEAR, Reason.INNOCENT_EXPLANATION)


@pytest.fixture
def made(tmp_path: Path) -> tuple[Desk, Case]:
    """A desk with one open case."""
    at = desk(tmp_path)
    return at, at.open(opening(), by="mary")


def what(case: Case) -> list[tuple[str, str]]:
    return [(event.what, event.by) for event in case.history]


def test_an_opened_case_holds_the_finding_as_it_stood(made: tuple[Desk, Case]) -> None:
    at, case = made
    assert case.openings == (opening(),)
    assert case.members == opening().members
    assert (case.state, case.handle) == (State.OPEN, "X-0000000000001")
    assert {s.part for s in case.statements} == set(Part)
    assert at.cases() == {case.id: case}


def test_families_and_links_are_kept_with_the_case_until_its_subject_is_forgotten(made: tuple[Desk, Case]) -> None:
    at, case = made
    first = at.case(case.id).openings[0]
    assert (first.families, first.links) == (opening().families, opening().links)
    assert (first.hours, first.releases) == (opening().hours, opening().releases)
    assert "step by step" not in (at.journal.folder / "journal.jsonl").read_text(), "sealed as about the actor"
    forget(at, case.handle, by="mary", why=Ground.ERASURE_REQUEST)
    gone = at.case(case.id).openings[0]
    assert (gone.families, gone.links) == ((), ())
    assert gone.hours == opening().hours


def test_a_decision_counts_from_its_approval_until_the_case_is_opened_again(made: tuple[Desk, Case]) -> None:
    at, case = made
    given = at.decide(case.id, Ruling.BLOCK, Reason.COORDINATED_ACCOUNTS, by="mary", note="x")
    assert given.in_force_since(given.rulings[0]) is None
    approved = at.approve(case.id, by="joe", note="y")
    ruling = approved.rulings[0]
    assert approved.in_force_since(ruling) == approved.history[-1].at > ruling.at
    assert approved.withdrawn_at(ruling) is None
    again = at.reopen(case.id, by="joe", why="appeal", contested=True)
    assert again.withdrawn_at(again.rulings[0]) == again.history[-1].at


def test_a_decision_that_restricts_ends_by_itself_and_opens_its_case_again(made: tuple[Desk, Case]) -> None:
    at, case = made
    given = at.decide(case.id, Ruling.THROTTLE, Reason.HARVEST_AT_SCALE, by="mary", note="x", days=3)
    assert given.rulings[0].until is not None
    assert at.lapse() == []
    at.clock = lambda: dt.datetime(2026, 11, 4, 8, tzinfo=dt.UTC)
    assert at.lapse() == [], "an hour before"
    at.clock = lambda: dt.datetime(2026, 11, 4, 10, tzinfo=dt.UTC)
    assert at.case(case.id).in_force, "what nobody recorded did not happen"
    assert at.lapse() == [case.id]
    after = at.case(case.id)
    assert (after.state, after.in_force, after.rulings[0].lapsed) == (State.OPEN, (), True)
    assert at.lapse() == []
    assert at.decide(case.id, *SPARED, by="mary", note="y").rulings[1].until is None


@pytest.mark.parametrize(("ruling", "days"), [(Ruling.BLOCK, 0), (Ruling.BLOCK, 367), (Ruling.ATTRIBUTE, 30)])
def test_a_decision_holds_for_days_that_make_sense(made: tuple[Desk, Case], ruling: Ruling, days: int) -> None:
    at, case = made
    named = {"organisation": "Acme", "confidence": Confidence.LOW} if ruling is Ruling.ATTRIBUTE else {}
    with pytest.raises(CaseError, match=r"days"):
        at.decide(case.id, ruling, Reason.COORDINATED_ACCOUNTS, by="mary", note="x", days=days, **named)  # type: ignore[arg-type]


def test_a_contested_case_is_due_within_a_time_until_it_is_decided_anew(made: tuple[Desk, Case]) -> None:
    at, case = made
    at.decide(case.id, Ruling.THROTTLE, Reason.HARVEST_AT_SCALE, by="mary", note="x")
    assert at.reopen(case.id, by="joe", why="new facts").answer_by is None
    at.decide(case.id, Ruling.THROTTLE, Reason.HARVEST_AT_SCALE, by="mary", note="x")
    contested = at.reopen(case.id, by="joe", why="appeal", contested=True)
    assert contested.answer_by is not None
    assert contested.answer_by.startswith("2026-11-15")
    assert at.decide(case.id, *SPARED, by="mary", note="they are a class").answer_by is None


def test_no_case_is_opened_that_hides_what_speaks_for_the_accused(tmp_path: Path) -> None:
    at = desk(tmp_path)
    silent = Exculpatory(lookalikes=(), base_rates=(), not_tested=())
    said = tuple(s for s in opening().statements if s.part is not Part.EXCULPATORY)
    with pytest.raises(
        CaseError, match=r"exculpatory, an innocent .* tried, a base rate, what was not tested, the factor"
    ):
        at.open(replace(opening(), exculpatory=silent, statements=said, factors=opening().factors[1:]), by="mary")
    assert at.cases() == {}


def test_a_finding_is_opened_once(made: tuple[Desk, Case]) -> None:
    at, case = made
    with pytest.raises(CaseError, match=f"in case {case.id} already"):
        at.open(opening(), by="joe")
    assert at.open(opening(run="0100"), by="joe").id != case.id


@pytest.mark.parametrize("ruling", [Ruling.BLOCK, Ruling.SUSPEND, Ruling.ATTRIBUTE])
def test_a_hard_step_counts_only_when_a_second_person_approves(made: tuple[Desk, Case], ruling: Ruling) -> None:
    at, case = made
    named = {"organisation": "Example Ltd", "confidence": Confidence.LOW} if ruling is Ruling.ATTRIBUTE else {}
    case = at.decide(case.id, ruling, Reason.HARVEST_AT_SCALE, by="mary", note="all of it", **named)  # type: ignore[arg-type]
    assert (case.state, case.in_force) == (State.AWAITS_SECOND, ())
    with pytest.raises(CaseError, match="second person; mary gave it"):
        at.approve(case.id, by="mary", note="me again")
    case = at.approve(case.id, by="joe", note="read it")
    assert case.state is State.DECIDED
    assert [(r.by, r.approved_by, r.organisation) for r in case.in_force] == [
        ("mary", "joe", named.get("organisation"))
    ]


@pytest.mark.parametrize("ruling", [Ruling.VERIFY, Ruling.THROTTLE])
def test_a_mild_step_needs_one_person(made: tuple[Desk, Case], ruling: Ruling) -> None:
    at, case = made
    case = at.decide(case.id, ruling, Reason.HARVEST_AT_SCALE, by="mary", note="for now")
    assert case.state is State.DECIDED
    assert case.appeal(1) == f"{case.id}/1"
    with pytest.raises(CaseError, match="is decided, expected awaits second"):
        at.approve(case.id, by="joe", note="")


@pytest.mark.parametrize(
    ("ruling", "reason", "named", "message"),
    [
        (Ruling.BLOCK, Reason.AUTHORISED_USE, None, "got reason authorised_use, expected one of coordinated"),
        (Ruling.CLEAR, Reason.HARVEST_AT_SCALE, None, "expected one of innocent_explanation"),
        (Ruling.BLOCK, Reason.HARVEST_AT_SCALE, "Example Ltd", "names no organisation"),
        (Ruling.ATTRIBUTE, Reason.HARVEST_AT_SCALE, None, "names the organisation"),
        (Ruling.ATTRIBUTE, Reason.HARVEST_AT_SCALE, "Example Ltd", "needs its confidence"),
    ],
)
def test_a_ruling_that_does_not_fit_its_reason_is_refused(
    made: tuple[Desk, Case], ruling: Ruling, reason: Reason, named: str | None, message: str
) -> None:
    at, case = made
    with pytest.raises(CaseError, match=message):
        at.decide(case.id, ruling, reason, by="mary", note="", organisation=named)
    assert at.case(case.id).rulings == ()


def test_nobody_is_named_without_a_source(made: tuple[Desk, Case]) -> None:
    at, case = made
    told = {"organisation": "Example Ltd", "confidence": Confidence.LOW}
    with pytest.raises(CaseError, match="needs its source"):
        at.decide(case.id, Ruling.ATTRIBUTE, Reason.HARVEST_AT_SCALE, by="mary", note="  ", **told)  # type: ignore[arg-type]
    assert at.case(case.id).rulings == ()
    given = at.decide(case.id, Ruling.ATTRIBUTE, Reason.HARVEST_AT_SCALE, by="mary", note="their own blog", **told)  # type: ignore[arg-type]
    assert given.state is State.AWAITS_SECOND


def test_a_contested_case_is_decided_anew_and_keeps_the_old_decision(made: tuple[Desk, Case]) -> None:
    at, case = made
    at.decide(case.id, *BLOCKED, by="mary", note="all of it")
    at.approve(case.id, by="joe", note="yes")
    case = at.reopen(case.id, by="ann", why="they sent the contract", contested=True)
    assert (case.state, case.in_force) == (State.OPEN, ())
    case = at.decide(case.id, *SPARED, by="ann", note="it is a class")
    assert [(r.number, r.ruling, r.withdrawn) for r in case.rulings] == [(1, "block", True), (2, "clear", False)]
    assert what(case) == [
        ("opened", "mary"),
        ("decided", "mary"),
        ("approved", "joe"),
        ("reopened", "ann"),
        ("decided", "ann"),
    ]


def test_a_decided_case_is_reopened_before_it_is_decided_again(made: tuple[Desk, Case]) -> None:
    at, case = made
    at.decide(case.id, *SPARED, by="ann", note="")
    with pytest.raises(CaseError, match="is decided, expected open"):
        at.decide(case.id, *SPARED, by="ann", note="")


def test_looking_is_recorded_with_who_and_why(made: tuple[Desk, Case]) -> None:
    at, case = made
    event = at.see(case.id, by="ann", why="weekly review").history[-1]
    assert (event.what, event.by, event.note) == ("seen", "ann", "weekly review")


def test_statements_and_claims_are_added_by_people_and_kept_apart(made: tuple[Desk, Case]) -> None:
    at, case = made
    hearsay = Statement(
        part=Part.INFERRED,
        confidence=Confidence.LOW,
        sentence="a rival says it saw the same",
        ground="a letter",
        single_source=True,
        interested_party=True,
    )
    at.state(case.id, hearsay, by="mary")
    case = at.claim(case.id, Claim.CONTRACT, by="mary", why="section 4 of the terms")
    assert case.statements[-1] == hearsay
    assert [(c.claim, c.why, c.by) for c in case.claims] == [(Claim.CONTRACT, "section 4 of the terms", "mary")]


def test_a_merged_case_goes_on_in_the_other(made: tuple[Desk, Case]) -> None:
    at, case = made
    other = at.open(opening("X-0000000000002", members=6), by="joe")
    both = at.merge(case.id, other.id, by="mary", why="one operator")
    assert [o.handle for o in both.openings] == ["X-0000000000001", "X-0000000000002"]
    assert [m.handle for m in both.members] == [m.handle for m in opening(members=6).members]
    gone = at.case(other.id)
    assert (gone.state, gone.merged_into) == (State.MERGED, case.id)
    with pytest.raises(CaseError, match=f"is merged into {case.id}, expected open"):
        at.decide(other.id, *SPARED, by="joe", note="")


def test_a_split_case_takes_its_members_and_no_decision(made: tuple[Desk, Case]) -> None:
    at, case = made
    some = [case.members[1].handle, case.members[3].handle]
    new = at.split(case.id, some, by="mary", why="two operators")
    assert [m.handle for m in new.members] == some
    assert [m.handle for m in at.case(case.id).members] == [case.members[0].handle, case.members[2].handle]
    assert (new.split_from, new.state, new.openings) == (case.id, State.OPEN, case.openings)
    assert what(new) == [("split_off", "mary")]


@pytest.mark.parametrize("handles", [[], ["A-0000000000009"], [f"A-000000000000{i}" for i in range(4)]])
def test_a_split_takes_some_but_not_all(made: tuple[Desk, Case], handles: list[str]) -> None:
    at, case = made
    with pytest.raises(CaseError, match="some but not all"):
        at.split(case.id, handles, by="mary", why="")


def test_a_forgotten_account_leaves_its_case_and_the_journal_whole(made: tuple[Desk, Case]) -> None:
    at, case = made
    forget(at, case.members[2].handle, by="ann", why=Ground.ERASURE_REQUEST)
    told = at.case(case.id)
    assert [m.handle == FORGOTTEN for m in told.members] == [False, False, True, False]
    assert journal_faults(at.journal.folder, at.signer.public) == []
    with pytest.raises(CaseError, match="nothing is kept"):
        forget(at, case.members[2].handle, by="ann", why=Ground.ERASURE_REQUEST)


def test_a_person_cannot_be_forgotten_to_approve_themselves(made: tuple[Desk, Case]) -> None:
    at, case = made
    at.decide(case.id, *BLOCKED, by="mary", note="")
    with pytest.raises(CaseError, match=f"settle {case.id} first"):
        forget(at, "person:mary", by="ann", why=Ground.RETENTION_ENDED)
    at.approve(case.id, by="joe", note="")
    forget(at, "person:mary", by="ann", why=Ground.RETENTION_ENDED)
    told = at.case(case.id)
    assert (told.rulings[0].by, told.rulings[0].approved_by) == (FORGOTTEN, "joe")
    assert told.history[0].by == FORGOTTEN


@pytest.mark.parametrize("whole_case", [False, True])
def test_a_legal_hold_overrides_a_request_and_the_refusal_is_recorded(
    made: tuple[Desk, Case], whole_case: bool
) -> None:
    at, case = made
    account = case.members[0].handle
    held = case.id if whole_case else account
    hold(at, held, by="counsel", why="lawsuit 3")
    assert holds(at) == {held: "lawsuit 3"}
    with pytest.raises(CaseError, match="legal hold on"):
        forget(at, account, by="ann", why=Ground.ERASURE_REQUEST)
    assert at.case(case.id).members[0].handle == account
    assert [t.record.kind for t in at.journal.history()][-1] == "forgetting.refused"
    release(at, held, by="counsel", why="settled")
    forget(at, account, by="ann", why=Ground.ERASURE_REQUEST)
    assert at.case(case.id).members[0].handle == FORGOTTEN


def test_a_case_that_is_not_there_is_named(made: tuple[Desk, Case]) -> None:
    with pytest.raises(CaseError, match="C-1: no such case"):
        made[0].see("C-1", by="ann", why="")
