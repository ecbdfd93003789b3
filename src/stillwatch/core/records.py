"""The words everyone speaks: small frozen records that pass between rooms."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

__all__ = [
    "OPEN_REQUESTS",
    "PRESSING",
    "Decision",
    "Estimate",
    "Evidence",
    "Outcome",
    "Part",
    "Support",
    "Technique",
    "Vote",
    "technique_mask",
]


class Decision(StrEnum):
    """What a day's evidence says of an account or an actor. A machine proposes `REVIEW` at most; people decide the rest."""

    REVIEW = "review"
    QUIET = "quiet"
    SET_ASIDE = "set_aside"
    UNDECIDED = "undecided"


class Outcome(StrEnum):
    """How one exchange ended."""

    OK = "ok"
    REFUSED = "refused"
    ERROR = "error"
    CANCELLED = "cancelled"


class Part(StrEnum):
    """Which of the three parts of a case a sentence belongs to; they are never mixed."""

    OBSERVED = "observed"
    INFERRED = "inferred"
    EXCULPATORY = "exculpatory"


class Vote(StrEnum):
    """What kind of evidence a test of an actor is; a finding needs a structural vote, for the others can be forged."""

    STRUCTURAL = "structural"
    BEHAVIOURAL = "behavioural"
    COORDINATION = "coordination"


class Support(StrEnum):
    """Which way a result points."""

    HARVEST = "harvest"
    INNOCENT = "innocent"
    NEITHER = "neither"


class Technique(StrEnum):
    """Ways of asking for what trains a copy; bit positions in `features.elicitation` follow this order."""

    COT_WRITEOUT = "cot_writeout"
    REASONING_TAGS = "reasoning_tags"
    DEBUG_PRETEXT = "debug_pretext"
    FAKE_SYSTEM = "fake_system"
    ANTI_FLAGGING = "anti_flagging"
    THINKING_LANGUAGE = "thinking_language"
    TRANSLATE_MEMORY = "translate_memory"
    RUBRIC_GRADING = "rubric_grading"
    PREFERENCE_JUDGING = "preference_judging"
    TASK_GENERATION = "task_generation"
    SYNTHETIC_DATA = "synthetic_data"
    TRACE_CLEANING = "trace_cleaning"
    REASONING_REQUEST = "reasoning_request"
    GRADING_REQUEST = "grading_request"
    CRITIQUE = "critique"
    ALIGNMENT_HARVEST = "alignment_harvest"


OPEN_REQUESTS = (
    Technique.REASONING_REQUEST,
    Technique.GRADING_REQUEST,
    Technique.CRITIQUE,
    Technique.ALIGNMENT_HARVEST,
)
"""Requests that ordinary people and honest firms make every day (work shown step by step, a mark for an essay, a critique, a question
about what a model refuses): never evidence against one account, only of a group that does little else."""


def technique_mask(techniques: Iterable[Technique]) -> int:
    """The bits of some techniques in `features.elicitation`.

    >>> technique_mask([Technique.COT_WRITEOUT, Technique.DEBUG_PRETEXT])
    5
    """
    order = list(Technique)
    return sum(1 << order.index(one) for one in techniques)


PRESSING = technique_mask(t for t in Technique if t not in OPEN_REQUESTS)
"""The bits of all techniques that ordinary people hardly ever use."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Estimate:
    """A measured value with its doubt: interval `[low, high]` at `level`, from `n` observations, by `method`."""

    value: float
    low: float
    high: float
    n: int
    method: str
    level: float = 0.95


@dataclass(frozen=True, kw_only=True, slots=True)
class Evidence:
    """A signal turned into a p-value and an e-value against a stated null.

    `p_value` and `e_value` are `None` when undecided; then `needed` says how much data would decide.
    `null` is the null hypothesis in words a reader can check.
    """

    value: float
    n: int
    p_value: float | None
    e_value: float | None
    null: str
    method: str
    needed: int | None = None

    @property
    def decided(self) -> bool:
        """Whether there was enough data for an answer."""
        return self.p_value is not None or self.e_value is not None
