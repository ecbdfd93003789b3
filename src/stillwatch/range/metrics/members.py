"""Found clusters against hidden actors: who of each was found, how purely, in how many pieces, and what was found where nobody hides."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from stillwatch.core.records import Estimate
from stillwatch.range.metrics.known import Known
from stillwatch.stats import clopper_pearson

__all__ = ["FOUND", "HiddenActor", "Match", "Members", "NullWorlds", "compare_members", "match", "null_worlds"]

Ints = npt.NDArray[np.int64]

FOUND = 0.5
"""An actor counts as found when one cluster has this share of its accounts and is its own to this share."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Match:
    """One hidden actor and the clusters that fit it, told from counts alone.

    Attributes:
        name: its name in the truth.
        accounts: how many it runs.
        best: which cluster shares most accounts with it (of equals the smaller); None where none shares any.
        best_recall, best_precision: of that cluster; NaN without one.
        own: clusters that are mostly its own: more than half of their members.
        merged: whether its best cluster holds a quarter or more of another actor's accounts.
    """

    name: str
    accounts: int
    best: int | None
    best_recall: float
    best_precision: float
    own: tuple[int, ...]
    merged: bool

    @property
    def found(self) -> bool:
        """Whether the best cluster has half of the actor's accounts and is half its own (`FOUND`)."""
        return self.best_recall >= FOUND and self.best_precision >= FOUND

    @property
    def pieces(self) -> int:
        """Clusters that are mostly its own."""
        return len(self.own)


@dataclass(frozen=True, kw_only=True, slots=True)
class HiddenActor:
    """One hidden actor: its `match`, and `recall`, the share of its accounts in any cluster that is mostly its own."""

    match: Match
    recall: float


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


def match(clusters: Sequence[Mapping[str, int]], actors: Mapping[str, int]) -> tuple[Match, ...]:
    """Match clusters, each as members by name, with hidden actors, each with its number of accounts; other names are innocent.

    >>> one = match([{"a": 6, "chat": 2}, {"chat": 9}], {"a": 10})[0]
    >>> one.best, one.best_recall, one.best_precision, one.found, one.own
    (0, 0.6, 0.75, True, (0,))
    """
    sizes = [sum(one.values()) for one in clusters]
    found = []
    for name, accounts in actors.items():
        shared = [one.get(name, 0) for one in clusters]
        best = max(range(len(clusters)), key=lambda k: (shared[k], -sizes[k]), default=None)
        best = None if best is None or not shared[best] else best
        held = {} if best is None else clusters[best]
        others = [held.get(other, 0) / n for other, n in actors.items() if other != name and n]
        found.append(
            Match(
                name=name,
                accounts=accounts,
                best=best,
                best_recall=math.nan if best is None else shared[best] / accounts,
                best_precision=math.nan if best is None else shared[best] / sizes[best],
                own=tuple(k for k, n in enumerate(shared) if 2 * n > sizes[k]),
                merged=any(share >= 0.25 for share in others),
            )
        )
    return tuple(found)


def compare_members(clusters: Sequence[Ints], truth: Known) -> Members:
    """Hold clusters (member accounts of each) against the truth. Accounts that are not in `truth` (cleared ones) do not count.

    A cluster that loses all its members so is left out; one account in two clusters counts once in precision.
    """
    held = [np.unique(one[np.isin(one, truth.account)]) for one in clusters]
    placed = [truth.places(one) for one in held if one.size]
    hidden = truth.actors()
    owner_of = np.full(truth.account.size, "", object)
    for name, places in hidden.items():
        owner_of[places] = name
    counts = [Counter(owner_of[one].tolist()) for one in placed]
    matches = match(counts, {name: places.size for name, places in hidden.items()})
    actors, caught = [], 0
    for one in matches:
        own = [placed[k] for k in one.own]
        mine = int((owner_of[np.unique(np.concatenate(own))] == one.name).sum()) if own else 0
        actors.append(HiddenActor(match=one, recall=mine / one.accounts))
        caught += mine
    reported = np.unique(np.concatenate(placed)) if placed else np.empty(0, np.int64)
    guilty = int((owner_of[reported] != "").sum())
    false = len(placed) - sum(one.pieces for one in matches)
    return Members(
        actors=tuple(actors),
        recall=clopper_pearson(caught, int((owner_of != "").sum())),
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
