"""More than chance, or more even than chance: tests of counts."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy

from stillwatch.core.records import Estimate, Evidence
from stillwatch.stats._arguments import FloatArray, IntArray, numbers, p_values, whole, wholes
from stillwatch.stats.evalues import betting_e, p_to_e_mixture

__all__ = ["Dispersion", "binomial_excess", "dispersion", "hypergeometric_excess"]


def hypergeometric_excess(overlap: int, drawn: int, marked: int, total: int) -> Evidence:
    """Whether two sets of accounts share more members than two random sets of their sizes would.

    Null: the `drawn` accounts are a random choice among `total`, of which `marked` carry the mark. `value` is the
    lift, overlap over its expectation (nan where that is 0). p is the exact upper tail; e is calibrated from it
    (`p_to_e_mixture`).
    Misled by anything that makes some accounts likelier to be in every set: activity above all. Stratify, or use
    `group_mean_test`.

    >>> both = hypergeometric_excess(8, 10, 20, 1000)
    >>> round(both.value, 1), both.p_value < 1e-9
    (40.0, True)
    """
    every = whole(total, "total")
    taken, tagged, shared = whole(drawn, "drawn"), whole(marked, "marked"), whole(overlap, "overlap")
    if taken > every or tagged > every:
        raise ValueError(f"total: got {every}, fewer than drawn ({taken}) or marked ({tagged})")
    if not max(0, taken + tagged - every) <= shared <= min(taken, tagged):
        raise ValueError(f"overlap: got {shared}, impossible for {taken} drawn and {tagged} marked of {every}")
    null = "the drawn accounts are a random choice among all"
    if every == 0 or taken == 0 or tagged == 0:
        return Evidence(
            value=math.nan, n=taken, p_value=None, e_value=None, null=null, method="hypergeometric", needed=1
        )
    p_value = min(1.0, float(scipy.stats.hypergeom.sf(shared - 1, every, tagged, taken)))
    return Evidence(
        value=shared * every / (taken * tagged),
        n=taken,
        p_value=p_value,
        e_value=_finite(p_to_e_mixture(p_value)),
        null=null,
        method="hypergeometric",
    )


def binomial_excess(successes: int, trials: int, rate: float) -> Evidence:
    """Whether successes come more often than a known rate. `value` is the observed rate.

    Null: independent trials, each succeeding with probability at most `rate`. p is the exact upper tail; e is
    `betting_e`. No trials, or so few that even all successes would leave p above 0.05: undecided, with the trials
    needed for that.
    Misled by trials that hang together (requests of one account, retries), and by a rate learned from the same
    trials.

    >>> found = binomial_excess(9, 10, 0.2)
    >>> round(found.p_value, 7), round(found.e_value)
    (4.2e-06, 27743)
    >>> binomial_excess(1, 1, 0.2).needed
    2
    """
    n, hits = whole(trials, "trials"), whole(successes, "successes")
    if hits > n:
        raise ValueError(f"successes: got {hits}, more than {n} trials")
    base = float(p_values(rate, "rate"))
    if not 0.0 < base < 1.0:
        raise ValueError(f"rate: got {base!r}, expected a number in (0, 1)")
    null = f"each trial succeeds with probability at most {base:g}"
    needed = math.ceil(math.log(0.05) / math.log(base))
    if n < needed:
        value = hits / n if n else math.nan
        return Evidence(value=value, n=n, p_value=None, e_value=None, null=null, method="binomial", needed=needed)
    return Evidence(
        value=hits / n,
        n=n,
        p_value=min(1.0, float(scipy.stats.binom.sf(hits - 1, n, base))),
        e_value=_finite(betting_e(hits, n, base)),
        null=null,
        method="binomial",
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Dispersion:
    """How unequal loads are: variance over mean, with the evidence for either side of chance (1).

    `equalised`: loads more even than independent arrivals, as a scheduler deals them. `bursty`: less even, as people work.
    """

    ratio: Estimate
    equalised: Evidence
    bursty: Evidence

    @property
    def p_two_sided(self) -> float | None:
        """The p-value against both sides together; `None` when undecided."""
        if self.equalised.p_value is None or self.bursty.p_value is None:
            return None
        return min(1.0, 2.0 * min(self.equalised.p_value, self.bursty.p_value))


def dispersion(counts: npt.ArrayLike, *, rng: np.random.Generator, draws: int = 1_999, least: int = 10) -> Dispersion:
    """Whether accounts' loads are more even than chance (a job queue), or less (people), by variance over mean.

    `counts`: one whole number per account over the same exposure. Null: independent Poisson counts of one common
    rate. Given their sum these are an even multinomial deal, so the p-values come from `draws` such deals: exact for
    any mean, at least `1 / (draws + 1)`. e is calibrated from p. The interval of the ratio is a jackknife over
    accounts on the log scale.
    Undecided with fewer than `least` accounts or fewer requests than accounts.

    Source: Fisher (1950) for the index; Dwass (1957) for the deal. Misled by accounts chosen for their load (a floor of
    requests makes loads look equal), and by unequal exposure (accounts that began at noon), which looks bursty.

    >>> import numpy as np
    >>> even = dispersion([4] * 50, rng=np.random.default_rng(1))
    >>> even.ratio.value, even.equalised.p_value, even.bursty.p_value
    (0.0, 0.0005, 1.0)
    """
    loads = wholes(counts, "counts")
    if loads.ndim != 1:
        raise ValueError(f"counts: got shape {loads.shape}, expected one count an account")
    times, enough = whole(draws, "draws", least=1), whole(least, "least", least=2)
    n, total = loads.size, float(loads.sum(dtype=np.float64))
    null = "loads are independent Poisson counts of one rate"
    method = f"index of dispersion, {times} multinomial deals"
    if n < enough or total < n:
        lacking = Evidence(value=math.nan, n=n, p_value=None, e_value=None, null=null, method=method, needed=enough)
        unknown = Estimate(value=math.nan, low=0.0, high=math.inf, n=n, method="jackknife")
        return Dispersion(ratio=unknown, equalised=lacking, bursty=lacking)
    if total >= 2.0**62:
        raise ValueError(f"counts: sum to {total:g}, more than can be dealt")
    ratio = _ratio(loads)
    observed = float(np.square(loads.astype(np.float64)).sum())
    dealt = _dealt_squares(int(total), n, times, rng)
    slack = 1e-12 * observed
    low_p = (1.0 + int((dealt <= observed + slack).sum())) / (1.0 + times)
    high_p = (1.0 + int((dealt >= observed - slack).sum())) / (1.0 + times)

    def side(p_value: float) -> Evidence:
        return Evidence(
            value=ratio.value,
            n=n,
            p_value=p_value,
            e_value=_finite(p_to_e_mixture(p_value)),
            null=null,
            method=method,
        )

    return Dispersion(ratio=ratio, equalised=side(low_p), bursty=side(high_p))


def _dealt_squares(total: int, n: int, draws: int, rng: np.random.Generator) -> FloatArray:
    result = np.empty(draws, dtype=np.float64)
    rows = max(1, 2_000_000 // n)
    for start in range(0, draws, rows):
        size = min(rows, draws - start)
        deal = rng.multinomial(total, np.full(n, 1.0 / n), size=size).astype(np.float64)
        result[start : start + size] = np.square(deal).sum(axis=1)
    return result


def _ratio(loads: IntArray) -> Estimate:
    """Variance over mean with a jackknife interval of its logarithm."""
    values = numbers(loads, "counts")
    n = values.size
    total, squares = float(values.sum()), float(np.square(values).sum())
    mean = total / n
    value = max(0.0, (squares - n * mean * mean) / (n - 1) / mean)
    if value == 0.0:
        return Estimate(value=0.0, low=0.0, high=math.inf, n=n, method="jackknife")
    rest = (total - values) / (n - 1)
    variances = np.maximum(0.0, squares - np.square(values) - (n - 1) * np.square(rest)) / (n - 2)
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.log(variances / rest)
    if not np.isfinite(logs).all():
        return Estimate(value=value, low=0.0, high=math.inf, n=n, method="jackknife")
    error = math.sqrt((n - 1) / n * float(np.square(logs - logs.mean()).sum()))
    half = float(scipy.stats.t.ppf(0.975, n - 1)) * error
    widest = min(700.0, half)
    return Estimate(value=value, low=value * math.exp(-widest), high=value * math.exp(widest), n=n, method="jackknife")


def _finite(e: FloatArray) -> float:
    return min(float(e), 1e300)
