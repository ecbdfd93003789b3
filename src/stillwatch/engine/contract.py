"""What a table promises: its columns, their types and meanings, and whether their values may leave the house."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import pyarrow as pa

__all__ = ["HASH", "TEXT", "TIME", "Column", "Leaves", "Table", "column"]

Leaves = Literal["never", "as_count", "as_tag", "free"]
"""Whether a value may leave the house: never, only counted, only as a blinded tag, or freely."""

TIME = pa.timestamp("us", tz="UTC")
"""A moment, in UTC."""

HASH = pa.int64()
"""A hash or pseudonym: signed, so that every engine can hold it."""

TEXT = pa.string()


@dataclass(frozen=True, kw_only=True, slots=True)
class Column:
    """One column: its name, Arrow type, what it means, whether it may be unknown, and whether it may leave the house."""

    name: str
    type: pa.DataType
    meaning: str
    required: bool = False
    leaves: Leaves = "never"


@dataclass(frozen=True, kw_only=True, slots=True)
class Table:
    """One table: what a row is, its columns, its key, and whether it is partitioned by day."""

    name: str
    row: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    by_day: bool = False

    @property
    def schema(self) -> pa.Schema:
        """The Arrow schema that every part of this table has."""
        return pa.schema([pa.field(c.name, c.type, nullable=not c.required) for c in self.columns])

    def names(self) -> list[str]:
        """The column names in order."""
        return [c.name for c in self.columns]


def column(name: str, type_: pa.DataType, meaning: str, *, required: bool = False, leaves: Leaves = "never") -> Column:
    """Declare a column, short enough for a line each. Unless told otherwise it may be unknown and never leaves the house."""
    return Column(name=name, type=type_, meaning=meaning, required=required, leaves=leaves)
