"""Held against the references of all product types: sharper where a type is small, honest whatever the mixture, and no type for itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from stillwatch.accounts import judge, weigh
from stillwatch.core.records import Decision
from stillwatch.core.settings import DetectSettings
from stillwatch.stats import conformal_p, weighted_conformal_p

MakeWorld = Callable[..., Any]

SETTINGS = DetectSettings(poisoned=0.0)


def _of_types(world: MakeWorld, rng: np.random.Generator, types: list[str], loud: dict[str, float], **more: Any) -> Any:
    shift = np.array([loud.get(one, 0.0) for one in types])
    return world(rng, honest=len(types) - more.get("guilty", 0), types=types, shift=shift, **more)


def _mixed(rng: np.random.Generator, share: float, n: int) -> npt.NDArray[np.str_]:
    return np.where(rng.random(n) < share, "batch", "chat")


def test_p_values_are_valid_over_all_tested_accounts_whatever_types_were_cleared(world: MakeWorld) -> None:
    rng = np.random.default_rng(1)
    levels = np.array([0.002, 0.01, 0.05])
    hits, total = np.zeros(levels.size), 0
    for _ in range(25):
        types = [*_mixed(rng, 0.2, 1500), *_mixed(rng, 0.6, 1500)]
        one = _of_types(world, rng, types, {"batch": 1.5})
        found = weigh(one.measured, one.facts, SETTINGS, cleared=one.accounts.slice(0, 1500))
        p = found.p_average[found.eligible & ~found.reference]
        hits += (p[:, None] <= levels).sum(axis=0)
        total += p.size
    assert (hits / total <= levels + 4 * np.sqrt(levels / total)).all(), hits / total


def test_an_account_of_a_small_type_is_judged_by_thousands(world: MakeWorld) -> None:
    rng = np.random.default_rng(2)
    types = [*["chat"] * 300, *["batch"] * 4000, *["chat"] * 300, *["batch"] * 4000]
    one = _of_types(world, rng, types, {}, guilty=20, missing=0.0)
    guilty_chat = one.guilty & (np.array(types) == "chat") & (np.arange(len(types)) >= 4300)
    cleared = one.some(~one.guilty & (np.arange(len(types)) < 4300))

    found = weigh(one.measured, one.facts, SETTINGS, cleared=cleared)

    assert guilty_chat.any()
    assert np.median(found.p_average[guilty_chat]) < 1 / 1000
    assert found.compared_n[guilty_chat].min() > 4000
    assert found.smallest_p[guilty_chat].max() < 1 / 1000


def test_a_loud_type_has_few_of_its_own_below_what_its_own_accounts_allow(world: MakeWorld) -> None:
    rng = np.random.default_rng(3)
    types = [*_mixed(rng, 0.05, 6000), *_mixed(rng, 0.05, 6000)]
    one = _of_types(world, rng, types, {"batch": 8.0}, missing=0.0)
    found = weigh(one.measured, one.facts, SETTINGS, cleared=one.accounts.slice(0, 6000))
    tested = np.arange(len(types)) >= 6000
    batch = (np.array(types) == "batch") & tested
    alone = found.p_average[batch] < 0.05
    assert alone.mean() <= 0.05 + 4 * np.sqrt(0.05 / batch.sum()), "all of them are louder than all chat accounts"
    assert (found.score[batch] < 0).mean() > 0.9


def test_a_type_with_too_few_references_keeps_its_own_p_value(world: MakeWorld) -> None:
    rng = np.random.default_rng(4)
    types = [*["chat"] * 3000, *["batch"] * 30, *["chat"] * 500, *["batch"] * 30]
    one = _of_types(world, rng, types, {"batch": 8.0}, missing=0.0)
    found = weigh(one.measured, one.facts, SETTINGS, cleared=one.accounts.slice(0, 3030))
    late = np.arange(len(types)) >= 3530
    assert found.p_average[late].min() >= 1 / 31 - 1e-12
    judged = judge(one.measured, one.facts, SETTINGS, cleared=one.accounts.slice(0, 3030))
    assert not np.isin(np.asarray(judged.accounts(Decision.REVIEW)), np.asarray(one.some(late))).any()


def test_of_a_type_without_references_nothing_is_said(world: MakeWorld) -> None:
    rng = np.random.default_rng(5)
    types = [*["chat"] * 2000, *["batch"] * 20]
    one = _of_types(world, rng, types, {"batch": 9.0}, missing=0.0)
    found = weigh(one.measured, one.facts, SETTINGS, cleared=one.accounts.slice(0, 1500))
    assert (found.p_average[2000:] == 1.0).all()


@pytest.mark.parametrize("hostile", [0, 2])
def test_equal_weights_give_the_plain_conformal_p_value(hostile: int) -> None:
    rng = np.random.default_rng(6)
    known, scores = np.round(rng.standard_normal(50), 1), np.round(rng.standard_normal(30), 1)
    weighted = weighted_conformal_p(known, np.full(50, 3.0), scores, np.full(30, 3.0), hostile_weight=3.0 * hostile)
    assert weighted == pytest.approx(conformal_p(known, scores, hostile=hostile))
