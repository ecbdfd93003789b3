"""What a report knows about one scan: `ScanView`, the only input of every renderer.

The pipeline fills it; page, Markdown, JSON and terminal read it. It holds plain frozen records (see `view_actor`,
`view_account`), so the same view gives the same bytes. Everything but `run` may be empty: a scan that found nothing,
or could decide nothing, is a good report too.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from stillwatch.core.records import Decision
from stillwatch.report.view_account import AccountView, CalibrationView, WatchView
from stillwatch.report.view_actor import ActorView

__all__ = [
    "ErrorBudget",
    "FieldCoverage",
    "RejectCount",
    "RunFacts",
    "ScanView",
    "SettingUsed",
    "SourceRead",
    "UndecidedCount",
]


@dataclass(frozen=True, kw_only=True, slots=True)
class SourceRead:
    """One input that was read: its name as given, the format it was read as, and how many rows it gave and lost."""

    path: str
    format: str
    exchanges: int
    rejects: int = 0
    note: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class FieldCoverage:
    """How often a field that detection leans on was known, as a share of exchanges (or of accounts); and what its
    absence costs.
    """

    field: str
    known: float
    of: Literal["exchanges", "accounts"] = "exchanges"
    costs: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class SettingUsed:
    """One setting that shaped the result; `default` is empty when the default was used."""

    name: str
    value: str
    default: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class RunFacts:
    """What was read, by which version, under which settings. `run` is the run's id: the same scan has the same.

    `accounts` counts accounts with at least one exchange, `unattributed` exchanges that name nobody; `finished` is
    shown when given and left out when bytes must be equal from run to run.
    """

    run: str
    version: str
    exchanges: int
    accounts: int
    rejects: int = 0
    duplicates: int = 0
    unattributed: int = 0
    output_tokens: int | None = None
    first_at: datetime | None = None
    last_at: datetime | None = None
    finished: datetime | None = None
    command: str = ""
    inputs: tuple[SourceRead, ...] = ()
    coverage: tuple[FieldCoverage, ...] = ()
    settings: tuple[SettingUsed, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class ErrorBudget:
    """The error rate that one level of findings was held to, and what it takes to fire.

    `level` is "actors", "accounts" or "accounts to" with an action; `rate` the nominal share of false findings among
    findings; `tested` the number of candidates; `needed` what the first finding had to reach (an e-value for `method` "e-BH", a
    p-value for "BH");
    `best` the best candidate's value; `can_fire` whether any candidate could have been found at all with this much
    calibration data; `note` says so in a sentence.
    """

    level: str
    method: str
    rate: float
    tested: int
    found: int
    needed: float | None = None
    best: float | None = None
    can_fire: bool = True
    note: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class UndecidedCount:
    """How many accounts, signals or candidates could not be decided, why, and how much data would decide (in words)."""

    what: str
    count: int
    why: str
    needs: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class RejectCount:
    """Rows of one file that could not be read for one reason; `line` is the first of them."""

    path: str
    format: str
    field: str
    reason: str
    count: int
    line: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class ScanView:
    """One scan as a report shows it. Order is rank: actors and accounts come as the pipeline ranked them.

    `actors` holds every candidate (for review, set aside, undecided); `accounts` the single accounts that are worth a
    line. `watch` is there once days were looked at one by one. `guarantees` are sentences that hold for the findings with
    their nulls; `limits` what this scan could not see, beside the standing limits that every report prints.
    """

    run: RunFacts
    actors: tuple[ActorView, ...] = ()
    accounts: tuple[AccountView, ...] = ()
    budgets: tuple[ErrorBudget, ...] = ()
    calibration: tuple[CalibrationView, ...] = ()
    undecided: tuple[UndecidedCount, ...] = ()
    rejects: tuple[RejectCount, ...] = ()
    guarantees: tuple[str, ...] = ()
    limits: tuple[str, ...] = ()
    watch: WatchView | None = None
    form: Literal["stillwatch.scan/1"] = "stillwatch.scan/1"

    def decided(self, decision: Decision) -> tuple[ActorView, ...]:
        """The candidate actors with this decision, in rank order."""
        return tuple(actor for actor in self.actors if actor.decision is decision)

    @property
    def for_review(self) -> tuple[ActorView, ...]:
        """Actors that a person should review: the findings."""
        return self.decided(Decision.REVIEW)

    @property
    def set_aside(self) -> tuple[ActorView, ...]:
        """Candidates that an innocent explanation fits, or whose evidence did not pass."""
        return tuple(actor for actor in self.actors if actor.decision in (Decision.SET_ASIDE, Decision.QUIET))

    @property
    def undecided_actors(self) -> tuple[ActorView, ...]:
        """Candidates on which the data could not decide."""
        return self.decided(Decision.UNDECIDED)

    @property
    def accounts_for_review(self) -> tuple[AccountView, ...]:
        """Single accounts that a person should review on their own evidence."""
        return tuple(account for account in self.accounts if account.decision is Decision.REVIEW)
