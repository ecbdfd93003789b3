"""Actors that draw on one pool of accounts: one operator with several jobs, or several who bought from one seller.

Two groups that send different things can hold the same cards and devices. That says that their accounts come from one hand; it does not
say whether one operator runs both jobs. Three answers are open: one operator, several that share the pool, and unknown. Nothing in the
logs of accounts that each do one job decides between the first two: the pool is told to be shared, and by whom to be unknown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from stillwatch.actors.comparison import Comparison
from stillwatch.actors.population import HeldOut

__all__ = ["SharedPool", "shared_pools"]

Ints = npt.NDArray[np.int64]

_LEAST = 3
_LEVEL = 0.01


@dataclass(frozen=True, kw_only=True, slots=True)
class SharedPool:
    """Two groups by their places, and how many accounts of the first hold payment instruments or devices of the second."""

    one: int
    other: int
    accounts: int


def shared_pools(
    groups: Sequence[Ints], links: pa.Table, population: HeldOut, rng: np.random.Generator
) -> tuple[SharedPool, ...]:
    """Pairs of groups whose accounts hold the same payment instruments or devices far more than accounts as busy do.

    Null of a pair: the first group's accounts hold things of the second as random ones as busy do. Bonferroni over the pairs that share
    three accounts or more. The things did not find groups that templates hold, so the comparison is fair to these.

    Args:
        groups: sorted accounts of each group, disjoint.
        links: rows of the table `links`.
    """
    instruments = links.filter(pc.is_in(links.column("kind"), pa.array(["device", "payment"])))
    account, thing = instruments.column("account").to_numpy(), instruments.column("object").to_numpy()
    drafts = _drafts(groups, account, thing)
    found = []
    for a, b, shared, held in drafts:
        holders = np.unique(account[np.isin(thing, held)])
        scores = np.isin(population.account, holders).astype(np.float64)
        scores[np.isin(population.account, groups[b])] = np.nan
        told = Comparison(scores, population.bin).test(population.places(groups[a]), rng)
        if (told.e_value or 0.0) >= len(drafts) / _LEVEL:
            found.append(SharedPool(one=a, other=b, accounts=shared))
    return tuple(found)


def _drafts(groups: Sequence[Ints], account: Ints, thing: Ints) -> list[tuple[int, int, int, Ints]]:
    """Pairs of groups of which at least three accounts of the first hold things of the second; with their number and those things."""
    members = np.concatenate([np.empty(0, np.int64), *groups])
    order = np.argsort(members)
    owner = np.repeat(np.arange(len(groups)), [one.size for one in groups])[order]
    place = np.searchsorted(members[order], account)
    inside = np.flatnonzero(np.isin(account, members))
    group, held = owner[place[inside]], thing[inside]
    of_thing = np.unique(np.stack([held, group], axis=1), axis=0)
    first = np.searchsorted(of_thing[:, 0], held, side="left")
    number = np.searchsorted(of_thing[:, 0], held, side="right") - first
    row = np.repeat(np.arange(held.size), number)
    other = of_thing[np.repeat(first, number) + np.arange(row.size) - np.repeat(np.cumsum(number) - number, number), 1]
    meet = np.unique(np.stack([group[row], other, account[inside][row]], axis=1)[group[row] != other], axis=0)
    pairs, shared = np.unique(meet[:, :2], axis=0, return_counts=True)
    return [
        (int(a), int(b), int(count), of_thing[of_thing[:, 1] == b, 0])
        for (a, b), count in zip(pairs, shared, strict=True)
        if count >= _LEAST
    ]
