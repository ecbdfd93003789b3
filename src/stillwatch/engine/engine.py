"""Six verbs that every engine has, so that a pipeline written once runs on one machine and on a cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

import pyarrow as pa

from stillwatch.engine.sql import Sql

__all__ = ["Engine", "Kernel", "Relation"]

Kernel = Callable[[pa.RecordBatch], pa.RecordBatch]
"""What must be equal on every engine: a pure, picklable function from a batch to a batch."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Relation:
    """Rows that an engine holds or can make, by the name it knows them under."""

    name: str


class Engine(Protocol):
    """A place where queries run. DuckDB in process by default."""

    def scan(self, table: str) -> Relation:
        """The committed rows of a workspace table."""

    def sql(self, query: Sql, **inputs: Relation) -> Relation:
        """A query over relations, not yet run."""

    def map_batches(self, relation: Relation, kernel: Kernel, schema: pa.Schema) -> Relation:
        """A kernel over all batches of a relation; its output is kept for reading more than once."""

    def batches(self, relation: Relation) -> Iterator[pa.RecordBatch]:
        """Run a relation and stream its rows."""

    def materialise(self, relation: Relation, table: str) -> Relation:
        """Run a relation and commit it as the whole content of a workspace table, checked against its contract."""

    def to_arrow(self, relation: Relation) -> pa.Table:
        """Run a relation and fetch it."""

    def from_arrow(self, rows: pa.Table) -> Relation:
        """Rows at hand as a relation."""
