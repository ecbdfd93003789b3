"""What a report knows about one candidate actor: plain frozen records, no tables, no raw identities.

Handles are written by `core.pseudonym.handle`; times are aware and in UTC; shares lie in [0, 1]; `None` means
unknown, never zero. A record holds no prompt text but what `redact` made of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from stillwatch.core.impact import CapabilityShare, Displacement, ModelUse, Replacement
from stillwatch.core.records import Decision, Part, Support, Vote
from stillwatch.core.shown import Example, FamilyView, HourCount, Piece, ReleaseMark, SharedThing
from stillwatch.report.view_history import HistoryEvent, LookView

__all__ = [
    "ActorView",
    "Example",
    "FamilyView",
    "HeldOutTest",
    "HourCount",
    "LinkPicture",
    "LookalikeCheck",
    "MemberView",
    "Part",
    "Piece",
    "ReleaseMark",
    "SharedThing",
    "Statement",
    "Tie",
    "TopicShare",
]


@dataclass(frozen=True, kw_only=True, slots=True)
class Statement:
    """One sentence of a case, typed by its part; `ground` names where it comes from (a table, a test, a registry)."""

    part: Part
    sentence: str
    ground: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class HeldOutTest:
    """One test of the actor on data that was not used to find it: a row of `actor_evidence`.

    `value` with its interval `[low, high]` stands against `expected`, the value under the null. `title` is the test
    in a few words; `unit` follows the numbers, and the unit "share" shows 0.93 as 93 %.
    """

    test: str
    vote: Vote
    supports: Support
    n: int
    null: str
    sentence: str
    title: str = ""
    unit: str = ""
    value: float | None = None
    low: float | None = None
    high: float | None = None
    expected: float | None = None
    needed: int | None = None
    p_value: float | None = None
    e_value: float | None = None

    @property
    def decided(self) -> bool:
        """Whether there was enough data for an answer."""
        return self.p_value is not None or self.e_value is not None

    @property
    def describes(self) -> bool:
        """Whether it is a measured value without a test: neither decided, nor undecided for want of data."""
        return not self.decided and self.value is not None and self.needed is None


@dataclass(frozen=True, kw_only=True, slots=True)
class LookalikeCheck:
    """One innocent explanation that was tried on an actor or account. `fits` is unknown when the logs could not say."""

    name: str
    fits: bool | None
    why: str
    meaning: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class MemberView:
    """One account of the actor: a row of `actor_members` with what the provider's records say of it.

    `stopped` is its last exchange, where it seems to have stopped; `replaces` the member that stopped within a day before it began.
    """

    handle: str
    exchanges: int
    harvest_exchanges: int
    links: int
    weight: float
    reason: str
    product_type: str | None = None
    plan: str | None = None
    signup_path: str | None = None
    created: datetime | None = None
    first_seen: datetime | None = None
    last_seen: datetime | None = None
    stopped: datetime | None = None
    replaces: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Tie:
    """One account's tie to one shared thing of the picture: positions in `LinkPicture.accounts` and `.things`."""

    account: int
    thing: int
    weight: float = 1.0


@dataclass(frozen=True, kw_only=True, slots=True)
class LinkPicture:
    """The links that hold an actor together, as a graph of accounts and shared things.

    Give all members when there are at most some thousands; the report aggregates. When only a sample is given,
    `of_members` is the whole number and `sampling` says how it was drawn.
    """

    accounts: tuple[str, ...]
    things: tuple[SharedThing, ...]
    ties: tuple[Tie, ...]
    of_members: int
    sampling: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class TopicShare:
    """A topic's share of the actor's harvest beside its share of the population's traffic."""

    label: str
    share: float
    expected: float | None = None
    n: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class ActorView:
    """One candidate actor with everything a reviewer needs; for review, set aside, or undecided.

    `harvest_exchanges` are those that carry its families or techniques; `yield_exchanges` the distinct prompts
    answered among them. `e_value` is the evidence on held-out data over all `looks` and `threshold` what e-BH demanded. `founding_n`
    is the number of exchanges that found it, `tested_n` the number that tested it, where the two are known.
    `statements` adds sentences to the three parts that the report writes from the numbers.
    """

    handle: str
    decision: Decision
    reason: str
    accounts: int
    exchanges: int
    harvest_exchanges: int
    yield_exchanges: int
    capability: str
    first_seen: datetime | None = None
    last_seen: datetime | None = None
    yield_tokens: int | None = None
    techniques: tuple[str, ...] = ()
    found_by: tuple[str, ...] = ()
    founding_n: int | None = None
    tested_n: int | None = None
    tests: tuple[HeldOutTest, ...] = ()
    e_value: float | None = None
    threshold: float | None = None
    lookalikes: tuple[LookalikeCheck, ...] = ()
    families: tuple[FamilyView, ...] = ()
    members: tuple[MemberView, ...] = ()
    links: LinkPicture | None = None
    hours: tuple[HourCount, ...] = ()
    releases: tuple[ReleaseMark, ...] = ()
    topics: tuple[TopicShare, ...] = ()
    statements: tuple[Statement, ...] = ()
    looks: tuple[LookView, ...] = ()
    events: tuple[HistoryEvent, ...] = ()
    uses: tuple[ModelUse, ...] = ()
    sought: tuple[CapabilityShare, ...] = ()
    replacement: Replacement | None = None
    displacement: Displacement | None = None
