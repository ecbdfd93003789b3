"""Worlds with known truth, drawn straight as rows of `features` and `account_facts`: no text, only what the actors room reads."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from stillwatch.core import PRESSING, Technique, technique_mask
from stillwatch.engine import Engine, Relation, open_engine, table

ENGINE = os.environ.get("STILLWATCH_ENGINE", "duckdb")
"""What queries run on: spark, where somebody asks for it."""

Ints = npt.NDArray[np.int64]

SALT = 0x5EED
HOUR = 3_600_000_000
BEGUN = 1_760_000_400_000_000
"""The first instant of every world, in microseconds, on a whole hour."""
HOURS = 240
OPEN = technique_mask([Technique.REASONING_REQUEST])
PRESSES = technique_mask([Technique.COT_WRITEOUT])
assert PRESSES & PRESSING

_LIMIT = np.iinfo(np.int64)
_PHRASES, _PLACES = 120, 24


@dataclass(frozen=True, kw_only=True, slots=True)
class Crowd:
    """Accounts that behave alike.

    `load` is the mean of an account's exchanges and `spread` the sigma of their lognormal law (0: Poisson). `template` names the
    scaffold that `share` of the exchanges carry in `scope`, in one of `wordings`. `pool` is how many different prompts fill it (0:
    each is new). `subjects` is how many topic cells an account keeps to (0: all). `cards` and `devices` are how many accounts share
    one of them, and `phrases` is how often an ordinary phrase is spoken. The rest are chances per exchange, or facts.
    """

    name: str
    size: int
    load: float = 10.0
    spread: float = 1.0
    template: str | None = None
    share: float = 1.0
    scope: str = "prompt"
    wordings: int = 1
    pool: int = 0
    subjects: int = 3
    presses: float = 0.02
    asks: float = 0.05
    single: float = 0.4
    tools: float = 0.1
    young: float = 0.2
    cards: int = 1
    devices: int = 1
    organisation: bool = False
    programme: str | None = None
    signup: str = "web"
    phrases: float = 0.5
    facts: bool = True


CUSTOMERS = Crowd(name="customers", size=1400)
CLASS = Crowd(name="class", size=70, template="class", share=0.5, pool=12, signup="education", young=0.9)
HARNESS = Crowd(name="harness", size=120, template="agent", scope="system", share=0.9, tools=0.9, single=0.1, load=20)
QUICK = Crowd(name="quick", size=60, template="quick", share=0.5, pool=2, load=6, spread=0, single=1, young=1)
LIBRARY = Crowd(name="library", size=80, template="library", share=0.15, load=15)
EXTENSION = Crowd(name="extension", size=80, template="extension", share=0.9, single=0.9, load=8)
BENIGN = (CUSTOMERS, CLASS, HARNESS, QUICK, LIBRARY, EXTENSION)
OPERATOR = Crowd(
    name="operator",
    size=80,
    template="op",
    share=0.9,
    spread=0,
    subjects=0,
    presses=0.5,
    single=1,
    young=0.9,
    phrases=0.1,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class World:
    """Rows of both tables, and the accounts of each crowd by name."""

    features: pa.Table
    facts: pa.Table
    members: dict[str, Ints] = field(default_factory=dict)


def template_anchors(name: str, wording: int = 0, *, size: int = 8) -> Ints:
    """The shingles of a scaffold."""
    seed = [*name.encode(), wording]
    return np.random.default_rng(seed).integers(_LIMIT.min, _LIMIT.max, size, dtype=np.int64)


def world(crowds: Sequence[Crowd], *, seed: int) -> World:
    """Draw a world."""
    rng = np.random.default_rng(seed)
    parts, facts, members = [], [], {}
    for crowd in crowds:
        accounts = rng.integers(_LIMIT.min, _LIMIT.max, crowd.size, dtype=np.int64)
        parts.append(_traffic(crowd, accounts, rng))
        if crowd.facts:
            facts.append(_facts(crowd, accounts, rng))
        members[crowd.name] = np.sort(accounts)
    return World(
        features=pa.concat_tables(parts),
        facts=pa.concat_tables(facts) if facts else table("account_facts").schema.empty_table(),
        members=members,
    )


def lists(rows: Sequence[Sequence[int] | None]) -> pa.Array:
    """Lists of shingles as a column."""
    return pa.array([None if r is None else sorted(set(r)) for r in rows], pa.list_(pa.int64()))


def features(**columns: object) -> pa.Table:
    """Rows of `features` with the given columns; all else unknown. Instants are whole hours from the world's beginning."""
    rows = max(len(c) for c in columns.values() if hasattr(c, "__len__"))
    given = {
        "exchange_id": np.arange(rows),
        "slice": np.zeros(rows, np.int8),
        "at": np.zeros(rows, np.int64),
        **columns,
    }
    given["at"] = BEGUN + HOUR * np.asarray(given["at"], np.int64)
    return filled("features", given, rows)


