"""What a report knows about one account on its own, and about how the signals were calibrated.

Quantiles are the signal's values at 1, 5, 25, 50, 75, 95 and 99 % of the accounts of the same product type, as in
table `calibration`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from stillwatch.core.records import Decision
from stillwatch.report.view_actor import LookalikeCheck

__all__ = [
    "QUANTILE_LEVELS",
    "AccountView",
    "CalibrationView",
    "HistoryView",
    "ProductWatch",
    "SignalReading",
    "WatchView",
]

QUANTILE_LEVELS = (0.01, 0.05, 0.25, 0.50, 0.75, 0.95, 0.99)
"""The shares of accounts that the seven quantiles stand for."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SignalReading:
    """One signal of one account beside the population it was compared with.

    `sentence` says what it means to a reader.
    """

    signal: str
    n: int
    title: str = ""
    unit: str = ""
    value: float | None = None
    needed: int | None = None
    p_value: float | None = None
    e_value: float | None = None
    quantiles: tuple[float, ...] = ()
    null: str = ""
    sentence: str = ""

    @property
    def decided(self) -> bool:
        """Whether there was enough data for an answer."""
        return self.p_value is not None or self.e_value is not None


@dataclass(frozen=True, kw_only=True, slots=True)
class HistoryView:
    """One account's evidence over days, each looked at once: `e` so far, `needed` to be put up for review, `reached` the day it was.

    `days` of `looks` had enough data; `sentence` says it all.
    """

    e: float
    needed: float
    days: int
    looks: int
    reached: date | None = None
    reached_look: int | None = None
    sentence: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class ProductWatch:
    """How one product type's cleared accounts stood at the last look: `drift_e` against `drift_needed`; off since a day, or not."""

    product: str
    tested: int
    references: int
    hostile: int
    drift_p: float | None
    drift_looks: int
    drift_e: float
    drift_needed: float
    off_since: date | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class WatchView:
    """The days that were looked at one by one, from `first` to `last`; `late` exchanges of `late_days` came too late for theirs."""

    first: date
    last: date
    looks: int
    late: int = 0
    late_days: int = 0
    products: tuple[ProductWatch, ...] = ()

    @property
    def off(self) -> tuple[ProductWatch, ...]:
        """Product types whose guarantee is off."""
        return tuple(one for one in self.products if one.off_since is not None)


@dataclass(frozen=True, kw_only=True, slots=True)
class AccountView:
    """One account's verdict on its own evidence: the combined row of `account_evidence`, and its loudest signals.

    `calibration_n` accounts were its yardstick under the `null`; `proposal` is the hardest action whose error budget it passed.
    `history` is its evidence over days, where days were looked at; `resembles` says which lookalike it resembles most and whether
    that fits, `lookalikes` all that were considered, the best first;
    `actor` is the handle of the actor it is a member of, where there is one. `threshold_p` or `threshold_e` is what
    the run's budget demanded of the combined value.
    """

    handle: str
    decision: Decision
    reason: str
    exchanges: int
    stratum: str
    p_value: float | None = None
    e_value: float | None = None
    threshold_p: float | None = None
    threshold_e: float | None = None
    needed: int | None = None
    actor: str | None = None
    plan: str | None = None
    signup_path: str | None = None
    created: datetime | None = None
    signals: tuple[SignalReading, ...] = ()
    calibration_n: int = 0
    null: str = ""
    proposal: str | None = None
    history: HistoryView | None = None
    resembles: str = ""
    lookalikes: tuple[LookalikeCheck, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class CalibrationView:
    """How one signal was calibrated in one stratum: a row of `calibration`; `meaning` is the signal's first line."""

    signal: str
    stratum: str
    accounts: int
    undecided: int
    trimmed: int
    calibration_n: int
    contamination_bound: float
    smallest_p: float
    uniformity: float | None = None
    quantiles: tuple[float, ...] = ()
    meaning: str = ""
    unit: str = ""
