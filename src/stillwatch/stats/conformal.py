"""How unusual an account is among other accounts of its kind, with a guarantee that needs no model of the scores.

The unit is the account (over one period), never the query: against pooled queries every specialised customer is unusual.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from stillwatch.stats._arguments import BoolArray, FloatArray, IntArray, flags, labels, numbers, share, whole, wholes

__all__ = [
    "CrossFitted",
    "StratumCalibration",
    "assign_folds",
    "conformal_e",
    "conformal_p",
    "cross_fitted_p",
    "weighted_conformal_p",
]


def conformal_p(
    calibration: npt.ArrayLike, scores: npt.ArrayLike, *, larger_is_worse: bool = True, hostile: int = 0
) -> FloatArray:
    """The chance that an honest account would look at least this unusual, one p-value per score.

    `p = (1 + #{calibration >= score}) / (n + 1)`; ties count against us. Null: the account is exchangeable with the
    calibration accounts. Then `P(p <= t) <= t` for every t. The least p-value is `1 / (n + 1)`: see `reach`.

    `hostile` is an upper bound on how many calibration accounts are not honest. With `n - hostile + 1` as denominator
    the p-value is never below the one that the honest accounts alone would give, wherever the hostile ones lie, so
    the promise holds; the price is power, for hostile scores above ours are counted as if honest.

    Source: Vovk, Gammerman, Shafer (2005); Bates and others (2023), arXiv 2104.08279, for testing outliers.
    Misled by: calibration accounts of another product type or another month; several accounts of one customer in the
    calibration, which make n look larger than it is.

    >>> [round(p, 3) for p in conformal_p([1, 2, 3, 4], [5, 3, 0]).tolist()]
    [0.2, 0.6, 1.0]
    >>> [round(p, 3) for p in conformal_p([1, 2, 3, 4], [5, 3, 0], hostile=1).tolist()]
    [0.25, 0.75, 1.0]
    """
    sign = 1.0 if larger_is_worse else -1.0
    known = np.sort(sign * numbers(calibration, "calibration").ravel())
    tested = sign * numbers(scores, "scores")
    bad = min(whole(hostile, "hostile"), known.size)
    above = known.size - np.searchsorted(known, tested, side="left")
    return np.asarray(np.minimum(1.0, (1.0 + above) / (known.size - bad + 1.0)), dtype=np.float64)


def weighted_conformal_p(
    calibration: npt.ArrayLike,
    weights: npt.ArrayLike,
    scores: npt.ArrayLike,
    own_weights: npt.ArrayLike,
    *,
    hostile_weight: float = 0.0,
) -> FloatArray:
    """`conformal_p` where the calibration accounts come from another mixture than the tested ones: each counts by its weight.

    `p = (w + sum of weights at or above the score) / (w + sum of weights)`, with w the tested account's own weight. A weight is how many
    times as frequent accounts of its kind are among the tested as among the calibrating, up to a common factor. Null: given its kind, the
    account is exchangeable with the calibration accounts of that kind. Then `P(p <= t) <= t` over accounts drawn from the tested mixture;
    within one kind nothing is promised. `hostile_weight` bounds the weight of calibration accounts that are not honest.

    Source: Tibshirani, Foygel Barber, Candes, Ramdas (2019), arXiv 1904.06019.
    Misled by: weights estimated from few accounts; a kind that the calibration does not hold at all.

    >>> [round(p, 3) for p in weighted_conformal_p([1, 2, 3, 4], [1, 1, 1, 1], [5, 3, 0], [1, 1, 1]).tolist()]
    [0.2, 0.6, 1.0]
    >>> weighted_conformal_p([1, 9], [3, 1], [5, 5], [1, 3]).round(2).tolist()
    [0.4, 0.57]
    """
    known, heavy = numbers(calibration, "calibration").ravel(), numbers(weights, "weights", least=0.0).ravel()
    tested, own = numbers(scores, "scores"), numbers(own_weights, "own_weights", least=0.0)
    if known.size != heavy.size or tested.shape != own.shape:
        raise ValueError("weights: expected one for each calibration score, and own_weights one for each score")
    order = np.argsort(known, kind="stable")
    above = np.append(np.cumsum(heavy[order][::-1])[::-1], 0.0)[np.searchsorted(known[order], tested, side="left")]
    honest = max(0.0, float(heavy.sum()) - numbers(hostile_weight, "hostile_weight", least=0.0).item())
    whole_weight = own + honest
    p = np.divide(own + above, whole_weight, out=np.ones(tested.shape), where=whole_weight > 0.0)
    return np.asarray(np.minimum(1.0, p), dtype=np.float64)


def conformal_e(calibration: npt.ArrayLike, scores: npt.ArrayLike, *, hostile: int = 0) -> FloatArray:
    """How many times its fair share of the total score an account holds: an e-value from scores >= 0.

    `e = (n - hostile + 1) * score / (sum(calibration) + score)`, the soft-rank e-value. Null: as `conformal_p`; then
    the mean of e is at most 1, exactly 1 with `hostile = 0`, and e may be averaged with any other e-value of the same
    null. It never passes `n + 1`. Hostile calibration scores only lower it, by the bound above. All scores 0 gives e
    = 1.

    Power comes from the scale of the scores: `exp(3 * z)` for a standardised score z bets on the far tail, z itself
    hardly bets at all. Choose the scale before looking. For a p-value in hand, `p_to_e` is weaker but needs no scale.

    Source: Gauthier, Bach, Jordan (2025), arXiv 2503.13050; the name from Ignatiadis, Wang, Ramdas (2024).
    Misled by: one enormous calibration score, which takes the power from everyone.

    >>> [round(e, 2) for e in conformal_e([1, 1, 1, 1], [16, 1, 0]).tolist()]
    [4.0, 1.0, 0.0]
    """
    known = numbers(calibration, "calibration", least=0.0).ravel()
    tested = numbers(scores, "scores", least=0.0)
    if np.isinf(known).any() or np.isinf(tested).any():
        raise ValueError("scores: expected finite numbers; scale them down before the exponential")
    bad = min(whole(hostile, "hostile"), known.size)
    top = max(float(known.max(initial=0.0)), float(tested.max(initial=0.0)))
    if top == 0.0:
        return np.full(tested.shape, (known.size - bad + 1.0) / (known.size + 1.0))
    total = float((known / top).sum()) + tested / top
    fair = np.divide(tested / top, total, out=np.full(tested.shape, 1.0 / (known.size + 1.0)), where=total > 0.0)
    return np.asarray((known.size - bad + 1.0) * fair, dtype=np.float64)


@dataclass(frozen=True, kw_only=True, slots=True)
class StratumCalibration:
    """What one stratum was compared with, and how far the comparison can be trusted. Counts are the least favourable fold's.

    `calibration_n` accounts calibrated, after `trimmed` were set apart as presumed hostile, of whom at most
    `honest_trimmed` may be honest. `contamination_bound` is the share of hostile calibration accounts that the p-values
    withstand. `excess` is the most that `P(p <= t)` can rise above t if every trimmed account was honest after all.
    """

    stratum: str
    accounts: int
    calibration_n: int
    trimmed: int
    honest_trimmed: int
    contamination_bound: float
    smallest_p: float
    excess: float
    pooled: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class CrossFitted:
    """P-values of accounts compared with one another, in the order given, and what each rests on."""

    p_values: FloatArray
    calibration_n: IntArray
    pooled: BoolArray
    folds: IntArray
    strata: tuple[StratumCalibration, ...]


def assign_folds(n: int, *, folds: int = 5, rng: np.random.Generator, groups: npt.ArrayLike | None = None) -> IntArray:
    """Which fold each of `n` accounts belongs to; accounts of one group always share a fold.

    Give as groups what was found without the scores (one organisation, one payment instrument, one candidate actor):
    then no account is compared with its own group, and an actor's members do not hide one another.

    >>> import numpy as np
    >>> assign_folds(6, folds=2, rng=np.random.default_rng(1), groups=[7, 7, 7, 1, 2, 3]).tolist()
    [0, 0, 0, 1, 1, 1]
    """
    size = whole(n, "n")
    parts = whole(folds, "folds", least=2)
    codes = np.arange(size, dtype=np.int64) if groups is None else labels(groups, "groups", n=size)[0]
    members = np.bincount(codes, minlength=0)
    shuffled = rng.permutation(members.size)
    by_size = shuffled[np.argsort(-members[shuffled], kind="stable")]
    fold_of_group = np.zeros(members.size, dtype=np.int64)
    load = np.zeros(parts, dtype=np.int64)
    for group in by_size[members[by_size] > 1].tolist():
        fold = int(np.argmin(load))
        fold_of_group[group] = fold
        load[fold] += members[group]
    single = by_size[members[by_size] <= 1]
    room = np.maximum(0, int(np.ceil((load.sum() + single.size) / parts)) - load)
    seats = np.repeat(np.arange(parts), room)
    fold_of_group[single] = seats[: single.size]
    return fold_of_group[codes]


def cross_fitted_p(
    scores: npt.ArrayLike,
    *,
    folds: npt.ArrayLike,
    strata: npt.ArrayLike | None = None,
    trim: float = 0.0,
    contamination: float = 0.0,
    honest_share: float = 1.0,
    set_aside: npt.ArrayLike | None = None,
    least: int = 200,
    larger_is_worse: bool = True,
) -> CrossFitted:
    """How unusual each account is among the other folds of its own stratum, when nobody has labelled the logs.

    An account is compared with the accounts of its stratum in the other folds (all strata, where its own has fewer than
    `least` accounts), less those `set_aside` for a reason that does not depend on the scores. Of `n` such accounts the
    top `r = ceil(trim * n)` are presumed hostile, of whom at most `h = ceil(honest_share * r)` may be honest; at most
    `k = max(ceil(contamination * n), r - h)` of the n are hostile. Then

        p = (1 + #{kept >= s} + min(h, #{trimmed >= s})) / (n - k + 1).

    Why this holds. The honest accounts at or above s number at most `#{kept >= s} + min(h, #{trimmed >= s})`, and the
    honest calibration accounts at least `n - k`. So p is never below `(1 + #{honest >= s}) / (#{honest} + 1)`, the
    conformal p-value of the honest accounts alone, for which `P(p <= t) <= t` when folds do not depend on the scores.
    The two bounds, k and h, are all that is assumed.

    What misleads it, and it matters. Trimming without the term in h (`honest_share = 0`) is right only if all trimmed
    accounts are hostile. If they are honest, `P(p <= t)` may rise to `t + excess`, and BH then finds about r accounts
    in any log, even a clean one: what is presumed comes back as a finding. With `honest_share = 1` (the default,
    always safe) trimming changes nothing, and BH at q < 1 over all the accounts that calibrate themselves finds next
    to none, since about a share t of any sample lies in its own top share t; averages of e-values suffer the same. So
    self-calibrated p-values rank and describe; findings need evidence with a null of its own (permutation, tiling,
    counts), independent kinds of evidence multiplied, an earlier or cleared calibration (`conformal_p`), or
    `set_aside` and grouped folds (`assign_folds`) from other evidence.

    `scores` shape (n,), finite or infinite; `folds` whole numbers, independent of the scores; `strata` labels of any
    kind.
    Source: Bates and others (2023), arXiv 2104.08279; on contaminated references Bashari, Sesia, Romano (2025), arXiv
    2502.04807.

    >>> import numpy as np
    >>> found = cross_fitted_p([1.0, 2.0, 3.0, 9.0], folds=[0, 1, 0, 1], least=1)
    >>> [round(p, 2) for p in found.p_values.tolist()]
    [1.0, 0.67, 0.67, 0.33]
    >>> found.strata[0].calibration_n, round(found.strata[0].smallest_p, 2)
    (2, 0.33)
    """
    sign = 1.0 if larger_is_worse else -1.0
    values = sign * numbers(scores, "scores")
    if values.ndim != 1:
        raise ValueError(f"scores: got shape {values.shape}, expected one score an account")
    size = values.size
    part = wholes(folds, "folds", least=np.iinfo(np.int64).min)
    if part.shape != (size,):
        raise ValueError(f"folds: got shape {part.shape}, expected {size} whole numbers")
    codes, names = (np.zeros(size, dtype=np.int64), ["all"]) if strata is None else labels(strata, "strata", n=size)
    left_out = np.zeros(size, dtype=np.bool_) if set_aside is None else flags(set_aside, "set_aside", n=size)
    presumed = share(trim, "trim", open_high=True)
    hostile_share = share(contamination, "contamination", open_high=True)
    honest = share(honest_share, "honest_share")
    enough = whole(least, "least", least=1)

    result = np.ones(size, dtype=np.float64)
    kept_n = np.zeros(size, dtype=np.int64)
    pooled = np.zeros(size, dtype=np.bool_)
    reports: list[StratumCalibration] = []
    for code, name in enumerate(names):
        mine = codes == code
        usable = mine & ~left_out
        small = int(usable.sum()) < enough and len(names) > 1
        source = ~left_out if small else usable
        pooled[mine] = small
        fits: list[_Fit] = []
        for fold in np.unique(part[mine]).tolist():
            here = mine & (part == fold)
            fit = _fit(values[source & (part != fold)], presumed, hostile_share, honest)
            result[here] = fit.p_of(values[here])
            kept_n[here] = fit.kept.size
            fits.append(fit)
        if fits:
            reports.append(_report(name, int(mine.sum()), small, fits))
    return CrossFitted(p_values=result, calibration_n=kept_n, pooled=pooled, folds=part, strata=tuple(reports))


@dataclass(frozen=True, kw_only=True, slots=True)
class _Fit:
    """One fold's calibration: kept and trimmed scores, each sorted, and the two bounds."""

    kept: FloatArray
    trimmed: FloatArray
    allowed: int
    hostile: int

    def p_of(self, tested: FloatArray) -> FloatArray:
        """P-values of scores against this calibration."""
        above_kept = self.kept.size - np.searchsorted(self.kept, tested, side="left")
        above_trimmed = self.trimmed.size - np.searchsorted(self.trimmed, tested, side="left")
        count = 1.0 + above_kept + np.minimum(self.allowed, above_trimmed)
        return np.asarray(np.minimum(1.0, count / self.denominator), dtype=np.float64)

    @property
    def denominator(self) -> float:
        """At least one more than the honest calibration accounts that are certain."""
        return self.kept.size + self.trimmed.size - self.hostile + 1.0


def _fit(calibration: FloatArray, presumed: float, hostile_share: float, honest: float) -> _Fit:
    ordered = np.sort(calibration)
    cut = math.ceil(presumed * ordered.size - 1e-9)
    allowed = math.ceil(honest * cut - 1e-9)
    hostile = max(math.ceil(hostile_share * ordered.size - 1e-9), cut - allowed)
    keep = ordered.size - cut
    return _Fit(kept=ordered[:keep], trimmed=ordered[keep:], allowed=allowed, hostile=min(hostile, ordered.size))


def _report(name: str, accounts: int, pooled: bool, fits: list[_Fit]) -> StratumCalibration:
    worst = min(fits, key=lambda fit: fit.kept.size)
    total = worst.kept.size + worst.trimmed.size
    return StratumCalibration(
        stratum=name,
        accounts=accounts,
        calibration_n=worst.kept.size,
        trimmed=worst.trimmed.size,
        honest_trimmed=worst.allowed,
        contamination_bound=worst.hostile / total if total else 0.0,
        smallest_p=max(min(1.0, 1.0 / fit.denominator) for fit in fits),
        excess=max((fit.trimmed.size - fit.allowed) / fit.denominator for fit in fits),
        pooled=pooled,
    )
