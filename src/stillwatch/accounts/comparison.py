"""How accounts of one kind are compared with one another, so that every p-value keeps its promise.

Two ways, chosen by who is known to be honest before anybody looks at the scores:

*Among themselves.* Nobody is labelled: each account is compared with all others. `p = #{j : s_j >= s_i} / (n - k)`, where at most k of
the n accounts are hostile. The honest ones number at least n - k, and those at or above an honest account at most `#{s_j >= s_i}`, so p is
never below the rank of the account among the honest alone, which is uniform or larger.

*Against references.* Some accounts were cleared by people, or the accounts to be tested were singled out by evidence that does not
depend on the scores. A tested account gets `p = (1 + #{j in R : s_j >= s_i}) / (n - k + 1)`.

Several signals are then averaged as e-values and the averages ranked once more in the same way. That second step is exact, too,
for the average is the same function of everybody: among themselves by symmetry; against references because a reference account
enters with `a_j = #{R >= s_j} / (n - k + 1)`, itself included, which is at most what it would get if the tested account were one of
the references (full conformal prediction, Vovk and others 2005). Smaller p-values of the references only make the tested account look
more ordinary. Calibrating by folds of unequal size does not have this property: accounts of the fold with the largest complement
reach smaller p-values than all others, and their averages would top the ranking by construction.

What ranks cannot do: find anybody among accounts that calibrate themselves. A log in which the top hundredth is guilty and a log in
which nobody is have the same ranks. Hence "undecided" there, whatever n; see `judge`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from stillwatch.accounts.measured import Grid
from stillwatch.stats import p_to_e

__all__ = ["Comparison", "compare"]

_Floats = npt.NDArray[np.float64]
_Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    """P- and e-values of some accounts (columns) by signal (rows), NaN where undecided, and of their averages.

    `calibration_n` and `smallest_p` have one entry a signal; the last two fields are those of the averages.
    `ranked` is what the second step ranks: the average, and of references the most that it could be beside the account tested.
    `alike` is an average in which references and tested accounts are treated alike, each ranked among all: no evidence, but the one
    by which the two may be held against each other. In the others they differ by a rank, which many equal values make visible.
    """

    p: _Floats
    e: _Floats
    calibration_n: npt.NDArray[np.int64]
    smallest_p: _Floats
    average: _Floats
    ranked: _Floats
    alike: _Floats
    p_average: _Floats
    average_n: int
    average_smallest_p: float


def compare(grid: Grid, here: _Flags, eligible: _Flags, reference: _Flags, *, hostile_share: float) -> Comparison:
    """Compare the accounts `here` with one another, or with those of them that are `reference`.

    Args:
        grid: all signals over all accounts.
        here: which accounts are compared: one stratum, or everybody.
        eligible: which accounts have enough decided signals for an average.
        reference: which accounts others are compared with; all of them where they are compared among themselves.
        hostile_share: the largest share of hostile accounts among the references.
    """
    columns = np.flatnonzero(here)
    refers = reference[columns]
    signals = len(grid.signals)
    p = np.full((signals, columns.size), np.nan)
    inner = np.full((signals, columns.size), np.nan)
    together = np.full((signals, columns.size), np.nan)
    calibration_n = np.zeros(signals, dtype=np.int64)
    smallest = np.ones(signals)
    for place, one in enumerate(grid.signals):
        if not one.evidence:
            continue
        decided = grid.decided[place, columns]
        if not decided.any():
            continue
        p[place, decided], inner[place, decided], calibration_n[place], smallest[place] = _ranked(
            grid.values[place, columns[decided]], refers[decided], hostile_share
        )
        together[place, decided] = _among_all(grid.values[place, columns[decided]])
    e = _bets(p)
    average, reference_average = _average(e), _average(_bets(inner))
    p_average = np.full(columns.size, np.nan)
    able = eligible[columns]
    average_n, average_smallest = 0, 1.0
    ranked = np.where(able, np.where(refers, reference_average, average), np.nan)
    if able.any():
        p_average[able], _, average_n, average_smallest = _ranked(ranked[able], refers[able], hostile_share)
        own = able & refers
        if own.any() and not refers[able].all():
            p_average[own] = _ranked(average[own], np.ones(int(own.sum()), dtype=np.bool_), hostile_share)[0]
    alike = np.where(able, _average(_bets(together)), np.nan)
    average[~able] = np.nan
    return Comparison(
        p=p,
        e=e,
        calibration_n=calibration_n,
        smallest_p=smallest,
        average=average,
        ranked=ranked,
        alike=alike,
        p_average=p_average,
        average_n=average_n,
        average_smallest_p=average_smallest,
    )


def _among_all(scores: _Floats) -> _Floats:
    """The share of all accounts at or above each one."""
    return np.asarray(1.0 - np.searchsorted(np.sort(scores), scores, side="left") / scores.size)


def _ranked(scores: _Floats, refers: _Flags, hostile_share: float) -> tuple[_Floats, _Floats, int, float]:
    """P-values of all; the references' p-values as they enter the second step; how many calibrate; the smallest p possible."""
    known = np.sort(scores[refers])
    at_or_above = (known.size - np.searchsorted(known, scores, side="left")).astype(np.float64)
    hostile = math.ceil(hostile_share * known.size - 1e-9)
    honest = known.size - hostile
    among = np.minimum(1.0, np.maximum(at_or_above, 1.0) / max(honest, 1))
    against = np.minimum(1.0, (1.0 + at_or_above) / (honest + 1.0))
    inner = np.minimum(1.0, np.maximum(at_or_above, 1.0) / (honest + 1.0))
    if refers.all():
        return among, among, int(known.size), 1.0 / max(honest, 1)
    return np.where(refers, among, against), np.where(refers, inner, against), int(known.size), 1.0 / (honest + 1.0)


def _bets(p: _Floats) -> _Floats:
    known = ~np.isnan(p)
    e = np.full(p.shape, np.nan)
    e[known] = p_to_e(p[known])
    return e


def _average(e: _Floats) -> _Floats:
    """Average over the signals that anybody could be measured by; a signal that is undecided for an account bets nothing (e = 1)."""
    live = ~np.isnan(e).all(axis=1) if e.shape[1] else np.zeros(e.shape[0], dtype=np.bool_)
    if not live.any():
        return np.full(e.shape[1], np.nan)
    total = np.zeros(e.shape[1])
    for one in np.flatnonzero(live):
        total += np.where(np.isnan(e[one]), 1.0, e[one])
    return total / float(live.sum())
