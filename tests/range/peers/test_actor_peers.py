"""Peers that look for actors and accounts: each finds the obvious operator by its own method, and fails as its authors' critics say."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from stillwatch.core.errors import ContractError, Error
from stillwatch.range import peers
from stillwatch.range.peers.actor_peer import ActorPeer, Cluster, Findings, scores_of_members, traffic
from stillwatch.range.peers.actor_roster import account_peers, actor_peers
from stillwatch.range.peers.co_action import CoAction
from stillwatch.range.peers.components import CosineComponents
from stillwatch.range.peers.fraudar import Fraudar
from stillwatch.range.peers.louvain import LouvainCommunities
from stillwatch.range.peers.naive_gateway import GatewayRules
from stillwatch.range.peers.naive_rules import AdvisoryHunt, CapabilityRules
from stillwatch.range.peers.ours import OurAccounts, OurActors

BuildTown = Callable[..., Any]


def rng() -> np.random.Generator:
    return np.random.default_rng(4)


@pytest.mark.parametrize(
    "peer", [CosineComponents(), LouvainCommunities(), Fraudar(), OurActors()], ids=lambda p: p.name
)
def test_an_obvious_operator_is_one_of_the_clusters(peer: ActorPeer, build_town: BuildTown) -> None:
    town = build_town()
    found = peer.find(town.given, rng=rng()).clusters
    assert found
    precision, recall = max((town.overlap(one.members, "operator") for one in found), key=lambda pair: min(pair))
    assert precision >= 0.9
    assert recall >= 0.9


def test_co_action_finds_the_operator_and_its_percentile_cuts_it_down(build_town: BuildTown) -> None:
    town = build_town()
    (cut,) = CoAction().find(town.given, rng=rng()).clusters
    assert town.overlap(cut.members, "operator")[0] == 1.0
    assert town.overlap(cut.members, "operator")[1] < 0.9, "most pairs are the operator's, and only a twentieth is kept"
    (whole,) = CoAction(percentile=0.0).find(town.given, rng=rng()).clusters
    assert town.overlap(whole.members, "operator") == (1.0, 1.0)


@pytest.mark.parametrize("name", sorted(actor_peers()))
def test_the_same_traffic_and_stream_give_the_same_clusters(name: str, build_town: BuildTown) -> None:
    town = build_town(suite=20, campus=25)
    first, second = (actor_peers()[name].find(town.given, rng=rng()).clusters for _ in range(2))
    assert [(one.members.tolist(), one.score) for one in first] == [(one.members.tolist(), one.score) for one in second]


@pytest.mark.parametrize("name", sorted(actor_peers()))
def test_clusters_are_accounts_of_the_traffic_each_once_and_the_strongest_first(
    name: str, build_town: BuildTown
) -> None:
    town = build_town(suite=20, campus=25)
    found = actor_peers()[name].find(town.given, rng=rng()).clusters
    for one in found:
        assert np.array_equal(one.members, np.unique(one.members))
        assert np.isin(one.members, town.given.account).all()
        assert one.members.size >= 2
    assert [one.score for one in found] == sorted((one.score for one in found), reverse=True)


@pytest.mark.parametrize("name", sorted(actor_peers()))
def test_a_world_without_rows_has_no_clusters(name: str, build_town: BuildTown) -> None:
    town = build_town(customers=0, operator=0)
    assert actor_peers()[name].find(town.given, rng=rng()).clusters == ()


@pytest.mark.parametrize("name", sorted(set(account_peers()) - {"unmimic_on_hashed_words"}))
def test_every_account_is_scored_in_order(name: str, build_town: BuildTown) -> None:
    town = build_town(suite=20, campus=25, cleared=50)
    scores = account_peers()[name].score(town.given, rng=rng())
    assert np.array_equal(scores.account, town.given.account)
    assert scores.score.shape == scores.accused.shape == scores.account.shape
    assert not np.isnan(scores.score[scores.accused]).any()


def test_truth_cannot_come_in_as_a_column(build_town: BuildTown) -> None:
    given = build_town(customers=5, operator=0).given
    with pytest.raises(ContractError, match="lookalike, role, which no detector may see"):
        traffic(
            given.engine,
            given.features,
            given.engine.from_arrow(pa.table({"account": [1], "role": ["actor"], "lookalike": ["classroom"]})),
        )


def test_no_peer_can_reach_the_truth() -> None:
    sealed = ("truth", "metrics", "world", "measure", "campaigns", "lookalikes", "studies")
    reached = []
    for path in sorted(Path(peers.__file__).parent.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            origin = node.module if isinstance(node, ast.ImportFrom) else None
            if (
                origin
                and origin.startswith("stillwatch.range")
                and origin.split(".")[2:3]
                and origin.split(".")[2] in sealed
            ):
                reached.append(f"{path.name} imports {origin}")
    assert reached == []


def test_a_finder_of_clusters_can_be_read_account_by_account() -> None:
    found = Findings(
        clusters=(Cluster(members=np.array([2, 3]), score=5.0), Cluster(members=np.array([3, 4]), score=7.0))
    )
    scores = scores_of_members(found, np.array([1, 2, 3, 4]))
    assert scores.score.tolist() == [-np.inf, 5.0, 7.0, 7.0]
    assert scores.accused.tolist() == [False, True, True, True]


@pytest.mark.parametrize("peer", [LouvainCommunities(), Fraudar()], ids=lambda p: p.name)
def test_methods_without_a_test_accuse_somebody_where_nobody_hides(peer: ActorPeer, build_town: BuildTown) -> None:
    town = build_town(operator=0)
    assert peer.find(town.given, rng=rng()).clusters, f"{peer.name} should have found communities of innocents"


def test_ours_finds_nobody_where_nobody_hides(build_town: BuildTown) -> None:
    assert OurActors().find(build_town(operator=0, suite=20, campus=25).given, rng=rng()).clusters == ()


def test_components_chain_until_nearly_everybody_is_one_campaign(build_town: BuildTown) -> None:
    town = build_town(customers=500)
    loose = CosineComponents(threshold=0.3).find(town.given, rng=rng()).clusters
    assert max(one.members.size for one in loose) > 0.8 * town.given.account.size


def test_cosine_components_calibrated_on_cleared_accounts_report_fewer(build_town: BuildTown) -> None:
    plain = CosineComponents(threshold=0.5).find(build_town(customers=200).given, rng=rng())
    held = CosineComponents(threshold=0.5).find(build_town(customers=200, cleared=150).given, rng=rng())
    assert len(held.clusters) < len(plain.clusters)
    assert "cleared" in held.notes[-1]


def test_accounts_compared_in_pairs_have_a_limit(build_town: BuildTown) -> None:
    with pytest.raises(Error, match="460 accounts to compare in pairs, expected at most 100"):
        CosineComponents(most_accounts=100).find(build_town().given, rng=rng())


def test_co_action_misses_a_queue_that_never_asks_twice(build_town: BuildTown) -> None:
    town = build_town()
    seconds = CoAction(kinds=("prompt", "skeleton")).find(town.given, rng=rng())
    assert seconds.clusters == (), "every prompt and skeleton is new: a work queue leaves no joint acts on them"


def test_the_estimated_interval_is_said(build_town: BuildTown) -> None:
    found = CoAction(seconds=None).find(build_town().given, rng=rng())
    assert found.notes[0].startswith("interval of ")


def test_rules_of_a_gateway_flag_an_evaluation_suite_and_not_the_operator(build_town: BuildTown) -> None:
    town = build_town(suite=20)
    scores = GatewayRules().score(town.given, rng=rng())
    share = {
        name: float(scores.accused[np.isin(scores.account, who)].mean())
        for name, who in town.members.items()
        if who.size
    }
    assert share["suite"] == 1.0
    assert share["customers"] == 0.0
    assert share["operator"] == 0.0, "under 100 prompts an hour, one address, no step-by-step: nothing fires twice"
    (cluster,) = GatewayRules().find(town.given, rng=rng()).clusters
    assert town.overlap(cluster.members, "suite") == (1.0, 1.0)


def test_rules_of_a_gateway_work_without_text(build_town: BuildTown) -> None:
    town = build_town(suite=20)
    scores = GatewayRules().score(replace(town.given, texts=None), rng=rng())
    assert scores.accused[np.isin(scores.account, town.members["suite"])].all()


def test_rules_of_capability_flag_whoever_is_busy_and_asks_for_steps(build_town: BuildTown) -> None:
    town = build_town(suite=20, campus=25)
    scores = CapabilityRules().score(town.given, rng=rng())
    share = {name: float(scores.accused[np.isin(scores.account, who)].mean()) for name, who in town.members.items()}
    assert share["suite"] == 1.0
    assert share["operator"] < 0.2, "it asks for reasoning, and nothing else of it is unusual to these rules"
    assert np.isnan(scores.score[np.isin(scores.account, town.members["customers"])]).all(), (
        "twelve exchanges are too few"
    )


def test_growing_prompts_and_alternating_blocks_count(build_town: BuildTown) -> None:
    given = build_town(customers=2, operator=0).given
    rows = given.engine.to_arrow(given.features).take(pa.array([0] * 40))
    n = rows.num_rows
    changed = {
        "exchange_id": pa.array(np.arange(n)),
        "at": pa.array(np.arange(n) * 1_000_000).cast(rows.schema.field("at").type),
        "outcome": pa.array(["refused" if k % 2 and k < 20 else "ok" for k in range(n)]),
        "prompt_words": pa.array(np.arange(10, 10 + n), pa.int32()),
    }
    for name, values in changed.items():
        rows = rows.set_column(rows.column_names.index(name), rows.schema.field(name), values)
    town = traffic(given.engine, given.engine.from_arrow(rows), given.account_facts)
    # One topic of one seen is full coverage, a quarter is blocked and switches, and words rise by more than the mean.
    scores = CapabilityRules().score(town, rng=rng())
    assert scores.score.tolist() == [pytest.approx(3 / 5)]
    assert scores.accused.all()


def test_an_advisory_hunt_flags_a_campus_and_misses_an_operator_behind_homes(build_town: BuildTown) -> None:
    town = build_town(campus=30)
    (cluster,) = AdvisoryHunt().find(town.given, rng=rng()).clusters
    assert town.overlap(cluster.members, "campus") == (1.0, 1.0)
    assert not np.isin(cluster.members, town.members["operator"]).any()
    scores = AdvisoryHunt().score(town.given, rng=rng())
    assert np.array_equal(scores.account[scores.accused], town.members["campus"])
    assert AdvisoryHunt(requests=12_000).find(town.given, rng=rng()).clusters == (), "more than 12,000 is not 12,000"


def test_our_accounts_say_why_they_accuse_nobody_without_cleared_ones(build_town: BuildTown) -> None:
    scores = OurAccounts().score(build_town(suite=10).given, rng=rng())
    assert not scores.accused.any()
    assert scores.notes
