"""Everybody in a world of a fold keeps to its prompts: customers, lookalikes, campaigns and their cover."""

from __future__ import annotations

import numpy as np
import pytest

from stillwatch.range.campaigns import SCENARIOS
from stillwatch.range.folds import folded
from stillwatch.range.ground import Ground
from stillwatch.range.lookalikes.roster import ALL_LOOKALIKES
from stillwatch.range.pack import read_pack
from stillwatch.range.recipe import Part, Recipe
from stillwatch.range.rhythm import Clock
from stillwatch.range.seeds import stream
from stillwatch.range.splits import KIN, Fold, shelf
from stillwatch.range.world import World, build_world

OTHER = {Fold.DEVELOP: Fold.TEST, Fold.TEST: Fold.DEVELOP}
PARTS = (
    *(Part(role="lookalike", name=name, scale=0.02) for name in ALL_LOOKALIKES),
    *(
        Part(role="actor", name=name, scale=0.1, most=400, moves=(("dilution", 0.5),))
        for name in ("reasoning", "autograding")
    ),
)


def prompts_of(fold: Fold) -> set[str]:
    """Every prompt of a fold's sources that no source of the other fold has, short ones aside."""
    pack = read_pack()
    own, others = (
        {
            text
            for kin in KIN
            if kin.fold is which
            for source in kin.sources
            for text in (pack.passages(source.split("/")[1]) if "/" in source else pack.source(source).texts)
        }
        for which in (fold, OTHER[fold])
    )
    return {text for text in own - others if len(text) > 40}


@pytest.fixture(scope="module", params=list(Fold))
def world(request: pytest.FixtureRequest) -> World:
    """A small world of one fold, with every lookalike and two campaigns in it."""
    fold: Fold = request.param
    return build_world(Recipe(seed=6, accounts=400, exchanges=8000, days=1, parts=PARTS, fold=fold))


def test_no_prompt_of_one_fold_is_in_a_world_of_the_other(world: World) -> None:
    assert world.recipe.fold is not None
    texts = [*world.desk.texts.to_pylist(), *world.sheet.texts]
    columns = world.sheet.columns
    said = {texts[k] for name in ("text", "extra") for k in np.unique(columns[name]).tolist() if k >= 0}
    assert len(said & prompts_of(world.recipe.fold)) > 1000
    assert not said & prompts_of(OTHER[world.recipe.fold])


def test_every_part_is_in_it_all_the_same(world: World) -> None:
    there = set(world.truth["group"].to_pylist())
    assert set(ALL_LOOKALIKES) <= there
    assert {SCENARIOS[name].key for name in ("reasoning", "autograding")} <= there


@pytest.mark.parametrize("fold", list(Fold))
def test_what_campaigns_ask_from_is_the_same_whether_the_pack_is_of_one_fold_or_of_both(fold: Fold) -> None:
    for topics in (("code",), ("open", "search", "support", "tongues"), ("questions",)):
        shelves = []
        for pack in (read_pack(), folded(read_pack(), fold)):
            ground = Ground(pack=pack, clock=Clock(stream(1, "clock")), texts=pack.names())
            shelves.append(shelf(ground, fold, *topics).tolist())
        assert shelves[0] == shelves[1], topics


def test_each_fold_says_other_things_in_later_turns() -> None:
    develop, test = (set(folded(read_pack(), fold).follow_ups()) for fold in (Fold.DEVELOP, Fold.TEST))
    assert develop
    assert test
    assert not develop & test


def test_a_source_of_the_other_fold_is_answered_with_its_topic() -> None:
    test = folded(read_pack(), Fold.TEST)
    assert set(test.texts("nq_open")) <= set(read_pack().texts("medquad"))
    assert set(test.texts("clinc150", "banking77")) <= set(read_pack().texts("clinc150"))
    assert folded(read_pack(), None) is read_pack()
