"""Next words, by text alone: who learned what was served says it oftener than chance has it, and nobody else does."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import msgspec
import numpy as np
import pytest

from stillwatch.audit import (
    Recorded,
    Served,
    State,
    Step,
    Stop,
    ask_plan,
    carry_out,
    draw_up,
    next_words,
    places,
    read_places,
    read_served,
    said_word,
    write_served,
)
from stillwatch.audit.asking import _unspoilt
from stillwatch.audit.live import Live
from stillwatch.audit.next_words import drawn_otherwise
from stillwatch.audit.places import Choice
from stillwatch.audit.wanted import Wanted
from stillwatch.cli.audit import audit_plan
from stillwatch.cli.audit_places import audit_places
from stillwatch.core import Error, FormatError

from .serving import Model, served_at
from .test_live_suspect import live

LETTERS = "abcdef"
LOGS = np.log([0.08, 0.07, 0.06, 0.05, 0.04, 0.03])


def steps_of(rng: np.random.Generator, n: int) -> list[Step]:
    """Words drawn by the chances that are told, a rest of chances on a word beyond them."""
    chances = np.r_[np.exp(LOGS), 1.0 - np.exp(LOGS).sum()]
    told = [Choice(token=f" {one}", logprob=float(log)) for one, log in zip(LETTERS, LOGS, strict=True)]
    return [Step(token=f" {[*LETTERS, 'z'][int(at)]}", top_logprobs=told) for at in rng.choice(7, size=n, p=chances)]


def served_places(rng: np.random.Generator, responses: int = 60, n: int = 20) -> list[Served]:
    return [
        place
        for at in range(responses)
        for place in places(
            steps_of(rng, n), item=f"i{at}", account="alice", prompt=f"q{at}", conversation=f"{at}", as_sampled=True
        )
    ]


def who_says(items: list[Served], knows: float, rng: np.random.Generator) -> Recorded:
    """A model with a word of its own at each place, that knows the served one in a share of places."""
    said = {one.prompt: one.response if rng.random() < knows else f" {rng.choice([*LETTERS[:3]])}" for one in items}
    return Recorded(name="s", answers=said, likelihoods={})


def test_who_learned_a_little_is_found_and_who_did_not_is_not(at_most: Callable[[int, int, float], bool]) -> None:
    rng = np.random.default_rng(1)
    items = served_places(rng)
    found = next_words(items, who_says(items, 0.15, rng))
    assert (found.evidence.p_value or 1) < 1e-3
    assert found.evidence.value == pytest.approx(0.12, abs=0.06)
    tops = []
    for _ in range(200):
        items = served_places(rng, 12)
        tops.append(max(next_words(items, who_says(items, 0.0, rng)).running))
    assert all(at_most(int((np.array(tops) >= 1 / level).sum()), 200, level) for level in (0.01, 0.05, 0.2))
    assert np.mean(np.array(tops) >= 2) > 0.02, "the bets do not move"


def test_one_who_always_says_the_likeliest_word_is_no_suspect() -> None:
    """It is right as often as that word's chance, which a test that took all four as equally likely would read as learning."""
    told = [
        Choice(token=f" {one}", logprob=float(np.log(log)))
        for one, log in zip("abcde", (0.14, 0.06, 0.05, 0.03, 0.01), strict=True)
    ]
    rng = np.random.default_rng(2)
    drawn = [
        Step(token=f" {one}", top_logprobs=told)
        for one in rng.choice([*"abcd"], size=300, p=np.array([14, 6, 5, 3]) / 28)
    ]
    items = [
        one
        for at in range(30)
        for one in places(drawn[at * 10 : at * 10 + 10], item=f"{at}", account="a", prompt=f"q{at}")
    ]
    steady = Recorded(name="s", answers={one.prompt: " a" for one in items}, likelihoods={})
    assert (next_words(items, steady).evidence.p_value or 0) > 0.01
    even = [replace(one, chances=(1.0,) * 4) for one in items]
    assert (next_words(even, steady).evidence.p_value or 1) < 1e-6


