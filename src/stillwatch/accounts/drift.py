"""Whether the accounts that calibrate still resemble the log they judge."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from scipy import special

__all__ = ["drift_p"]

_LEAST = 20


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
    return float(special.kolmogorov(excess * math.sqrt(n * m / (n + m))))
