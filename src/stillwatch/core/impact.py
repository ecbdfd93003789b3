"""What a finding cost and how it went on, as counted from logs: frozen records that scans fill, cases keep and reports show.

What the logs do not hold is unknown, and an estimate carries its assumptions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

__all__ = ["CapabilityShare", "Displacement", "ListValue", "ModelUse", "Replacement", "totals"]


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelUse:
    """Attempts on one model by what became of them. Tokens are of answered attempts, of which `uncounted` had no count in the logs."""

    model: str
    attempts: int
    answered: int
    refused: int
    failed: int
    unknown: int
    input_tokens: int
    output_tokens: int
    uncounted: int


@dataclass(frozen=True, kw_only=True, slots=True)
class CapabilityShare:
    """One capability that was asked for: in how many of the members' readable requests, and in how many of everybody else's."""

    capability: str
    exchanges: int
    of: int
    elsewhere: int
    elsewhere_of: int


@dataclass(frozen=True, kw_only=True, slots=True)
class ListValue:
    """Answered attempts at list prices: an estimate, whose `assumptions` belong to it wherever it is quoted.

    `priced` answered attempts went into it; `unpriced` did not, for want of a price or a token count.
    """

    amount: float
    currency: str
    as_of: str
    source: str
    priced: int
    unpriced: int
    assumptions: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Replacement:
    """How long it held when accounts stopped: of `stopped` accounts, how many others took over from, and the half-life in hours.

    The half-life is the time within which half of the stopped accounts had been taken over from; unknown when fewer than half were,
    or when too few stopped to say (`needed`).
    """

    stopped: int
    replaced: int
    half_life_hours: float | None = None
    needed: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Displacement:
    """Where traffic went after the day on which most of the stopping accounts stopped: shares of requests by model, before and after.

    `pathways` are the same shares by the way in (a cloud's host, a reseller, the house's own API), empty where the logs name none.
    `new_accounts` of the group began after that day, and sent `by_new` of the requests after it.
    """

    since: date
    before: int
    after: int
    days_before: int
    days_after: int
    shares: tuple[tuple[str, float, float], ...]
    pathways: tuple[tuple[str, float, float], ...] = ()
    new_accounts: int = 0
    by_new: int = 0

    @property
    def moved(self) -> float:
        """The share of requests that went to other models than before (total variation)."""
        return sum(abs(after - before) for _, before, after in self.shares) / 2


def totals(uses: Sequence[ModelUse]) -> tuple[int, int, int, int]:
    """Attempts answered, refused, failed and without an outcome, over all models."""
    return (
        sum(one.answered for one in uses),
        sum(one.refused for one in uses),
        sum(one.failed for one in uses),
        sum(one.unknown for one in uses),
    )
