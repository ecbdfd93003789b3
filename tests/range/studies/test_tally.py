"""Rates count worlds and campaigns, and know a found campaign from one that is only grouped."""

from __future__ import annotations

import math

import pytest

from stillwatch.range.studies.leave_one_campaign_out import best_threshold, innocent_scores, reach
from stillwatch.range.studies.leave_one_lookalike_out import loudest
from stillwatch.range.studies.lookalikes import hit
from stillwatch.range.studies.seen import OURS, Cluster, Looked, Seen
from stillwatch.range.studies.tally import any_false, catch, false_discoveries, found_rate, recall_of, wrongly_accused


def group(
    members: dict[str, int], *, decision: str = "review", score: float | None = 100.0, reason: str = ""
) -> Cluster:
    return Cluster(decision=decision, score=score, members=members, reason=reason)


def world(*clusters: Cluster, actors: int = 100, seed: int = 1) -> Seen:
    groups = {"benign/chat": 1000, "lookalike/extension": 40}
    if actors:
        groups["actor/c"] = actors
    return Seen(
        name=f"w{seed}",
        recipe="",
        seed=seed,
        accounts=sum(groups.values()),
        exchanges=10_000,
        content="",
        dial={},
        groups=groups,
        sent=0,
        told={},
        looked=(Looked(method=OURS, clusters=clusters),),
        cpu_seconds=1.0,
        finished="2026-01-01T00:00:00+00:00",
    )


@pytest.mark.parametrize(
    ("members", "found", "recall"),
    [
        ({"actor/c": 50}, True, 0.5),
        ({"actor/c": 49}, False, 0.49),
        ({"actor/c": 60, "benign/chat": 60}, True, 0.0),
        ({"actor/c": 60, "benign/chat": 61}, False, 0.0),
    ],
)
def test_found_needs_half_of_the_accounts_in_a_group_that_is_half_its_own(
    members: dict[str, int], found: bool, recall: float
) -> None:
    caught = catch(world(group(members)), "c")
    assert caught.found is found
    assert caught.recall == recall


def test_a_campaign_that_is_grouped_but_not_put_up_is_not_found() -> None:
    caught = catch(world(group({"actor/c": 90}, decision="set_aside", score=0.4)), "c")
    assert not caught.found
    assert caught.recall == 0
    assert caught.grouped == 0.9
    assert caught.precision is None
    assert caught.score == 0.4


def test_several_pieces_add_up_in_recall_and_count_once_each_for_finding() -> None:
    caught = catch(world(group({"actor/c": 40}), group({"actor/c": 45, "benign/chat": 5})), "c")
    assert not caught.found
    assert caught.recall == pytest.approx(0.85)
    assert caught.precision == 0.9


def test_rates_have_intervals_over_worlds() -> None:
    worlds = [world(group({"actor/c": 100}), seed=1), world(seed=2), world(seed=3), world(seed=4)]
    rate = found_rate(worlds, "c")
    assert (rate.value, rate.n) == (0.25, 4)
    assert rate.low == pytest.approx(0.0063, abs=1e-4)
    assert rate.high == pytest.approx(0.8059, abs=1e-4)
    assert recall_of(worlds, "c").value == 0.25
    assert recall_of(worlds[:1], "c").low < 0.05


def test_the_realised_rate_counts_groups_that_are_mostly_innocent() -> None:
    mixed = world(group({"actor/c": 100}), group({"lookalike/extension": 30}), seed=1)
    clean = world(group({"actor/c": 51, "benign/chat": 50}), seed=2)
    assert false_discoveries([mixed, clean]).value == 0.25
    assert any_false([mixed, clean]).value == 0.5
    assert false_discoveries([world(seed=3)]).value == 0.0


def test_the_wronged_are_counted_by_class_over_worlds() -> None:
    extension, chat = wrongly_accused([world(group({"lookalike/extension": 30})), world(seed=2)])
    assert (extension.group, extension.accounts, extension.accused) == ("lookalike/extension", 80, 30)
    assert (extension.seeds, extension.seeds_hit.value) == (2, 0.5)
    assert (chat.group, chat.accused) == ("benign/chat", 0)


def test_worlds_of_one_seed_share_their_innocent_customers_and_count_once() -> None:
    """Twenty campaigns before one background are one look at its innocent customers, not twenty."""
    worlds = [world(group({"lookalike/extension": 30}), seed=1) for _ in range(20)] + [world(seed=2)]
    extension = wrongly_accused(worlds)[0]
    assert (extension.seeds, extension.accounts, extension.accused) == (2, 21 * 40, 600)
    assert (extension.seeds_hit.value, extension.seeds_hit.n) == (0.5, 2)
    realised = false_discoveries(worlds)
    assert (realised.value, realised.n) == (0.5, 2)
    assert realised.high > 0.95


def test_set_aside_groups_accuse_nobody() -> None:
    aside = world(group({"lookalike/extension": 30}, decision="set_aside"))
    assert wrongly_accused([aside])[0].accused == 0
    assert not hit(aside, "extension")
    assert any_false([aside]).value == 0.0


def test_the_threshold_of_the_others_weighs_campaigns_against_the_innocent() -> None:
    assert best_threshold([5.0, 80.0, 90.0], [3.0]) == 5.0
    assert best_threshold([5.0, 80.0, 90.0], [6.0, 7.0, 8.0]) == 80.0
    assert best_threshold([-math.inf], []) == math.inf
    assert best_threshold([5.0], [50.0, 60.0]) == math.inf


def test_no_threshold_reaches_a_group_with_an_innocent_explanation() -> None:
    told = "an innocent explanation fits, everyday tool"
    spared = world(
        group({"actor/c": 100}, decision="set_aside", score=1e9, reason=told),
        group({"lookalike/extension": 30}, decision="set_aside", score=1e9, reason=told),
    )
    assert reach(spared, "c") == -math.inf
    assert innocent_scores(spared) == []
    assert loudest(spared, "extension") == -math.inf
    quiet = world(group({"actor/c": 100}, decision="set_aside", score=0.4, reason="not shown on held-out data"))
    assert reach(quiet, "c") == 0.4
