"""From finished worlds to rates with intervals. The unit is never an account of one pool, and worlds of one seed, which share their
innocent customers, count as one wherever the innocent are counted."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean

import numpy as np

from stillwatch.core import Estimate
from stillwatch.range.metrics.budget import mean_between
from stillwatch.range.metrics.members import Match, match
from stillwatch.range.studies.seen import OURS, Cluster, Seen
from stillwatch.stats import clopper_pearson

__all__ = [
    "Catch",
    "Wrong",
    "any_false",
    "catch",
    "false_discoveries",
    "found_rate",
    "is_false",
    "mean_by_seed",
    "mean_of",
    "recall_of",
    "wrongly_accused",
]


@dataclass(frozen=True, kw_only=True, slots=True)
class Catch:
    """How one campaign fared: found or not (as `metrics.members.Match` has it), the share of its accounts in groups that are mostly its
    own, and how pure the best group is.

    `grouped` is the same share over all groups that were looked at, whatever was decided of them: what ties alone found. `precision` is
    unknown where no group put up for review holds any of its accounts; `score` is of the group that holds most of them, unknown where
    there is none.
    """

    found: bool
    recall: float
    grouped: float
    precision: float | None
    score: float | None
    accounts: int


def catch(seen: Seen, actor: str, *, method: str = OURS) -> Catch:
    """How the campaign `actor` (its group in the truth) fared in one world."""
    own = f"actor/{actor}"
    accounts = seen.groups.get(own, 0)
    clusters = seen.by(method).clusters
    accusing = [c for c in clusters if c.accuses]
    put_up, looked_at = (match([c.members for c in some], {own: accounts})[0] for some in (accusing, clusters))
    return Catch(
        found=put_up.found,
        recall=_share(accusing, put_up),
        grouped=_share(clusters, looked_at),
        precision=None if put_up.best is None else put_up.best_precision,
        score=None if looked_at.best is None else clusters[looked_at.best].score,
        accounts=accounts,
    )


def _share(clusters: Sequence[Cluster], of: Match) -> float:
    """The share of a campaign's accounts in groups that are mostly its own; groups may overlap, so it is cut at 1."""
    caught = sum(clusters[k].members[of.name] for k in of.own)
    return min(1.0, caught / of.accounts) if of.accounts else 0.0


def found_rate(worlds: Sequence[Seen], actor: str, *, method: str = OURS) -> Estimate:
    """The share of worlds in which the campaign was found, with a Clopper-Pearson interval over worlds."""
    return clopper_pearson(sum(catch(seen, actor, method=method).found for seen in worlds), len(worlds))


def recall_of(worlds: Sequence[Seen], actor: str, *, method: str = OURS) -> Estimate:
    """The mean share of the campaign's accounts that were put up for review, with an interval over worlds."""
    return mean_of([catch(seen, actor, method=method).recall for seen in worlds])


def mean_of(values: Sequence[float]) -> Estimate:
    """A mean of shares over worlds, with an interval that holds however few the worlds are (Hoeffding-Bentkus)."""
    return mean_between(np.array(values, np.float64))


def mean_by_seed(told: Iterable[tuple[int, float]]) -> Estimate:
    """The mean of shares that were told of seeds; a seed counts once, with the mean of its own, however many shares it has.

    >>> rate = mean_by_seed([(1, 0.0), (1, 1.0), (2, 1.0)])
    >>> rate.value, rate.n
    (0.75, 2)
    """
    shares: dict[int, list[float]] = {}
    for seed, share in told:
        shares.setdefault(seed, []).append(share)
    return mean_of([fmean(own) for own in shares.values()])


def is_false(cluster: Cluster) -> bool:
    """Whether a group put up for review is mostly innocent accounts."""
    guilty = sum(n for of, n in cluster.members.items() if of.startswith("actor/"))
    return cluster.accuses and 2 * guilty <= cluster.size


def false_discoveries(worlds: Sequence[Seen], *, method: str = OURS) -> Estimate:
    """The mean share of false groups among the groups put up for review in a world (0 where there was none): the realised FDR.

    Worlds of one seed share their innocent customers and so their false groups: the interval is over seeds.
    """
    told = []
    for seen in worlds:
        accusing = [c for c in seen.by(method).clusters if c.accuses]
        told.append((seen.seed, sum(is_false(c) for c in accusing) / len(accusing) if accusing else 0.0))
    return mean_by_seed(told)


def any_false(worlds: Sequence[Seen], *, method: str = OURS) -> Estimate:
    """The share of worlds with at least one false group, with a Clopper-Pearson interval; in innocent worlds it is the realised FDR."""
    return clopper_pearson(sum(any(is_false(c) for c in s.by(method).clusters) for s in worlds), len(worlds))


@dataclass(frozen=True, kw_only=True, slots=True)
class Wrong:
    """One class of innocent accounts over all worlds.

    `accounts` were looked at, those of a background once in each of its worlds, and `accused` of them were members of groups put up for
    review; of `seeds` backgrounds any was in `seeds_hit`.
    """

    group: str
    seeds: int
    accounts: int
    accused: int
    seeds_hit: Estimate


def wrongly_accused(
    worlds: Sequence[Seen], *, method: str = OURS, roles: Collection[str] = ("lookalike", "benign")
) -> list[Wrong]:
    """False accusations by class of innocent accounts, lookalikes first."""
    groups = sorted({g for s in worlds for g in s.groups if g.split("/")[0] in roles}, key=lambda g: (g[0] == "b", g))
    out = []
    for group in groups:
        with_it = [s for s in worlds if group in s.groups]
        hits = [sum(c.members.get(group, 0) for c in s.by(method).clusters if c.accuses) for s in with_it]
        seeds = {s.seed for s in with_it}
        hit = {s.seed for s, n in zip(with_it, hits, strict=True) if n}
        out.append(
            Wrong(
                group=group,
                seeds=len(seeds),
                accounts=sum(s.groups[group] for s in with_it),
                accused=sum(hits),
                seeds_hit=clopper_pearson(len(hit), len(seeds)),
            )
        )
    return out
