"""Which exchanges carry which family: a kernel over `features`, the same for the discovery and the test slice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from stillwatch.actors.anchor_index import AnchorIndex
from stillwatch.actors.families import Mined
from stillwatch.engine import Engine, Relation, Sql

__all__ = ["CARRIED", "carried"]

CARRIED = pa.schema(
    [
        ("exchange_id", pa.int64()),
        ("at", pa.timestamp("us", tz="UTC")),
        ("account", pa.int64()),
        ("slice", pa.int8()),
        ("scope", pa.string()),
        ("family", pa.int64()),
        ("prompt_hash", pa.int64()),
        ("cell", pa.int32()),
        ("known_item", pa.int64()),
        ("elicitation", pa.int32()),
        ("turns", pa.int32()),
        ("outcome", pa.string()),
        ("output_tokens", pa.int32()),
    ]
)
"""One exchange with the family it carries; an exchange may carry one family in its prompt and one in its system text."""

_WANTED = Sql(
    "carry_wanted",
    """
    select f.exchange_id, f.at, f.account, f.slice, f.prompt_hash, f.cell, f.known_item, f.elicitation, f.turns, f.outcome, f.output_tokens,
           f.anchors, f.system_anchors, f.system_hash
    from {features} f
    where f.account is not null
    """,
)


@dataclass(frozen=True, slots=True)
class _Carry:
    """Kernel: the family with most of its shingles in a request, if at least two are there (ties: the smaller id)."""

    mined: tuple[Mined, ...]

    def __call__(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        plain = [name for name in CARRIED.names if name not in ("scope", "family")]
        parts = []
        for one in self.mined:
            row, family = _best_of_system(batch, one) if one.scope == "system" else _best(batch.column("anchors"), one)
            taken = batch.select(plain).take(pa.array(row))
            columns = {name: taken.column(name) for name in plain}
            columns["scope"] = pa.array([one.scope] * row.size, pa.string())
            columns["family"] = pa.array(family, pa.int64())
            parts.append(
                pa.RecordBatch.from_arrays(
                    [columns[name].cast(CARRIED.field(name).type) for name in CARRIED.names], schema=CARRIED
                )
            )
        return (
            pa.Table.from_batches(parts, CARRIED).combine_chunks().to_batches()[0]
            if sum(p.num_rows for p in parts)
            else parts[0]
        )


def carried(engine: Engine, features: Relation, mined: Sequence[Mined]) -> Relation:
    """Every exchange that carries a mined family, in both slices."""
    return engine.map_batches(engine.sql(_WANTED, features=features), _Carry(tuple(mined)), CARRIED)


def _best_of_system(batch: pa.RecordBatch, mined: Mined) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """As `_best` of the system texts, each of which is read once however many requests it stands in."""
    hashed = batch.column("system_hash")
    known = pc.is_valid(hashed).to_numpy(zero_copy_only=False)
    _, first, place = np.unique(hashed.filter(pa.array(known)).to_numpy(), return_index=True, return_inverse=True)
    alone = np.flatnonzero(~known)  # a text without a hash stands for itself
    read = np.concatenate([np.flatnonzero(known)[first], alone])
    which = np.empty(batch.num_rows, np.int64)
    which[known], which[alone] = place, first.size + np.arange(alone.size)
    text, family = _best(batch.column("system_anchors").take(pa.array(read)), mined)
    carried = np.full(read.size, -1, np.int64)
    carried[text] = np.arange(text.size)
    row = np.flatnonzero(carried[which] >= 0)
    return row, family[carried[which[row]]]


def _best(lists: pa.ListArray, mined: Mined) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Rows that carry a family, and its id."""
    hit, place = AnchorIndex(mined.anchors).find(lists.flatten().to_numpy(zero_copy_only=False))
    length = np.diff(lists.offsets.to_numpy())
    length[lists.is_null().to_numpy(zero_copy_only=False)] = 0
    row = np.repeat(np.arange(len(lists)), length)[hit]
    pair, hits = np.unique(row * mined.ids.size + mined.family[place], return_counts=True)
    pair, hits = pair[hits >= 2], hits[hits >= 2]
    row, family = pair // max(mined.ids.size, 1), pair % max(mined.ids.size, 1)
    order = np.lexsort((mined.ids[family], -hits, row))
    first = np.unique(row[order], return_index=True)[1]
    chosen = order[first]
    return row[chosen], mined.ids[family[chosen]]
