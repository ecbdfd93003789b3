"""The policy worked out for every account of a standing: conditions are asked once for each kind of standing, never per request."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from stillwatch.policy.counters import Counters
from stillwatch.policy.hysteresis import hold
from stillwatch.policy.packed import Keys
from stillwatch.policy.rule import Policy, Rule, Without
from stillwatch.policy.standing import Standing
from stillwatch.policy.verdict import Verdict, verdicts_of, without

__all__ = ["Decisions", "Held", "facts_of", "work_out"]

_NEVER = 2**32 - 1
_WIDE = 2**40
_LISTS = frozenset({"reasons", "purposes"})
_SEPARATOR = "\x1f"


@dataclass(frozen=True, kw_only=True, slots=True)
class Held:
    """Whom one rule with hysteresis holds: places among the keys, and since when."""

    places: npt.NDArray[np.uint32]
    entered: npt.NDArray[np.uint32]


@dataclass(frozen=True, kw_only=True, slots=True)
class Decisions:
    """A policy over a standing, ready to be looked up. `calm` is until when no
    rule about an account ends; `made` is 0 where there is none; from `fresh_until` on it is too old."""

    policy: Policy
    serial: int
    made: float
    fresh_until: float
    keys: Keys
    find: Callable[[int], int]
    classes: memoryview
    seen: memoryview
    until: memoryview
    calm: memoryview
    actors: memoryview
    actor_ids: memoryview
    tickets: memoryview
    appeals: Mapping[int, str]
    verdicts: tuple[tuple[Verdict, Verdict, Verdict], ...]
    stranger: Verdict
    stranger_stale: Verdict
    held: Mapping[Rule, Held]

    @property
    def nbytes(self) -> int:
        """Bytes held per worker, but for the appeals of people's decisions."""
        columns = (self.classes, self.seen, self.until, self.calm, self.actors, self.actor_ids, self.tickets)
        return (
            self.keys.nbytes
            + sum(one.nbytes for one in columns)
            + sum(h.places.nbytes + h.entered.nbytes for h in self.held.values())
        )


def work_out(policy: Policy, standing: Standing, counters: Counters, before: Decisions | None = None) -> Decisions:
    """Work a policy out for every account of a standing.

    Args:
        before: the decisions in force until now: rules with hysteresis hold on to whom they held there.
    """
    rows = standing.rows
    keys = Keys(_int64(rows, "account"))
    order = keys.order
    kinds = _Kinds(policy, rows, order)
    now = int(standing.made or 0)
    held: dict[Rule, Held] = {}
    holding = np.zeros(len(keys), dtype=np.uint64)
    for place, rule in enumerate(kinds.rules):
        on = kinds.enters[place][kinds.kind]
        if rule.stay is not None:
            on, kept = _hold(rule, on, kinds.keeps[place][kinds.kind], keys, before, now)
            held[rule] = kept
        holding |= on.astype(np.uint64) << np.uint64(place)
    decided, words = _codes(rows, "decided")
    code = (holding << np.uint64(8)) | (decided[order].astype(np.uint64) << np.uint64(1)) | kinds.exempt[order]
    distinct, classes = np.unique(code, return_inverse=True)
    verdicts = tuple(
        verdicts_of(
            [rule for place, rule in enumerate(kinds.rules) if one >> (place + 8) & 1],
            words[one >> 1 & 127],
            policy,
            counters,
            exempt=bool(one & 1),
        )
        for one in distinct.tolist()
    )
    seen, until = _seconds(rows, "seen")[order].astype(np.int64), _seconds(rows, "until")[order]
    shortest = np.array([fresh.shortest for fresh, _, _ in verdicts], dtype=np.int64)[classes] if verdicts else 0
    actor_ids, actors = _actors(rows)
    appeals = rows.column("appeal").combine_chunks()
    named = np.flatnonzero(appeals.is_valid().to_numpy(zero_copy_only=False)[order])
    missing = standing.made is None
    return Decisions(
        policy=policy,
        serial=standing.serial,
        made=standing.made or 0.0,
        find=keys.find,
        fresh_until=np.inf if standing.made is None else standing.made + policy.trust.stale_after,
        keys=keys,
        classes=classes.astype(np.uint32).data,
        seen=seen.astype(np.uint32).data,
        until=until.data,
        calm=np.minimum(np.where(until == 0, _NEVER, until), seen + shortest).clip(0, _NEVER).astype(np.uint32).data,
        actors=actors[order].data,
        actor_ids=actor_ids.data,
        tickets=_int64(rows, "ticket")[order].data,
        appeals=dict(zip(named.tolist(), appeals.take(pa.array(order[named])).to_pylist(), strict=True)),
        verdicts=verdicts,
        stranger=_everyone(policy, counters, policy.trust.missing if missing else Without.UNSAFE_ALLOW),
        stranger_stale=_everyone(policy, counters, policy.trust.stale),
        held=held,
    )


