"""Signals to evidence: every account against the accounts of its own kind, signal by signal and together."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from stillwatch.accounts.comparison import Comparison, compare
from stillwatch.accounts.drift import drift_p
from stillwatch.accounts.measured import Grid, Measured, column, line_up
from stillwatch.accounts.pooling import pool
from stillwatch.accounts.words import ALL, UNKNOWN, Basis, null_in_words
from stillwatch.core.settings import DetectSettings
from stillwatch.engine import table
from stillwatch.stats import certified_rate

__all__ = ["COMBINED", "LEAST_DECIDED", "QUANTILES", "Weighed", "weigh"]

COMBINED = "combined"
"""Name of the row that averages an account's evidence."""

LEAST_DECIDED = 3
"""Signals of evidence that must be decided before an account can be."""

QUANTILES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
"""Shares of accounts whose values the calibration table shows."""

CERTIFIED_AT = 0.001
"""P-value at which the calibration table certifies how often honest accounts pass."""

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Weighed:
    """Every account's evidence, as arrays of signals by accounts in the order of `grid`; NaN where undecided.

    `stratum[a]` points into `strata`, `product[a]` into `products`: small product types share the stratum `all`. `average` holds
    the mean e-value over the signals of evidence (valid under any dependence
    among them), `p_average` its conformal p-value, `ranked` what that p-value ranks, `alike` the average by which references and others are
    held against each other,
    `smallest_p` the smallest that it could have been, `compared_n[a]` the accounts behind it, `calibration_n` those of each stratum.
    `score` ranks accounts of all strata, loudest highest: by `average` where they calibrate one another, else as `pooling` has it.
    `drift[s]` is the p-value of the drift monitor of stratum s, where it applies. `calibration` is the table.
    """

    grid: Grid
    basis: Basis
    strata: tuple[str, ...]
    stratum: npt.NDArray[np.int64]
    products: tuple[str, ...]
    product: npt.NDArray[np.int64]
    reference: npt.NDArray[np.bool_]
    eligible: npt.NDArray[np.bool_]
    p: npt.NDArray[np.float64]
    e: npt.NDArray[np.float64]
    signal_n: npt.NDArray[np.int64]
    average: npt.NDArray[np.float64]
    ranked: npt.NDArray[np.float64]
    alike: npt.NDArray[np.float64]
    p_average: npt.NDArray[np.float64]
    calibration_n: npt.NDArray[np.int64]
    smallest_p: npt.NDArray[np.float64]
    compared_n: npt.NDArray[np.int64]
    score: npt.NDArray[np.float64]
    drift: tuple[float | None, ...]
    calibration: pa.Table

    def evidence(self) -> Iterator[pa.Table]:
        """Rows of `account_evidence`, one table a signal: only accounts of which something was observed. Rows are made on demand."""
        for place, one in enumerate(self.grid.signals):
            yield self._rows(place, one)

    def _rows(self, place: int, one: Measured) -> pa.Table:
        seen = np.flatnonzero(self.grid.n[place] > 0)
        n = self.grid.n[place, seen]
        values = self.grid.values[place, seen]
        short = ~self.grid.decided[place, seen]
        strata = self.stratum[seen]
        lacking = [f"undecided, n = {count}, needs {one.needs}" for count in range(one.needs)]
        reasons = [
            *lacking,
            "undecided: it could not be measured on these observations",
            one.unweighed,
        ]
        reason = np.where(short, np.where(n < one.needs, np.minimum(n, one.needs - 1), one.needs), one.needs + 1)
        silent = ~short & one.evidence
        nulls = [null_in_words(one.title, name, self.basis) for name in self.strata]
        if not one.evidence:
            nulls = [f"none: {one.unweighed}"] * len(self.strata)
        return pa.Table.from_arrays(
            [
                pa.array(self.grid.accounts[seen]),
                _spelled([one.name], np.zeros(seen.size, np.int64)),
                _nan_is_null(values),
                pa.array(n),
                pa.array(np.full(seen.size, one.needs), mask=~(short & (n < one.needs))),
                _nan_is_null(self.p[place, seen]),
                _nan_is_null(self.e[place, seen]),
                _spelled(self.strata, strata),
                pa.array(self.signal_n[place, strata]),
                _spelled(nulls, strata),
                pa.nulls(seen.size, pa.string()),
                _spelled(reasons, reason, unless=silent),
                pa.nulls(seen.size, pa.string()),
            ],
            schema=table("account_evidence").schema,
        )


