"""The closed words of sharing: kinds of indicator, lanes, markings, switches, and the coarse numbers and days that may be told."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum

from stillwatch.core.errors import Error

__all__ = [
    "Carrier",
    "ForumError",
    "Kind",
    "Lane",
    "Objective",
    "Pap",
    "Switches",
    "Tlp",
    "Way",
    "day_of",
    "decade",
    "stamp",
]


class ForumError(Error):
    """A step that the rules of sharing do not allow, or a file, member or indicator that is not there."""


class Kind(StrEnum):
    """What an indicator is made of. None of them names a customer, and each has one comparison that a receiver can make."""

    SUBNET = "subnet"
    ASN = "asn"
    TLS = "tls"
    USER_AGENT = "user_agent"
    TEMPLATE = "template"
    TECHNIQUE = "technique"
    MODEL = "model"
    RHYTHM = "rhythm"


class Lane(StrEnum):
    """Four ways out of the house, with separate access; nothing passes from one to another."""

    PEER = "peer"
    EMBARGO = "embargo"
    GOVERNMENT = "government"
    HOLD = "hold"


class Way(StrEnum):
    """Whether something is about to leave or has just come in."""

    OUT = "out"
    IN = "in"


class Carrier(StrEnum):
    """How it travels: through a hub, where many may read, or as a file into one hand."""

    TAXII = "taxii"
    FILE = "file"


class Tlp(StrEnum):
    """Traffic Light Protocol 2.0 (FIRST, August 2022), mildest first."""

    CLEAR = "clear"
    GREEN = "green"
    AMBER = "amber"
    AMBER_STRICT = "amber+strict"
    RED = "red"

    @property
    def strictness(self) -> int:
        """Place from mildest to strictest."""
        return list(Tlp).index(self)


class Pap(StrEnum):
    """Permissible Actions Protocol: what a receiver may do that the actor could notice, mildest first."""

    CLEAR = "clear"
    GREEN = "green"
    AMBER = "amber"
    RED = "red"

    @property
    def strictness(self) -> int:
        """Place from mildest to strictest."""
        return list(Pap).index(self)


class Objective(StrEnum):
    """What an operation seems to be after, in a fixed vocabulary."""

    REASONING_TRACES = "reasoning_traces"
    PREFERENCE_DATA = "preference_data"
    TASKS = "tasks"
    GENERAL_ANSWERS = "general_answers"


ACTIONS = (
    "none",
    "contact-for-instruction",
    "internally-visible-actions",
    "externally-visible-indirect-actions",
    "externally-visible-direct-actions",
)
"""What IEP lets a receiver do, narrowest first."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Switches:
    """The switches of the Information Exchange Policy 2.0 (FIRST) that we enforce; the defaults are the strictest that still permit use."""

    permitted_actions: str = "internally-visible-actions"
    affected_party_notifications: str = "must-not"
    provider_attribution: str = "must-not"
    unmodified_resale: str = "must-not"
    encrypt_in_transit: str = "must"


def decade(count: int) -> int:
    """The power of ten at or below a count: the only form in which a count is told.

    >>> [decade(n) for n in (1, 9, 10, 4_321)]
    [1, 1, 10, 1000]

    Raises:
        ValueError: for less than one, which is not told at all.
    """
    if count < 1:
        raise ValueError(f"got {count}, expected at least 1")
    return int(10 ** (len(str(count)) - 1))


def day_of(at: dt.datetime | dt.date) -> dt.date:
    """The day (UTC) of a moment."""
    return at.astimezone(dt.UTC).date() if isinstance(at, dt.datetime) else at


def stamp(day: dt.date, revision: int = 0) -> str:
    """A day as STIX writes a time: its first instant, and of several revisions on one day the number in the milliseconds.

    >>> stamp(dt.date(2026, 11, 22), 3)
    '2026-11-22T00:00:00.003Z'
    """
    return f"{day.isoformat()}T00:00:00.{revision:03d}Z"