def test_places_are_those_where_our_model_was_unsure_and_drew_one_of_its_four_likeliest() -> None:
    told = [Choice(token=f" {one}", logprob=float(log)) for one, log in zip(LETTERS, LOGS, strict=True)]
    sure = [Choice(token=" a", logprob=-0.1), *told[1:]]
    steps = [
        Step(token=" a", top_logprobs=told),
        Step(token=" e", top_logprobs=told),
        Step(token=" a", top_logprobs=sure),
        Step(token=" d", top_logprobs=told[::-1]),
        Step(token=" b", top_logprobs=[*told, told[0]]),
    ]
    found = list(places(steps, item="7", account="x", prompt="q"))
    assert [(one.item, one.prompt, one.response, one.siblings) for one in found] == [
        ("7:0", "q", " a", (" b", " c", " d")),
        ("7:3", "q a e a", " d", (" a", " b", " c")),
    ]
    assert found[1].chances == pytest.approx((1.0, 1.6, 1.4, 1.2))
    cooler = next(iter(places(steps, item="7", account="x", prompt="q", temperature=0.5)))
    assert cooler.chances == pytest.approx((1.0, (7 / 8) ** 2, (6 / 8) ** 2, (5 / 8) ** 2))


def test_a_place_without_a_plain_lot_is_left_out_whichever_word_was_drawn() -> None:
    """Far below temperature 1 all words but one are out of question: no chances that a file can hold, and nothing to learn."""
    told = [Choice(token=f" {one}", logprob=log) for one, log in zip("abcde", (-1.5, -4, -6, -8, -9), strict=True)]
    apart = [Step(token=f" {one}", top_logprobs=told) for one in "abcd"]
    for cool, many in ((1.0, 4), (0.33, 4), (0.32, 0), (0.001, 0)):
        found = list(places(apart, item="1", account="x", prompt="q", temperature=cool))
        assert len(found) == many
        assert all(0.0 < chance < 1e9 for one in found for chance in one.chances or ())
    tied = [*told[:4], Choice(token=" e", logprob=-8), Choice(token=" A", logprob=-8)]
    drawn = [Step(token=f" {one}", top_logprobs=tied) for one in "abA"]
    assert list(places(drawn, item="1", account="x", prompt="q")) == [], "which is the fourth might hang on the draw"
    broken = [Choice(token="\ufffd", logprob=-2.5), *told[1:]]
    steps = [Step(token=one, top_logprobs=broken) for one in (" b", "\ufffd")]
    assert list(places(steps, item="1", account="x", prompt="q")) == []


def test_words_drawn_otherwise_than_recorded_are_refused_before_they_accuse_who_learned_nothing() -> None:
    rng = np.random.default_rng(8)
    items = served_places(rng, 300)
    assert draw_up(items, suspect="s", exposure="next_words").exposure == "next_words"
    for sharper in (2.0, 0.5):
        drawn = [_drawn_again(one, rng, sharper) for one in items]
        with pytest.raises(Error, match="not drawn with the chances recorded"):
            draw_up(drawn, suspect="s", exposure="next_words")
        told = [replace(one, chances=tuple(chance**sharper for chance in one.chances or ())) for one in drawn]
        assert draw_up(told, suspect="s", exposure="next_words").accounts[0].items > 1000
        assert drawn_otherwise(drawn * 1000) < math.inf
        picked = [replace(one, as_sampled=False) for one in drawn]
        assert draw_up(picked, suspect="s", exposure="next_words").accounts[0].items == 0
        if sharper > 1:
            likeliest = {one.prompt: one.candidates[int(np.argmax(one.chances or ()))] for one in drawn}
            innocent = Recorded(name="s", answers=likeliest, likelihoods={})
            assert (next_words(drawn, innocent).evidence.p_value or 1) < 1e-3
            assert (next_words(told, innocent).evidence.p_value or 0) > 0.01


