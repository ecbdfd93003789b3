"""Whether accounts divided a set of items among themselves: a job queue never asks twice, independent users do."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from stillwatch.core.records import Evidence
from stillwatch.stats._arguments import FloatArray, IntArray, share, whole, wholes

__all__ = ["Tiling", "repeats_bound", "tiling", "tiling_needs"]

_THETAS = (0.25, 0.5, 1.0, 2.0, 4.0, math.inf)
_FINE = tuple(float(theta) for theta in np.geomspace(0.02, 8.0, 24))


@dataclass(frozen=True, kw_only=True, slots=True)
class Tiling:
    """How little the accounts' items overlap.

    `asked`: distinct (account, item) pairs. `repeats`: those whose item another account has asked too, the first asker apart (asked
    less distinct items). `collisions`: pairs of accounts on one item, at least `repeats`. `expected`: the repeats that independent
    draws from all items alike would give. `evidence.value` is repeats over expected.
    """

    asked: int
    accounts: int
    repeats: int
    collisions: int
    expected: float
    evidence: Evidence


def tiling(accounts: npt.ArrayLike, items: npt.ArrayLike, *, set_size: int, alpha: float = 1e-3) -> Tiling:
    """Whether accounts share too few items of a set of known size to have drawn them independently.

    One row an exchange: whose, and which item (exact, normalised). An account's own repeats of an item (retries) count once; for
    independent draws that can only raise p.

    Null: accounts ask independently of one another, each drawing from one common distribution over at most `set_size` items,
    whatever that distribution. p is `repeats_bound`, which bounds `P(collisions <= k)` as well, for there are at least as many; e
    is the bet under that bound, averaged over fixed stakes. Undecided where even no repeat at all would leave p above
    `alpha`; `needed` is the number of asks for that.

    A small p rejects independence, not innocence: a course that assigns distinct items divides a set as well.
    Misled by: accounts with different tastes (disjoint interests never collide; take one set at a time, and accounts that ask
    little else); a set size that is too small; near-duplicate keys, which add collisions; items chosen by looking at
    collisions. For a set of unknown size it proves nothing. A few re-asked items hide a queue, and with few accounts
    of long loads the bound is weak.

    >>> import numpy as np
    >>> dealt = tiling(np.arange(900) // 3, np.arange(900), set_size=20_000)
    >>> dealt.repeats, round(dealt.expected), dealt.evidence.p_value < 1e-8
    (0, 20, True)
    """
    who, what = _pairs(accounts, items)
    size = whole(set_size, "set_size", least=1)
    level = share(alpha, "alpha", open_low=True, open_high=True)
    loads = np.bincount(who).astype(np.int64) if who.size else np.zeros(0, dtype=np.int64)
    per_item = np.bincount(what) if what.size else np.zeros(0, dtype=np.int64)
    distinct = int((per_item > 0).sum())
    if distinct > size:
        raise ValueError(f"set_size: got {size}, fewer than the {distinct} different items asked")
    repeats = int(who.size) - distinct
    worst = _worst(loads, size)
    bounds = [worst.log_bound(theta) for theta in _THETAS]
    decided = bounds[-1] <= math.log(level)
    logs = [_bet(repeats, theta) - bound for theta, bound in zip(_THETAS, bounds, strict=True)]
    needed = tiling_needs(set_size=size, accounts=loads.size, alpha=level)
    return Tiling(
        asked=int(who.size),
        accounts=int(loads.size),
        repeats=repeats,
        collisions=int((per_item * (per_item - 1) // 2).sum()),
        expected=worst.expected,
        evidence=Evidence(
            value=repeats / worst.expected if worst.expected > 0.0 else math.nan,
            n=int(who.size),
            p_value=_least_bound(repeats, worst) if decided else None,
            e_value=math.exp(min(690.0, float(np.logaddexp.reduce(logs)) - math.log(len(logs)))) if decided else None,
            null=f"accounts draw independently from one common distribution over at most {size} items",
            method="repeats across accounts, Chernoff bound by negative association",
            needed=None if decided else max(needed, int(who.size) + 1),
        ),
    )


def repeats_bound(repeats: int, loads: npt.ArrayLike, *, set_size: int) -> float:
    """An upper bound on the chance of so few repeats across accounts, for independent draws from any common distribution.

    `loads`: draws of each account. With D the number of accounts that draw an item, R the sum over items of `max(0, D - 1)`, and
    `h_t(p)` the log of the mean of `exp(-t max(0, D - 1))` for an item of probability p, for every t > 0

        P(R <= r) <= exp(t r) E exp(-t R) <= exp(t r + sum h_t(p_x)) <= exp(t r + N H_t(1 / N)),

    where H is the least concave function above h: no distribution over N items does better. The second step: counts of multinomial
    draws are negatively associated, so are independent accounts together, and increasing functions of disjoint items
    (Joag-Dev and Proschan 1983). The bound is the least over t. Even draws are not always the worst case (one
    popular item and few accounts leave few repeats), hence H; where they are, r = 0 gives about
    `exp(-m**2 (1 - 1/a) / 2N)` for m draws of a accounts.

    >>> round(repeats_bound(0, [1] * 60, set_size=300), 4), repeats_bound(6, [1] * 60, set_size=300)
    (0.0053, 1.0)
    """
    draws = wholes(loads, "loads").ravel()
    size, few = whole(set_size, "set_size", least=1), whole(repeats, "repeats")
    return _least_bound(few, _worst(draws, size))


def tiling_needs(*, set_size: int, accounts: int, alpha: float = 1e-3) -> int:
    """About how many asks a group needs before no repeat at all can mean anything: `sqrt(2 N ln(1/alpha) / (1 - 1/a))`.

    >>> tiling_needs(set_size=43_000, accounts=300, alpha=1e-4)
    892
    """
    size, many = whole(set_size, "set_size", least=1), max(2, whole(accounts, "accounts"))
    level = share(alpha, "alpha", open_low=True, open_high=True)
    return math.ceil(math.sqrt(2.0 * size * math.log(1.0 / level) / (1.0 - 1.0 / many)))


def _bet(repeats: int, theta: float) -> float:
    if math.isinf(theta):
        return 0.0 if repeats == 0 else -math.inf
    return -theta * repeats


def _pairs(accounts: npt.ArrayLike, items: npt.ArrayLike) -> tuple[IntArray, IntArray]:
    """Distinct (account, item) pairs as codes."""
    owners, asked = np.asarray(accounts), np.asarray(items)
    if owners.ndim != 1 or owners.shape != asked.shape:
        raise ValueError(f"items: got shape {asked.shape}, expected one item for each of {owners.shape} accounts")
    if owners.size == 0:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    who = _codes(owners, "accounts")
    what = _codes(asked, "items")
    width = int(what.max()) + 1
    keys = np.unique(who * width + what)
    return keys // width, keys % width


def _codes(values: npt.NDArray[Any], name: str) -> IntArray:
    if values.dtype.kind == "f" and np.isnan(values).any():
        raise ValueError(f"{name}: holds not-a-number")
    return np.unique(values, return_inverse=True)[1].astype(np.int64)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Worst:
    """The loads, a grid of item probabilities from 0 to 1 by way of `1 / N` (at index `at`), and the log chance of each load to miss."""

    sizes: FloatArray
    how_many: FloatArray
    grid: FloatArray
    missed: FloatArray
    at: int
    set_size: int

    @property
    def expected(self) -> float:
        """Repeats that draws from all items alike would give."""
        missed = np.log1p(-min(1.0 / self.set_size, 1.0 - 1e-15)) * self.sizes
        asked = -float((self.how_many * np.expm1(missed)).sum())
        return max(0.0, self.set_size * (asked + math.expm1(float((self.how_many * missed).sum()))))

    def heights(self, theta: float) -> FloatArray:
        """The log of the mean of `exp(-theta * max(0, D - 1))` over the grid."""
        none = self.missed @ self.how_many
        drew = -np.expm1(self.missed)
        if math.isinf(theta):
            one = (drew * np.exp(none[:, None] - self.missed)) @ self.how_many
            return np.asarray(np.log(np.clip(np.exp(none) + one, 1e-300, 1.0)), dtype=np.float64)
        each = np.log1p(math.expm1(-theta) * drew) @ self.how_many
        alone = -math.expm1(-theta) * np.exp(none - each)
        return np.asarray(np.minimum(0.0, theta + each + np.log1p(-alone)), dtype=np.float64)

    def log_bound(self, theta: float) -> float:
        """`N H(1 / N)`: the log of the greatest mean of `exp(-theta * repeats)` over all common distributions.

        For any slope, the highest point above a line of that slope bounds it; the slope at `1 / N` is the best one wherever the
        even distribution is the worst case, and the search over slopes is for the other cases.
        """
        if float(self.how_many[self.sizes > 0].sum()) < 2:
            return 0.0
        height = self.heights(theta)
        x = float(self.grid[self.at])
        here = float(height[self.at])
        if self.at + 1 >= self.grid.size:
            return min(0.0, self.set_size * here)

        def above(slope: float) -> float:
            return float((height - slope * (self.grid - x)).max())

        rise = height[self.at + 1] - height[self.at - 1]
        steep = float(rise / (self.grid[self.at + 1] - self.grid[self.at - 1]))
        best = above(steep)
        if best - here > 1e-3 * abs(here):
            low, high = 2.0 * min(steep, here / x), 0.0
            for _ in range(30):
                third = (high - low) / 3.0
                if above(low + third) <= above(high - third):
                    high -= third
                else:
                    low += third
            best = min(best, above((low + high) / 2.0))
        return min(0.0, self.set_size * max(best, here))


def _worst(loads: IntArray, set_size: int) -> _Worst:
    sizes, how_many = np.unique(loads, return_counts=True)
    even = 1.0 / set_size
    left = np.append(np.geomspace(even * 1e-4, even, 100)[:-1], even * (1.0 - 1e-4))
    right = np.append(even * (1.0 + 1e-4), np.geomspace(even, 1.0, 400)[1:]) if set_size > 1 else np.zeros(0)
    grid = np.concatenate([[0.0], left, [even], right])
    loads_drawn = sizes.astype(np.float64)
    return _Worst(
        sizes=loads_drawn,
        how_many=how_many.astype(np.float64),
        grid=grid,
        missed=np.log1p(-np.minimum(grid, 1.0 - 1e-15))[:, None] * loads_drawn,
        at=left.size + 1,
        set_size=set_size,
    )


def _least_bound(repeats: int, worst: _Worst) -> float:
    if repeats == 0:
        return math.exp(worst.log_bound(math.inf))
    return math.exp(min(0.0, *(theta * repeats + worst.log_bound(theta) for theta in _FINE)))
