"""Large worlds hang on the seed alone: not on the machine, the cutting, the order or the number of processes."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from stillwatch.range import odds
from stillwatch.range.blocks import build_block
from stillwatch.range.days import allotted
from stillwatch.range.desk import desk
from stillwatch.range.generate import WorldPaths, write_world
from stillwatch.range.launches import launches
from stillwatch.range.pack import find_prompts
from stillwatch.range.press import Press
from stillwatch.range.products import PRODUCTS
from stillwatch.range.recipe import Recipe
from stillwatch.range.seeds import Dice, mixed
from stillwatch.range.shards import sheet_of

RECIPE = Recipe(seed=2, accounts=400, exchanges=8000, days=6, block=200)


def _shard_hash(recipe: Recipe, number: int) -> str:
    on = desk(find_prompts().resolve())
    shard = list(recipe.shards())[number]
    launched = launches(recipe.seed, recipe.days)
    sheet, _ = sheet_of(recipe, shard, build_block(recipe, shard.block, on), on, launched)
    press = Press(sheet, on, recipe, launched)
    assert sum(batch.num_rows for batch in press.slices()) == len(sheet)
    return press.digest()


def test_the_words_and_tables_that_worlds_are_drawn_from_are_those_of_every_machine() -> None:
    told = hashlib.blake2b(digest_size=8)
    told.update(Dice(7, "pinned").words(5).astype("<u8").tobytes())
    told.update(mixed(7, np.arange(5), 3).astype("<u8").tobytes())
    for product in PRODUCTS:
        told.update(odds.lognormal(product.median * 10, product.spread, most=600_000).astype("<i8").tobytes())
        told.update(odds.lognormal(product.pause * 1000, 90, most=3_600_000).astype("<i8").tobytes())
    for table in (odds.zipf(60, 140), odds.zipf(240, 80), odds.trace_gaps("chat"), odds.trace_answers("long")):
        told.update(table.astype("<i8").tobytes())
    assert told.hexdigest() == "850b688b8d03e624"


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> WorldPaths:
    """A small world that this process wrote alone."""
    return write_world(tmp_path_factory.mktemp("one") / "w", RECIPE, workers=1)


def test_the_hash_of_a_small_world_is_pinned(one: WorldPaths) -> None:
    """Changes when, and only when, what a recipe gives changes: then `recipe.VERSION` is raised with it."""
    assert one.hash == "09b673c1056e0dd39d3bf9896ba280f1"


@pytest.mark.slow
def test_two_processes_write_what_one_writes(one: WorldPaths, tmp_path: Path) -> None:
    two = write_world(tmp_path / "two", RECIPE, workers=2)
    assert one.hash == two.hash
    for path in sorted(one.logs.iterdir()):
        assert path.read_bytes() == (two.logs / path.name).read_bytes()


def test_a_shard_hangs_on_no_shard_before_it() -> None:
    backwards = [_shard_hash(RECIPE, number) for number in (1, 0)]
    assert backwards == [_shard_hash(RECIPE, number) for number in (1, 0)]
    assert len(set(backwards)) == 2


def test_another_seed_gives_another_world() -> None:
    other = Recipe(seed=3, accounts=400, exchanges=8000, days=6, block=200)
    assert _shard_hash(RECIPE, 0) != _shard_hash(other, 0)


@given(some.lists(some.integers(0, 10**9), min_size=1, max_size=200), some.integers(0, 10**7))
def test_requests_are_allotted_exactly_and_everyone_gets_one(weights: list[int], room: int) -> None:
    found = allotted(np.array(weights, np.int64), len(weights) + room)
    assert int(found.sum()) == len(weights) + room
    assert int(found.min()) >= 1


@given(some.integers(0, 2**63), some.integers(1, 2**31 - 1))
def test_dice_stay_under_their_bound(seed: int, bound: int) -> None:
    found = Dice(seed, "bound").below(bound, 50)
    assert found.min() >= 0
    assert found.max() < bound


@given(some.lists(some.integers(0, 1000), min_size=1, max_size=50).filter(lambda w: sum(w) > 0))
def test_a_table_of_shares_is_within_one_of_its_weights(weights: list[int]) -> None:
    counts = np.bincount(odds.shares(weights), minlength=len(weights))
    wanted = np.array(weights) * 4096 / sum(weights)
    assert counts.sum() == 4096
    assert (np.abs(counts - wanted) < 1).all()
