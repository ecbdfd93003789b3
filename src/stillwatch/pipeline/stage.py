"""One chunk of a log to one part of `exchanges` and one of `features`, in a process of its own.

Features are made while the text is at hand, so the text of a customer with zero retention is never written anywhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from stillwatch.core import Pseudonymiser
from stillwatch.engine import Part, Store, by_day, durable_write, table
from stillwatch.ingest import Chunk, ReadOptions, read_chunk
from stillwatch.pipeline.traces import passed
from stillwatch.text import Scaffold, text_features

__all__ = ["FEATURES_VERSION", "Context", "Staged", "featurise", "keep_names", "stage", "without"]

FEATURES_VERSION = 7
"""Raised when the same log would give other rows of `exchanges` or `features`: chunks made before are then done again."""

TEXT_COLUMNS = ("system", "prompt", "messages", "output", "reasoning")
"""Columns of `exchanges` that hold what people wrote; never kept for zero retention."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Context:
    """What every worker needs: the workspace, its key, how to read, and which accounts sent product telemetry.

    `future_hours` stands behind `options.now`, which moves with the clock.
    """

    root: Path
    key: bytes
    options: ReadOptions
    telemetry: frozenset[tuple[int, str]] | None = None
    future_hours: int = 24
    scaffolds: tuple[Scaffold, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Staged:
    """One chunk on disk, not yet committed: parts by day with the ids of each and who of them names an account; rejects; counted notes."""

    chunk: str
    exchanges: tuple[Part, ...]
    features: tuple[Part, ...]
    ids: tuple[npt.NDArray[np.int64], ...]
    attributed: tuple[npt.NDArray[np.bool_], ...]
    rejects: pa.Table
    notes: dict[str, int] = field(default_factory=dict)


def stage(chunk: Chunk, context: Context) -> Staged:
    """Read, featurise and write one chunk. The same chunk gives the same files."""
    names = Pseudonymiser(context.key)
    result = read_chunk(chunk, names, context.options)
    store = Store(context.root)
    name = part_name(chunk.id)
    exchanges, features, ids, attributed = [], [], [], []
    for day, rows in by_day(result.batch) if result.batch.num_rows else []:
        made = featurise(rows, names, context.telemetry, context.scaffolds)
        exchanges.append(store.write_part("exchanges", _retained(rows), made_from=chunk.id, day=day, name=name))
        features.append(store.write_part("features", made, made_from=chunk.id, day=day, name=name))
        ids.append(rows.column("exchange_id").to_numpy())
        attributed.append(pc.is_valid(rows.column("account")).to_numpy(zero_copy_only=False))
    keep_names(context.root, name, result.vault)
    pa.default_memory_pool().release_unused()  # or each worker goes on holding what its largest chunk needed
    return Staged(
        chunk=chunk.id,
        exchanges=tuple(exchanges),
        features=tuple(features),
        ids=tuple(ids),
        attributed=tuple(attributed),
        rejects=pa.Table.from_batches([result.rejects]),
        notes=dict(result.notes),
    )


def part_name(chunk: str) -> str:
    """A file name for a chunk's parts."""
    return "".join(letter if letter.isalnum() or letter in "-_" else "-" for letter in chunk)


def featurise(
    rows: pa.RecordBatch,
    names: Pseudonymiser,
    telemetry: frozenset[tuple[int, str]] | None = None,
    scaffolds: Sequence[Scaffold] = (),
) -> pa.RecordBatch:
    """Rows of `exchanges` as rows of `features`: text becomes numbers, everything else is carried over."""
    contract = table("features")
    made: dict[str, pa.Array] = text_features(
        rows.column("prompt"),
        rows.column("system"),
        rows.column("output"),
        rows.column("tools"),
        salt=names.salt("features"),
        scaffolds=scaffolds,
    )
    made |= passed(rows, salt=names.salt("prefix"))
    made["slice"] = _slice(rows, names.salt("slice"))
    made["reasoning_returned"] = pc.if_else(
        pc.is_valid(rows.column("output")), pc.is_valid(rows.column("reasoning")), pa.scalar(None, pa.bool_())
    )
    if telemetry is not None:
        made["client_telemetry"] = _telemetry(rows, telemetry)
    return pa.RecordBatch.from_arrays(
        [(made[c.name] if c.name in made else rows.column(c.name)).cast(c.type) for c in contract.columns],
        schema=contract.schema,
    )


def without(store: Store, name: str, part: Part, kept: npt.NDArray[np.bool_]) -> Part | None:
    """Write a part that is not committed yet again without the rows that are not `kept`; `None` when none is left."""
    path = store.folder(name) / part.path
    rows = pq.ParquetFile(path).read().cast(table(name).schema).filter(pa.array(kept))
    if not rows.num_rows:
        path.unlink()
        return None
    return store.write_part(name, rows, made_from=part.made_from, day=path.parent.name, name=path.stem)


def _retained(rows: pa.RecordBatch) -> pa.RecordBatch:
    """Rows without the text of customers with zero retention."""
    zero = pc.fill_null(pc.equal(rows.column("retention_class"), "zero"), False)
    if not pc.any(zero).as_py():
        return rows
    columns = [
        pc.if_else(zero, pa.scalar(None, pa.string()), rows.column(name)) if name in TEXT_COLUMNS else rows.column(name)
        for name in rows.schema.names
    ]
    return pa.RecordBatch.from_arrays(columns, schema=rows.schema)


def _slice(rows: pa.RecordBatch, salt: int) -> pa.Array:
    """0 for discovery or 1 for test: a keyed hash of account and hour; of the exchange where the account is unknown."""
    account = rows.column("account")
    who = np.where(
        pc.is_valid(account).to_numpy(zero_copy_only=False),
        pc.fill_null(account, 0).to_numpy(),
        rows.column("exchange_id").to_numpy(),
    ).astype(np.int64)
    hour = rows.column("at").cast(pa.int64()).to_numpy() // 3_600_000_000
    mixed = _mix(who.view(np.uint64) ^ np.uint64(salt)) ^ hour.astype(np.int64).view(np.uint64)
    return pa.array((_mix(mixed) >> np.uint64(63)).astype(np.int8))


def _mix(x: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """The finaliser of SplitMix64 (Steele, Lea and Flood 2014)."""
    with np.errstate(over="ignore"):
        x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(x ^ (x >> np.uint64(31)))


def _telemetry(rows: pa.RecordBatch, telemetry: frozenset[tuple[int, str]]) -> pa.Array:
    """Whether the account's claimed client was seen in product telemetry; unknown without account or client."""
    pairs = zip(rows.column("account").to_pylist(), rows.column("client_claimed").to_pylist(), strict=True)
    return pa.array(
        [None if account is None or client is None else (account, client) in telemetry for account, client in pairs],
        pa.bool_(),
    )


def keep_names(root: Path, name: str, pairs: list[tuple[str, int, str]]) -> None:
    """Keep the raw names behind a chunk's pseudonyms in the vault, for the owner's eyes alone; on the disk when this returns."""
    if not pairs:
        return
    kinds, pseudonyms, raws = zip(*sorted((kind, value, _written(raw)) for kind, value, raw in pairs), strict=True)
    path = root / "vault" / f"{name}.parquet"
    rows = pa.table({"kind": kinds, "pseudonym": pa.array(pseudonyms, pa.int64()), "raw": raws})
    written = pa.BufferOutputStream()
    pq.write_table(rows, written, compression="zstd")
    durable_write(path, written.getvalue().to_pybytes(), mode=0o600)


def _written(raw: str) -> str:
    """A name as a file can hold it: JSON can spell half a character, UTF-8 cannot."""
    return raw.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
