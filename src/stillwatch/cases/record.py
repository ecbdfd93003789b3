"""A case as it stands: what it was opened with, what people added and decided, and its whole history."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum

from stillwatch.cases.exhibit import ExhibitGiven
from stillwatch.cases.opening import Member, Opening
from stillwatch.cases.ruling import ANSWER_WITHIN, NEEDS_TWO, Reason, Ruling
from stillwatch.cases.statement import Claim, Confidence, Factor, FactorShown, Statement

__all__ = ["FORGOTTEN", "Case", "ClaimRaised", "Event", "RulingGiven", "State"]

FORGOTTEN = "(forgotten)"
"""Stands where a personal field was, after its subject's key was destroyed."""


class State(StrEnum):
    """Where a case is: to be decided, decided by one where two are needed, decided, or gone into another."""

    OPEN = "open"
    AWAITS_SECOND = "awaits_second"
    DECIDED = "decided"
    MERGED = "merged"


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """One thing that was done to the case: the journal's record number, when, what, by whom, and what they said."""

    seq: int
    at: str
    what: str
    by: str
    note: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class RulingGiven:
    """One decision. `number` counts the case's decisions from 1 and is what an appeal names; `person` is the decider's random id.

    An organisation is named as an allegation, with its confidence. `approved_by` is the second person, where two are needed.
    It counts `until` an instant, after which the journal says that it lapsed; unknown of decisions that restrict nobody and of old ones.
    """

    number: int
    ruling: Ruling
    reason: Reason
    by: str
    person: str
    at: str
    note: str
    organisation: str | None = None
    confidence: Confidence | None = None
    approved_by: str | None = None
    withdrawn: bool = False
    until: str | None = None
    lapsed: bool = False

    @property
    def counts(self) -> bool:
        """Whether it is in force: not withdrawn, its time not over, and approved where two are needed."""
        return not (self.withdrawn or self.lapsed) and (self.ruling not in NEEDS_TWO or self.approved_by is not None)


@dataclass(frozen=True, kw_only=True, slots=True)
class ClaimRaised:
    """One claim that a person raised, on its own facts."""

    claim: Claim
    why: str
    by: str
    at: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """One case. `openings` are the findings it rests on (more than one after a merge), `members` who is in it today."""

    id: str
    state: State
    handle: str
    openings: tuple[Opening, ...]
    members: tuple[Member, ...]
    added: tuple[Statement, ...] = ()
    claims: tuple[ClaimRaised, ...] = ()
    rulings: tuple[RulingGiven, ...] = ()
    exhibits: tuple[ExhibitGiven, ...] = ()
    merged_into: str | None = None
    split_from: str | None = None
    contested_at: str | None = None
    history: tuple[Event, ...] = ()

    @property
    def statements(self) -> tuple[Statement, ...]:
        """Everything said: by the findings, by people, and by the exhibits that count."""
        told = (one.exhibit for one in self.exhibits if one.counts)
        return (
            *(s for opening in self.openings for s in opening.statements),
            *self.added,
            *(s for exhibit in told for s in exhibit.statements),
        )

    def factors(self, opening: Opening) -> tuple[FactorShown, ...]:
        """The four factors as one of its findings shows them; the fourth as each exhibit that counts shows it, where there is one."""
        fourth = tuple(one.factor for one in self.exhibits if one.counts)
        own = (one for one in opening.factors if not (fourth and one.factor is Factor.MODEL_TIMELINE))
        return (*own, *fourth)

    @property
    def in_force(self) -> tuple[RulingGiven, ...]:
        """The decisions that count today."""
        return tuple(ruling for ruling in self.rulings if ruling.counts)

    def in_force_since(self, ruling: RulingGiven) -> str | None:
        """When a decision began to count: when it was given, or approved where two are needed; `None` when it never did."""
        if ruling.ruling not in NEEDS_TWO:
            return ruling.at
        if ruling.approved_by is None:
            return None
        return next((e.at for e in self.history if e.what == "approved" and e.at >= ruling.at), ruling.at)

    def withdrawn_at(self, ruling: RulingGiven) -> str | None:
        """When a decision was withdrawn, at the first re-opening after it, or lapsed; `None` while it was not."""
        if not (ruling.withdrawn or ruling.lapsed):
            return None
        ending, since = ("lapsed", ruling.until or ruling.at) if ruling.lapsed else ("reopened", ruling.at)
        return next((e.at for e in self.history if e.what == ending and e.at >= since), since)

    @property
    def answer_by(self) -> str | None:
        """By when (UTC) a contested case is to be decided anew; `None` when it is not contested, or was decided since."""
        if self.contested_at is None:
            return None
        return (dt.datetime.fromisoformat(self.contested_at) + ANSWER_WITHIN).isoformat()

    def appeal(self, number: int) -> str:
        """What the accused names to contest decision `number`."""
        return f"{self.id}/{number}"