def weigh(
    measured: Sequence[Measured],
    facts: pa.Table | None,
    settings: DetectSettings,
    *,
    accounts: pa.Array | None = None,
    cleared: pa.Array | None = None,
    singled_out: pa.Array | None = None,
) -> Weighed:
    """Turn measured signals into evidence per account and signal.

    Each account is compared, signal by signal, with the accounts of its product type; types with fewer than `settings.least_stratum`
    accounts to compare with are compared with everybody. With `cleared` accounts, those are the comparison. Without, but with accounts
    `singled_out` by evidence that does not depend on these signals (links, a tip), the comparison is everybody else. With either, what is
    decided by is the rank among the references of all types, and of the account's own (`pooling`). With neither, accounts are compared
    among themselves, which ranks them and finds nobody (see `comparison`).

    What misleads it: accounts singled out by what they ask are not like others in what they ask, honest or not. Then measure the
    signals on other exchanges than those that singled them out (`features.slice`), and prefer links that are not about content.
    Accounts of one organisation resemble one another and hide one another.

    Args:
        measured: the signals; which count as evidence is fixed in them.
        facts: `account_facts`, for product types; without it every type is unknown.
        settings: the shares of hostile accounts to withstand, among the cleared and among all, and the least stratum.
        accounts: the accounts to weigh; every measured one by default.
        cleared: accounts that people have cleared.
        singled_out: accounts to test against all others.
    """
    grid = line_up(measured, accounts)
    counts = np.array([one.evidence for one in grid.signals], dtype=np.bool_)
    eligible = (grid.decided & counts[:, None]).sum(axis=0) >= LEAST_DECIDED
    basis, reference, hostile = _basis(grid.accounts, settings, cleared, singled_out)
    product, products = _products(grid.accounts, facts)
    labels, strata = _strata(product, products, eligible & reference, settings.least_stratum)
    shape = grid.values.shape
    p, e = np.full(shape, np.nan), np.full(shape, np.nan)
    average, ranked, alike, p_average = (np.full(shape[1], np.nan) for _ in range(4))
    signal_n = np.zeros((shape[0], len(strata)), dtype=np.int64)
    calibration_n, smallest_p = np.zeros(len(strata), dtype=np.int64), np.ones(shape[1])
    drift: list[float | None] = []
    rows: list[dict[str, Any]] = []
    for code, name in enumerate(strata):
        mine = labels == code
        compared = np.ones(shape[1], dtype=np.bool_) if name == ALL else mine
        found = compare(grid, compared, eligible, reference, hostile_share=hostile)
        of_mine = mine[compared]
        p[:, mine], e[:, mine] = found.p[:, of_mine], found.e[:, of_mine]
        average[mine], p_average[mine] = found.average[of_mine], found.p_average[of_mine]
        ranked[mine], alike[mine] = found.ranked[of_mine], found.alike[of_mine]
        signal_n[:, code] = found.calibration_n
        calibration_n[code], smallest_p[mine] = found.average_n, found.average_smallest_p
        monitor = settings.contamination if basis is Basis.CLEARED else None
        certify = basis is not Basis.THEMSELVES
        rows += _calibration(grid, name, mine, compared, eligible, reference, found, hostile, monitor, certify)
        drift.append(rows[-1]["uniformity"])
        _LOG.debug("weighed stratum %d of %d: %d accounts", code + 1, len(strata), int(mine.sum()))
    score, compared_n = average, calibration_n[labels]
    if basis is not Basis.THEMSELVES:
        pooled = pool(grid, eligible, reference, product, hostile_share=hostile)
        score = pooled.score
        p_average = np.where(reference, p_average, pooled.p)
        smallest_p = np.where(reference, smallest_p, pooled.smallest)
        compared_n = np.where(reference, compared_n, pooled.n)
    return Weighed(
        grid=grid,
        basis=basis,
        strata=strata,
        stratum=labels,
        products=products,
        product=product,
        reference=reference,
        eligible=eligible,
        p=p,
        e=e,
        signal_n=signal_n,
        average=average,
        ranked=ranked,
        alike=alike,
        p_average=p_average,
        calibration_n=calibration_n,
        smallest_p=smallest_p,
        compared_n=compared_n,
        score=score,
        drift=tuple(drift),
        calibration=pa.Table.from_pylist(rows, schema=table("calibration").schema),
    )


