"""Found clusters against hidden actors: who of each was found, how purely, in how many pieces, and what was found where nobody hides."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from stillwatch.core.records import Estimate
from stillwatch.range.metrics.known import Known
from stillwatch.stats import clopper_pearson

__all__ = ["FOUND", "HiddenActor", "Members", "NullWorlds", "compare_members", "null_worlds"]

Ints = npt.NDArray[np.int64]

FOUND = 0.5
"""An actor counts as found when one cluster has this share of its accounts and is its own to this share."""


@dataclass(frozen=True, kw_only=True, slots=True)
class HiddenActor:
    """One hidden actor.

    Attributes:
        name: its name in the truth.
        accounts: how many it runs.
        recall: share of its accounts in any cluster that is mostly its own.
        best_recall, best_precision: of the cluster that shares most accounts with it; NaN where none does.
        found: whether that cluster meets `FOUND` on both.
        pieces: clusters that are mostly its own.
        merged: whether its best cluster holds a quarter or more of another actor's accounts.
    """

    name: str
    accounts: int
    recall: float
    best_recall: float
    best_precision: float
    found: bool
    pieces: int
    merged: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Members:
    """Clusters of one world against its truth.

    Attributes:
        actors: each hidden actor.
        recall: share of all guilty accounts in a cluster that is mostly its actor's.
        precision: share of all accounts in clusters that are guilty.
        clusters: how many there are.
        false_clusters: those of which no one actor runs more than half.
        false_share: their share: the false discovery proportion of the run, 0 when there is no cluster.
        accused: innocent accounts in clusters.
    """

    actors: tuple[HiddenActor, ...]
    recall: Estimate
    precision: Estimate
    clusters: int
    false_clusters: int
    false_share: float
    accused: int


@dataclass(frozen=True, kw_only=True, slots=True)
class NullWorlds:
    """What a peer finds where nobody hides: the share of worlds with any cluster, clusters a world, and accounts accused a world."""

    worlds: int
    any_cluster: Estimate
    clusters: float
    accused: float


def compare_members(clusters: Sequence[Ints], truth: Known) -> Members:
    """Hold clusters (member accounts of each) against the truth. Accounts that are not in `truth` (cleared ones) do not count.

    A cluster that loses all its members so is left out; one account in two clusters counts once in precision.
    """
    held = [np.unique(one[np.isin(one, truth.account)]) for one in clusters]
    placed = [truth.places(one) for one in held if one.size]
    hidden = truth.actors()
    names = list(hidden)
    owner_of = np.full(truth.account.size, -1)
    for number, places in enumerate(hidden.values()):
        owner_of[places] = number
    shares = np.array([np.bincount(owner_of[one] + 1, minlength=len(names) + 1)[1:] for one in placed]).reshape(
        len(placed), len(names)
    )
    sizes = np.array([one.size for one in placed], np.int64)
    owned = (
        np.where(2 * shares.max(axis=1, initial=0) > sizes, shares.argmax(axis=1), -1)
        if names
        else np.full(len(placed), -1)
    )
    actors, caught = [], 0
    for number, name in enumerate(names):
        one, mine = _actor(number, name, hidden[name].size, shares, sizes, owned, placed, owner_of)
        actors.append(one)
        caught += mine
    reported = np.unique(np.concatenate(placed)) if placed else np.empty(0, np.int64)
    guilty = int((owner_of[reported] >= 0).sum())
    false = int((owned < 0).sum())
    return Members(
        actors=tuple(actors),
        recall=clopper_pearson(caught, int((owner_of >= 0).sum())),
        precision=clopper_pearson(guilty, reported.size),
        clusters=len(placed),
        false_clusters=false,
        false_share=false / len(placed) if placed else 0.0,
        accused=int(reported.size) - guilty,
    )


def null_worlds(results: Sequence[Members]) -> NullWorlds:
    """Findings on worlds without a hidden actor. The interval is over worlds, the only independent unit there is.

    Raises:
        ValueError: when one of the worlds has a hidden actor.
    """
    if any(one.actors for one in results):
        raise ValueError("results: got a world with hidden actors, expected null worlds only")
    n = len(results)
    return NullWorlds(
        worlds=n,
        any_cluster=clopper_pearson(sum(one.clusters > 0 for one in results), n),
        clusters=sum(one.clusters for one in results) / n if n else math.nan,
        accused=sum(one.accused for one in results) / n if n else math.nan,
    )


def _actor(
    number: int,
    name: str,
    accounts: int,
    shares: Ints,
    sizes: Ints,
    owned: Ints,
    placed: Sequence[Ints],
    owner_of: Ints,
) -> tuple[HiddenActor, int]:
    """One actor, and how many of its accounts were caught."""
    overlap = shares[:, number] if len(placed) else np.empty(0, np.int64)
    own = [placed[k] for k in np.flatnonzero(owned == number).tolist()]
    caught = np.unique(np.concatenate(own)) if own else np.empty(0, np.int64)
    mine = int((owner_of[caught] == number).sum())
    best = int(np.lexsort((sizes, -overlap))[0]) if overlap.any() else None
    recall = overlap[best] / accounts if best is not None else math.nan
    precision = overlap[best] / sizes[best] if best is not None else math.nan
    totals = np.bincount(owner_of[owner_of >= 0], minlength=shares.shape[1] if len(placed) else 0)
    others = np.delete(shares[best] / np.maximum(totals, 1), number) if best is not None else np.empty(0)
    return (
        HiddenActor(
            name=name,
            accounts=accounts,
            recall=mine / accounts,
            best_recall=float(recall),
            best_precision=float(precision),
            found=bool(recall >= FOUND and precision >= FOUND),
            pieces=len(own),
            merged=bool((others >= 0.25).any()),
        ),
        mine,
    )
