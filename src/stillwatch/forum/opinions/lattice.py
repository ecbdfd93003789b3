"""How opinions add up, after ThreatExchange: negative, seed, positive, and what is both is disputed. A house counts once.

Corroboration is by a house's own evidence (a sighting), never by agreeing alone; the originator does not corroborate itself. Only houses
are counted, never how much each saw, so the state tells of nobody's size.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

__all__ = ["ESTABLISHED", "Corroboration", "Stance", "State", "corroboration", "joined"]

Object = Mapping[str, Any]
ESTABLISHED = 3
"""Houses besides the originator that have to have seen it themselves."""


class Stance(StrEnum):
    """What one house, or all of them, make of an indicator."""

    SEED = "seed"
    POSITIVE = "positive"
    NEGATIVE = "negative"
    DISPUTED = "disputed"


class State(StrEnum):
    """How far an indicator is borne out. It gates how visible it is, never what is done: each house acts on its own evidence."""

    SEED = "seed"
    CORROBORATED = "corroborated"
    ESTABLISHED = "established"
    DISPUTED = "disputed"


@dataclass(frozen=True, kw_only=True, slots=True)
class Corroboration:
    """The state of an indicator; whether its confidence may exceed what one house can give."""

    state: State
    stance: Stance

    @property
    def more_than_one(self) -> bool:
        """Whether somebody else's own evidence stands behind it and nobody's against it."""
        return self.state in (State.CORROBORATED, State.ESTABLISHED)


def joined(one: Stance, other: Stance) -> Stance:
    """The least stance that holds both: the seed below all, disputed above all.

    >>> joined(Stance.POSITIVE, Stance.NEGATIVE)
    <Stance.DISPUTED: 'disputed'>
    """
    if one is other or other is Stance.SEED:
        return one
    return other if one is Stance.SEED else Stance.DISPUTED


def corroboration(indicator: Object, said: Iterable[Object], *, contested: bool = False) -> Corroboration:
    """Where an indicator stands, from the sightings and opinions that speak of it.

    Args:
        indicator: the object; its creator is the originator.
        said: sightings and opinions, of any objects; withdrawn ones count for nothing.
        contested: whether somebody outside contests it and has no answer yet.
    """
    stances: dict[str, tuple[str, Stance]] = {}
    seen: set[str] = set()
    for one in sorted(said, key=lambda o: (str(o.get("modified")), str(o.get("id")))):
        house = str(one.get("created_by_ref"))
        if one.get("revoked") or house == indicator["created_by_ref"] or not _speaks_of(one, str(indicator["id"])):
            continue
        stance = _stance(one)
        if one["type"] == "sighting":
            seen.add(house)
        if stance is not Stance.SEED:
            stances[house] = (str(one.get("modified")), stance)
    whole = Stance.SEED
    for _, stance in stances.values():
        whole = joined(whole, stance)
    if contested or whole in (Stance.NEGATIVE, Stance.DISPUTED):
        return Corroboration(state=State.DISPUTED, stance=Stance.DISPUTED)
    witnesses = {house for house in seen if stances.get(house, ("", Stance.SEED))[1] is Stance.POSITIVE}
    state = State.ESTABLISHED if len(witnesses) >= ESTABLISHED else State.CORROBORATED if witnesses else State.SEED
    return Corroboration(state=state, stance=whole)


def _speaks_of(one: Object, made: str) -> bool:
    return one.get("sighting_of_ref") == made or (one.get("type") == "opinion" and made in one.get("object_refs", []))


def _stance(one: Object) -> Stance:
    if one["type"] == "sighting":
        return Stance.POSITIVE
    return {
        "strongly-disagree": Stance.NEGATIVE,
        "disagree": Stance.NEGATIVE,
        "agree": Stance.POSITIVE,
        "strongly-agree": Stance.POSITIVE,
    }.get(str(one.get("opinion")), Stance.SEED)
