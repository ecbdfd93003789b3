"""Reasoning signatures of a batch of exchanges: which the request carried, which the response brought, and in which conversation."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stillwatch.engine import table
from stillwatch.ingest import prefixes

__all__ = ["passed"]

_COLUMNS = ("artifacts_sent", "artifacts_returned", "prefixes")


def _prompts(rows: pa.RecordBatch) -> pa.Array:
    """The prompts, unknown where there were earlier turns that the log does not keep: those rows cannot tell how they begin."""
    earlier = pc.greater(rows.column("turns"), 1).fill_null(False)
    lost = pc.and_(earlier, pc.is_null(rows.column("messages")))
    return pc.if_else(lost, pa.scalar(None, pa.string()), rows.column("prompt"))


def passed(rows: pa.RecordBatch, *, salt: int) -> dict[str, pa.Array]:
    """Three columns of `features` from rows of `exchanges`; null wherever no signature passed or nobody knows which way."""
    schema = table("features").schema
    known = np.flatnonzero(pc.is_valid(rows.column("artifacts_returned")).to_numpy(zero_copy_only=False))
    if not known.size:
        return {name: pa.nulls(rows.num_rows, schema.field(name).type) for name in _COLUMNS}
    some = rows.take(pa.array(known))
    returned = some.column("artifacts_returned").to_pylist()
    carried = [
        [one for one in every or () if one not in brought]
        for every, brought in zip(some.column("reasoning_artifacts").to_pylist(), map(frozenset, returned), strict=True)
    ]
    made = {
        "artifacts_sent": pa.array([one or None for one in carried], schema.field("artifacts_sent").type),
        "artifacts_returned": pa.array([one or None for one in returned], schema.field("artifacts_returned").type),
        "prefixes": prefixes(some.column("messages"), _prompts(some), salt=salt),
    }
    place = np.zeros(rows.num_rows, np.int64)
    place[known] = np.arange(known.size)
    absent = np.ones(rows.num_rows, np.bool_)
    absent[known] = False
    return {name: values.take(pa.array(place, mask=absent)) for name, values in made.items()}
