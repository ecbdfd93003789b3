"""Whether requests follow a human day or run flat around the clock."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy

from stillwatch.core.records import Evidence
from stillwatch.stats._arguments import FloatArray, numbers, wholes

__all__ = ["HourShape", "hour_shape"]

_NONCENTRALITY = 8.0
_LEAST = 10


@dataclass(frozen=True, kw_only=True, slots=True)
class HourShape:
    """The shape of a day's hours.

    `resultant`: mean resultant length, 0 (flat, or balanced) to 1 (all in one hour). `entropy_bits`: entropy of the hours, bias
    corrected, at most log2 of the number of hours. `rhythm` is evidence against a flat day by one daily wave (Rayleigh),
    `any_shape` against a flat day of any other shape (Kuiper), `flat` evidence against a daily wave as strong as `bound`.
    """

    resultant: float
    entropy_bits: float
    n: int
    rhythm: Evidence
    any_shape: Evidence
    flat: Evidence


def hour_shape(counts: npt.ArrayLike, *, bound: float = 0.1) -> HourShape:
    """Whether activity keeps a daily rhythm (`rhythm`, `any_shape`) or is shown to be flat (`flat`).

    `counts`: events in each of 24 hours (or any number of equal bins of a cycle, at least 3), UTC or local alike.
    Count what is independent: sessions, or active accounts, not requests; requests come in bursts, and a burst looks
    like a rhythm.

    A large p of `rhythm` does not show a flat day. `flat` does: its null is "the resultant length is at least
    `bound`", tested by `2 n R**2`, about noncentral chi-square with 2 degrees and noncentrality `2 n bound**2`. With
    few events nothing can be shown flat: below `needed = 4 / bound**2` (400 events at 0.1) the answer is undecided.
    Rhythm needs 10.

    Source: Rayleigh test with the correction of Zar (1999, eq. 27.4); Kuiper (1960) with Stephens (1970),
    conservative on bins; entropy with Miller (1955). Misled by two shifts or several time zones, which cancel in R
    (Kuiper and entropy see them), and by crons at whole hours.

    >>> office = hour_shape([0] * 9 + [10] * 8 + [0] * 7)
    >>> round(office.resultant, 2), office.rhythm.p_value < 1e-6, office.flat.decided
    (0.83, True, False)
    >>> around_the_clock = hour_shape([50] * 24)
    >>> round(around_the_clock.entropy_bits, 2), around_the_clock.flat.p_value < 0.001
    (4.58, True)
    """
    hours = wholes(counts, "counts")
    if hours.ndim != 1 or hours.size < 3:
        raise ValueError(f"counts: got shape {hours.shape}, expected at least 3 equal bins of a cycle")
    if not 0.0 < bound < 1.0:
        raise ValueError(f"bound: got {bound!r}, expected a number in (0, 1)")
    weights = numbers(hours, "counts")
    n = int(sum(hours.tolist()))
    resultant = _resultant(weights, n)
    flat_day = "events are independent and equally likely at every hour"
    waved = f"the daily wave has a resultant length of at least {bound:g}"
    needed = math.ceil(_NONCENTRALITY / (2.0 * bound * bound) - 1e-9)
    kuiper, kuiper_p = _kuiper(weights, n)
    flat_p = float(scipy.stats.ncx2.cdf(2.0 * n * resultant**2, 2, 2.0 * n * bound * bound)) if n >= needed else None
    return HourShape(
        resultant=resultant,
        entropy_bits=_entropy(weights, n),
        n=n,
        rhythm=_evidence(resultant, n, _rayleigh(resultant, n) if n >= _LEAST else None, flat_day, "Rayleigh", _LEAST),
        any_shape=_evidence(kuiper, n, kuiper_p if n >= _LEAST else None, flat_day, "Kuiper", _LEAST),
        flat=_evidence(resultant, n, flat_p, waved, "resultant length, noncentral chi-square", needed),
    )


def _evidence(value: float, n: int, p_value: float | None, null: str, method: str, needed: int) -> Evidence:
    e_value = None if p_value is None else 0.5 / math.sqrt(max(p_value, 1e-300))
    undecided = needed if p_value is None else None
    return Evidence(value=value, n=n, p_value=p_value, e_value=e_value, null=null, method=method, needed=undecided)


def _resultant(weights: FloatArray, n: int) -> float:
    if n == 0:
        return math.nan
    angles = 2.0 * math.pi * np.arange(weights.size) / weights.size
    return min(1.0, math.hypot(float(weights @ np.cos(angles)), float(weights @ np.sin(angles))) / n)


def _rayleigh(resultant: float, n: int) -> float:
    """`exp(sqrt(1 + 4 n + 4 (n**2 - (n R)**2)) - (1 + 2 n))`, without cancellation for large n."""
    root = 1.0 + 2.0 * n
    strength = 4.0 * (n * resultant) ** 2
    inside = root * root - strength
    return min(1.0, math.exp(-strength / (math.sqrt(max(0.0, inside)) + root)))


def _kuiper(weights: FloatArray, n: int) -> tuple[float, float]:
    if n == 0:
        return math.nan, 1.0
    gaps = np.cumsum(weights) / n - np.arange(1, weights.size + 1) / weights.size
    value = float(gaps.max() - gaps.min())
    scaled = value * (math.sqrt(n) + 0.155 + 0.24 / math.sqrt(n))
    if scaled < 0.4:
        return value, 1.0
    j = np.arange(1, 101, dtype=np.float64)
    squares = 2.0 * (j * scaled) ** 2
    return value, float(np.clip(2.0 * ((2.0 * squares - 1.0) * np.exp(-squares)).sum(), 0.0, 1.0))


def _entropy(weights: FloatArray, n: int) -> float:
    if n == 0:
        return math.nan
    shares = weights[weights > 0] / n
    plain = float(-(shares * np.log(shares)).sum()) + 0.0
    corrected = plain + (shares.size - 1) / (2.0 * n)
    return min(corrected / math.log(2.0), math.log2(weights.size))