def _drawn_again(one: Served, rng: np.random.Generator, power: float) -> Served:
    """The place as a temperature of one over `power` would have it after the chances were recorded."""
    chances = np.array(one.chances) ** power
    at = int(rng.choice(len(chances), p=chances / chances.sum()))
    order = [at, *(other for other in range(len(chances)) if other != at)]
    words, told = one.candidates, one.chances or ()
    return replace(
        one,
        response=words[at],
        siblings=tuple(words[other] for other in order[1:]),
        chances=tuple(told[other] for other in order),
    )


def test_a_place_that_comes_after_one_that_holds_its_word_is_left_out() -> None:
    items = served_places(np.random.default_rng(3), 30)
    back = [*items[1:], items[0]]
    found = next_words(back, Recorded(name="s", answers={one.prompt: " a" for one in items}, likelihoods={}))
    told = {one.words: one for one in found.conditions}["places of a conversation come in the order of its text"]
    assert (told.state, told.left_out, found.evidence.n) == (State.MENDED, 1, len(items) - 1)


def test_what_a_reply_begins_with_is_read_and_the_rest_is_not() -> None:
    words = (" the", " then", " a", "x")
    assert [said_word(one, words) for one in (" then we", "then", " thus", "xa", "", " b a")] == [
        1,
        1,
        None,
        3,
        None,
        None,
    ]
    assert said_word("ab", ("ab", " ab")) == 0
    assert said_word("  ab", ("ab", " ab")) is None
    assert said_word("xa", ("", " b")) is None


