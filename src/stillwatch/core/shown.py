"""What a scan shows of an actor besides its numbers, as frozen records that scans fill, cases keep and reports draw.

No record holds text of a prompt but what redaction made of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

__all__ = ["DecisionMark", "Example", "FamilyView", "HourCount", "Piece", "ReleaseMark", "SharedThing"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Piece:
    """A stretch of an example: constant text that may be shown, or a varying part of which only the length is kept."""

    constant: bool
    text: str | None
    length: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Example:
    """A redacted example of a family, made by `redact.redact_examples`. `cut` characters were left off at the end."""

    pieces: tuple[Piece, ...]
    masked: int = 0
    cut: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class FamilyView:
    """One prompt family of the actor: a row of `families` with redacted examples.

    `distinct` is distinct prompts per exchange, `exclusivity` the share of its accounts' traffic, `inside` the share
    of the accounts that carry it which are members of the actor.
    """

    handle: str
    scope: str
    exchanges: int
    accounts: int
    first_at: datetime | None = None
    last_at: datetime | None = None
    distinct: float | None = None
    single_turn: float | None = None
    exclusivity: float | None = None
    inside: float | None = None
    fragments: int = 1
    joined_by: str = ""
    techniques: tuple[str, ...] = ()
    examples: tuple[Example, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class SharedThing:
    """Something that members share: a payment instrument, a subnet, a family. `key` is unique within the picture.

    `label` is shown after the kind ("7K2Q", a family's handle); `members` counts the actor's accounts tied to it,
    `population` all accounts of the logs that have it (a hub when that is wide).
    """

    key: str
    kind: str
    label: str
    members: int
    population: int | None = None
    weight: float = 1.0
    reason: str = ""

    @property
    def name(self) -> str:
        """The kind and the label, the kind said once."""
        kind = self.kind.replace("_", " ")
        return self.label if self.label.replace("_", " ").startswith(kind) else f"{kind} {self.label}"


@dataclass(frozen=True, kw_only=True, slots=True)
class HourCount:
    """Exchanges of the members in one hour: those that carry the harvest, and all others."""

    at: datetime
    harvest: int
    other: int


@dataclass(frozen=True, kw_only=True, slots=True)
class ReleaseMark:
    """A model's launch, marked on the timeline."""

    model: str
    at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class DecisionMark:
    """Something that happened to an actor's accounts, marked on the timeline: a decision that came into force, accounts that stopped."""

    what: str
    at: datetime
