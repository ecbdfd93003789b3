"""The words of a case: what is said, how surely, which of four factors and which claim it bears on."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from stillwatch.core.records import Part

__all__ = ["Claim", "Confidence", "Factor", "FactorShown", "Statement"]


class Confidence(StrEnum):
    """How sure a statement is. High: counted, or tested at the run's error budget. Moderate: fits, with others possible. Low: a lead."""

    LOW = "low"
    MODERATE = "moderate"
    HIGH = "high"


class Factor(StrEnum):
    """What purpose may be inferred from, taken together (H.R. 8283, as introduced on 15 April 2026; a bill, not law)."""

    PATTERN = "volume, structure, coordination and timing"
    CAPABILITY = "concentration on particular capabilities"
    MULTI_ACCOUNT = "coordinated use of several accounts"
    MODEL_TIMELINE = "correlation with the timeline of another model"


class Claim(StrEnum):
    """What may be claimed, each on its own facts: one never stands in for another. Only a person raises one."""

    CONTRACT = "contract"
    ACCESS_FRAUD = "access_fraud"
    TRADE_SECRET = "trade_secret"  # noqa: S105 - a legal theory
    SECURITY = "security"


@dataclass(frozen=True, kw_only=True, slots=True)
class Statement:
    """One sentence, typed by its part and graded; `ground` names the table, test or person that it rests on.

    `single_source` says that nothing independent confirms it; `interested_party` that it comes from somebody who gains by it.
    """

    part: Part
    confidence: Confidence
    sentence: str
    ground: str
    single_source: bool = False
    interested_party: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class FactorShown:
    """What the evidence says of one factor: that it is there, that it is not, or (unknown) that nobody could look."""

    factor: Factor
    shown: bool | None
    why: str
