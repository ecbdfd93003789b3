"""What a report knows of an actor over time: plain frozen records, as in `view_actor`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from stillwatch.core.records import Decision

__all__ = ["HistoryEvent", "LookView"]


@dataclass(frozen=True, kw_only=True, slots=True)
class LookView:
    """One day on which the actor was looked at: a row of `actor_looks`.

    `e_value` is the evidence of all logs by then; `evidence` the weighted sum of all looks so far, which is what decides.
    """

    day: datetime
    accounts: int
    decision: Decision
    e_value: float | None = None
    evidence: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class HistoryEvent:
    """One thing that happened to an actor, in a sentence: it split, merged, moved to another model, or its accounts were replaced."""

    at: datetime
    what: str
