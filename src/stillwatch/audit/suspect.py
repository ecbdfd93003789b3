"""A suspect behind a Protocol of one method a capability: it answers, it scores given text, or its weights are there to read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, TypeAlias, TypeGuard, runtime_checkable

from stillwatch.audit.records import Capability
from stillwatch.core import Error

__all__ = [
    "Answering",
    "Chances",
    "Holding",
    "Scoring",
    "Suspect",
    "Weighing",
    "answering",
    "holding",
    "scoring",
    "weighing",
]


Chances: TypeAlias = Mapping[tuple[str, str], float]
"""By (word before, next word), the chance of that word next, summed over the places of a text."""


class Suspect(Protocol):
    """A model under audit: a name to print and what it lets one see."""

    @property
    def name(self) -> str:
        """What people call it."""

    @property
    def capabilities(self) -> frozenset[Capability]:
        """What can be asked of it."""


@runtime_checkable
class Answering(Suspect, Protocol):
    """A suspect that answers prompts (`Capability.TEXT`)."""

    def answer(self, prompt: str) -> str | None:
        """Its one answer to a prompt; None if it was never asked or gave none. Asked twice, the same answer."""


@runtime_checkable
class Scoring(Suspect, Protocol):
    """A suspect that tells how likely a given text is (`Capability.LOGPROBS`)."""

    def likelihood(self, prompt: str, text: str) -> float | None:
        """Mean log-probability of a token of the text after the prompt, in nats; None if it is not known."""


@runtime_checkable
class Weighing(Suspect, Protocol):
    """A suspect that tells the chances of next words along a given text (`Capability.LOGPROBS`)."""

    def chances(self, prompt: str) -> Chances | None:
        """By (word before, next word), the chance of that word next, summed over the places of the prompt; None if it is not known."""


@runtime_checkable
class Holding(Suspect, Protocol):
    """A data set that can be looked into (`Capability.CORPUS`)."""

    def held(self, text: str) -> float:
        """The share of a text that it holds, in [0, 1]."""


def weighing(suspect: Suspect) -> Weighing:
    """The suspect as one that tells the chances of next words.

    Raises:
        Error: when it does not.
    """
    if not (Capability.LOGPROBS in suspect.capabilities and isinstance(suspect, Weighing)):
        raise Error(f"{suspect.name}: gives no logprobs, it has {_told(suspect)}")
    return suspect


def holding(suspect: Suspect) -> Holding:
    """The suspect as a data set.

    Raises:
        Error: when it is none.
    """
    if not _holds(suspect):
        raise Error(f"{suspect.name}: is no data set, it has {_told(suspect)}")
    return suspect


def answering(suspect: Suspect) -> Answering:
    """The suspect as one that answers.

    Raises:
        Error: when it does not.
    """
    if not _answers(suspect):
        raise Error(f"{suspect.name}: gives no text, it has {_told(suspect)}")
    return suspect


def scoring(suspect: Suspect) -> Scoring:
    """The suspect as one that scores given text.

    Raises:
        Error: when it does not.
    """
    if not _scores(suspect):
        raise Error(f"{suspect.name}: gives no logprobs, it has {_told(suspect)}")
    return suspect


def _answers(suspect: Suspect) -> TypeGuard[Answering]:
    return Capability.TEXT in suspect.capabilities and isinstance(suspect, Answering)


def _scores(suspect: Suspect) -> TypeGuard[Scoring]:
    return Capability.LOGPROBS in suspect.capabilities and isinstance(suspect, Scoring)


def _holds(suspect: Suspect) -> TypeGuard[Holding]:
    return Capability.CORPUS in suspect.capabilities and isinstance(suspect, Holding)


def _told(suspect: Suspect) -> str:
    return ", ".join(sorted(suspect.capabilities)) or "nothing"
