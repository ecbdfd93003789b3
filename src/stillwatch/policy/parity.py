"""Parity: whether the same safeguards hold for every model, way in and dialect, and which rule makes the difference where they do not.

A request that is refused in one place and answered in another goes to the other: safeguards are as strong as the weakest place. Every
standing that the policy can tell apart is tried, with every kind of request that it can tell apart, in every place.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import pyarrow as pa

from stillwatch.engine import table
from stillwatch.policy.gatekeeper import Gatekeeper
from stillwatch.policy.records import Asked, Dialect, Ruling
from stillwatch.policy.rule import Policy
from stillwatch.policy.standing import Standing

__all__ = ["Difference", "Place", "parity", "places_of"]

_AT = 1_767_225_600.0
_DIALECTS = tuple(one for one in Dialect if one is not Dialect.OTHER)
_BOUND_TO_A_PLACE = ("model", "pathway", "dialect")
_REQUESTS: dict[str, dict[str, Any]] = {
    "plain": {},
    "with reasoning": {"reasoning": True, "stream": True},
    "with log-probabilities": {"logprobs": True, "top_logprobs": 20, "logit_bias": True},
    "many samples": {"n": 64, "top_k": 500, "max_tokens": 100_000},
    "with tools, many turns": {"tools": True, "turns": 40, "body_bytes": 400_000},
    "of a new account": {"account_days": 1},
}
_STANDINGS: dict[str, dict[str, Any]] = {
    "nobody known": {},
    "watched": {"proposed": "observe", "evidence": 20, "kinds": 1},
    "throttled, of an actor": {"proposed": "throttle", "evidence": 100, "kinds": 2, "actor": 7, "actor_accounts": 40},
    "throttled, alone": {"proposed": "throttle", "evidence": 100, "kinds": 2},
    "to be verified by a person's decision": {"proposed": "throttle", "decided": "verify"},
    "blocked by a person": {"proposed": "throttle", "decided": "block"},
}


@dataclass(frozen=True, kw_only=True, slots=True, order=True)
class Place:
    """Where a request may go: a model by a way in, in a dialect."""

    model: str
    pathway: str
    dialect: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """One kind of account with one kind of request that meets other safeguards in some places than in most.

    `usual` is what holds in most of them; `others` what holds elsewhere, each with its places; `rules` are those that look at the place.
    """

    standing: str
    request: str
    usual: tuple[str, ...]
    others: tuple[tuple[tuple[str, ...], tuple[Place, ...]], ...]
    rules: tuple[str, ...]


def places_of(models: Iterable[str], pathways: Iterable[str]) -> tuple[Place, ...]:
    """Every model by every way in, in every dialect."""
    return tuple(
        Place(model=model, pathway=pathway, dialect=dialect.value)
        for model, pathway, dialect in product(sorted(set(models)), sorted(set(pathways)), _DIALECTS)
    )


def parity(policy: Policy, places: Sequence[Place]) -> tuple[Difference, ...]:
    """Where safeguards differ; nothing where they are the same everywhere. Limits count by account in all places together, so they are
    compared by whether they hold, and never used up here."""
    rules = tuple(
        rule.name
        for rule in policy.rules
        if rule.match is not None and any(word.startswith(_BOUND_TO_A_PLACE) for word, _ in rule.match.words)
    )
    found: list[Difference] = []
    for standing, row in _STANDINGS.items():
        gate = _gate(policy, row)
        for request, facts in _REQUESTS.items():
            held: dict[tuple[str, ...], list[Place]] = {}
            for place in places:
                held.setdefault(tuple(_safeguards(_ruled(gate, facts, place))), []).append(place)
            if len(held) > 1:
                (usual, _), *others = sorted(held.items(), key=lambda pair: (-len(pair[1]), pair[0]))
                told = tuple((what, tuple(where)) for what, where in others)
                found.append(Difference(standing=standing, request=request, usual=usual, others=told, rules=rules))
    return tuple(found)


def _gate(policy: Policy, row: dict[str, Any]) -> Gatekeeper:
    names = table("standing").names()
    plain = {
        "account": 1,
        "proposed": "allow",
        "reasons": [],
        "purposes": [],
        "kinds": 0,
        "ticket": 1,
        "appeal": "C-0/1",
    }
    rows = [{**dict.fromkeys(names), **plain, **row}] if row else []
    made = pa.Table.from_pylist(rows, schema=table("standing").schema)
    return Gatekeeper(policy, Standing(rows=made, serial=1, made=_AT))


def _ruled(gate: Gatekeeper, facts: dict[str, Any], place: Place) -> Ruling:
    """What is ruled in a place; nothing stays counted."""
    where: dict[str, Any] = {"model": place.model, "pathway": place.pathway, "dialect": Dialect(place.dialect), **facts}
    ruling = gate.decide(Asked(at=_AT + 1, account=1, **where))
    for counter, key in ruling.taken:
        counter.undo(key, int((_AT + 1) * 1_000_000))
    return ruling


def _safeguards(ruling: Ruling) -> Iterator[str]:
    """What a ruling does, in words that can be compared."""
    yield f"step {ruling.step.name.lower()}"
    if ruling.clamp is not None:
        yield f"clamp {', '.join(f'{name}={value}' for name in ruling.clamp.__struct_fields__ if (value := getattr(ruling.clamp, name)))}"
    if ruling.hide.value != "nothing":
        yield f"hide {ruling.hide.value}"
    if ruling.hold is not None:
        yield "hold"
    if ruling.mark is not None:
        yield f"mark {ruling.mark}"
    if ruling.lock_context:
        yield "lock_context"
    if ruling.siblings is not None:
        yield f"siblings {ruling.siblings.k} in {ruling.siblings.one_in}"
    if ruling.degrade is not None:
        yield f"degrade {ruling.degrade}"
    if ruling.taken:
        yield f"limits {len(ruling.taken)}"
    if ruling.refused:
        yield "refused"
