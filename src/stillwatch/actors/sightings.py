"""Sightings: who sent which shingles, of those that may have been sent often enough to count.

Nearly all shingles are sent once. Counting all of them by name would cost more than all the rest of mining, so they are counted by their
leading bits first: a bucket that was met too seldom holds no shingle that counts. These counts only ever leave out what
cannot count, so they may be too high and never too low; whoever carries them from one pass to the next adds what is new.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from stillwatch.actors.anchor_index import AnchorIndex
from stillwatch.engine import Engine, Relation, Sql

__all__ = ["BUCKETS", "LEAST_ANCHORS", "Counts", "count_prompts", "frequent_sightings", "supported_sightings"]

Ints = npt.NDArray[np.int64]
Counts = npt.NDArray[np.uint8] | npt.NDArray[np.uint32]
"""How often requests hold a shingle of each bucket; never too low."""

_BUCKET_BITS = 24
BUCKETS = 1 << _BUCKET_BITS
"""Buckets into which shingles are counted."""
LEAST_ANCHORS = 2
"""Shingles of one template that a request must hold."""

_TOLD = {
    "prompt": Sql(
        "families_told_prompt",
        """
        select f.account, f.anchors, 1 as exchanges
        from {features} f
        where f.slice = 0 and f.account is not null and f.anchors is not null
        """,
    ),
    "system": Sql(
        "families_told_system",
        """
        select f.account, f.system_anchors as anchors, count(*) as exchanges
        from {features} f
        where f.slice = 0 and f.account is not null and f.system_anchors is not null
        group by f.account, f.system_anchors
        """,
    ),
}
"""What each account sent. Hardly a prompt is sent twice; a system text is sent with every request."""

_SIGHTINGS = pa.schema([("account", pa.int64()), ("anchors", pa.list_(pa.int64())), ("exchanges", pa.int64())])


def frequent_sightings(
    engine: Engine, features: Relation, *, scope: str, support: int, counts: Counts | None = None
) -> Relation:
    """Requests of the discovery slice with those of their shingles that may have been sent often enough.

    Args:
        counts: of the shingles of this scope, where they are known; counted here otherwise.
    """
    told = engine.sql(_TOLD[scope], features=features)
    if scope == "system":
        told = engine.keep(told)  # few texts are left, and to group all requests by them is what costs
    known = _counted(engine, told) if counts is None else counts
    return engine.map_batches(told, _KeepFrequent(known >= support), _SIGHTINGS)


def supported_sightings(engine: Engine, sightings: Relation, anchors: Ints) -> Relation:
    """Requests with the shingles of `anchors` (sorted) alone, where at least two are left."""
    return engine.map_batches(sightings, _KeepSupported(AnchorIndex(anchors)), _SIGHTINGS)


def count_prompts(engine: Engine, features: Relation) -> npt.NDArray[np.uint32]:
    """How often prompts of the discovery slice hold a shingle of each bucket."""
    return _counted(engine, engine.sql(_TOLD["prompt"], features=features))


def _counted(engine: Engine, told: Relation) -> npt.NDArray[np.uint32]:
    counts = np.zeros(BUCKETS, np.uint32)
    for batch in engine.batches(told):
        np.add.at(counts, _bucket(batch.column("anchors").flatten().to_numpy(zero_copy_only=False)), np.uint32(1))
    return counts


def _bucket(anchors: Ints) -> Ints:
    """Bucket of each shingle: its leading bits."""
    return (np.ascontiguousarray(anchors).view(np.uint64) >> np.uint64(64 - _BUCKET_BITS)).view(np.int64)


@dataclass(frozen=True, slots=True)
class _KeepFrequent:
    """Kernel: of each request's shingles only those that may be sent often enough; requests left without any are dropped."""

    frequent: npt.NDArray[np.bool_]

    def __call__(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        flat = batch.column("anchors").flatten().to_numpy(zero_copy_only=False)
        return _left(batch, flat, np.flatnonzero(self.frequent[_bucket(flat)]), least=1)


@dataclass(frozen=True, slots=True)
class _KeepSupported:
    """Kernel: of each request's shingles only the supported ones; requests left with fewer than two are dropped."""

    index: AnchorIndex

    def __call__(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        flat = batch.column("anchors").flatten().to_numpy(zero_copy_only=False)
        return _left(batch, flat, self.index.find(flat)[0], least=LEAST_ANCHORS)


def _left(batch: pa.RecordBatch, flat: Ints, kept: Ints, *, least: int) -> pa.RecordBatch:
    """The requests of a batch with the shingles at the places `kept` of all its shingles, where at least `least` are left."""
    lists = batch.column("anchors")
    row = np.repeat(np.arange(len(lists)), np.diff(lists.offsets.to_numpy()))[kept]
    counts = np.bincount(row, minlength=len(lists))
    enough = counts >= least
    kept = kept[enough[row]]
    offsets = np.concatenate(([0], np.cumsum(counts[enough]))).astype(np.int32)
    return pa.RecordBatch.from_arrays(
        [
            batch.column("account").filter(pa.array(enough)),
            pa.ListArray.from_arrays(pa.array(offsets), pa.array(flat[kept], pa.int64())),
            batch.column("exchanges").filter(pa.array(enough)).cast(pa.int64()),
        ],
        schema=_SIGHTINGS,
    )
