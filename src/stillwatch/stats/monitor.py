"""Whether the p-values of the many who are presumed honest look as p-values should."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import scipy

from stillwatch.core.records import Evidence
from stillwatch.stats._arguments import p_values, share, whole
from stillwatch.stats.evalues import p_to_e_mixture

__all__ = ["null_monitor"]


def null_monitor(
    p: npt.ArrayLike,
    *,
    calibration_n: int | None = None,
    floor: float = 0.1,
    least: int = 50,
    too_small_only: bool = False,
) -> Evidence:
    """Whether the bulk of the p-values, those in `[floor, 1]`, is uniform, as it must be if calibration fits today's honest accounts.

    A small p-value says that the nulls are wrong (drift, another product mix, a wrong model), so that no finding of
    the run can be trusted at its stated rate. `value` is the largest distance of their distribution function from
    uniform. Null: p-values above `floor` are independent and uniform; with `calibration_n`, they share one
    calibration set of that size, and the two-sample size `n c / (n + c)` stands in for n. `too_small_only` asks only
    whether they run too small (the dangerous side); conservative p-values then raise no alarm.
    Undecided below `least` p-values in the bulk.

    Source: Kolmogorov (1933), Smirnov (1939); leaving out the low end, where the guilty lie, follows Efron (2004).
    Misled by: self-calibrated p-values (`cross_fitted_p`), uniform by construction: nothing can be learned from them;
    coarse p-values (few permutations, ties), which are not uniform; a trouble that lies wholly below `floor`.

    >>> import numpy as np
    >>> good = null_monitor(np.linspace(0.0, 1.0, 1001))
    >>> bad = null_monitor(np.linspace(0.0, 1.0, 1001) ** 1.5)
    >>> good.p_value > 0.9, bad.p_value < 0.001
    (True, True)
    """
    values = p_values(p, "p").ravel()
    low = share(floor, "floor", open_high=True)
    enough = whole(least, "least", least=1)
    bulk = np.sort((values[values >= low] - low) / (1.0 - low))
    n = bulk.size
    null = f"p-values from {low:g} up are uniform"
    method = "Kolmogorov-Smirnov, too small" if too_small_only else "Kolmogorov-Smirnov"
    if n < enough:
        return Evidence(value=math.nan, n=n, p_value=None, e_value=None, null=null, method=method, needed=enough)
    above = float((np.arange(1, n + 1) / n - bulk).max())
    below = float((bulk - np.arange(n) / n).max())
    value = above if too_small_only else max(above, below)
    size = n
    if calibration_n is not None:
        kept = whole(calibration_n, "calibration_n", least=1) * (1.0 - low)
        size = max(1, math.floor(n * kept / (n + kept)))
    tail = scipy.stats.ksone.sf(value, size) if too_small_only else scipy.stats.kstwo.sf(value, size)
    p_value = min(1.0, max(0.0, float(tail)))
    return Evidence(
        value=value,
        n=n,
        p_value=p_value,
        e_value=float(p_to_e_mixture(max(p_value, 1e-290))),
        null=null,
        method=method,
    )