def facts_of(row: Mapping[str, Any]) -> dict[str, Any]:
    """The facts that conditions speak of, from a row of `standing`; what is unknown is absent.

    >>> sorted(facts_of({"proposed": "throttle", "kinds": 1, "reasons": [], "purposes": [], "evidence": None}))
    ['in_actor', 'kinds', 'lookalike', 'proposed', 'purposes', 'reasons']
    """
    facts = {
        "proposed": row.get("proposed", "allow"),
        "evidence": row.get("evidence"),
        "kinds": row.get("kinds", 0),
        "reasons": row.get("reasons") or [],
        "product": row.get("product"),
        "purposes": row.get("purposes") or [],
        "in_actor": row.get("actor") is not None,
        "actor_accounts": row.get("actor_accounts"),
        "lookalike": row.get("lookalike") or "",
    }
    return {name: value for name, value in facts.items() if value is not None}


class _Kinds:
    """Kinds of standing: accounts that no condition can tell apart, and for each kind which rules lay hold of it and which let go."""

    def __init__(self, policy: Policy, rows: pa.Table, order: npt.NDArray[np.uint32]) -> None:
        self.rules: list[Rule] = [rule for rule in policy.rules if not rule.universal]
        self.exempt = _exempt(rows, policy.exempt)
        used = {"evidence", "kinds"}.union(*(r.when.speaks_of for r in self.rules if r.when is not None))
        key = np.zeros(rows.num_rows, dtype=np.int64)
        most = 1
        for name in sorted(used):
            codes, count = _facts(rows, name)
            most *= count
            key = key * count + codes
            if most > _WIDE:
                distinct, key = np.unique(key, return_inverse=True)
                most = distinct.size
        _, first, kind = np.unique(key, return_index=True, return_inverse=True)
        self.kind = kind[order].astype(np.uint32)
        kinds = [facts_of(row) for row in rows.take(pa.array(first)).to_pylist()]
        self.enters = [np.array([_enters(rule, facts) for facts in kinds], dtype=np.bool_) for rule in self.rules]
        self.keeps = [np.array([_keeps(rule, facts) for facts in kinds], dtype=np.bool_) for rule in self.rules]


def _exempt(rows: pa.Table, purposes: frozenset[str]) -> npt.NDArray[np.uint64]:
    """1 where a declared purpose exempts the account."""
    joined = pc.binary_join(rows.column("purposes"), _SEPARATOR).combine_chunks().dictionary_encode()
    words = joined.dictionary.to_pylist()
    spared = np.array([bool(purposes.intersection(w.split(_SEPARATOR))) for w in words], dtype=np.uint64)
    return spared[joined.indices.to_numpy(zero_copy_only=False)] if words else np.zeros(0, dtype=np.uint64)


