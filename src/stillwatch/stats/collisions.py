"""Whether accounts divided a set of items among themselves: a job queue never asks twice, independent users do."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from stillwatch.core.records import Evidence
from stillwatch.stats._arguments import FloatArray, IntArray, numbers, share, whole, wholes

__all__ = ["Tiling", "shared_items_bound", "tiling", "tiling_needs"]

_THETAS = (0.25, 0.5, 1.0, 2.0, 4.0, math.inf)


@dataclass(frozen=True, kw_only=True, slots=True)
class Tiling:
    """How little the accounts' items overlap.

    `asked`: distinct (account, item) pairs. `shared`: items that two or more accounts asked. `expected`: the fewest shared items
    that independent draws can expect. `evidence.value` is shared over expected.
    """

    asked: int
    accounts: int
    shared: int
    collisions: int
    expected: float
    evidence: Evidence


def tiling(accounts: npt.ArrayLike, items: npt.ArrayLike, *, set_size: int, alpha: float = 1e-3) -> Tiling:
    """Whether accounts share too few items of a set of known size to have drawn them independently.

    One row an exchange: whose, and which item (exact, normalised). Repeats of an item by one account count once, so
    retries do neither harm nor help. `collisions` counts pairs of accounts on one item; it is at least `shared`, and
    `shared` is what is tested.

    Null: accounts ask independently of one another, each drawing from one common distribution over at most `set_size`
    items, whatever that distribution. p is the bound of `shared_items_bound`; e is the largest-deviation bet it rests
    on, averaged over fixed stakes. Undecided where even no shared item at all would leave p above `alpha`; `needed`
    is the number of pairs for that.

    A small p rejects independence, not innocence: a course that assigns distinct items divides a set as well. Misled
    by: accounts with different tastes (disjoint interests never collide; take one set at a time and accounts that ask
    little else); a set size that is too small; near-duplicate keys, which add collisions; items chosen by looking at
    collisions. For a set of unknown size it proves nothing. A few re-asked items hide a queue.

    >>> import numpy as np
    >>> dealt = tiling(np.arange(900) // 3, np.arange(900), set_size=20_000)
    >>> dealt.shared, round(dealt.expected), dealt.evidence.p_value < 1e-8
    (0, 20, True)
    """
    who, what = _pairs(accounts, items)
    size = whole(set_size, "set_size", least=1)
    level = share(alpha, "alpha", open_low=True, open_high=True)
    loads = np.bincount(who) if who.size else np.zeros(0, dtype=np.int64)
    per_item = np.bincount(what) if what.size else np.zeros(0, dtype=np.int64)
    if per_item.size > size:
        raise ValueError(f"set_size: got {size}, fewer than the {per_item.size} different items asked")
    shared = int((per_item >= 2).sum())
    collisions = int((per_item * (per_item - 1) // 2).sum())
    expected = size * float(_shared_chance(loads, np.array([1.0 / size]))[0])
    needed = tiling_needs(set_size=size, accounts=loads.size, alpha=level)
    null = f"accounts draw independently from one common distribution over at most {size} items"
    bounds = [_log_bound(loads, size, theta) for theta in _THETAS]
    decided = loads.size >= 2 and bounds[-1] <= math.log(level)
    logs = [_bet(shared, theta) - bound for theta, bound in zip(_THETAS, bounds, strict=True)]
    return Tiling(
        asked=int(who.size),
        accounts=int(loads.size),
        shared=shared,
        collisions=collisions,
        expected=expected,
        evidence=Evidence(
            value=shared / expected if expected else math.nan,
            n=int(who.size),
            p_value=shared_items_bound(shared, loads, set_size=size) if decided else None,
            e_value=math.exp(min(690.0, float(np.logaddexp.reduce(logs)) - math.log(len(logs)))) if decided else None,
            null=null,
            method="shared items, Chernoff bound by negative association",
            needed=None if decided else max(needed, int(who.size) + 1),
        ),
    )


def shared_items_bound(shared: int, loads: npt.ArrayLike, *, set_size: int) -> float:
    """An upper bound on the chance that so few items are shared, for independent draws from any common distribution.

    `loads`: draws of each account. With `q(p)` the chance that two or more accounts draw an item of probability p,
    and B the sum of the items' indicators, for every t > 0

        P(B <= b) <= exp(t b) E exp(-t B) <= exp(t b) prod(1 - (1 - exp(-t)) q(p_x)) <= exp(t b + N h(1 / N)),

    where h is the least concave function above `log(1 - (1 - exp(-t)) q)` with which the worst distribution is found.
    The second step: counts of multinomial draws are negatively associated, so are independent accounts together, and
    increasing functions of disjoint items (Joag-Dev and Proschan 1983). The bound is the least over t. Uniform draws
    are not always the worst case when loads are long against the set, hence h; where they are, B = 0 gives about
    `exp(-m**2 (1 - 1/a) / 2N)`.

    >>> round(shared_items_bound(0, [1] * 60, set_size=300), 4), shared_items_bound(6, [1] * 60, set_size=300)
    (0.0053, 1.0)
    """
    draws = wholes(loads, "loads").ravel()
    size, few = whole(set_size, "set_size", least=1), whole(shared, "shared")
    if draws.size < 2:
        return 1.0
    thetas = [math.inf] if few == 0 else np.geomspace(0.01, 12.0, 60).tolist()
    least = min(
        theta * few + _log_bound(draws, size, theta) if few else _log_bound(draws, size, theta) for theta in thetas
    )
    return math.exp(min(0.0, least))


def tiling_needs(*, set_size: int, accounts: int, alpha: float = 1e-3) -> int:
    """How many distinct asks a group needs before sharing nothing at all can mean anything: `sqrt(2 N ln(1/alpha) / (1 - 1/a))`.

    >>> tiling_needs(set_size=43_000, accounts=300, alpha=1e-4)
    892
    """
    size, many = whole(set_size, "set_size", least=1), max(2, whole(accounts, "accounts"))
    level = share(alpha, "alpha", open_low=True, open_high=True)
    return math.ceil(math.sqrt(2.0 * size * math.log(1.0 / level) / (1.0 - 1.0 / many)))


def _bet(shared: int, theta: float) -> float:
    if math.isinf(theta):
        return 0.0 if shared == 0 else -math.inf
    return -theta * shared


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


def _shared_chance(loads: IntArray, p: FloatArray) -> FloatArray:
    """The chance that two or more accounts draw an item of probability p."""
    sizes, how_many = np.unique(loads, return_counts=True)
    chance = np.minimum(numbers(p, "p"), 1.0 - 1e-15)
    missed = np.log1p(-chance)[:, None] * sizes[None, :].astype(np.float64)
    total = float(loads.sum())
    none = np.exp(np.log1p(-chance) * total)
    drew = -np.expm1(missed)
    one = (how_many * drew * np.exp(np.log1p(-chance)[:, None] * total - missed)).sum(axis=1)
    some = -np.expm1(np.log1p(-chance) * total)
    return np.clip(np.where(some < 1e-9, 0.0, 1.0 - none - one), 0.0, 1.0)


def _log_bound(loads: IntArray, set_size: int, theta: float) -> float:
    """`N h(1 / N)`: the log of the greatest mean of `exp(-theta * shared)` over all common distributions."""
    if loads.size < 2 or int((loads > 0).sum()) < 2:
        return 0.0
    even = 1.0 / set_size
    left = np.geomspace(even * 1e-4, even, 200)[:-1] if set_size > 1 else np.zeros(0)
    grid = np.concatenate([[0.0], left, np.geomspace(even, 1.0, 800) if set_size > 1 else [1.0]])
    stake = 1.0 if math.isinf(theta) else -math.expm1(-theta)
    with np.errstate(divide="ignore"):
        height = np.maximum(np.log1p(-stake * np.minimum(1.0, _shared_chance(loads, grid))), -1e6)
    at = int(np.searchsorted(grid, even * (1.0 - 1e-12)))
    return min(0.0, set_size * _concave_above(grid, height, at))


def _concave_above(grid: FloatArray, height: FloatArray, at: int) -> float:
    """The least concave function above the points, read at one of them: the highest chord over it."""
    here = height[at]
    x = grid[at]
    before, after = grid[:at], grid[at + 1 :]
    if not before.size or not after.size:
        return float(here)
    weight = (after[None, :] - x) / (after[None, :] - before[:, None])
    chords = weight * height[:at][:, None] + (1.0 - weight) * height[at + 1 :][None, :]
    return max(float(here), float(chords.max()))