def test_a_plan_is_carried_out_by_the_file_of_a_serving(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rng = np.random.default_rng(4)
    lines = [
        {"item": f"{at}", "account": "alice", "prompt": f"q{at}", "content": steps_of(rng, 20), "as_sampled": True}
        for at in range(60)
    ]
    (tmp_path / "l.jsonl").write_bytes(b"\n".join(map(msgspec.json.encode, lines)))
    audit_places(tmp_path / "l.jsonl", out=tmp_path / "p.jsonl")
    items = list(read_served(tmp_path / "p.jsonl"))
    assert items == list(read_places(tmp_path / "l.jsonl"))
    parrot = who_says(items, 0.5, rng)
    plan = draw_up(items, suspect="s", exposure="next_words")
    assert (plan.accounts[0].items, plan.accounts[0].seen) == (len(items), None)
    audit_plan(tmp_path / "p.jsonl", "s", test="next_words", out=tmp_path / "plan.json")
    assert f"{len(items)} items, what would be seen hangs on how much it remembers" in capsys.readouterr().out
    told = carry_out(plan, items, parrot)
    assert told.named == ("alice",)
    early = carry_out(draw_up(items, suspect="s", exposure="next_words", stop=Stop.EVIDENCE), items, parrot)
    assert early.findings[0].n < told.findings[0].n
    assert (early.findings[0].p or 1) <= 0.01
    assert early.findings[0].p == pytest.approx(1 / (early.findings[0].e or 0)), "looking costs nothing"
    assert (early.findings[0].e or 0) < 2 / 0.01
    with pytest.raises(Error, match="equality: compares whole answers"):
        draw_up(items, suspect="s", exposure="next_words", equality=True)
    with pytest.raises(Error, match="next_words takes places with their chances"):
        draw_up(items, suspect="s")
    with pytest.raises(Error, match="next_words takes places with their chances"):
        draw_up([replace(items[0], chances=None), *items[1:]], suspect="s", exposure="next_words")
    assert plan.enough == 100.0, "no other p shares alpha with that of the looks"
    other = [replace(items[0], chances=(1.0, 2.0, 3.0, 4.0)), *items[1:]]
    with pytest.raises(Error, match="not the items of the plan"):
        carry_out(plan, other, parrot)


def test_a_serving_without_enough_told_is_refused_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "l.jsonl"
    good = steps_of(np.random.default_rng(5), 30)
    few = [Step(token=" a", top_logprobs=good[0].top_logprobs[:4])]
    for line, words in (
        ({"content": few}, "at least 5 words"),
        ({"content": good, "temperature": 0.0}, "temperature"),
        (
            {"content": [Step(token=" a", top_logprobs=[Choice(token=f"{at}", logprob=0.5) for at in range(5)])]},
            "finite numbers <= 0",
        ),
        (
            {"content": [Step(token="0", top_logprobs=[Choice(token=f"{at}", logprob=-1e5) for at in range(5)])]},
            "finite numbers <= 0",
        ),
        ({"content": good, "temperature": 101.0}, "temperature"),
        (
            {"content": [Step(token="0", top_logprobs=[Choice(token=f"{at}", logprob=-1.0) for at in range(5)])]},
            "sum to more than 1",
        ),
    ):
        path.write_bytes(msgspec.json.encode({"item": "1", "account": "a", "prompt": "q"} | line))
        with pytest.raises(FormatError, match=rf"l\.jsonl:1: .*{words}"):
            list(read_places(path))
    for unsure in (0.0, 1.5):
        with pytest.raises(Error, match="unsure"):
            list(read_places(path, unsure=unsure))
    twice = msgspec.json.encode({"item": "1", "account": "a", "prompt": "q", "content": good})
    path.write_bytes(twice + b"\n" + twice)
    with pytest.raises(FormatError, match=r"l\.jsonl:2: item: named a second time"):
        list(read_places(path))
    path.write_bytes(msgspec.json.encode({"item": "1", "account": "a", "prompt": "q", "content": good}))
    with pytest.raises(Error, match="nowhere so unsure"):
        audit_places(path, out=tmp_path / "p.jsonl", unsure=0.01)
    write_served(tmp_path / "s.jsonl", list(read_places(path))[:1])
    good_line = msgspec.json.decode((tmp_path / "s.jsonl").read_bytes())
    for chances in ([-1.0, *good_line["chances"][1:]], good_line["chances"][1:], [0.0] * 4, [1e12] * 4):
        (tmp_path / "s.jsonl").write_bytes(msgspec.json.encode(good_line | {"chances": chances}))
        with pytest.raises(FormatError, match="chances"):
            read_served(tmp_path / "s.jsonl")


def test_what_a_line_says_of_its_response_stands_in_each_of_its_places(tmp_path: Path) -> None:
    path, steps = tmp_path / "l.jsonl", steps_of(np.random.default_rng(9), 20)
    line = {"item": "1", "account": "a", "prompt": "q", "content": steps}
    told_apart: list[dict[str, Any]] = [{}, {"temperature": 0.5, "as_sampled": False, "conversation": "c"}]
    for more in told_apart:
        path.write_bytes(msgspec.json.encode(line | more))
        told: dict[str, Any] = {"conversation": "1"} | more
        assert list(read_places(path)) == list(places(steps, item="1", account="a", prompt="q", **told))
    four = [Step(token=one.token, top_logprobs=one.top_logprobs[:4]) for one in steps]
    assert list(places(four, item="1", account="a", prompt="q")) == [], "what is the fifth is not known"


def test_a_place_at_which_nothing_is_said_or_none_of_the_words_bets_nothing() -> None:
    rng = np.random.default_rng(10)
    items = served_places(rng, 30)
    said = {one.prompt: one.response for one in items}
    whole = next_words(items, Recorded(name="s", answers=said, likelihoods={}))
    mute = next_words(items, Recorded(name="s", answers=dict(list(said.items())[::2]), likelihoods={}))
    other = {prompt: word if at % 2 == 0 else " zzz" for at, (prompt, word) in enumerate(said.items())}
    beside = next_words(items, Recorded(name="s", answers=other, likelihoods={}))
    assert (mute.conditions[-1].left_out, mute.evidence.n) == (len(items) // 2, len(items) - len(items) // 2)
    assert (beside.conditions[-1].left_out, beside.evidence.n) == (0, len(items))
    assert beside.running[::2] == pytest.approx(mute.running)
    assert beside.running[1::2] == pytest.approx(mute.running[: len(items) // 2])
    assert beside.evidence.value == pytest.approx(mute.evidence.value)
    assert (beside.evidence.e_value or 0) < (whole.evidence.e_value or 0)
    nothing = next_words([], Recorded(name="s", answers=said, likelihoods={})).evidence
    assert (nothing.n, nothing.p_value) == (0, None)
    assert (nothing.needed or 0) > 1


def test_places_without_chances_asked_twice_or_back_in_the_text_are_left_out_and_counted() -> None:
    one = Served(item="1", account="a", prompt="q", response="x", siblings=("y",), conversation="c", chances=(1.0, 2.0))
    long, other = replace(one, item="4", prompt="q long"), replace(one, item="7", conversation="d")
    back = [replace(one, item=f"{at}", prompt=prompt) for at, prompt in ((5, "q"), (6, "q lo"), (8, "q lost"))]
    said = Recorded(name="s", answers=dict.fromkeys(("q", "q long", "q lo", "q lost", "qq"), "x"), likelihoods={})
    without = replace(one, item="3", prompt="qq", chances=None)
    for items, kept in (([one, without], 1), ([long, *back], 1), ([one, other], 1), ([one, long, other], 2)):
        found = next_words(items, said)
        assert found.evidence.n == kept
        assert sum(told.left_out for told in found.conditions) == len(items) - kept


def test_places_are_asked_one_by_one_and_never_after_a_later_one_of_their_response(tmp_path: Path) -> None:
    items = served_places(np.random.default_rng(6), 6)
    plan = draw_up(items, suspect="s", exposure="next_words")
    first, *others = [one.prompt for one in items]
    with served_at(model := Model(lambda prompt: " a")) as at:
        suspect = live(at, tmp_path / "r.jsonl")
        model.troubles = [400]
        assert ask_plan(plan, items, suspect).refused == 1
        assert [one["messages"][-1]["content"] for one in model.asked] == [first, *others]
        for stop in Stop:
            again = live(at, tmp_path / "r.jsonl")
            ask_plan(draw_up(items, suspect="s", exposure="next_words", stop=stop), items, again)
    assert len(model.asked) == len(items), "the place that was refused is not asked again"
    assert items[0].conversation == items[1].conversation


def test_asking_that_stopped_early_goes_on_from_what_is_kept(tmp_path: Path) -> None:
    items = served_places(np.random.default_rng(11), 20)
    said = {one.prompt: one.response for one in items}
    plan = draw_up(items, suspect="s", exposure="next_words", stop=Stop.EVIDENCE)
    with served_at(model := Model(lambda prompt: said[prompt])) as at:
        for _ in range(2):
            assert ask_plan(plan, items, live(at, tmp_path / "r.jsonl")).sufficed == ("alice",)
            assert len(model.asked) < len(items)


def test_of_places_that_were_asked_those_without_a_reply_before_a_later_one_are_left_out_and_no_others() -> None:
    items = [
        Served(
            item=str(at),
            account="a",
            prompt=f"q{at}",
            response="x",
            siblings=("y",),
            conversation=of,
            chances=(0.1, 0.1),
        )
        for at, of in enumerate("aaaab")
    ]

    @dataclass
    class Kept:
        replies: str

        def knows(self, one: Wanted) -> bool:
            return one.prompt[1:] in self.replies

    def left(replies: str) -> str:
        return "".join(one.item for one in _unspoilt(items, cast("Live", Kept(replies))))

    assert left("01234") == "01234"
    assert left("02") == "0234", "the second was refused before the third was asked"
    assert left("") == "01234"
    assert left("4") == "01234", "another conversation quotes nothing of the first"
