"""A merger or a split that the pipeline proposed is taken in one step or declined, and can be taken back whole."""

from __future__ import annotations

import datetime as dt
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

import pytest

from stillwatch.cases import (
    FORGOTTEN,
    Confidence,
    Desk,
    Ground,
    Member,
    Reason,
    Ruling,
    State,
    Statement,
    decline,
    follow,
    forget,
    journal_faults,
    propose,
    proposed,
    seal,
    undo,
    undoable,
    verified,
)
from stillwatch.cases.journal import Append
from stillwatch.core import CaseError, Part

from .desk import desk, opening

ONE, TWO = "X-0000000000001", "X-0000000000002"


@pytest.fixture
def at(tmp_path: Path) -> Desk:
    """A desk with two cases: four members in one, two others in the other."""
    made = desk(tmp_path)
    made.open(opening(ONE), by="mary")
    others = (_member("A-8000000000000"), _member("A-8000000000001"))
    made.open(replace(opening(TWO, "00fe", members=2), members=others, reason="another finding"), by="mary")
    return made


def _member(handle: str) -> Member:
    return Member(handle=handle, exchanges=5, harvest_exchanges=4, reason="shares a template")


def both(at: Desk) -> tuple[str, str]:
    one, two = at.cases()
    return one, two


def merger(at: Desk) -> int:
    one, two = both(at)
    assert propose(at, one, step="merge", about=TWO, by="stillwatch", why="became one", other=two)
    return proposed(at.book(), one)[0].seq


def split(at: Desk, n: int = 2) -> int:
    one, _ = both(at)
    gone = at.case(one).members[:n]
    assert propose(at, one, step="split", about=ONE, by="stillwatch", why="went apart", members=gone)
    return proposed(at.book(), one)[0].seq


def said(sentence: str) -> Statement:
    return Statement(part=Part.OBSERVED, confidence=Confidence.LOW, sentence=sentence, ground="a person")


def test_a_proposed_merger_is_taken_once_in_the_name_of_whoever_takes_it(at: Desk) -> None:
    one, two = both(at)
    seq = merger(at)
    joined = follow(at, one, seq, by="joe", why="same template")
    assert (len(joined.members), at.case(two).state, joined.history[-1].by) == (6, State.MERGED, "joe")
    assert proposed(at.book(), one) == []
    with pytest.raises(CaseError, match=f"no proposal {seq} waits"):
        follow(at, one, seq, by="joe", why="again")
    assert not propose(at, one, step="merge", about=TWO, by="stillwatch", why="became one", other=two)


def test_a_proposed_split_gives_the_named_members_a_case_of_their_own(at: Desk) -> None:
    one, _ = both(at)
    gone = {m.handle for m in at.case(one).members[:2]}
    made = follow(at, one, split(at), by="joe", why="another operator")
    assert {m.handle for m in made.members} == gone
    assert not gone & {m.handle for m in at.case(one).members}
    assert proposed(at.book(), one) == []


def test_a_declined_proposal_is_not_made_again_and_changes_nothing(at: Desk) -> None:
    one, two = both(at)
    before = at.case(one).members
    found = decline(at, one, merger(at), by="joe", why="a shared reseller")
    assert (found.members, found.history[-1].what) == (before, "proposal_declined")
    assert proposed(at.book(), one) == []
    assert not propose(at, one, step="merge", about=TWO, by="stillwatch", why="became one", other=two)


def test_a_proposal_that_cannot_be_followed_now_says_why_and_waits(at: Desk) -> None:
    one, two = both(at)
    seq = merger(at)
    at.decide(two, Ruling.CLEAR, Reason.INNOCENT_EXPLANATION, by="mary", note="a class")
    assert proposed(at.book(), one)[0].hinders == f"{two} is not open"
    with pytest.raises(CaseError, match="is not open"):
        follow(at, one, seq, by="joe", why="w")
    at.reopen(two, by="mary", why="new facts")
    assert proposed(at.book(), one)[0].hinders == ""
    with pytest.raises(CaseError, match="say why"):
        follow(at, one, seq, by="joe", why=" ")
    at.decide(one, Ruling.CLEAR, Reason.INNOCENT_EXPLANATION, by="mary", note="a class")
    assert "open it again first" in proposed(at.book(), one)[0].hinders


def test_a_split_of_everybody_who_is_left_cannot_be_followed(at: Desk) -> None:
    one, _ = both(at)
    split(at, n=2)
    at.split(one, [m.handle for m in at.case(one).members[2:]], by="mary", why="others")
    assert "not some, but not all" in proposed(at.book(), one)[0].hinders


def test_a_merger_is_undone_whole_and_what_was_said_since_stays(at: Desk) -> None:
    one, two = both(at)
    at.state(two, said("theirs"), by="mary")
    mine, theirs = at.case(one), at.case(two)
    follow(at, one, merger(at), by="joe", why="same template")
    at.state(one, said("since"), by="mary")
    last = undoable(at.book(), one)
    assert last is not None
    assert (last.step, last.other, last.by) == ("merge", two, "joe")
    left = undo(at, one, last.seq, by="joe", why="a shared reseller")
    assert (left.openings, left.members) == (mine.openings, mine.members)
    assert [s.sentence for s in left.added] == ["since"]
    back = at.case(two)
    assert (back.state, back.merged_into, back.openings, back.members) == (
        State.OPEN,
        None,
        theirs.openings,
        theirs.members,
    )
    assert [s.sentence for s in back.added] == ["theirs"]
    assert [e.what for e in left.history[-3:]] == ["took_over", "stated", "unmerged"]
    assert back.history[-1].what == "restored"
    assert undoable(at.book(), one) is None
    assert verified(seal(at, one, by="m", why="w").read_bytes(), [at.signer.public]).case == one
    assert journal_faults(at.journal.folder, at.signer.public) == []
    at.merge(one, two, by="mary", why="after all")
    assert len(at.case(one).members) == 6


