"""What a case is opened with: the finding as it stood, its evidence, and what speaks against it. Never changed afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from stillwatch.cases.impact import Impact
from stillwatch.cases.statement import Factor, FactorShown, Statement
from stillwatch.core.errors import CaseError
from stillwatch.core.records import Part, Support
from stillwatch.core.shown import FamilyView, HourCount, ReleaseMark, SharedThing

__all__ = ["SHOWN", "CaseTest", "Exculpatory", "Impact", "Lookalike", "Member", "Opening", "whole"]

SHOWN = ("families", "links")
"""What of an opening is sealed under the key of its subject, as it quotes or describes what somebody sent."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CaseTest:
    """One test with its null in words; p- and e-value are unknown when it was undecided."""

    name: str
    null: str
    n: int
    supports: Support
    sentence: str
    value: float | None = None
    expected: float | None = None
    p_value: float | None = None
    e_value: float | None = None
    needed: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Lookalike:
    """One innocent explanation that was tried: whether it fits (unknown when the logs could not say), and why."""

    name: str
    fits: bool | None
    why: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Exculpatory:
    """What speaks for the accused, and what nobody looked at. A case without all three parts is not opened.

    `base_rates` are sentences with numbers: how many were looked at, how many of them may be wrong.
    """

    lookalikes: tuple[Lookalike, ...]
    base_rates: tuple[str, ...]
    not_tested: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Member:
    """One account of the case by its handle, and why it is in. Sealed as a personal field about that account."""

    handle: str
    exchanges: int
    harvest_exchanges: int | None
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Opening:
    """One finding of one scan, as a case is opened with it.

    `families` (redacted), `links` (what members share), `hours` and `releases` are what a person looks at; they are empty where a scan had
    none, and of cases that were opened before cases kept them.
    """

    handle: str
    run: str
    version: str
    reason: str
    first_seen: datetime | None
    last_seen: datetime | None
    e_value: float | None
    p_value: float | None
    threshold: float | None
    tests: tuple[CaseTest, ...]
    statements: tuple[Statement, ...]
    factors: tuple[FactorShown, ...]
    exculpatory: Exculpatory
    impact: Impact
    guarantees: tuple[str, ...]
    members: tuple[Member, ...]
    families: tuple[FamilyView, ...] = ()
    links: tuple[SharedThing, ...] = ()
    hours: tuple[HourCount, ...] = ()
    releases: tuple[ReleaseMark, ...] = ()


def whole(opening: Opening) -> Opening:
    """The opening, if it says all that a case must say.

    Raises:
        CaseError: with everything that is missing.
    """
    against = opening.exculpatory
    parts = {statement.part for statement in opening.statements}
    missing = [
        *(f"a statement that is {part}" for part in Part if part not in parts),
        *(() if against.lookalikes else ("an innocent explanation that was tried",)),
        *(() if against.base_rates else ("a base rate",)),
        *(() if against.not_tested else ("what was not tested",)),
        *(f"the factor {f.value!r}" for f in Factor if f not in {shown.factor for shown in opening.factors}),
        *(() if opening.members else ("a member",)),
    ]
    if missing:
        raise CaseError(f"{opening.handle}: no case is opened without {', '.join(missing)}")
    return opening
