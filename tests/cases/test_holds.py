"""A legal hold covers all that the held case speaks of, and forgetting leaves nothing behind that it does not name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from stillwatch.cases import (
    Case,
    Confidence,
    Desk,
    Ground,
    Reason,
    Ruling,
    forget,
    hold,
    holds,
    journal_faults,
    release,
    seal,
)
from stillwatch.core import CaseError

from .desk import desk, opening

ASKED = Ground.ERASURE_REQUEST


@pytest.fixture
def made(tmp_path: Path) -> tuple[Desk, Case]:
    """A desk with one open case."""
    at = desk(tmp_path)
    return at, at.open(opening(), by="mary")


def test_the_key_of_a_hold_cannot_be_forgotten(made: tuple[Desk, Case]) -> None:
    at, case = made
    account = case.members[0].handle
    hold(at, account, by="counsel", why="lawsuit 3")
    with pytest.raises(CaseError, match="got no handle"):
        forget(at, f"hold:{account}", by="ann", why=ASKED)
    assert holds(at) == {account: "lawsuit 3"}


def test_a_hold_whose_key_was_lost_is_still_a_hold_and_breaks_nothing(made: tuple[Desk, Case]) -> None:
    at, case = made
    for member in case.members[:2]:
        hold(at, member.handle, by="counsel", why="lawsuit 3")
    at.journal.subjects.destroy(f"hold:{case.members[0].handle}")
    assert holds(at) == {"(forgotten)": "(forgotten)", case.members[1].handle: "lawsuit 3"}


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("a-0000000000000", "is spelled A-0000000000000"),
        ("A-000000000000O", "is spelled A-0000000000000"),
        (" A-0000000000000", "is spelled A-0000000000000"),
        ("A-0000000000", "got no handle"),
        ("mary", "got no handle"),
        ("person:", "got no handle"),
        ("person: mary", "got no handle"),
        ("person:mray", "nothing is kept"),
        ("A-0000000000009", "nothing is kept"),
        ("C-0000000000009", "no such case"),
    ],
)
def test_a_name_that_protects_nothing_is_neither_held_nor_forgotten(
    made: tuple[Desk, Case], name: str, message: str
) -> None:
    at, _ = made
    with pytest.raises(CaseError, match=message):
        hold(at, name, by="counsel", why="lawsuit 3")
    with pytest.raises(CaseError, match=message.replace("no such case", "nothing is kept")):
        forget(at, name, by="ann", why=ASKED)
    assert holds(at) == {}


def test_a_held_case_covers_the_organisation_that_it_names(made: tuple[Desk, Case]) -> None:
    at, case = made
    at.decide(
        case.id,
        Ruling.ATTRIBUTE,
        Reason.HARVEST_AT_SCALE,
        by="mary",
        note="their own blog",
        organisation="Example Ltd",
        confidence=Confidence.LOW,
    )
    hold(at, case.id, by="counsel", why="lawsuit 3")
    with pytest.raises(CaseError, match=f"legal hold on {case.id}"):
        forget(at, "organisation:Example Ltd", by="ann", why=ASKED)
    release(at, case.id, by="counsel", why="settled")
    forget(at, "organisation:Example Ltd", by="ann", why=ASKED)
    assert at.case(case.id).rulings[0].organisation == "(forgotten)"


def split_off(at: Desk, case: Case) -> str:
    return at.split(case.id, [case.members[0].handle], by="mary", why="two operators").id


def taken_over(at: Desk, case: Case) -> str:
    other = at.open(opening("X-0000000000002", members=6), by="joe")
    at.merge(other.id, case.id, by="mary", why="one operator")
    return other.id


@pytest.mark.parametrize("tie", [split_off, taken_over])
@pytest.mark.parametrize("first", [True, False])
def test_a_hold_goes_with_a_case_that_is_split_or_taken_over(
    made: tuple[Desk, Case], tie: Callable[[Desk, Case], str], first: bool
) -> None:
    """Whichever of the two is held: members that left it, and those who worked only on the other."""
    at, case = made
    other = tie(at, case)
    at.see(other, by="olga", why="review")
    hold(at, case.id if first else other, by="counsel", why="lawsuit 3")
    for name in (case.members[0].handle, case.members[1].handle, "person:olga", "X-0000000000001"):
        with pytest.raises(CaseError, match="legal hold on"):
            forget(at, name, by="ann", why=ASKED)


def test_a_hold_on_one_case_leaves_another_free(made: tuple[Desk, Case]) -> None:
    at, case = made
    other = at.open(opening("X-0000000000002", members=6), by="joe")
    hold(at, case.id, by="counsel", why="lawsuit 3")
    forget(at, other.members[5].handle, by="ann", why=ASKED)
    with pytest.raises(CaseError, match="legal hold on"):
        forget(at, other.members[0].handle, by="ann", why=ASKED)


def test_a_hold_that_is_set_while_forgetting_waits_comes_first(
    made: tuple[Desk, Case], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Holds are read, and the key destroyed, under the journal's lock: nobody can record one in between."""
    import fcntl

    at, case = made
    held: list[bool] = []
    destroy = at.journal.subjects.destroy

    def watched(name: str) -> bool:
        with (at.journal.folder / "journal.lock").open("a") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                held.append(True)
            else:
                held.append(False)
        return destroy(name)

    monkeypatch.setattr(at.journal.subjects, "destroy", watched)
    forget(at, case.members[0].handle, by="ann", why=ASKED)
    assert held
    assert all(held)


def test_the_reason_for_forgetting_is_a_word_from_a_list_and_names_nobody(made: tuple[Desk, Case]) -> None:
    at, case = made
    forget(at, case.members[0].handle, by="ann", why=ASKED)
    record = at.journal.history()[-1].record
    assert (record.kind, record.body["why"]) == ("subject.forgotten", "erasure_request")
    assert set(record.body) == {"subject", "why", "still_in"}


def test_a_released_hold_is_forgotten_with_the_name(made: tuple[Desk, Case]) -> None:
    at, case = made
    account = case.members[0].handle
    hold(at, account, by="counsel", why="lawsuit 3")
    release(at, account, by="counsel", why="settled")
    forget(at, account, by="ann", why=ASKED)
    assert holds(at) == {}
    assert account not in str([told.private for told in at.journal.history()])
    assert journal_faults(at.journal.folder, at.signer.public) == []


def test_forgetting_lists_the_sealed_files_in_which_the_name_still_stands(made: tuple[Desk, Case]) -> None:
    at, case = made
    first = seal(at, case.id, by="rita", why="")
    at.see(case.id, by="olga", why="")
    second = seal(at, case.id, by="mary", why="")
    (at.sealed / "torn.tar").write_bytes(first.read_bytes()[:700])
    torn = at.sealed / "torn.tar"
    in_both = forget(at, case.members[0].handle, by="ann", why=ASKED)
    assert set(in_both) == {first, second, torn}
    assert set(at.journal.history()[-1].record.body["still_in"]) == {path.name for path in in_both}
    assert set(forget(at, "person:olga", by="ann", why=ASKED)) == {second, torn}
    torn.unlink()
    assert set(forget(at, "person:rita", by="ann", why=ASKED)) == {first, second}, "as reviewer, and in the history"
    assert forget(at, "person:ann", by="joe", why=ASKED) == ()
