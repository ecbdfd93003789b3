"""The verbs that every engine has, so that a pipeline written once runs on one machine and on a cluster."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, Self

import pyarrow as pa

from stillwatch.core.errors import Error
from stillwatch.engine.sql import Sql

__all__ = ["Engine", "Kernel", "QueryFailed", "Relation"]

Kernel = Callable[[pa.RecordBatch], pa.RecordBatch]
"""What must be equal on every engine: a pure, picklable function from a batch to a batch."""


class QueryFailed(Error):
    """A query that an engine could not run. Never repeats the engine's own words: they may quote rows."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Relation:
    """Rows that an engine holds or can make, by the name it knows them under."""

    name: str


class Engine(Protocol):
    """A place where queries run: DuckDB in process by default, or Spark."""

    def within(self) -> AbstractContextManager[Self]:
        """An engine over the same tables, for a piece of work that leaves nothing behind."""

    def scan(self, table: str, *, days: Collection[str] | None = None) -> Relation:
        """The committed rows of a workspace table; with `days`, of the files alone that can hold rows of these days."""

    def scan_files(self, files: Sequence[Path]) -> Relation:
        """The rows of Parquet files that share one schema."""

    def sql(self, query: Sql, **inputs: Relation) -> Relation:
        """A query over relations, not yet run."""

    def keep(self, relation: Relation) -> Relation:
        """Run a relation once and keep its rows for reading again."""

    def map_batches(self, relation: Relation, kernel: Kernel, schema: pa.Schema) -> Relation:
        """A kernel over all batches of a relation; its output is kept for reading more than once."""

    def batches(self, relation: Relation, *, rows: int = 65_536) -> Iterator[pa.RecordBatch]:
        """Run a relation and stream its rows."""

    def materialise(self, relation: Relation, table: str) -> Relation:
        """Run a relation and commit it as the whole content of a workspace table, checked against its contract."""

    def to_arrow(self, relation: Relation) -> pa.Table:
        """Run a relation and fetch it."""

    def from_arrow(self, rows: pa.Table) -> Relation:
        """Rows at hand as a relation."""
