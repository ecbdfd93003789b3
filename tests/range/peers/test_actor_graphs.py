"""The graph methods against graphs whose answers are known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from scipy import sparse

from stillwatch.range.peers.account_vectors import directions, similar_pairs
from stillwatch.range.peers.components import fleet_gap, fused_scores
from stillwatch.range.peers.fraudar import densest
from stillwatch.range.peers.louvain import communities, modularity
from stillwatch.range.peers.partition import linked, parts
from stillwatch.range.peers.things import pairs_within, shared_things

BuildTown = Callable[..., Any]

KARATE = (
    "1 2,1 3,1 4,1 5,1 6,1 7,1 8,1 9,1 11,1 12,1 13,1 14,1 18,1 20,1 22,1 32,2 3,2 4,2 8,2 14,2 18,2 20,2 22,2 31,3 4,3 8,3 9,3 10,"
    "3 14,3 28,3 29,3 33,4 8,4 13,4 14,5 7,5 11,6 7,6 11,6 17,7 17,9 31,9 33,9 34,10 34,14 34,15 33,15 34,16 33,16 34,19 33,19 34,"
    "20 34,21 33,21 34,23 33,23 34,24 26,24 28,24 30,24 33,24 34,25 26,25 28,25 32,26 32,27 30,27 34,28 34,29 32,29 34,30 33,30 34,"
    "31 33,31 34,32 33,32 34,33 34"
)
"""Zachary's karate club (1977): 34 members, 78 friendships."""


def graph(edges: list[tuple[int, int]], nodes: int) -> sparse.csr_matrix:
    ends = np.array(edges).T
    half = sparse.coo_matrix((np.ones(len(edges)), (ends[0], ends[1])), shape=(nodes, nodes))
    return sparse.csr_matrix(half + half.T)


def test_louvain_reaches_what_is_known_of_the_karate_club() -> None:
    edges = [(int(a) - 1, int(b) - 1) for a, b in (pair.split() for pair in KARATE.split(","))]
    club = graph(edges, 34)
    assert len(edges) == 78
    best = max(modularity(club, communities(club, rng=np.random.default_rng(seed))) for seed in range(5))
    assert 0.40 <= best <= 0.4198, "the best partition of the club has 0.4198"


def test_louvain_separates_cliques_in_a_ring() -> None:
    edges = [(8 * k + a, 8 * k + b) for k in range(6) for a, b in combinations(range(8), 2)]
    edges += [(8 * k, 8 * ((k + 1) % 6) + 1) for k in range(6)]
    label = communities(graph(edges, 48), rng=np.random.default_rng(2))
    assert label.tolist() == np.repeat(label[::8], 8).tolist()
    assert np.unique(label).size == 6


def test_louvain_merges_small_cliques_when_there_are_many_its_resolution_limit() -> None:
    edges = [(3 * k + a, 3 * k + b) for k in range(60) for a, b in combinations(range(3), 2)]
    edges += [(3 * k, 3 * ((k + 1) % 60) + 1) for k in range(60)]
    label = communities(graph(edges, 180), rng=np.random.default_rng(2))
    assert np.unique(label).size < 60


def test_nodes_without_ties_are_alone() -> None:
    label = communities(graph([(0, 1)], 4), rng=np.random.default_rng(1))
    assert label[0] == label[1]
    assert np.unique(label).size == 3


def planted(camouflage: int) -> sparse.csr_matrix:
    """400 accounts and 300 things; accounts 0-19 all have things 0-14, and `camouflage` popular things each."""
    rng = np.random.default_rng(8)
    rows = np.zeros((400, 300), np.bool_)
    popular = 270 + np.minimum(rng.zipf(1.5, (400, 4)) - 1, 29)
    rows[np.repeat(np.arange(400), 4), popular.ravel()] = True
    rows[np.repeat(np.arange(400), 2), rng.integers(15, 270, 800)] = True
    rows[:20] = False
    rows[:20, :15] = True
    for account in range(20):
        rows[account, 270 + rng.permutation(30)[:camouflage]] = True
    return sparse.csr_matrix(rows.astype(np.float64))


@pytest.mark.parametrize("camouflage", [0, 5, 10])
@pytest.mark.parametrize("most_exact", [1_000_000, 10])
def test_fraudar_sees_a_block_through_camouflage(camouflage: int, most_exact: int) -> None:
    accounts, things, _ = densest(planted(camouflage), most_exact=most_exact)
    assert np.isin(np.arange(20), accounts).all()
    assert np.isin(np.arange(15), things).all()
    assert accounts.size <= 30


