"""Labels, pauses, samples and requests to let a file go are records of the journal like any other."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from stillwatch.cases import (
    Ground,
    Verdict,
    ask_to_export,
    draw,
    feedback_from,
    forget,
    label,
    leave,
    let_go,
    lift,
    seal,
    sealed_files,
    waiting,
)
from stillwatch.core import CaseError

from .desk import desk, opening

ACCOUNT = "A-0000000000001"


def test_the_last_word_of_a_label_counts_and_no_word_is_no_label(tmp_path: Path) -> None:
    made = desk(tmp_path)
    label(made, ACCOUNT, Verdict.TRUE, by="mary", why="asks like a machine")
    label(made, ACCOUNT, Verdict.FALSE, by="joe", why="it is a customer's test suite")
    with pytest.raises(CaseError, match="say why"):
        label(made, ACCOUNT, Verdict.TRUE, by="mary", why=" ")
    told = feedback_from(made.journal.history()).labels[ACCOUNT]
    assert (told.verdict, told.by, told.why) == (Verdict.FALSE, "joe", "it is a customer's test suite")


def test_a_pause_has_an_end_and_can_be_lifted(tmp_path: Path) -> None:
    made = desk(tmp_path)
    now = made.clock()
    with pytest.raises(CaseError, match="within a year"):
        leave(made, ACCOUNT, until=now + dt.timedelta(days=400), known_good=True, by="mary", why="a partner")
    leave(made, ACCOUNT, until=now + dt.timedelta(days=30), known_good=True, by="mary", why="a partner")
    feedback = feedback_from(made.journal.history())
    assert feedback.paused(now + dt.timedelta(days=29))[ACCOUNT].known_good
    assert feedback.paused(now + dt.timedelta(days=31)) == {}
    lift(made, ACCOUNT, by="joe", why="no partner any more")
    assert feedback_from(made.journal.history()).paused(now) == {}
    with pytest.raises(CaseError, match="not left alone"):
        lift(made, ACCOUNT, by="joe", why="again")


def test_what_was_said_of_a_forgotten_account_is_gone_and_the_rest_stays(tmp_path: Path) -> None:
    made = desk(tmp_path)
    label(made, ACCOUNT, Verdict.TRUE, by="mary", why="asks like a machine")
    draw(made, [ACCOUNT, "A-0000000000002"], run="00", population=50, by="mary")
    forget(made, ACCOUNT, by="joe", why=Ground.ERASURE_REQUEST)
    feedback = feedback_from(made.journal.history())
    assert feedback.labels == {}
    assert feedback.samples[0].handles == ("A-0000000000002",)


def test_a_file_is_let_go_by_another_person_once_and_only_as_it_was_asked_for(tmp_path: Path) -> None:
    made = desk(tmp_path)
    case = made.open(opening(), by="mary").id
    seal(made, case, by="mary", why="for counsel")
    (name,) = sealed_files(made, case)
    with pytest.raises(CaseError, match="no sealed file"):
        ask_to_export(made, case, "../desk/journal.jsonl", recipient="counsel", by="mary", why="proceeding")
    ask_to_export(made, case, name, recipient="counsel", by="mary", why="proceeding")
    (asked,) = waiting(made.book(), case)
    with pytest.raises(CaseError, match="two hands"):
        let_go(made, case, asked.seq, by="mary", note="checked")
    assert let_go(made, case, asked.seq, by="joe", note="checked") == (made.sealed / name).read_bytes()
    assert waiting(made.book(), case) == []
    with pytest.raises(CaseError, match="no request"):
        let_go(made, case, asked.seq, by="joe", note="again")
    ask_to_export(made, case, name, recipient="counsel", by="joe", why="once more")
    path = made.sealed / name
    path.chmod(0o600)
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(Exception, match="sealed file"):
        let_go(made, case, waiting(made.book(), case)[0].seq, by="mary", note="checked")
