"""Bets on the far tail: e-values that reach what an error budget asks for, and how much calibration that takes.

Smooth calibrators such as `p_to_e` spread their stake over all p-values and give 50 for p = 0.0001. Whoever knows which p-values would
matter stakes on these alone: `1{p <= a} / a` is an e-value, gives `1/a`, and no e-value gives more at p = a.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from stillwatch.stats._arguments import FloatArray, p_values, share, whole
from stillwatch.stats.multiplicity import e_needed

__all__ = ["GUILTY_SHARES", "TailPower", "budget_tails", "reachable", "tail_e", "tail_power"]

GUILTY_SHARES = (1e-2, 1e-3, 1e-4)
"""Shares of guilty accounts that are bet on, with equal stakes: declared before any log is seen."""


def budget_tails(q: float, shares: Sequence[float] = GUILTY_SHARES) -> tuple[float, ...]:
    """The tails to bet on under a budget q when a share of this size may be guilty: `q * share`, as BH would ask for.

    >>> budget_tails(0.05)
    (0.0005, 5e-05, 5e-06)
    """
    level = share(q, "q", open_low=True)
    return tuple(level * share(one, "shares", open_low=True) for one in shares)


def reachable(tails: Sequence[float], smallest: float) -> tuple[float, ...]:
    """The tails that a p-value can reach at all when none is below `smallest`; where there is none, `smallest` itself.

    A stake on a tail that no p-value reaches is lost. What is reachable follows from how many accounts calibrate, not from their scores,
    so leaving the others out is no peeking.

    >>> reachable((0.0005, 0.00005), 0.0004), reachable((0.0005, 0.00005), 0.002)
    ((0.0005,), (0.002,))
    """
    least = share(smallest, "smallest", open_low=True)
    return tuple(one for one in tails if one >= least * (1 - 1e-9)) or (least,)


def tail_e(p: npt.ArrayLike, tails: Sequence[float]) -> FloatArray:
    """An e-value from a p-value: equal stakes on `p <= a` for each of the tails a, `mean of 1{p <= a} / a`.

    Null: that of the p-value, of which only `P(p <= a) <= a` is used, for these a. Never above `1/p`, so whatever e-BH selects with it, BH
    selects with p at the same q. Nothing is left of a p-value above all tails: e = 0, which is what an average may hold and a product not.

    Source: Vovk and Wang (2021), arXiv 1912.06116 (all-or-nothing calibrators); mixing them is averaging.
    Misled by: tails chosen by looking.

    >>> [round(e, 1) for e in tail_e([0.01, 0.0004, 0.000001], budget_tails(0.05)).tolist()]
    [0.0, 666.7, 74000.0]
    """
    values = p_values(p, "p")
    if not tails:
        raise ValueError("tails: expected at least one")
    total = np.zeros(values.shape, dtype=np.float64)
    for one in tails:
        edge = share(one, "tails", open_low=True)
        total += (values <= edge * (1 + 1e-9)) / edge
    return total / len(tails)


@dataclass(frozen=True, kw_only=True, slots=True)
class TailPower:
    """What it takes for e-BH with `tail_e` to select `together` of `m` accounts at level q.

    Each of them must have an e-value of `e` or more, which takes a p-value of at most `p`, which takes `n` honest calibration accounts.
    """

    m: int
    q: float
    together: int
    e: float
    p: float
    n: int


def tail_power(m: int, q: float, together: int = 1, *, tails: Sequence[float] | None = None) -> TailPower | None:
    """The least evidence and calibration with which e-BH can select anybody; None where these tails never reach that far.

    >>> tail_power(50_000, 0.05, 50)
    TailPower(m=50000, q=0.05, together=50, e=20000.0, p=5e-06, n=199999)
    >>> tail_power(50_000, 0.05, 50, tails=[5e-5]).n
    19999
    >>> tail_power(1_000_000, 0.05, 1) is None
    True
    """
    tested, found = whole(m, "m", least=1), whole(together, "together", least=1)
    wanted = e_needed(tested, q, found)
    edges = sorted(budget_tails(q) if tails is None else tails, reverse=True)
    for edge in edges:
        if float(tail_e(edge, edges)) >= wanted * (1 - 1e-9):
            return TailPower(m=tested, q=q, together=found, e=wanted, p=edge, n=math.ceil(1.0 / edge * (1 - 1e-12)) - 1)
    return None