def _enters(rule: Rule, facts: Mapping[str, Any]) -> bool:
    if rule.entry.evidence and facts.get("evidence", -1) < rule.entry.evidence:
        return False
    return facts["kinds"] >= rule.entry.kinds and rule.when is not None and rule.when.holds(facts)


def _keeps(rule: Rule, facts: Mapping[str, Any]) -> bool:
    return rule.stay is not None and facts.get("evidence", -1) >= rule.stay.evidence


def _hold(
    rule: Rule,
    enters: npt.NDArray[np.bool_],
    keeps: npt.NDArray[np.bool_],
    keys: Keys,
    before: Decisions | None,
    now: int,
) -> tuple[npt.NDArray[np.bool_], Held]:
    was = np.zeros(len(keys), dtype=np.bool_)
    entered = np.zeros(len(keys), dtype=np.uint32)
    kept = None if before is None else before.held.get(rule)
    if before is not None and kept is not None and len(keys):
        accounts = before.keys.array[kept.places]
        by_key = np.argsort(keys.array)
        places = by_key[np.minimum(np.searchsorted(keys.array, accounts, sorter=by_key), len(keys) - 1)]
        there = keys.array[places] == accounts
        was[places[there]] = True
        entered[places[there]] = kept.entered[there]
    at_least = 0 if rule.stay is None else rule.stay.at_least
    on, since = hold(enters, keeps, was, entered, now=now, at_least=at_least)
    places_on = np.flatnonzero(on).astype(np.uint32)
    return on, Held(places=places_on, entered=since[places_on])


def _facts(rows: pa.Table, name: str) -> tuple[npt.NDArray[np.int64], int]:
    """A fact of every row as a small number, and how many such there are."""
    if name == "in_actor":
        return rows.column("actor").is_valid().to_numpy().astype(np.int64), 2
    column = rows.column(name)
    if name in _LISTS:
        column = pc.binary_join(column, _SEPARATOR)
    encoded = column.combine_chunks().dictionary_encode()
    codes = encoded.indices.fill_null(len(encoded.dictionary)).to_numpy(zero_copy_only=False).astype(np.int64)
    return codes, len(encoded.dictionary) + 1


def _codes(rows: pa.Table, name: str) -> tuple[npt.NDArray[np.int64], list[str]]:
    encoded = rows.column(name).combine_chunks().dictionary_encode()
    words: list[str] = [*encoded.dictionary.to_pylist(), ""]
    return encoded.indices.fill_null(len(words) - 1).to_numpy(zero_copy_only=False).astype(np.int64), words


def _actors(rows: pa.Table) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.uint32]]:
    """The distinct actors with nobody (0) in front, and each row's place among them."""
    column = rows.column("actor").combine_chunks()
    distinct, inverse = np.unique(column.fill_null(0).to_numpy(zero_copy_only=False), return_inverse=True)
    ids = np.concatenate([np.zeros(1, dtype=np.int64), distinct[distinct != 0]])
    order = np.where(distinct == 0, 0, np.cumsum(distinct != 0)).astype(np.uint32)
    return ids, order[inverse] if order.size else np.zeros(0, dtype=np.uint32)


def _seconds(rows: pa.Table, name: str) -> npt.NDArray[np.uint32]:
    """Moments as whole seconds since 1970; 0 where unknown."""
    micro = rows.column(name).combine_chunks().cast(pa.int64()).fill_null(0).to_numpy(zero_copy_only=False)
    return np.asarray(np.clip(micro // 1_000_000, 0, _NEVER), dtype=np.uint32)


def _int64(rows: pa.Table, name: str) -> npt.NDArray[np.int64]:
    return np.array(rows.column(name).combine_chunks().to_numpy(zero_copy_only=False), dtype=np.int64)


def _everyone(policy: Policy, counters: Counters, what: Without) -> Verdict:
    """The verdict on accounts without standing: the conditions of service, and what stands in for a standing that cannot be trusted."""
    return Verdict([*(rule for rule in policy.rules if rule.universal), *without(what)], "", policy, counters)
