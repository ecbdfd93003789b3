"""A lab that asks whether others have seen an actor learns yes, no or nothing, and never anything about fewer than three of them."""

from __future__ import annotations

import datetime as dt
import itertools
import json
from pathlib import Path

import pytest
from tests.forum.harvest import NOW, indicator, leaving, policy

from stillwatch.forum import ForumError, Setting, Way, lint, sender_of
from stillwatch.forum.asking import (
    LEAST_ACCOUNTS,
    Answer,
    Looked,
    Question,
    Verdict,
    answer_object,
    answer_of,
    answers_in,
    question_object,
    questions_in,
    read_tallies,
    tally,
    told_object,
    write_tallies,
)
from stillwatch.forum.writing.objects import common_objects, member_id

TODAY = NOW.date()
LABS = ["11111111", "22222222", "33333333", "44444444"]
ASKER = sender_of(policy())


def question(asker: str = "0a1b2c3d", about: tuple[str, ...] = ("indicator--a", "indicator--b")) -> Question:
    return Question(id=f"note--{asker}", asker=member_id(asker), about=frozenset(about), day=TODAY.isoformat())


def counted(*numbers: int | None) -> dict[str, int | None]:
    return {member_id(lab): number for lab, number in zip(LABS, numbers, strict=False)}


def test_what_is_asked_and_answered_passes_the_rules_on_both_ends() -> None:
    asked = question_object([indicator()["id"]], ASKER, today=TODAY)
    (read,) = questions_in([asked])
    notes = [asked]
    for lab, answer in zip(LABS, Answer, strict=False):
        sender = sender_of(policy(member=lab))
        notes.append(answer_object(read, answer, Looked(accounts=41, open=0, whole=True), sender, today=TODAY))
    for count in (10, 10, 10), (0, 0, 0), (0, 10, 10):
        told = tally(read, counted(*count), [])
        assert told is not None
        notes.append({**told_object(told, ASKER, today=TODAY), "id": f"{asked['id'][:-3]}{len(notes):03d}"})
    for way in (leaving(), Setting(way=Way.IN, now=NOW)):
        assert lint([*common_objects(ASKER), *notes], way).refusals == ()
    assert {one["abstract"] for one in notes} >= {*Answer, *Verdict}
    assert answers_in(notes) == {asked["id"]: {member_id(LABS[0]): 10, member_id(LABS[1]): 0, member_id(LABS[2]): None}}


def test_a_sentence_of_ones_own_is_refused() -> None:
    asked = question_object([indicator()["id"]], ASKER, today=TODAY)
    for content in ("Seen here by our own evidence, decade 41.", "Has anybody seen Mary?"):
        found = lint([*common_objects(ASKER), {**asked, "content": content}], leaving())
        assert "R1" in {one.code for one in found.refusals}


@pytest.mark.parametrize(
    ("looked", "answer"),
    [
        (Looked(accounts=0, open=0, whole=True), Answer.NO),
        (Looked(accounts=0, open=1, whole=True), Answer.NONE),
        (Looked(accounts=0, open=0, whole=False), Answer.NONE),
        (Looked(accounts=LEAST_ACCOUNTS - 1, open=0, whole=True), Answer.NONE),
        (Looked(accounts=LEAST_ACCOUNTS, open=5, whole=False), Answer.YES),
    ],
    ids=["nothing", "something open", "not looked with all", "two accounts", "three accounts"],
)
def test_a_lab_says_yes_from_three_accounts_on_and_no_only_after_looking(looked: Looked, answer: Answer) -> None:
    assert answer_of(question(), looked, [], today=TODAY) is answer


def test_a_question_that_differs_by_one_indicator_from_an_earlier_one_gets_no_answer() -> None:
    seen = Looked(accounts=50, open=0, whole=True)
    earlier = [question("22222222")]
    assert answer_of(question(), seen, earlier, today=TODAY) is Answer.YES, "another asks the same"
    assert answer_of(question(about=("indicator--a",)), seen, earlier, today=TODAY) is Answer.NONE
    assert answer_of(question(about=("indicator--c",)), seen, earlier, today=TODAY) is Answer.YES


def test_who_asks_too_much_in_a_day_gets_no_answer() -> None:
    seen = Looked(accounts=50, open=0, whole=True)
    many = [question(about=(f"indicator--{n}",)) for n in range(20)]
    assert answer_of(question(), seen, many, today=TODAY) is Answer.NONE
    assert answer_of(question("22222222"), seen, many, today=TODAY) is Answer.YES
    assert answer_of(question(), seen, many, today=TODAY + dt.timedelta(days=1)) is Answer.YES


def test_nothing_is_told_about_fewer_than_three_labs_or_one_that_dominates() -> None:
    for numbers in itertools.product((None, 0, 1, 10, 100), repeat=4):
        told = tally(question(), counted(*numbers), [])
        assert told is not None
        some = [number for number in numbers if number]
        if told.verdict is Verdict.YES:
            assert len(some) >= 3
            assert max(some) <= 0.6 * sum(some)
        elif told.verdict is Verdict.NO:
            assert numbers == (0, 0, 0, 0)
        assert (told.band is None) is (told.verdict is not Verdict.YES)


def test_no_answer_is_the_same_object_whatever_its_reason() -> None:
    reasons = [
        counted(10, 10, 0, 0),
        counted(1, None, None, None),
        counted(100, 1, 1, None),
        counted(None, None, None, None),
    ]
    told = [tally(question(), one, []) for one in reasons]
    objects = {json.dumps(told_object(one, ASKER, today=TODAY), sort_keys=True) for one in told if one is not None}
    assert len(objects) == 1


def test_the_askers_own_answer_does_not_count() -> None:
    answers = {**counted(10, 10), member_id("0a1b2c3d"): 10}
    assert tally(question(), answers, []) is None, "two others are too few to count"


def test_a_question_is_told_once_whoever_answers_later() -> None:
    first = tally(question(), counted(0, 0, 0), [])
    assert first is not None
    assert tally(question(), counted(0, 0, 0, 10), [first]) == first


def test_two_sums_that_differ_by_one_lab_are_not_both_told() -> None:
    first = tally(question(), counted(10, 10, 10, None), [])
    assert first is not None
    assert first.verdict is Verdict.YES
    again = tally(question("44444444"), counted(10, 10, 10), [first])
    assert again is not None
    assert again.verdict is Verdict.YES, "the same labs, asked by another"
    third = tally(question("55555555"), counted(10, 10, 10, 10), [first])
    assert third is not None
    assert third.verdict is Verdict.NONE, "the difference would tell of one lab"


def test_what_was_told_is_remembered_and_damage_stops_everything(tmp_path: Path) -> None:
    told = tally(question(), counted(10, 10, 10), [])
    assert told is not None
    write_tallies(tmp_path / "t.json", [told])
    assert read_tallies(tmp_path / "t.json") == [told]
    assert (tmp_path / "t.json").stat().st_mode & 0o077 == 0
    (tmp_path / "t.json").write_text("[{}]")
    with pytest.raises(ForumError, match="nothing is told"):
        read_tallies(tmp_path / "t.json")


def test_a_question_names_one_actor_and_not_everything() -> None:
    for many in ([], [f"indicator--{n}" for n in range(51)]):
        with pytest.raises(ForumError, match="1 to 50"):
            question_object(many, ASKER, today=TODAY)
