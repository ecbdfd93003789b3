"""Evidence that may be added up, multiplied and looked at again: e-values, how to make, merge and read them.

An e-value is a number >= 0 whose mean is at most 1 when the null is true. So `P(e >= 1/a) <= a` (Markov), and for a running
product of e-values, each valid given the past, even `P(ever >= 1/a) <= a` (Ville).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import scipy

from stillwatch.stats._arguments import FloatArray, IntArray, numbers, p_values, share, wholes

__all__ = [
    "betting_e",
    "e_process",
    "e_to_p",
    "first_alarm",
    "merge_all_required",
    "merge_average",
    "merge_product",
    "p_to_e",
    "p_to_e_mixture",
    "poisson_e",
]


def p_to_e(p: npt.ArrayLike, *, kappa: float = 0.5) -> FloatArray:
    """An e-value from a p-value, `kappa * p**(kappa - 1)`, for a kappa fixed beforehand.

    Null: that of the p-value. A small kappa bets on very small p-values. It loses much: p = 0.0001 gives only e = 50 at
    kappa = 0.5, so where an e-value can be had directly (`betting_e`, `conformal_e`), have it. p = 0 gives infinity.

    Source: Sellke, Bayarri, Berger (2001); Vovk and Wang (2021), arXiv 1912.06116.

    >>> [round(e, 2) for e in p_to_e([0.0001, 0.25, 1.0]).tolist()]
    [50.0, 1.0, 0.5]
    """
    values = p_values(p, "p")
    power = share(kappa, "kappa", open_low=True, open_high=True)
    with np.errstate(divide="ignore"):
        return np.asarray(power * np.power(values, power - 1.0), dtype=np.float64)


def p_to_e_mixture(p: npt.ArrayLike) -> FloatArray:
    """An e-value from a p-value without a kappa to choose: the average of `p_to_e` over kappa in (0, 1).

    `(1 - p + p ln p) / (p (ln p)**2)`. Null: that of the p-value. Better than kappa = 0.5 below about p = 0.004,
    worse above.
    Source: Vovk and Wang (2021), arXiv 1912.06116, section 2.

    >>> [round(e, 2) for e in p_to_e_mixture([1e-6, 0.01, 1.0]).tolist()]
    [5239.14, 4.45, 0.5]
    """
    values = p_values(p, "p")
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        depth = -np.log(values)
        exact = (np.expm1(depth) - depth) / (depth * depth)
    near_one = 0.5 + depth / 6.0 + depth * depth / 24.0
    result = np.where(depth < 1e-3, near_one, exact)
    return np.where(values == 0.0, np.inf, result)


def e_to_p(e: npt.ArrayLike) -> FloatArray:
    """The p-value that an e-value promises, `min(1, 1/e)` (Markov). Valid also for the largest e of a running product.

    >>> e_to_p([0.0, 20.0]).tolist()
    [1.0, 0.05]
    """
    values = numbers(e, "e", least=0.0)
    return np.asarray(1.0 / np.maximum(1.0, values), dtype=np.float64)


def merge_average(e: npt.ArrayLike, *, weights: npt.ArrayLike | None = None, axis: int = -1) -> FloatArray:
    """One e-value from several that may depend on one another in any way: their (weighted) average.

    Null: all the nulls are true. Weights are fixed beforehand, and sum to 1 after scaling. No other symmetric rule is
    better for arbitrary dependence (Vovk and Wang 2021). A single huge value speaks for all: name which one it was.

    >>> float(merge_average([30.0, 0.0, 0.0]))
    10.0
    """
    values = numbers(e, "e", least=0.0)
    if values.ndim == 0 or values.shape[axis] == 0:
        raise ValueError("e: expected at least one e-value")
    if weights is None:
        return np.asarray(values.mean(axis=axis), dtype=np.float64)
    weight = numbers(weights, "weights", least=0.0)
    if weight.shape != (values.shape[axis],) or not 0.0 < float(weight.sum()) < np.inf:
        raise ValueError(f"weights: expected {values.shape[axis]} numbers >= 0 that do not sum to 0")
    lifted = np.moveaxis(values, axis, -1)
    with np.errstate(invalid="ignore"):
        parts = np.where(weight > 0.0, lifted * weight, 0.0)
    return np.asarray(parts.sum(axis=-1) / float(weight.sum()), dtype=np.float64)


def merge_product(e: npt.ArrayLike, *, axis: int = -1) -> FloatArray:
    """One e-value from several that are independent, or each valid given those before it: their product.

    Null: all the nulls are true. Misled by dependence: two views of the same requests, or overlapping windows, are not
    independent, and their product is not an e-value. Then use `merge_average`. No e-values give 1; a 0 stays 0.

    >>> float(merge_product([4.0, 5.0, 0.5]))
    10.0
    """
    values = numbers(e, "e", least=0.0)
    if values.ndim == 0:
        raise ValueError("e: expected an array of e-values")
    with np.errstate(over="ignore", invalid="ignore"):
        product = values.prod(axis=axis)
    return np.where((values == 0.0).any(axis=axis), 0.0, product)


def merge_all_required(e: npt.ArrayLike, *, axis: int = -1) -> FloatArray:
    """Evidence that *every* null is false: the least of the e-values.

    Null: at least one of the nulls is true (the union). Whichever one that is, the least is no larger than its
    e-value, so its mean is at most 1 under any dependence: the intersection-union test (Berger 1982). Use it where a
    finding needs a structural vote *and* a behavioural one; `merge_average` would let one of them carry the other.

    >>> float(merge_all_required([300.0, 2.0]))
    2.0
    """
    values = numbers(e, "e", least=0.0)
    if values.ndim == 0 or values.shape[axis] == 0:
        raise ValueError("e: expected at least one e-value")
    return np.asarray(values.min(axis=axis), dtype=np.float64)


def betting_e(
    successes: npt.ArrayLike,
    trials: npt.ArrayLike,
    rate: npt.ArrayLike,
    *,
    prior: tuple[float, float] = (1.0, 1.0),
) -> FloatArray:
    """Evidence that successes come more often than `rate`: a mixture of bets over all higher rates.

    Null: each trial succeeds with probability at most `rate`, given the trials before it. The bets are likelihood
    ratios of q against `rate`, mixed over q with a Beta(prior) density cut to q > rate; each has mean at most 1 for
    every true rate <= `rate`, so the null may be composite. Valid at every look (Ville), if successes and trials are
    running totals.

    Source: Robbins (1970); Waudby-Smith and Ramdas (2024), arXiv 2010.09686.
    Misled by: trials that are copies of one another (retries): count one each. `rate` must not be learned from the
    same trials.

    >>> [round(e, 2) for e in betting_e([0, 5, 9], 10, 0.2).tolist()]
    [0.09, 4.25, 27743.23]
    """
    hits = wholes(successes, "successes")
    tried = wholes(trials, "trials")
    base = p_values(rate, "rate")
    if bool((hits > tried).any()):
        raise ValueError("successes: more than trials")
    if base.size and (float(base.min()) <= 0.0 or float(base.max()) >= 1.0):
        raise ValueError("rate: expected numbers in (0, 1)")
    a, b = prior
    if not (a > 0.0 and b > 0.0):
        raise ValueError(f"prior: got {prior!r}, expected two numbers > 0")
    won = a + hits
    lost = b + (tried - hits)
    with np.errstate(divide="ignore"):
        log_e = (
            scipy.special.betaln(won, lost)
            + np.log(scipy.special.betaincc(won, lost, base))
            - scipy.special.betaln(a, b)
            - np.log(scipy.special.betaincc(a, b, base))
            - hits * np.log(base)
            - (tried - hits) * np.log1p(-base)
        )
    return _exp(log_e)


def poisson_e(
    count: npt.ArrayLike,
    expected: npt.ArrayLike,
    *,
    prior: tuple[float, float] = (1.0, 0.5),
) -> FloatArray:
    """Evidence that a count runs above what was expected: a mixture of bets over all higher rates.

    Null: events come as a Poisson process at a rate of at most `expected` per exposure (`expected` = rate times
    exposure, > 0). The bets are likelihood ratios of r times the rate against it, mixed over r > 1 by a Gamma(shape,
    rate) density cut at 1. Valid at every look, with running totals.

    Source: Robbins (1970); for the mixture Howard and others (2021), arXiv 1810.08240.
    Misled by: bursts. Human requests come in sessions and are over-dispersed (`dispersion`): count sessions, or
    accounts.

    >>> [round(e, 2) for e in poisson_e([0, 4, 15], 4.0).tolist()]
    [0.11, 0.31, 2081.54]
    """
    seen = wholes(count, "count")
    mean = numbers(expected, "expected", least=0.0)
    if mean.size and (float(mean.min()) <= 0.0 or not np.isfinite(mean).all()):
        raise ValueError("expected: expected finite numbers > 0")
    a, b = prior
    if not (a > 0.0 and b > 0.0):
        raise ValueError(f"prior: got {prior!r}, expected two numbers > 0")
    with np.errstate(divide="ignore"):
        log_e = (
            mean
            + a * np.log(b)
            - scipy.special.gammaln(a)
            + scipy.special.gammaln(a + seen)
            - (a + seen) * np.log(b + mean)
            + np.log(scipy.special.gammaincc(a + seen, b + mean))
            - np.log(scipy.special.gammaincc(a, b))
        )
    return _exp(log_e)


def e_process(increments: npt.ArrayLike, *, axis: int = -1) -> FloatArray:
    """The evidence so far after each step: the running product of increments.

    Null: each increment has mean at most 1 given everything before it. So windows must not overlap, and nothing may
    be dropped after it was seen. `P(the process ever reaches 1/a) <= a` (Ville 1939).

    >>> e_process([2.0, 0.5, 8.0]).tolist()
    [2.0, 1.0, 8.0]
    """
    values = numbers(increments, "increments", least=0.0)
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        running = np.cumprod(values, axis=axis)
    dead = np.logical_or.accumulate(values == 0.0, axis=axis)
    return np.where(dead, 0.0, running)


def first_alarm(process: npt.ArrayLike, *, alpha: float) -> IntArray:
    """The first step at which a running product reaches `1/alpha`, or -1 if it never did; along the last axis.

    Under the null the chance of any alarm, over all time, is at most alpha.

    >>> int(first_alarm([1.0, 30.0, 2.0], alpha=0.05))
    1
    """
    values = numbers(process, "process", least=0.0)
    level = 1.0 / share(alpha, "alpha", open_low=True)
    over = values >= level
    return np.where(over.any(axis=-1), over.argmax(axis=-1), -1).astype(np.int64)


def _exp(log_e: npt.ArrayLike) -> FloatArray:
    """The exponential, cut at `exp(690)`, about 1e299: a smaller e-value is still one, and a finite one can be stored and averaged."""
    with np.errstate(under="ignore"):
        return np.asarray(np.exp(np.minimum(log_e, 690.0)), dtype=np.float64)
