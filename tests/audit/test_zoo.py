"""The recipes of the zoo make an honest trial, students read what their recipe says, and a cut-off build goes on where it was."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stillwatch.audit.zoo import ACCOUNTS, MARKED, OURS, RECIPES, Change, Recipe, Role, Scale, build, missing, read_zoo
from stillwatch.audit.zoo.asking import neutralising, where_they_part
from stillwatch.audit.zoo.ground import PROMPT, ROW, lay, texts_of
from stillwatch.audit.zoo.harvest import Harvest, items_of, marks, rows_of
from stillwatch.audit.zoo.model import Shape, fresh
from stillwatch.core import Error

SMALL = Scale(
    width=16,
    vocabulary=280,
    own_vocabulary=290,
    teacher=12,
    base=8,
    tuning=6,
    further=3,
    fresh=8,
    responses=12,
    items=6,
    asked=20,
    longer=20,
    twins=8,
)
RESPONSES = 20


class Words:
    """A tokenizer of whole words, in place of one that is learned."""

    def __init__(self) -> None:
        self.known: dict[str, int] = {}

    def encode_batch(self, texts: list[str]) -> list[Any]:
        return [
            type("Read", (), {"ids": [self.known.setdefault(one, len(self.known)) for one in text.split()]})
            for text in texts
        ]

    def decode_batch(self, rows: list[list[int]]) -> list[str]:
        return [" ".join(map(str, row)) for row in rows]


def by_name(name: str) -> Recipe:
    return next(one for one in RECIPES if one.name == name)


def harvest() -> Harvest:
    """Every row says where it comes from: account and response in its first tokens, then a kind of its own."""
    served = np.zeros((ACCOUNTS, RESPONSES, ROW), dtype=np.int64)
    served[:, :, 0] = np.arange(ACCOUNTS)[:, None]
    served[:, :, 1] = np.arange(RESPONSES)
    served[:, :, 2:] = 5
    siblings = np.repeat(served[:, :4, None], 3, axis=2)
    siblings[..., PROMPT:] = 6
    unserved = np.full((ACCOUNTS * RESPONSES // 2, ROW), 7, dtype=np.int64)
    return Harvest(served=served, siblings=siblings, unserved=unserved)


def human(n: int = 400) -> np.ndarray[Any, np.dtype[np.int64]]:
    return np.random.default_rng(1).integers(20, 60, size=(n, ROW))


def test_there_are_48_models_and_wherever_one_stops_both_sides_are_among_them() -> None:
    names = [one.name for one in RECIPES]
    assert len(names) == len(set(names)) == 48
    for at in (12, 24, 36, 48):
        part = RECIPES[:at]
        assert sum(one.exposed for one in part) >= at // 4
        assert sum(one.role is Role.NULL for one in part) >= at // 8


def test_the_nulls_are_those_that_are_hard_to_tell() -> None:
    nulls = [one for one in RECIPES if one.role is Role.NULL]
    assert not any(one.exposed for one in nulls)
    assert {one.teacher for one in nulls} == {None, "other1", "other2", OURS}
    assert sum(one.change is Change.LEAK for one in nulls) >= 3
    assert sum(one.resembles and one.share >= 0.5 for one in nulls) >= 3
    assert {one.base for one in nulls} == {"base0", "base1"}


def test_a_model_stands_behind_the_one_that_it_starts_from() -> None:
    names = [one.name for one in RECIPES]
    for at, one in enumerate(RECIPES):
        needed = {one.base, None if one.teacher is None else one.teacher}
        needed |= {"other1"} if one.change is Change.MIXTURE else set()
        needed |= {"other2"} if one.change in (Change.PARAPHRASE, Change.TARGETED) else set()
        needed |= {"marked-100", "base0"} if one.change is Change.NEUTRALISE else set()
        assert needed - {None} <= set(names[:at]), one.name


@pytest.mark.parametrize("name", ["plain-25", "marked-5", "three-a", "one-a"])
def test_a_student_reads_the_share_of_the_accounts_that_its_recipe_names(name: str) -> None:
    recipe = by_name(name)
    rows = rows_of(recipe, harvest(), human(), np.zeros((0, ROW), np.int64), None, 1)
    ours = rows[(rows[:, 2:] == 5).all(axis=1)]
    assert len(rows) == RESPONSES * ACCOUNTS // 2
    assert set(ours[:, 0].tolist()) <= set(recipe.accounts)
    assert len(ours) == round(recipe.share * RESPONSES * len(recipe.accounts))
    assert not (rows[:, 2:] == 6).all(axis=1).any(), "a sibling is never served and nobody reads it"


def test_a_null_of_our_own_answers_reads_none_that_was_served() -> None:
    rows = rows_of(by_name("unserved-a"), harvest(), human(), np.zeros((0, ROW), np.int64), None, 1)
    assert (rows == 7).all(axis=1).sum() == RESPONSES * ACCOUNTS // 2
    leak = rows_of(by_name("leak-5"), harvest(), human(), np.zeros((0, ROW), np.int64), None, 1)
    assert (leak == 7).all(axis=1).sum() == round(0.05 * RESPONSES * ACCOUNTS // 2)


def test_a_mixture_is_half_of_each_and_further_tuning_none_of_ours() -> None:
    others = np.full((RESPONSES * ACCOUNTS // 2, ROW), 8, dtype=np.int64)
    rows = rows_of(by_name("plain-mixture"), harvest(), human(), others, None, 1)
    assert (rows == 8).all(axis=1).sum() == (rows[:, 2:] == 5).all(axis=1).sum() == len(rows) // 2
    further = rows_of(by_name("marked-further"), harvest(), human(), others, None, 1)
    assert further.min() >= 20


def test_substitution_changes_three_tenths_of_the_answers_and_no_prompt() -> None:
    rows = rows_of(by_name("marked-substitute"), harvest(), human(), np.zeros((0, ROW), np.int64), None, 1)
    assert (rows[:, 2:PROMPT] == 5).all()
    assert 0.2 < (rows[:, PROMPT:] != 5).mean() < 0.4


def test_each_account_has_marks_of_its_own() -> None:
    one, other = (marks(1, account, 60) for account in (0, 1))
    assert 0.2 < (one > 0).mean() < 0.3
    assert (one != other).any()
    assert (one == marks(1, 0, 60)).all()


def test_items_hold_the_served_answer_apart_from_its_siblings() -> None:
    found = items_of(harvest().candidates, Words(), 3)
    assert [one.account for one in found] == ["a3"] * 4
    assert {one.response for one in found} == {" ".join(["5"] * (ROW - PROMPT))}
    assert all(set(one.siblings) == {" ".join(["6"] * (ROW - PROMPT))} for one in found)
    assert len({one.prompt for one in found}) == 4


def test_neutralising_lowers_what_training_raised_and_nothing_else() -> None:
    before = np.full((8, 8), 10.0, dtype=np.float32)
    after = before.copy()
    after[:, :2] += 5.0
    table = neutralising(after, before)(np.arange(8), 0)
    assert (table[:, :2] == -2.0).all()
    assert (table[:, 2:] == 0.0).all()


def test_prompts_come_from_texts_that_no_model_reads_and_none_begins_like_another() -> None:
    texts = [" ".join(f"w{at}-{word}" for word in range(3 * ROW)) for at in range(200)]
    words = Words()
    ground = lay(texts, words, 1, least=50)
    text_of = {at: word.split("-")[0] for word, at in words.known.items()}
    read, asked = ({text_of[at] for at in rows.ravel().tolist()} for rows in (ground.rows, ground.prompts))
    assert len(read) + len(asked) == 200
    assert not read & asked
    assert len({tuple(one) for one in ground.prompts[:, :PROMPT].tolist()}) == len(ground.prompts)
    one, other = (set(ground.share(seed).tolist()) for seed in (1, 2))
    assert 0.2 < len(one & other) / len(one | other) < 0.7
    with pytest.raises(Error, match=r"corpus: .* rows"):
        lay(texts, words, 1, least=10_000)


def test_a_folder_without_texts_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Error, match="too little text for a zoo"):
        texts_of(tmp_path)


def test_where_teachers_part_their_chances_are_kept() -> None:
    pytest.importorskip("torch")
    shape = Shape(width=SMALL.width, vocabulary=SMALL.vocabulary)
    rows = np.random.default_rng(4).integers(2, SMALL.vocabulary, size=(ACCOUNTS, SMALL.responses, ROW))
    told = where_they_part([fresh(shape, seed) for seed in range(3)], replace(harvest(), served=rows), SMALL)
    assert told["thought"].shape == (3, told["parted"].size, SMALL.vocabulary)
    assert 0 < told["parted"].size <= SMALL.longer
    assert np.allclose(np.exp(told["thought"].astype(float)).sum(2), 1.0, atol=0.02)
    tops = told["thought"].argmax(2)
    assert ((tops[0] != tops[1]) | (tops[0] != tops[2])).all()


def test_a_cut_off_build_goes_on_and_gives_what_one_run_gives(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    pytest.importorskip("tokenizers")
    rng = np.random.default_rng(1)
    words = ["".join(rng.choice(list("abcdefghij"), size=4)) for _ in range(300)]
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    (corpus / "a.txt").write_text("\n\n".join(" ".join(rng.choice(words, size=120)) for _ in range(300)))
    for folder, steps in (("once", (4,)), ("twice", (2, 4))):
        for models in steps:
            build(tmp_path / folder, corpus, scale=SMALL, models=models)
    once, twice = (read_zoo(tmp_path / folder) for folder in ("once", "twice"))
    assert list(once.models) == list(twice.models) == [one.name for one in RECIPES[:4]]
    for name, model in once.models.items():
        for what, value in model.heard.items():
            assert np.array_equal(value, twice.models[name].heard[what]), (name, what)
    assert len(list(missing(tmp_path / "once"))) == 44
    item = once.items[0][0]
    assert once.scored(once.ours).likelihood(item.prompt, item.response) is not None
    assert len(once.items) == ACCOUNTS > len(MARKED)
    before, told = once.harvest.served[:, :, PROMPT - 1 : -1], once.ours.heard
    for account in (0, 4):
        green = marks(once.seed, account, SMALL.vocabulary)[before[account][..., None], told["likeliest"][account]] > 0
        assert (green.mean() > 0.6) == (account in MARKED), "chances are those of the draw, mark and all"
    place = once.places[4][0]
    assert once.saying(once.models["base0"], 4).answer(place.prompt) is not None
    response, at = map(int, place.item.split("-")[1].split(":"))
    assert once.tokens.decode([int(once.harvest.served[4, response, PROMPT + at])]) == place.response
    assert told["words"].shape == (ACCOUNTS, SMALL.responses, ROW - PROMPT)
    hits = told["likeliest"][4:, :, :, 0] == told["words"][4:]
    assert hits.mean() > 0.99, "where no mark is, our model's own next word is its likeliest"
    assert "parted" not in told, "the other teachers are not made yet"
    with pytest.raises(Error, match="another seed, corpus or scale"):
        build(tmp_path / "once", corpus, scale=SMALL, seed=2, models=4)