def filled(name: str, given: Mapping[str, object], rows: int) -> pa.Table:
    """Rows of a table with unknowns where nothing is given."""
    schema = table(name).schema
    return pa.table(
        [pa.nulls(rows, f.type) if given.get(f.name) is None else pa.array(given[f.name]).cast(f.type) for f in schema],
        schema=schema,
    )


def replayed(*, sender: object, origin: object, artifact: object, **given: object) -> pa.Table:
    """Rows of `artifacts`: signatures that an account was given and another one sent, in the discovery slice unless told otherwise."""
    rows = np.asarray(sender).size
    plain: dict[str, object] = {"slice": 0, "other_account": True, "exchanges": 1, "role": "sent", **given}
    columns = {
        name: None if value is None else np.broadcast_to(np.asarray(value), rows) for name, value in plain.items()
    }
    whole = {"account": sender, "origin_account": origin, "artifact": artifact, "first_at": np.full(rows, BEGUN)}
    whole["last_at"] = whole["first_at"]
    return filled("artifacts", whole | columns, rows)


@contextmanager
def at_hand(*tables: pa.Table) -> Iterator[tuple[Engine, list[Relation]]]:
    """An engine with tables at hand."""
    with open_engine(ENGINE, None, memory_mb=1000) as engine:
        yield engine, [engine.from_arrow(t) for t in tables]


def _traffic(crowd: Crowd, accounts: Ints, rng: np.random.Generator) -> pa.Table:
    mean = np.full(crowd.size, crowd.load)
    if crowd.spread:
        mean = crowd.load * rng.lognormal(-(crowd.spread**2) / 2, crowd.spread, crowd.size)
    loads = np.maximum(rng.poisson(mean), 1)
    who = np.repeat(np.arange(crowd.size), loads)
    n = who.size
    hour = rng.integers(0, HOURS, n)
    at = BEGUN + hour * HOUR + rng.integers(0, HOUR, n)
    account = accounts[who]
    templated = rng.random(n) < (crowd.share if crowd.template else 0.0)
    prompt_hash = rng.integers(_LIMIT.min, _LIMIT.max, n, dtype=np.int64)
    if crowd.pool:
        pool = rng.integers(_LIMIT.min, _LIMIT.max, crowd.pool, dtype=np.int64)
        prompt_hash = np.where(templated, pool[rng.integers(0, crowd.pool, n)], prompt_hash)
    cell = rng.integers(0, 64, n)
    if crowd.subjects:
        subjects = rng.integers(0, 64, (crowd.size, crowd.subjects))
        cell = subjects[who, rng.integers(0, crowd.subjects, n)]
    bits = np.where(rng.random(n) < crowd.presses, PRESSES, 0) | np.where(rng.random(n) < crowd.asks, OPEN, 0)
    prompt, system = _anchors(crowd, n, templated, rng)
    return filled(
        "features",
        {
            "exchange_id": rng.integers(_LIMIT.min, _LIMIT.max, n, dtype=np.int64),
            "at": at,
            "account": account,
            "slice": _slice(account, hour),
            "turns": np.where(rng.random(n) < crowd.single, 1, 5),
            "tools": pa.array(np.ones(n, np.int64), mask=rng.random(n) >= crowd.tools),
            "subnet": rng.integers(0, _PLACES * 1000, crowd.size)[who],
            "outcome": pa.array(np.full(n, "ok", dtype=object), pa.string()),
            "output_tokens": rng.integers(50, 900, n),
            "prompt_hash": prompt_hash,
            "anchors": prompt,
            "system_anchors": system,
            "cell": cell,
            "elicitation": bits,
        },
        n,
    )


