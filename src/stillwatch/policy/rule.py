"""What a policy says: rules, their parameters, what holds where the standing cannot be trusted. Records alone; `policy_file` reads them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from stillwatch.policy.markers import Marker
from stillwatch.policy.rates import Rate
from stillwatch.policy.records import Asked, Clamp, Hide, Hold, Siblings, Step

__all__ = [
    "UNTRUSTED",
    "Condition",
    "Counted",
    "Entry",
    "Example",
    "Limit",
    "Match",
    "People",
    "Per",
    "Policy",
    "Rule",
    "Stay",
    "Trust",
    "Without",
]

UNTRUSTED = "standing-cannot-be-trusted"
"""The rule that is named where the standing is too old, or missing."""


class Counted(StrEnum):
    """What a limit counts."""

    REQUESTS = "requests"
    TOKENS = "tokens"
    REASONING_TOKENS = "reasoning_tokens"
    CONCURRENT = "concurrent"


class Per(StrEnum):
    """Whose use a limit counts: every account's own, or that of all accounts of one actor together."""

    ACCOUNT = "account"
    ACTOR = "actor"


@dataclass(frozen=True, kw_only=True, slots=True)
class Limit:
    """One limit. `reserve` is what a request counts as until its use is known, and for good where it never is."""

    counted: Counted
    per: Per
    rate: Rate
    reserve: int = 1


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition over standing: its text, the facts it speaks of, and whether it holds of given facts; of unknown ones it never does."""

    text: str
    speaks_of: frozenset[str]
    holds: Callable[[Mapping[str, Any]], bool] = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Match:
    """Facts of a request that a rule asks for: the words of the file, and the test. An unknown fact never matches."""

    words: tuple[tuple[str, Any], ...]
    holds: Callable[[Asked], bool] = field(compare=False, repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """Evidence without which a rule lays hold of nobody: its level in decibans, and from how many kinds of finding."""

    evidence: int = 0
    kinds: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Stay:
    """What keeps a rule on whom it has laid hold of: a lower level of evidence, and for at least so many seconds."""

    evidence: int = 0
    at_least: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """One rule: whom and what it concerns, the step, its parameters and those of the milder steps that come with it."""

    name: str
    step: Step
    when: Condition | None = None
    match: Match | None = None
    entry: Entry = Entry()
    stay: Stay | None = None
    ttl: int | None = None
    clamp: Clamp | None = None
    limits: tuple[Limit, ...] = ()
    mark: str | None = None
    marker: Marker | None = None
    hold: Hold | None = None
    siblings: Siblings | None = None
    lock_context: bool = False
    hide: Hide = Hide.NOTHING
    degrade: str | None = None
    delay: float = 0.0
    review: bool = False
    shadow: bool = False
    message: str = ""

    @property
    def universal(self) -> bool:
        """Whether it concerns every account alike: a condition of service that accuses nobody."""
        return self.when is None


class Without(StrEnum):
    """What becomes of a request where the standing is missing, or too old to act on."""

    OBSERVE = "observe"
    KEEP = "keep"
    REFUSE = "refuse"
    UNSAFE_ALLOW = "unsafe_allow"


@dataclass(frozen=True, kw_only=True, slots=True)
class Trust:
    """How old a standing may be, in seconds, and what holds when it is older, or when there is none."""

    stale_after: int = 129_600
    stale: Without = Without.OBSERVE
    missing: Without = Without.OBSERVE


@dataclass(frozen=True, kw_only=True, slots=True)
class People:
    """What a person's decision is carried out with: the limits of a throttle, and where to go to be verified or to appeal."""

    limits: tuple[Limit, ...]
    verify_link: str = ""
    appeal_link: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Example:
    """A test that stands beside the rules: a request sent `times` at once, each settled with `used`
    where that is given (otherwise all stay under way), and what must be ruled at last."""

    says: str
    path: str
    standing: Mapping[str, Any]
    asked: Mapping[str, Any]
    used: Mapping[str, Any]
    times: int
    expect: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Policy:
    """A whole policy. `id` is its name with a digest of the file; `covert_until` is when degrading and delays end by themselves."""

    name: str
    id: str
    rules: tuple[Rule, ...]
    people: People
    trust: Trust = Trust()
    exempt: frozenset[str] = frozenset()
    covert_until: float | None = None
    told: bool = True
    tests: tuple[Example, ...] = ()
