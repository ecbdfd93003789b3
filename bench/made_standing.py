"""A standing of any size made at random: what a provider with so many accounts under some finding would publish."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pyarrow as pa

from stillwatch.engine import table
from stillwatch.policy import Standing

__all__ = ["made_standing"]

_PRODUCTS = ("chat", "coding", "agent", "rag", "batch", "support")
_DECIDED = ("clear", "throttle", "verify", "block")


def made_standing(accounts: int, *, at: float, seed: int = 7) -> Standing:
    """A standing: nine of ten accounts observed, the others clamped or throttled, one of a hundred decided by a person."""
    rng = np.random.default_rng(seed)
    keys = np.unique(rng.integers(-(2**63) + 1, 2**63 - 1, accounts + accounts // 1000 + 8))[:accounts]
    rank = rng.choice(3, accounts, p=[0.9, 0.06, 0.04])
    proposed = np.array(["observe", "clamp", "throttle"])[rank]
    level = np.clip(rng.normal(14 + 9 * rank, 4), 3, 80).astype(np.int32)
    in_actor = (rng.random(accounts) < 0.3) & (rank > 0)
    actors = rng.integers(1, 2**62, max(1, accounts // 500))
    decided = rng.random(accounts) < 0.01
    seen = dt.datetime.fromtimestamp(at - 3600, dt.UTC)

    def repeated(value: object, type_: pa.DataType) -> pa.Array:
        return pa.repeat(pa.scalar(value, type_), accounts)

    schema = table("standing").schema
    columns = {
        "account": pa.array(keys),
        "actor": pa.array(rng.choice(actors, accounts), mask=~in_actor),
        "actor_accounts": pa.array(rng.integers(20, 400, accounts), mask=~in_actor),
        "proposed": pa.array(proposed),
        "decided": pa.array(rng.choice(_DECIDED, accounts), mask=~decided),
        "reasons": repeated(["unusual_traffic"], pa.list_(pa.string())),
        "evidence": pa.array(level),
        "kinds": pa.array(1 + in_actor.astype(np.int32)),
        "lookalike": pa.array(np.repeat("batch work", accounts), mask=rng.random(accounts) > 0.1),
        "product": pa.array(rng.choice(_PRODUCTS, accounts)),
        "purposes": pa.array(
            [["evaluation"] if one else [] for one in rng.random(accounts) < 0.01], pa.list_(pa.string())
        ),
        "since": repeated(seen, schema.field("since").type),
        "seen": repeated(seen, schema.field("seen").type),
        "until": repeated(seen + dt.timedelta(days=14), schema.field("until").type),
        "ticket": pa.array(rng.integers(1, 2**62, accounts)),
        "appeal": pa.array([f"C-{place:013d}/1" if one else None for place, one in enumerate(decided)]),
    }
    rows = pa.table({name: columns[name].cast(schema.field(name).type) for name in schema.names}).cast(schema)
    return Standing(rows=rows, serial=1, made=at)
