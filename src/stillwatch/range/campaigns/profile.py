"""A campaign as its discoverer described it: who is alleged, how much, how fast, asking what, from where. Figures say how sure they are."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from stillwatch.core.errors import Error
from stillwatch.range.campaigns.crew import Infrastructure
from stillwatch.range.campaigns.families import NUMBERS

__all__ = ["Basis", "CampaignProfile", "Conduct", "Figure", "Guest", "Phase", "Rhythm", "assumed", "derived", "stated"]


class Basis(StrEnum):
    """Where a figure comes from."""

    STATED = "stated"
    DERIVED = "derived"
    ASSUMED = "assumed"


@dataclass(frozen=True, kw_only=True, slots=True)
class Figure:
    """A number with its basis: stated by the source, derived from its numbers, or assumed by us because the source is silent."""

    value: float
    basis: Basis
    why: str = ""


def stated(value: float) -> Figure:
    """A figure that the source gives."""
    return Figure(value=value, basis=Basis.STATED)


def derived(value: float, why: str) -> Figure:
    """A figure that follows from those of the source; `why` is the arithmetic."""
    return Figure(value=value, basis=Basis.DERIVED, why=why)


def assumed(value: float, why: str) -> Figure:
    """A figure of ours, needed to render the campaign; `why` is the reason for it."""
    return Figure(value=value, basis=Basis.ASSUMED, why=why)


class Conduct(StrEnum):
    """What the operator does. Only a harvest asks on its own account."""

    HARVEST = "harvest"
    RELAY = "relay"
    SIGN_UP = "sign-up"
    PURCHASE = "purchase"


class Rhythm(StrEnum):
    """How requests lie in time. Queue: around the clock, dealt round and round. Users: as the users of a product are awake. Office: as the
    operator's staff is."""

    QUEUE = "queue"
    USERS = "users"
    OFFICE = "office"


@dataclass(frozen=True, kw_only=True, slots=True)
class Phase:
    """A part of the window with its share of the hours and of the volume, and its own mix of prompts."""

    hours: float
    volume: float
    mix: tuple[tuple[str, float], ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Guest:
    """Another operator on the same infrastructure: a share of the accounts carries its prompts and its name in the truth."""

    name: str
    share: float
    mix: tuple[tuple[str, float], ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class CampaignProfile:
    """One campaign. `rate` is requests an account a day; `total` the published volume over `days`, None where nobody gave one.

    `cover` of the accounts' traffic is other people's or for show; `spread` is the sigma of the loads' logarithm, 0 for equal loads;
    `pivot` of the traffic moves to a new model when it is launched; `ban` is the share of the window after which the pool is banned (None:
    never), and `lag` the hours until it is replaced. `winners` of the techniques of a search are used in later phases.
    """

    key: str
    alleged: str
    source: str
    says: str
    accounts: Figure
    rate: Figure
    days: Figure
    total: int | None
    phases: tuple[Phase, ...]
    infrastructure: Infrastructure
    rhythm: Rhythm = Rhythm.QUEUE
    conduct: Conduct = Conduct.HARVEST
    cover: float = 0.0
    spread: float = 0.0
    pivot: float = 0.0
    ban: float | None = None
    lag: float = 1.0
    keeps: tuple[str, ...] = ()
    winners: int = 3
    guests: tuple[Guest, ...] = ()
    detectable: bool = True
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name, whole in (("hours", 1.0), ("volume", 1.0)):
            share = sum(getattr(phase, name) for phase in self.phases)
            if self.phases and abs(share - whole) > 1e-9:
                raise Error(f"{self.key}.phases: got {name} that sum to {share:.4f}, expected 1")
        for mix in (*(phase.mix for phase in self.phases), *(guest.mix for guest in self.guests)):
            for family, _ in mix:
                if family not in NUMBERS:
                    raise Error(f"{self.key}.mix: got {family!r}, expected some of {', '.join(NUMBERS)}")
        if not 0.0 <= self.cover < 1.0:
            raise Error(f"{self.key}.cover: got {self.cover}, expected a share from 0 to below 1")

    @property
    def daily(self) -> float:
        """Requests a day over all accounts."""
        return self.accounts.value * self.rate.value

    def assumptions(self) -> tuple[str, ...]:
        """Sentences naming what the source does not say."""
        return tuple(
            f"{name} {figure.value:g}: {figure.why}"
            for name, figure in (("accounts", self.accounts), ("rate", self.rate), ("days", self.days))
            if figure.basis == Basis.ASSUMED
        )