def test_mergers_are_undone_from_the_last_one_backwards(at: Desk) -> None:
    one, two = both(at)
    three = at.open(
        replace(opening("X-0000000000003", "00fd", members=1), members=(_member("A-8000000000003"),)), by="mary"
    ).id
    at.merge(one, two, by="m", why="w")
    first = undoable(at.book(), one)
    at.state(one, said("between"), by="mary")
    at.merge(one, three, by="m", why="w")
    assert first is not None
    with pytest.raises(CaseError, match="can be undone now"):
        undo(at, one, first.seq, by="m", why="w")
    last = undoable(at.book(), one)
    assert last is not None
    undo(at, one, last.seq, by="m", why="w")
    assert {m.handle for m in at.case(one).members} >= {"A-8000000000000"}
    undo(at, one, first.seq, by="m", why="w")
    assert len(at.case(one).members) == 4
    assert len(at.case(one).openings) == 1
    assert [s.sentence for s in at.case(one).added] == ["between"]


def test_who_was_in_both_cases_is_in_both_again(at: Desk) -> None:
    one, _ = both(at)
    mine = at.case(one).members
    three = at.open(
        replace(opening("X-0000000000003", "00fd", members=2), members=(mine[0], _member("A-8000000000003"))), by="mary"
    ).id
    theirs = at.case(three).members
    at.merge(one, three, by="mary", why="w")
    assert len(at.case(one).members) == 5
    last = undoable(at.book(), one)
    assert last is not None
    assert undo(at, one, last.seq, by="mary", why="two operators").members == mine
    assert at.case(three).members == theirs


def test_a_split_is_undone_and_both_keep_their_history(at: Desk) -> None:
    one, _ = both(at)
    before = {m.handle for m in at.case(one).members}
    made = follow(at, one, split(at), by="joe", why="another operator")
    last = undoable(at.book(), one)
    assert last is not None
    assert (last.step, last.other) == ("split", made.id)
    with pytest.raises(CaseError, match="say why"):
        undo(at, one, last.seq, by="joe", why="")
    back = undo(at, one, last.seq, by="joe", why="one operator after all")
    assert {m.handle for m in back.members} == before
    assert (at.case(made.id).state, at.case(made.id).merged_into) == (State.MERGED, one)
    assert undoable(at.book(), one) is None, "undoing is not undone"


def test_a_split_that_was_decided_since_is_not_undone(at: Desk) -> None:
    one, _ = both(at)
    made = follow(at, one, split(at), by="joe", why="w")
    at.decide(made.id, Ruling.CLEAR, Reason.INNOCENT_EXPLANATION, by="mary", note="a class")
    assert undoable(at.book(), one) is None


def test_a_merger_that_was_decided_since_is_not_undone(at: Desk) -> None:
    one, two = both(at)
    at.merge(one, two, by="mary", why="w")
    last = undoable(at.book(), one)
    assert last is not None
    at.decide(one, Ruling.CLEAR, Reason.INNOCENT_EXPLANATION, by="mary", note="a class")
    assert undoable(at.book(), one) is None
    with pytest.raises(CaseError, match="can be undone now"):
        undo(at, one, last.seq, by="mary", why="w")


def test_a_merger_that_somebody_else_undoes_meanwhile_is_undone_once(at: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    one, two = both(at)
    at.merge(one, two, by="mary", why="w")
    last = undoable(at.book(), one)
    assert last is not None
    real = at.journal.writing

    def once_somebody_else_did() -> AbstractContextManager[Append]:
        monkeypatch.undo()
        undo(at, one, last.seq, by="joe", why="mine was first")
        return real()

    monkeypatch.setattr(at.journal, "writing", once_somebody_else_did)
    with pytest.raises(CaseError, match="changed meanwhile"):
        undo(at, one, last.seq, by="mary", why="w")
    assert [event.what for event in at.case(one).history].count("unmerged") == 1


def test_whom_nobody_can_tell_any_more_is_in_no_proposal(at: Desk) -> None:
    one, _ = both(at)
    seq, gone = split(at), at.case(one).members[0].handle
    forget(at, gone, by="mary", why=Ground.ERASURE_REQUEST)
    assert gone not in proposed(at.book(), one)[0].members
    made = follow(at, one, seq, by="joe", why="w")
    assert len(made.members) == 1


def test_whom_nobody_can_tell_any_more_stays_when_a_merger_is_undone(at: Desk) -> None:
    one, two = both(at)
    forget(at, "A-8000000000000", by="mary", why=Ground.ERASURE_REQUEST)
    at.merge(one, two, by="m", why="w")
    last = undoable(at.book(), one)
    assert last is not None
    undo(at, one, last.seq, by="m", why="w")
    left = [m.handle for m in at.case(one).members]
    assert (len(left), left.count(FORGOTTEN), "A-8000000000001" in left) == (5, 1, False)
    assert FORGOTTEN in {m.handle for m in at.case(two).members}


def test_a_proposal_of_before_proposals_named_anything_is_left_to_people(at: Desk) -> None:
    one, _ = both(at)
    propose(at, one, step="merge", about=TWO, by="stillwatch", why="became one")
    assert proposed(at.book(), one) == []


def test_the_dates_of_what_waits_are_those_of_the_record(at: Desk) -> None:
    one, _ = both(at)
    seq = merger(at)
    told = proposed(at.book(), one)[0]
    assert (told.seq, told.why, dt.datetime.fromisoformat(told.at).year) == (seq, "became one", 2026)
