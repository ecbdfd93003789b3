"""Many small parts of a table into few: a log that is watched leaves one a round, and each takes a moment of every scan.

The rows of a day are laid one behind another, and the new part remembers which of them came from which piece of input, so that a piece can
still be taken out again. One commit exchanges all; a kill before it leaves the old parts, after it the new ones, and what no manifest
names is swept.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from itertools import groupby
from pathlib import PurePosixPath

import pyarrow as pa
import pyarrow.parquet as pq

from stillwatch.engine.store import Part, Store
from stillwatch.engine.tables import TABLES

__all__ = ["SMALL", "join_small", "joinable"]

SMALL = 4 << 20
"""Bytes below which a part is small."""
_FULL = 64 << 20
"""Bytes up to which small parts are joined; they are held in memory at once, several times that as rows."""
_LEAST = 4
"""Parts that are worth joining."""


def joinable(store: Store, table: str) -> list[tuple[Part, ...]]:
    """Groups of small parts of one day, each worth a part of its own, in the order of the manifest."""
    small = [part for part in store.manifest(table).parts if part.bytes < SMALL]
    by_kind = sorted(small, key=_kind)
    groups = (group for _, parts in groupby(by_kind, key=_kind) for group in _filled(parts))
    return [group for group in groups if len(group) >= _LEAST]


def join_small(store: Store, table: str) -> int:
    """Join what is worth it; how many parts became fewer. Only the writer may call this; old files stay until `sweep`."""
    exchanged: dict[str, Part | None] = {}
    for group in joinable(store, table):
        exchanged |= {part.path: None for part in group}
        exchanged[group[0].path] = _joined(store, table, group)
    if exchanged:
        store.exchange(table, exchanged)
    return len(exchanged)


def _kind(part: Part) -> tuple[str, str]:
    """Day, and what stands behind the last dot of the name: parts that were made differently on purpose stay apart."""
    path = PurePosixPath(part.path)
    return str(path.parent), PurePosixPath(path.stem).suffix


def _filled(parts: Iterator[Part]) -> Iterator[tuple[Part, ...]]:
    held: list[Part] = []
    for part in parts:
        if held and sum(one.bytes for one in held) + part.bytes > _FULL:
            yield tuple(held)
            held = []
        held.append(part)
    yield tuple(held)


def _joined(store: Store, table: str, group: tuple[Part, ...]) -> Part:
    schema = TABLES[table].schema
    whole = (pq.ParquetFile(store.folder(table) / part.path).read() for part in group)
    rows = pa.concat_tables([store.as_today(table, one) for one in whole]).cast(schema)
    day, suffix = _kind(group[0])
    name = hashlib.blake2b("\n".join(part.path for part in group).encode(), digest_size=12).hexdigest()
    made = store.write_part(table, rows, made_from=group[0].made_from, day=day, name=f"joined-{name}{suffix}")
    return replace(made, pieces=tuple(piece for part in group for piece in part.origins))