def _basis(
    accounts: npt.NDArray[np.int64], settings: DetectSettings, cleared: pa.Array | None, singled_out: pa.Array | None
) -> tuple[Basis, npt.NDArray[np.bool_], float]:
    if cleared is not None and len(cleared):
        return Basis.CLEARED, np.isin(accounts, np.asarray(cleared, np.int64)), settings.poisoned
    if singled_out is not None and len(singled_out):
        others = ~np.isin(accounts, np.asarray(singled_out, np.int64))
        return Basis.NOT_SINGLED_OUT, others, settings.contamination
    return Basis.THEMSELVES, np.ones(accounts.size, dtype=np.bool_), settings.contamination


def _products(accounts: npt.NDArray[np.int64], facts: pa.Table | None) -> tuple[npt.NDArray[np.int64], tuple[str, ...]]:
    """The product type of each account, and the types' names."""
    types: list[str] = [UNKNOWN] * accounts.size
    if facts is not None and facts.num_rows and accounts.size:
        known = column(facts, "product_type").to_pylist()
        listed = np.asarray(column(facts, "account"), dtype=np.int64)
        seat = np.minimum(np.searchsorted(accounts, listed), accounts.size - 1)
        for place in np.flatnonzero(accounts[seat] == listed):
            types[seat[place]] = known[place] or UNKNOWN
    names, codes = np.unique(np.array(types, dtype=np.str_), return_inverse=True)
    return codes.astype(np.int64), tuple(str(name) for name in names)


def _strata(
    product: npt.NDArray[np.int64], products: tuple[str, ...], able: npt.NDArray[np.bool_], least: int
) -> tuple[npt.NDArray[np.int64], tuple[str, ...]]:
    """Which stratum each account is in, and the strata's names; small types together are the stratum `all`, the first."""
    enough = np.bincount(product[able], minlength=len(products)) >= least
    kept = [name for name, large in zip(products, enough, strict=True) if large]
    pooled = 0 if enough.all() else 1
    new = np.zeros(len(products), dtype=np.int64)
    new[enough] = np.arange(pooled, len(kept) + pooled)
    return new[product], (ALL, *kept)[1 - pooled :]


def _calibration(
    grid: Grid,
    name: str,
    mine: npt.NDArray[np.bool_],
    compared: npt.NDArray[np.bool_],
    eligible: npt.NDArray[np.bool_],
    reference: npt.NDArray[np.bool_],
    found: Comparison,
    hostile: float,
    monitor: float | None,
    certify: bool,
) -> list[dict[str, Any]]:
    """Rows of `calibration` for one stratum, the combined one last. The monitor runs where an allowance for it is given."""
    average, alike = np.full(mine.size, np.nan), np.full(mine.size, np.nan)
    average[compared], alike[compared] = found.average, found.alike
    layers = [
        *zip(
            (s.name for s in grid.signals),
            grid.decided,
            grid.values,
            grid.values,
            found.calibration_n,
            found.smallest_p,
            strict=True,
        ),
        (COMBINED, eligible, average, alike, found.average_n, found.average_smallest_p),
    ]
    rows: list[dict[str, Any]] = []
    for signal, decided, values, watched, n, smallest in layers:
        there = decided & compared
        known = values[there]
        rows.append(
            {
                "signal": signal,
                "stratum": name,
                "accounts": int((decided & mine).sum()),
                "undecided": int((~decided & mine).sum()),
                "trimmed": 0,
                "calibration_n": int(n),
                "contamination_bound": math.ceil(hostile * int(n) - 1e-9) / int(n) if n else 0.0,
                "smallest_p": float(smallest),
                "uniformity": None
                if monitor is None
                else drift_p(watched[there & reference], watched[there & ~reference], hostile_share=monitor),
                "quantiles": np.quantile(known, QUANTILES, method="inverted_cdf").tolist() if known.size else [],
                **(_certificate(int(n), float(smallest), hostile) if certify and signal != COMBINED else {}),
            }
        )
    return rows


def _certificate(n: int, smallest: float, hostile: float) -> dict[str, float]:
    """What the calibration certifies of one signal at `CERTIFIED_AT`, or at its smallest p-value where that is larger.

    The combined row has none: its scores are fitted to the same references, so what lies beyond one of them is no Beta variable.
    """
    if not n:
        return {}
    level = max(CERTIFIED_AT, smallest)
    bad = math.ceil(hostile * n - 1e-9)
    return {"certified_level": level, "certified_rate": float(certified_rate(level, n=n, hostile=bad))}


def _spelled(
    words: Sequence[str], codes: npt.NDArray[np.int64], *, unless: npt.NDArray[np.bool_] | None = None
) -> pa.Array:
    return pa.array(list(words), pa.string()).take(pa.array(codes, mask=unless))


def _nan_is_null(values: npt.NDArray[np.float64]) -> pa.Array:
    return pa.array(values, mask=np.isnan(values))
