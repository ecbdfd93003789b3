"""What a rule is: it reads a batch of objects in a setting, and answers with refusals that say where, why and what to do."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from stillwatch.forum.rules.policy import Policy
from stillwatch.forum.words import Carrier, ForumError, Lane, Way

__all__ = [
    "Batch",
    "Check",
    "Object",
    "Override",
    "Refusal",
    "Rule",
    "Setting",
    "outgoing",
    "refusal",
    "told_as",
]

Object = Mapping[str, Any]
Batch = Sequence[Object]


@dataclass(frozen=True, kw_only=True, slots=True)
class Refusal:
    """One reason why an object may not pass: the rule's code, the object's id, the path, why, and what to do.

    Neither the path nor the words ever repeat the value: it may be what must not be seen.
    """

    code: str
    object: str
    path: str
    why: str
    mend: str

    def __str__(self) -> str:
        return f"{self.code} {self.object or 'the batch'} {self.path}: {self.why}. {self.mend}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Override:
    """Two people say that one refusal is wrong. Only rules that read words can be overridden, as words can be misread.

    Raises:
        ForumError: when one person stands for both.
    """

    code: str
    object: str
    path: str
    by: str
    second: str
    why: str

    def __post_init__(self) -> None:
        if (
            self.by.strip().casefold() == self.second.strip().casefold()
            or not self.by.strip()
            or not self.second.strip()
        ):
            raise ForumError(f"{self.code}: an override needs two different people")


@dataclass(frozen=True, kw_only=True, slots=True)
class Setting:
    """What a rule knows beside the batch.

    `policy` is None at a hub, which has none of its own; `before` are the versions last sent or received, by id; `passed_today` counts
    objects that this sender passed today; `recorded` says that what happens here is written to a log.
    """

    way: Way
    now: dt.datetime
    policy: Policy | None = None
    lane: Lane = Lane.PEER
    carrier: Carrier = Carrier.TAXII
    before: Mapping[str, Object] = field(default_factory=dict)
    passed_today: int = 0
    most_a_day: int = 2_000
    most_a_batch: int = 500
    recorded: bool = True
    overrides: tuple[Override, ...] = ()

    @property
    def today(self) -> dt.date:
        """The day (UTC)."""
        return self.now.astimezone(dt.UTC).date()


def outgoing(
    policy: Policy,
    *,
    now: dt.datetime,
    before: Mapping[str, Object],
    passed_today: int = 0,
    carrier: Carrier = Carrier.TAXII,
    overrides: tuple[Override, ...] = (),
) -> Setting:
    """The setting of a house that sends to its peers, with the quotas of its policy."""
    return Setting(
        way=Way.OUT,
        now=now,
        policy=policy,
        carrier=carrier,
        before=before,
        passed_today=passed_today,
        most_a_day=policy.objects_a_day,
        most_a_batch=policy.objects_a_batch,
        overrides=overrides,
    )


Check = Callable[[Batch, Setting], Iterator[Refusal]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """One rule: code, what it promises, and the check. `lanes` are those in which it holds."""

    code: str
    title: str
    check: Check
    lanes: frozenset[Lane] = frozenset(Lane)
    may_be_overridden: bool = False


def refusal(code: str, one: Object | None, path: str, why: str, mend: str) -> Refusal:
    """A refusal of an object, or of the batch as a whole."""
    return Refusal(code=code, object="" if one is None else told_as(one), path=path, why=why, mend=mend)


def told_as(one: Object) -> str:
    """An object's id as a refusal may name it; no more than its type where the id is odd, and then it is not the id."""
    made = one.get("id")
    kind = one.get("type")
    if (
        isinstance(made, str)
        and len(made) <= 120
        and made.isascii()
        and "--" in made
        and made.replace("-", "").isalnum()
    ):
        return made
    return (
        f"{kind} without a readable id"
        if isinstance(kind, str) and kind in _KNOWN_TYPES
        else "object without a readable id"
    )


_KNOWN_TYPES = frozenset(
    {
        "indicator",
        "campaign",
        "intrusion-set",
        "infrastructure",
        "relationship",
        "sighting",
        "note",
        "opinion",
        "grouping",
        "report",
        "identity",
    }
)
"""Types that a refusal may name where an object has no readable id."""
