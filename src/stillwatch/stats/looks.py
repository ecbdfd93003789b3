"""Looking again every day without paying for it with false alarms, where the same accounts come back day after day.

Multiplying daily e-values needs each to be fair given the days before. Against other accounts it is not: one that is the most
talkative of a thousand today is so tomorrow, honest as it is, and its product grows without end. What is fair is the comparison of
whole histories. So each look compares histories up to that day, and its e-value is *added* with a weight; all weights sum to 1.
The running sum only grows, and its limit is an average of e-values. Hence `P(it ever reaches 1/a) <= a`, whatever the dependence of days.

Of many accounts, the share of wrong ones among all that were ever shown is bounded in the same way (`shown_so_far`), whoever joins when.

The price is a ceiling. Among n + 1 exchangeable histories one must be the loudest, so no evidence of this kind passes n + 1, however long
one watches. Only evidence with a null of its own (a permutation, a known rate, an independent day) multiplies: `e_process`.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from stillwatch.stats._arguments import BoolArray, FloatArray, numbers, share, wholes
from stillwatch.stats.multiplicity import e_bh

__all__ = ["accumulate", "look_share", "shown_so_far"]


def look_share(look: npt.ArrayLike) -> FloatArray:
    """The weight of the k-th look, k from 1: looks 2**j to 2**(j+1) - 1 share `1 / ((j + 1)(j + 2))` equally. All weights sum to 1.

    Evidence that lasts loses little by waiting: 63 looks have 6/7 of all the weight, and the 32 last of them together 1/42.

    >>> [round(s, 4) for s in look_share([1, 2, 3, 4, 64]).tolist()]
    [0.5, 0.0833, 0.0833, 0.0208, 0.0003]
    """
    octave = np.floor(np.log2(wholes(look, "look", least=1).astype(np.float64)))
    return np.asarray(1.0 / ((octave + 1.0) * (octave + 2.0)) / np.exp2(octave), dtype=np.float64)


def accumulate(e: npt.ArrayLike, *, axis: int = -1) -> FloatArray:
    """The evidence so far after each look: the weighted sum of the e-values of looks 1, 2, 3, ... along the axis.

    Null: each e-value by itself has mean at most 1; they may depend on one another in any way. Then the chance that the sum ever
    reaches 1/a is at most a, over all time.

    >>> accumulate([1.0, 12.0, 0.0]).tolist()
    [0.5, 1.5, 1.5]
    """
    values = np.moveaxis(numbers(e, "e", least=0.0), axis, -1)
    weighted = values * look_share(np.arange(1, values.shape[-1] + 1)) if values.shape[-1] else values
    return np.moveaxis(np.cumsum(weighted, axis=-1), -1, axis)


def shown_so_far(parts: npt.ArrayLike, *, q: float) -> BoolArray:
    """Which accounts are shown, when each has gathered this part of the stakes: the k of them that have `1 / (q k)` or more, k the largest.

    At each look an account gathers `look_share(look) * e / m`, where e is its e-value of that look and m the accounts looked at. Null:
    at each look, the honest ones' e-values average at most 1. Then all honest accounts together gather at most 1, over all looks,
    however days depend on one another and whoever joins when; so of all that are ever shown at most a share q is honest, on average.
    Parts only grow, so an account once shown stays shown.

    Source: e-BH holds for e-values whose means sum to at most their number (compound e-values: Ignatiadis, Wang and Ramdas 2024,
    arXiv 2409.19812; Wang and Ramdas 2022, arXiv 2009.02824); dividing by the accounts of the look makes them so while accounts join.
    Misled by: dividing by the accounts of the last look instead: then those shown while they were few and those shown since have a
    budget each; and by weights that depend on when an account came, for early ones may be loud for the same reason.

    >>> shown_so_far([30.0, 12.0, 0.1], q=0.05).tolist()
    [True, True, False]
    """
    values = numbers(parts, "parts", least=0.0)
    if values.ndim != 1:
        raise ValueError(f"parts: got shape {values.shape}, expected one value an account")
    level = share(q, "q", open_low=True, open_high=True)
    return e_bh(values * values.size, q=level).selected if values.size else np.zeros(0, dtype=np.bool_)
