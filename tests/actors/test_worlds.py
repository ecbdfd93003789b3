"""Whole worlds with known truth: nobody is accused where nobody harvests, planted operators are found, and chance of order is none."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from scipy import stats

from stillwatch.actors import ActorTables, Found, describe, find
from stillwatch.actors.judge import Judged
from stillwatch.core import Decision, Settings
from stillwatch.engine import open_engine

from .worlds import BENIGN, CUSTOMERS, OPERATOR, SALT, Ints, World, at_hand, world

ENGINE = os.environ.get("STILLWATCH_ENGINE", "duckdb")
"""What queries run on: spark, where somebody asks for it."""


def run(drawn: World, *, pieces: int = 1) -> tuple[Found, ActorTables]:
    """Find and describe the actors of a world whose features come in so many pieces."""
    rows, step = drawn.features, -(-drawn.features.num_rows // pieces)
    cut = pa.concat_tables([rows.slice(i * step, step).combine_chunks() for i in range(pieces)])
    with open_engine(ENGINE, None, memory_mb=1000) as engine:
        told, known = engine.from_arrow(cut), engine.from_arrow(drawn.facts)
        found = find(engine, told, known, settings=Settings(), salt=SALT)
        return found, describe(engine, told, found, salt=SALT)


def reviewed(found: Found) -> list[Judged]:
    return [j for j in found.judged if j.decision is Decision.REVIEW]


@pytest.mark.slow
def test_where_nobody_harvests_hardly_any_world_has_a_finding(tries: Callable[..., int]) -> None:
    """Requests for training value are dealt out without regard to crowd: the structural null holds for every candidate.

    Then e-BH at 5 % promises a finding in at most 5 % of worlds, before any innocent explanation is weighed. Four or more of
    eight would have a chance below 1 in 2,000, six or more of twenty below 1 in 3,000; one finding that no explanation sets aside is
    allowed for. A test that finds somebody in three worlds of four is seen by eight in 97 runs of 100.
    """
    worlds, passed, accused, candidates = tries(8, whole=20), 0, 0, 0
    for seed in range(worlds):
        drawn = world([replace(c, size=c.size // 2, phrases=0.2) for c in BENIGN], seed=seed)
        with at_hand(drawn.features, drawn.facts) as (engine, (told, known)):
            found = find(engine, told, known, settings=Settings(), salt=SALT)
        candidates += len(found.judged)
        passed += any((j.e_value or 0) >= (j.threshold or np.inf) for j in found.judged)
        accused += bool(reviewed(found))
    assert candidates >= worlds, "worlds without candidates show nothing"
    assert stats.binom.sf(passed - 1, worlds, 0.05) > 1e-3
    assert accused <= 1


def overlap(one: Judged, members: Ints) -> tuple[float, float]:
    """Precision and recall of a finding."""
    return float(np.isin(one.group.accounts, members).mean()), float(np.isin(members, one.group.accounts).mean())


@pytest.fixture(scope="module")
def one() -> tuple[World, Found, ActorTables]:
    drawn = world([*BENIGN, OPERATOR], seed=21)
    return drawn, *run(drawn)


def test_one_planted_operator_is_found_and_nobody_else(one: tuple[World, Found, ActorTables]) -> None:
    drawn, found, tables = one
    (actor,) = reviewed(found)
    precision, recall = overlap(actor, drawn.members["operator"])
    assert precision >= 0.95
    assert recall >= 0.8
    (row,) = [a for a in tables.actors.to_pylist() if a["decision"] == Decision.REVIEW]
    listed = [m["account"] for m in tables.members.to_pylist() if m["actor"] == row["actor"]]
    assert np.isin(listed, drawn.members["operator"]).mean() >= 0.95


def test_two_planted_operators_stay_apart() -> None:
    other = replace(OPERATOR, name="other", template="other op", cards=8, size=60, load=15)
    drawn = world([*BENIGN, OPERATOR, other], seed=22)
    found, _ = run(drawn)
    shown = reviewed(found)
    assert len(shown) == 2
    for name in ("operator", "other"):
        best = max(shown, key=lambda j: overlap(j, drawn.members[name])[1])
        precision, recall = overlap(best, drawn.members[name])
        assert precision >= 0.95
        assert recall >= 0.8


@pytest.mark.parametrize(
    "changed",
    [
        {"template": None, "cards": 1},
        {"presses": 0.02, "asks": 0.05},
        {"organisation": True},
        {"programme": "distillation"},
    ],
    ids=["no template and no ties", "nothing pressing", "one organisation", "declared"],
)
def test_no_harvest_without_ties_asking_and_a_lack_of_explanations(changed: dict[str, object]) -> None:
    drawn = world([replace(CUSTOMERS, size=700), replace(OPERATOR, **changed)], seed=23)  # type: ignore[arg-type]
    assert reviewed(run(drawn)[0]) == []


def test_results_do_not_hang_on_the_order_of_rows_or_how_they_are_cut(one: tuple[World, Found, ActorTables]) -> None:
    drawn, found, tables = one
    order = pa.array(np.random.default_rng(1).permutation(drawn.features.num_rows))
    facts = drawn.facts.take(pa.array(np.random.default_rng(2).permutation(drawn.facts.num_rows)))
    again, other = run(replace(drawn, features=drawn.features.take(order), facts=facts), pieces=7)
    assert found.links.equals(again.links)
    assert found.families.equals(again.families)
    for name in ("actors", "members", "lineage", "evidence"):
        assert getattr(tables, name).equals(getattr(other, name)), name


@pytest.mark.xfail(reason="wordings that are each under a tenth of an account's traffic are not joined", strict=True)
def test_an_operator_with_twenty_wordings_for_every_account_is_found_whole() -> None:
    drawn = world([*BENIGN, replace(OPERATOR, wordings=20, load=40)], seed=24)
    shown = reviewed(run(drawn)[0])
    assert shown
    assert max(overlap(j, drawn.members["operator"])[1] for j in shown) >= 0.8
