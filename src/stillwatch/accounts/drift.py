"""Whether the accounts that calibrate still resemble the log they judge, on one day and over many.

One day's p-value says little of the next: references that differ today, for better or worse, do so tomorrow, too. So the evidence of
days is added with weights, like that of accounts (`stats.looks`), and never multiplied: whatever the dependence of days, the chance
that it ever reaches `1 / DRIFTED` while the references resemble the others is at most `DRIFTED`, for each product type.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import scipy

from stillwatch.stats import look_share, p_to_e_mixture

__all__ = ["DRIFTED", "drift_evidence", "drift_p"]

DRIFTED = 0.001
"""Chance of a false alarm with which cleared accounts lose their say in a stratum: by a run's p-value, or by the evidence of days."""

_LEAST = 20
_SMALLEST = 1e-290


def drift_p(
    reference: npt.NDArray[np.float64], tested: npt.NDArray[np.float64], *, hostile_share: float
) -> float | None:
    """P-value of the null that all but `hostile_share` of the tested accounts come from where the reference accounts come from.

    Two-sample Kolmogorov-Smirnov distance, less the `hostile_share` that guilty accounts alone could make of it, against
    Kolmogorov's limit; ties make it conservative. Small: the p-values of honest accounts are off, and a finding may be nothing but
    the change. `None` with fewer than 20 accounts on a side.

    Accounts that calibrate one another are always uniform; there this question has no content and is not asked.

    >>> import numpy as np
    >>> drift_p(np.arange(500.0), np.arange(500.0) + 200.0, hostile_share=0.1) < 0.001
    True
    >>> drift_p(np.arange(500.0), np.arange(500.0) + 10.0, hostile_share=0.1)
    1.0
    """
    n, m = reference.size, tested.size
    if min(n, m) < _LEAST:
        return None
    ours, theirs = np.sort(reference), np.sort(tested)
    everything = np.concatenate([ours, theirs])
    apart = np.abs(
        np.searchsorted(ours, everything, side="right") / n - np.searchsorted(theirs, everything, side="right") / m
    )
    excess = max(0.0, float(apart.max()) - hostile_share)
    return float(scipy.special.kolmogorov(excess * math.sqrt(n * m / (n + m))))


def drift_evidence(before: float, p: float | None, look: int) -> float:
    """The evidence of drift after one more day: that of all days before, and this day's p-value as a weighted bet.

    Args:
        before: the evidence so far.
        p: this day's `drift_p`; unknown adds nothing.
        look: which of the days on which it was known this is, from 1.

    Source: Vovk and Wang (2021), arXiv 1912.06116 (from p to e, and averages under any dependence).
    Misled by: drift of fewer accounts than may be guilty, which looks the same as guilt; a drift that cleared accounts share, which
    breaks nothing and is not looked for.

    >>> [round(drift_evidence(0.0, p, 1), 2) for p in (1.0, 1e-6, None)]
    [0.25, 2619.57, 0.0]
    """
    return before if p is None else before + float(look_share(look) * p_to_e_mixture(max(p, _SMALLEST)))
