"""A campaign made of ordinary customers differs from them in the words of its harvest and in nothing else."""

from __future__ import annotations

import numpy as np
import pytest

from stillwatch.range.desk import desk
from stillwatch.range.launches import launches
from stillwatch.range.pack import find_prompts
from stillwatch.range.parts import Built
from stillwatch.range.press import Press
from stillwatch.range.purpose import Purpose
from stillwatch.range.recipe import Recipe
from stillwatch.range.splits import Fold
from stillwatch.range.studies.mimic import mimic
from stillwatch.range.studies.parts import Site

WORDS = {"text", "frame", "extra", "tail", "reply", "purpose", "tokens_out"}


@pytest.fixture(scope="module")
def site() -> Site:
    """A world of two days that the campaign is spliced into."""
    on = desk(find_prompts().resolve())
    return Site(
        recipe=Recipe(seed=4, accounts=200, exchanges=2000, days=2), desk=on, launched=launches(4, 2), asked=on.pack
    )


def made(site: Site, share: float) -> Built:
    built, told = mimic(accounts=40, each=20, share=share, fold=Fold.DEVELOP).make(site, "mimic")
    assert built is not None
    assert told["harvest"] == (built.sheet.columns["purpose"] == Purpose.HARVEST).sum()
    return built


def test_without_harvest_only_the_truth_tells_it_from_customers(site: Site) -> None:
    built = made(site, 0.0)
    assert built.roles == ["actor"] * 40
    assert len(built.sheet) == 800
    assert (built.sheet.columns["purpose"] == Purpose.OWN).all()


def test_a_harvest_changes_words_and_leaves_loads_hours_and_places(site: Site) -> None:
    none, half = made(site, 0.0), made(site, 0.5)
    chosen = half.sheet.columns["purpose"] == Purpose.HARVEST
    assert 0.4 < chosen.mean() < 0.6
    for name, values in half.sheet.columns.items():
        same = (
            values == none.sheet.columns[name]
            if values.dtype != float
            else np.isclose(values, none.sheet.columns[name], equal_nan=True)
        )
        assert same[~chosen].all(), name
        assert same.all() or name in WORDS, name
    assert half.facts["payment"] == none.facts["payment"]


def test_the_harvest_asks_items_in_its_own_wordings(site: Site) -> None:
    built = made(site, 1.0)
    press = Press(built.sheet, site.desk, site.recipe, site.launched)
    prompts = [text for batch in press.slices() for text in batch.column("prompt").to_pylist()]
    items = site.desk.pack.texts("gsm8k_train", "math_train_8k")
    assert len(set(prompts)) == len(prompts) == 800
    assert all(
        "step" in text or "working" in text or "think it through" in text or "whole way" in text for text in prompts
    )
    assert sum(any(item in text for item in items[:4000]) for text in prompts[:20]) > 0