def _anchors(
    crowd: Crowd, n: int, templated: npt.NDArray[np.bool_], rng: np.random.Generator
) -> tuple[pa.Array, pa.Array | None]:
    slots = rng.integers(_LIMIT.min, _LIMIT.max, (n, 4), dtype=np.int64)
    phrases = np.stack([template_anchors(f"phrase {i}", size=2) for i in range(_PHRASES)])
    popular = np.minimum(rng.zipf(1.4, n) - 1, _PHRASES - 1)
    spoken = rng.random(n) < crowd.phrases
    ordinary = [(slots, np.ones(slots.shape, np.bool_)), (phrases[popular], np.repeat(spoken[:, None], 2, axis=1))]
    if crowd.template is None:
        return _lists(ordinary), None
    scaffold = np.stack([template_anchors(crowd.template, w) for w in range(crowd.wordings)])[
        rng.integers(0, crowd.wordings, n)
    ]
    kept = (rng.random(scaffold.shape) < 0.9) & templated[:, None]
    if crowd.scope == "system":
        return _lists(ordinary), _lists([(scaffold, kept)])
    return _lists([*ordinary, (scaffold, kept)]), None


def _lists(parts: Sequence[tuple[Ints, npt.NDArray[np.bool_]]]) -> pa.Array:
    """One ascending list a row from blocks of values and which of them are there."""
    values = np.concatenate([v for v, _ in parts], axis=1)
    there = np.concatenate([t for _, t in parts], axis=1)
    order = np.argsort(values, axis=1)
    values, there = np.take_along_axis(values, order, axis=1), np.take_along_axis(there, order, axis=1)
    offsets = np.concatenate(([0], np.cumsum(there.sum(axis=1)))).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), pa.array(values[there], pa.int64()))


def _slice(account: Ints, hour: Ints) -> npt.NDArray[np.int8]:
    with np.errstate(over="ignore"):
        x = account.view(np.uint64) ^ (hour.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15))
        x ^= x >> np.uint64(29)
        x *= np.uint64(0xBF58476D1CE4E5B9)
    return ((x >> np.uint64(33)) & np.uint64(1)).astype(np.int8)


def _facts(crowd: Crowd, accounts: Ints, rng: np.random.Generator) -> pa.Table:
    n = crowd.size
    fresh = rng.integers(_LIMIT.min, _LIMIT.max, (3, n), dtype=np.int64)
    group = np.arange(n)
    days = np.where(rng.random(n) < crowd.young, rng.integers(1, 80, n), rng.integers(100, 900, n))
    one = np.full(n, fresh[2, 0])
    return filled(
        "account_facts",
        {
            "account": accounts,
            "org": one if crowd.organisation else fresh[2],
            "created": BEGUN - days * 24 * HOUR,
            "signup_path": pa.array([crowd.signup] * n, pa.string()),
            "payment": fresh[0][group // crowd.cards * crowd.cards],
            "device": fresh[1][group // crowd.devices * crowd.devices],
            "declared_programme": pa.array([crowd.programme] * n, pa.string()),
        },
        n,
    )