def brute_force(having: npt.NDArray[np.float64]) -> float:
    weight = 1 / np.log(having.sum(axis=0) + 5)
    best = 0.0
    for rows in range(1, 1 << having.shape[0]):
        chosen = having[[k for k in range(having.shape[0]) if rows >> k & 1]]
        for columns in range(1, 1 << having.shape[1]):
            kept = [k for k in range(having.shape[1]) if columns >> k & 1]
            best = max(best, float((chosen[:, kept] * weight[kept]).sum()) / (len(chosen) + len(kept)))
    return best


@pytest.mark.parametrize("seed", range(6))
def test_the_peeled_block_has_at_least_half_of_the_best_density(seed: int) -> None:
    having = (np.random.default_rng(seed).random((5, 5)) < 0.5).astype(np.float64)
    if not having.any():
        having[0, 0] = 1
    best = brute_force(having)
    for most_exact, bound in ((100, 2.0), (0, 2.2)):
        _, _, density = densest(sparse.csr_matrix(having), most_exact=most_exact)
        assert best / bound - 1e-9 <= density <= best + 1e-9


def test_similar_pairs_are_those_of_the_full_product(build_town: BuildTown) -> None:
    town = build_town(customers=120, operator=10).given
    for vectors in (directions(town), directions(replace(town, texts=None))):
        rows = vectors.rows if isinstance(vectors.rows, np.ndarray) else vectors.rows.toarray()
        assert np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)
        wanted = {(i, j) for i, j in combinations(range(len(rows)), 2) if rows[i] @ rows[j] >= 0.7}
        found = {
            (int(a), int(b))
            for one, other, _ in similar_pairs(vectors.rows, 0.7)
            for a, b in zip(one, other, strict=True)
        }
        assert wanted, "pairs are needed to show anything"
        assert len(wanted ^ found) <= 2, "a pair on the edge may round either way"


def test_a_mean_of_texts_is_the_same_however_the_rows_are_ordered(build_town: BuildTown) -> None:
    town = build_town(customers=30, operator=5).given
    rows = town.engine.to_arrow(town.texts)
    turned = replace(town, texts=town.engine.from_arrow(rows.take(np.arange(rows.num_rows)[::-1])))
    assert np.array_equal(directions(town).rows, directions(turned).rows)


def test_things_are_what_at_least_two_accounts_share(build_town: BuildTown) -> None:
    town = build_town(customers=50, operator=8)
    shared = shared_things(town.given, ("payment",))
    assert shared.counts.shape == (58, 2)
    assert np.asarray(shared.having.sum(axis=0)).ravel().tolist() == [4, 4]
    capped = shared_things(town.given, ("anchor",), most_share=0.0)
    assert np.asarray(capped.having.sum(axis=0)).max() <= 10


def test_the_rarest_things_fit_into_the_pairs_first() -> None:
    having = sparse.csr_matrix(np.array([[1, 1, 0], [1, 1, 0], [1, 0, 1], [1, 0, 1.0]]))
    kept, note = pairs_within(having, 2)
    assert kept.tolist() == [False, True, True]
    assert note == "1 things that 4 accounts or more share left out: beyond 2 pairs"
    everything, nothing = pairs_within(having, 8)
    assert everything.all()
    assert nothing == ""


def test_partition_ignores_what_is_too_small() -> None:
    assert [one.tolist() for one in linked(graph([(0, 1), (1, 2), (3, 4)], 6), 3)] == [[0, 1, 2]]
    assert parts(np.empty(0, np.int64), 1) == []


def test_a_fleet_of_specialists_has_a_gap_and_one_of_generalists_has_none() -> None:
    specialists = sparse.csr_matrix(np.kron(np.eye(5), np.full((1, 2), 10.0)))
    generalists = sparse.csr_matrix(np.full((5, 10), 10.0))
    assert fleet_gap(specialists) == pytest.approx(1 - np.log(2) / np.log(10))
    assert fleet_gap(generalists) == pytest.approx(0.0)
    assert np.isnan(fleet_gap(sparse.csr_matrix(np.ones((2, 2)))))


def test_fused_scores_are_high_for_the_fast_and_the_wide(build_town: BuildTown) -> None:
    town = build_town(suite=10)
    fused = fused_scores(town.given)
    suite = np.isin(town.given.account, town.members["suite"])
    assert fused[suite].min() > np.median(fused[~suite])
