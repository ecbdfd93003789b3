"""What others told, as far as it meets this house's own traffic: which of it can be a seed to look from, and where it leads together.

A template is looked for in the texts themselves, a few of each account: an account too small a part of anything to be mined still shows it.
Texts of zero-retention customers are not kept, so nothing is found in them.
"""

from __future__ import annotations

import datetime as dt
import json
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from stillwatch.actors import Seed
from stillwatch.engine import DuckEngine, Engine, Relation, Sql, Workspace
from stillwatch.forum.words import Kind
from stillwatch.pipeline.heard import _usable, _values
from stillwatch.pipeline.view_examples import texts_of
from stillwatch.text import LEAST_ALIKE, carrying

__all__ = ["Clue", "clues", "gathered"]

Ints = npt.NDArray[np.int64]

_SCOPES = {"prompt": "anchors", "system": "system_anchors"}
_EACH = 4
"""Texts of one account that are read."""
_AT_ONCE = 20_000
_LEAST_PHRASES = 2
_SHARED = 0.5

_SOME = Sql(
    "clues_some",
    """
    select r.exchange_id, r.account from (
        select f.exchange_id, f.account, row_number() over (partition by f.account order by f.exchange_id) as place
        from {features} f where f.slice = 0 and f.account is not null
    ) r
    where r.place <= {each}
    order by r.account, r.exchange_id
    """.replace("{each}", str(_EACH)),
)
_PHRASES = Sql(
    "clues_phrases",
    """
    select f.exchange_id, f.anchors, f.system_anchors from {features} f
    inner join {wanted} w on f.exchange_id = w.exchange_id
    order by f.exchange_id
    """,
)
_IN_SUBNET = Sql(
    "clues_in_subnet",
    """
    select distinct f.account from {features} f inner join {wanted} w on f.subnet = w.value
    where f.slice = 0 and f.account is not null
    order by f.account
    """,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Clue:
    """Something that others told and that is here as well: by which indicators, of which accounts, and the seed that it makes.

    `tags` counts the accounts with an identifier on a tag board; they are pointed at, and known by nothing.
    """

    indicators: tuple[str, ...]
    accounts: frozenset[int]
    seed: Seed = field(default_factory=Seed)
    tags: int = 0


def clues(
    workspace: Workspace, *, now: dt.datetime, only: Collection[str] | None = None
) -> tuple[list[Clue], list[tuple[str, str]]]:
    """The clues that meet own traffic, and the indicators that were not looked with, each with the reason.

    All of it reads the discovery slice and the records alone, so that the test slice is fresh for whoever is tested.
    With `only`, these indicators alone are looked with, and no tags.
    """
    usable, not_used = _usable(workspace, now)
    if only is not None:
        usable = [row for row in usable if row["id"] in only]
    made: list[Clue] = []
    alone: dict[Kind, list[Mapping[str, Any]]] = defaultdict(list)
    for row in usable:
        if not row["stands_alone"]:
            not_used.append((row["id"], "says something only together with others"))
        elif row["corroboration"] == "disputed":
            not_used.append((row["id"], "disputed: somebody has evidence that it is innocent"))
        else:
            alone[Kind(row["kind"])].append(row)
    if not workspace.store.manifest("features").rows:
        return [], not_used
    with DuckEngine(workspace.store, scratch=workspace.scratch) as engine:
        features = engine.scan("features")
        made += _in_subnets(workspace, engine, features, alone[Kind.SUBNET])
        if alone[Kind.TEMPLATE]:
            made += _of_templates(workspace, engine, features, alone[Kind.TEMPLATE], not_used)
    pointed = frozenset(workspace.store.read("tagged_in", ["account"]).column("account").to_pylist())
    if pointed and only is None:
        made.append(Clue(indicators=(), accounts=pointed, seed=Seed(pointed=pointed), tags=len(pointed)))
    return made, not_used


def gathered(found: Sequence[Clue]) -> list[Clue]:
    """Clues that meet in an account are one: their seeds are put together. The order is that of the first account."""
    parts: list[list[Clue]] = []
    for clue in found:
        touched = [part for part in parts if any(clue.accounts & other.accounts for other in part)]
        parts = [part for part in parts if part not in touched]
        parts.append([other for part in touched for other in part] + [clue])
    return sorted(map(_joined, parts), key=lambda one: min(one.accounts))


def _joined(part: Sequence[Clue]) -> Clue:
    seeds = [clue.seed for clue in part]
    return Clue(
        indicators=tuple(sorted({name for clue in part for name in clue.indicators})),
        accounts=frozenset().union(*(clue.accounts for clue in part)),
        tags=sum(clue.tags for clue in part),
        seed=Seed(
            pointed=frozenset().union(*(seed.pointed for seed in seeds)),
            things=tuple(sorted({thing for seed in seeds for thing in seed.things})),
            anchors=np.unique(np.concatenate([seed.anchors for seed in seeds])),
            system_anchors=np.unique(np.concatenate([seed.system_anchors for seed in seeds])),
        ),
    )


def _in_subnets(
    workspace: Workspace, engine: Engine, features: Relation, rows: Sequence[Mapping[str, Any]]
) -> Iterator[Clue]:
    for row in rows:
        values = list(_values(workspace, row))
        wanted = engine.from_arrow(pa.table({"value": pa.array(values, pa.int64())}))
        held = engine.to_arrow(engine.sql(_IN_SUBNET, features=features, wanted=wanted)).column("account").to_pylist()
        if held:
            things = tuple(("subnet", value) for value in values)
            yield Clue(indicators=(row["id"],), accounts=frozenset(held), seed=Seed(things=things))


def _of_templates(
    workspace: Workspace,
    engine: Engine,
    features: Relation,
    rows: Sequence[Mapping[str, Any]],
    not_used: list[tuple[str, str]],
) -> Iterator[Clue]:
    """Templates of which own texts are made, as the phrases that most of these texts share."""
    hashes = [json.loads(row["value"])["hashes"] for row in rows]
    some = engine.to_arrow(engine.sql(_SOME, features=features))
    owner = dict(zip(some.column("exchange_id").to_pylist(), some.column("account").to_pylist(), strict=True))
    hits = _hits(workspace, list(owner), hashes)
    every = sorted({exchange for found in hits.values() for exchange in found})
    wanted = engine.from_arrow(pa.table({"exchange_id": pa.array(every, pa.int64())}))
    phrases = engine.to_arrow(engine.sql(_PHRASES, features=features, wanted=wanted))
    for place, row in enumerate(rows):
        common = {scope: _common(phrases, column, hits[place, scope]) for scope, column in _SCOPES.items()}
        if all(own.size < _LEAST_PHRASES for own in common.values()):
            if any(hits[place, scope] for scope in _SCOPES):
                not_used.append((row["id"], "it is here, in texts too short to follow"))
            continue
        carriers = {owner[exchange] for scope in _SCOPES for exchange in hits[place, scope]}
        seed = Seed(anchors=common["prompt"], system_anchors=common["system"])
        yield Clue(indicators=(row["id"],), accounts=frozenset(carriers), seed=seed)


def _hits(
    workspace: Workspace, exchanges: Sequence[int], hashes: Sequence[Sequence[str]]
) -> dict[tuple[int, str], list[int]]:
    """Exchanges that carry each template, by its place and the scope."""
    out: dict[tuple[int, str], list[int]] = {(k, scope): [] for k in range(len(hashes)) for scope in _SCOPES}
    for begin in range(0, len(exchanges), _AT_ONCE):
        part = exchanges[begin : begin + _AT_ONCE]
        texts = texts_of(workspace.store, dict.fromkeys(_SCOPES, part))
        for scope in _SCOPES:
            own = [one for one in part if (scope, one) in texts]
            share = carrying([texts[scope, one] for one in own], hashes)
            for text, template in zip(*np.nonzero(share >= LEAST_ALIKE), strict=True):
                out[int(template), scope].append(own[int(text)])
    return out


def _common(phrases: pa.Table, column: str, exchanges: Sequence[int]) -> Ints:
    """Sampled phrases that at least half of these exchanges have."""
    mine = phrases.filter(np.isin(phrases.column("exchange_id").to_numpy(), exchanges)).column(column)
    flat = [np.unique(one) for one in mine.to_pylist() if one]
    values, counts = np.unique(np.concatenate([np.empty(0, np.int64), *flat]).astype(np.int64), return_counts=True)
    return np.asarray(values[counts >= max(1.0, _SHARED * len(flat))], np.int64)
