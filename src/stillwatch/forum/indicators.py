"""From a case to indicators: what its accounts share with hardly anybody else, never who they are.

An indicator's id follows from (case, kind, value) and from nothing about members, so a case that gains or loses an account keeps its
indicators, and a reversal finds all of them by the case.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from stillwatch.cases import Reason
from stillwatch.core import Technique
from stillwatch.forum.stix.ids import stix_id
from stillwatch.forum.stix.pattern import Compared, wrong_value
from stillwatch.forum.words import Kind, Objective, decade

__all__ = [
    "LASTING",
    "STANDS_ALONE",
    "UNCORROBORATED",
    "CaseFacts",
    "Indicator",
    "LeftOut",
    "Thing",
    "indicator_id",
    "indicators_of",
    "objective_of",
    "value_digest",
]

LASTING = {
    Kind.SUBNET: 14,
    Kind.ASN: 30,
    Kind.TLS: 30,
    Kind.USER_AGENT: 30,
    Kind.TEMPLATE: 90,
    Kind.TECHNIQUE: 90,
    Kind.MODEL: 90,
    Kind.RHYTHM: 30,
}
"""Days for which an indicator of each kind may be valid, at most: addresses change hands within weeks."""

STANDS_ALONE = frozenset({Kind.SUBNET, Kind.TEMPLATE})
"""Kinds of which a match is worth a look by itself. All others are shared by honest people and say something only together."""

UNCORROBORATED = 50
"""The most confidence that one house can give: more takes another's own evidence."""

_LEAST_MEMBERS = 3
_OWN_SHARE = 0.5

CARRIERS = frozenset({
    "13335", "15169", "16509", "14618", "8075", "8068", "396982", "14061", "20940", "54113", "31898", "24940", "16276", "63949",
    "36459", "32934", "2906", "714", "4134", "4837", "7922", "7018", "3320", "2516", "4713",
})  # fmt: skip
"""Networks of clouds, content networks and great carriers: half of all customers come from them, so none is an indicator."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Thing:
    """Something that members of a case have: how many of them, and how many other accounts of the house (unknown: None)."""

    kind: Kind
    value: str
    members: int
    others: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class CaseFacts:
    """What the forum knows of a case: no handle of a member, no text.

    `reason`, `reviewer` and `decided_on` are of a decision in force that harvesting was found; None where there is none. `evidence` is
    the SHA-256 of the sealed case file, None where the case was not sealed since; `concluded` that two people decided.
    """

    case: str
    first_seen: dt.date
    last_seen: dt.date
    accounts: int
    objective: Objective
    things: tuple[Thing, ...]
    left_out: tuple[LeftOut, ...] = ()
    reason: Reason | None = None
    reviewer: str | None = None
    decided_on: dt.date | None = None
    evidence: str | None = None
    concluded: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Indicator:
    """One indicator before it is written as STIX."""

    id: str
    case: str
    kind: Kind
    value: str
    confidence: int
    accounts_seen: int
    first_seen: dt.date
    last_seen: dt.date
    valid_from: dt.date
    valid_until: dt.date

    @property
    def stands_alone(self) -> bool:
        """Whether a match is worth a look by itself."""
        return self.kind in STANDS_ALONE

    @property
    def digest(self) -> str:
        """What its value is known by."""
        return value_digest(self.kind, self.value)


@dataclass(frozen=True, kw_only=True, slots=True)
class LeftOut:
    """Something that stays at home, by its kind and why; the value is not repeated. `count` counts things of a kind, exactly: for home."""

    what: str
    why: str
    count: int = 1


def value_digest(kind: Kind, value: str) -> str:
    """SHA-256 of a value with its kind."""
    return hashlib.sha256(f"{kind}\n{value}".encode()).hexdigest()


def indicator_id(case: str, kind: Kind, value: str) -> str:
    """The id of the indicator of a case with this value, whoever the members are today."""
    return stix_id("indicator", case, kind.value, value_digest(kind, value))


def indicators_of(facts: CaseFacts, *, today: dt.date) -> tuple[tuple[Indicator, ...], tuple[LeftOut, ...]]:
    """The indicators of a case, and what was left out and why. Confidence grows with how much of a thing's use is the case's own."""
    made: list[Indicator] = []
    out: list[LeftOut] = list(facts.left_out)
    for thing in sorted(facts.things, key=lambda t: (list(Kind).index(t.kind), t.value)):
        if (why := _stays(thing)) is not None:
            out.append(LeftOut(what=thing.kind.value, why=why))
            continue
        made.append(
            Indicator(
                id=indicator_id(facts.case, thing.kind, thing.value),
                case=facts.case,
                kind=thing.kind,
                value=thing.value,
                confidence=_confidence(thing),
                accounts_seen=decade(thing.members),
                first_seen=facts.first_seen,
                last_seen=facts.last_seen,
                valid_from=today,
                valid_until=today + dt.timedelta(days=LASTING[thing.kind]),
            )
        )
    return tuple(made), _counted(out)


def objective_of(techniques: Iterable[str]) -> Objective:
    """What an operation seems to be after, from its ways of asking.

    >>> objective_of(["cot_writeout"])
    <Objective.REASONING_TRACES: 'reasoning_traces'>
    """
    asked = set(techniques)
    for objective, marks in _OBJECTIVES.items():
        if asked & marks:
            return objective
    return Objective.GENERAL_ANSWERS


_OBJECTIVES: dict[Objective, frozenset[str]] = {
    Objective.REASONING_TRACES: frozenset({
        Technique.COT_WRITEOUT, Technique.REASONING_TAGS, Technique.DEBUG_PRETEXT, Technique.FAKE_SYSTEM,
        Technique.TRANSLATE_MEMORY, Technique.TRACE_CLEANING, Technique.THINKING_LANGUAGE,
    }),
    Objective.PREFERENCE_DATA: frozenset({Technique.RUBRIC_GRADING, Technique.PREFERENCE_JUDGING}),
    Objective.TASKS: frozenset({Technique.TASK_GENERATION, Technique.SYNTHETIC_DATA}),
}  # fmt: skip


def _stays(thing: Thing) -> str | None:
    """Why a thing stays at home, or None."""
    if (wrong := wrong_value(Compared(kind=thing.kind, value=thing.value))) is not None:
        return wrong
    if thing.members < _LEAST_MEMBERS:
        return f"fewer than {_LEAST_MEMBERS} accounts of the case have it"
    if thing.kind is Kind.ASN and thing.value in CARRIERS:
        return "the network of a cloud or great carrier, from which half of all customers come"
    if thing.kind in (Kind.TECHNIQUE, Kind.MODEL, Kind.RHYTHM):
        return None
    if thing.others is None:
        return "it is not known who else has it"
    if thing.members < _OWN_SHARE * (thing.members + thing.others):
        return "most accounts that have it are not of the case"
    return None


def _confidence(thing: Thing) -> int:
    """Up to `UNCORROBORATED`: the share of a thing's accounts that are the case's own; low where everybody can have it."""
    if thing.kind in (Kind.TECHNIQUE, Kind.MODEL, Kind.RHYTHM) or thing.others is None:
        return 15
    own = thing.members / (thing.members + thing.others)
    return max(15, min(UNCORROBORATED, 5 * round(10 * own)))


def _counted(out: Iterable[LeftOut]) -> tuple[LeftOut, ...]:
    """One line for each kind and reason."""
    counts: dict[tuple[str, str], int] = {}
    for one in out:
        counts[one.what, one.why] = counts.get((one.what, one.why), 0) + one.count
    return tuple(LeftOut(what=what, why=why, count=n) for (what, why), n in sorted(counts.items()))
