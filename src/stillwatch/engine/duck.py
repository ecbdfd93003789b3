"""The default engine: DuckDB in this process, over the Parquet parts of a workspace. DuckDB holds nothing between runs."""

from __future__ import annotations

import contextlib
import copy
import itertools
import shutil
import tempfile
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path
from types import TracebackType
from typing import Self

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from stillwatch.core.errors import DiskFull, Error, WorkspaceError
from stillwatch.engine.engine import Kernel, QueryFailed, Relation
from stillwatch.engine.scratch import scratch_folder
from stillwatch.engine.sql import Sql
from stillwatch.engine.store import Store, full_disk_is_an_error
from stillwatch.engine.tables import TABLES

__all__ = ["DuckEngine"]

_IN_MEMORY_ROWS = 1_000_000
"""Rows at hand up to this many are copied into DuckDB's own memory; more go to a scratch file."""


_PIECE = 512 * 1024
"""Rows of a table that are held at once while it is written, about."""


class DuckEngine:
    """DuckDB with a memory limit and a spill folder, behind the six verbs of `Engine`.

    Args:
        store: the workspace's tables; `None` for queries over rows at hand only.
        memory_mb: limit on DuckDB's own memory; beyond it DuckDB spills to `scratch`.
        threads: threads DuckDB may use.
        scratch: folder for spilled and intermediate rows, emptied on close. A temporary folder by default.
    """

    def __init__(
        self, store: Store | None = None, *, memory_mb: int = 2048, threads: int = 2, scratch: Path | None = None
    ) -> None:
        self._store = store
        self._scratch = scratch_folder(scratch)
        self._connection = duckdb.connect(":memory:")
        self._numbers = itertools.count()
        for setting, value in {
            "memory_limit": f"'{memory_mb}MB'",
            "threads": str(threads),
            "temp_directory": _quoted(self._scratch / "spill"),
            "preserve_insertion_order": "false",
            "enable_progress_bar": "false",
            "parquet_metadata_cache": "true",
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
        }.items():
            self._connection.execute(f"set {setting} = {value}")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of DuckDB and of everything spilled."""
        self._connection.close()
        shutil.rmtree(self._scratch, ignore_errors=True)

    @contextlib.contextmanager
    def within(self) -> Iterator[Self]:
        """An engine over the same tables, memory and threads, for a piece of work that leaves nothing behind.

        What it made, rows in memory and scratch files included, is gone once it is left; relations of the outer engine are unknown to it.
        """
        inner = copy.copy(self)
        inner._scratch = Path(tempfile.mkdtemp(prefix="within-", dir=self._scratch))
        inner._connection = self._connection.cursor()
        try:
            yield inner
        finally:
            inner.close()

    def _name(self, hint: str) -> str:
        return f"{hint}_{next(self._numbers)}"

    def scan(self, table: str, *, days: Collection[str] | None = None) -> Relation:
        """The committed rows of a workspace table; with `days`, of the files alone that can hold rows of these days."""
        if self._store is None:
            raise ValueError("scan: this engine was made without a store")
        files = self._store.files(table, days=days)
        if not files:
            return self.from_arrow(TABLES[table].schema.empty_table())
        schema = TABLES[table].schema
        if all(_columns(str(path), path.stat().st_mtime_ns) == tuple(schema.names) for path in files):
            return self.scan_files(files)
        return self._of_several_ages(files, schema)

    def _of_several_ages(self, files: Sequence[Path], schema: pa.Schema) -> Relation:
        """The rows of parts that were written before and after a column was added, in the shape of today's contract."""
        name, shape = self._name("files"), self.from_arrow(schema.empty_table())
        listed = ", ".join(_quoted(path) for path in files)
        columns = ", ".join(f'"{column}"' for column in schema.names)
        with self._errors():
            self._connection.execute(
                f"create temp view {name} as select {columns} from (select * from {shape.name} union all by name "
                f"select * from read_parquet([{listed}], hive_partitioning = false, union_by_name = true))"
            )
        return Relation(name=name)

    def scan_files(self, files: Sequence[Path]) -> Relation:
        """The rows of Parquet files that share one schema."""
        name = self._name("files")
        listed = ", ".join(_quoted(path) for path in files)
        with self._errors():
            self._connection.execute(
                f"create temp view {name} as select * from read_parquet([{listed}], hive_partitioning = false)"
            )
        return Relation(name=name)

    def sql(self, query: Sql, **inputs: Relation) -> Relation:
        """A query over relations, not yet run."""
        name = self._name(query.name)
        text = query.render("duckdb", **{key: relation.name for key, relation in inputs.items()})
        with self._errors():
            self._connection.execute(f"create temp view {name} as {text}")
        return Relation(name=name)

    def keep(self, relation: Relation) -> Relation:
        """Run a relation once and keep its rows in a scratch Parquet file for reading again."""
        name = self._name("kept")
        path = self._scratch / f"{name}.parquet"
        with self._errors():
            self._connection.execute(
                f"copy (select * from {relation.name}) to {_quoted(path)} (format parquet, compression zstd, compression_level 1)"
            )
        return self.scan_files([path])

    def map_batches(self, relation: Relation, kernel: Kernel, schema: pa.Schema) -> Relation:
        """A kernel over all batches of a relation; its output is kept in a scratch Parquet file."""
        path = self._scratch / f"{self._name('mapped')}.parquet"
        texts = [one.name for one in schema if pa.types.is_string(one.type)]
        with (
            self._errors(),
            pq.ParquetWriter(
                path, schema, compression="zstd", compression_level=1, use_dictionary=texts, write_statistics=False
            ) as writer,
        ):
            for batch in _one_ahead(self.batches(relation)):
                writer.write_batch(kernel(batch).cast(schema))
        return self.scan_files([path])

    def batches(self, relation: Relation, *, rows: int = 65_536) -> Iterator[pa.RecordBatch]:
        """Run a relation and stream its rows."""
        with self._errors():
            yield from self._connection.execute(f"select * from {relation.name}").to_arrow_reader(rows)

    def materialise(self, relation: Relation, table: str) -> Relation:
        """Run a relation and commit it, in the order of its key, as the whole content of a workspace table."""
        if self._store is None:
            raise ValueError("materialise: this engine was made without a store")
        contract = TABLES[table]
        columns = ", ".join(f'"{column}"' for column in contract.names())
        rest = [column for column in contract.names() if column not in contract.key]  # a key may have ties
        order = ", ".join(f'"{column}"' for column in [*contract.key, *rest])
        ordered = Relation(name=self._name("ordered"))
        with self._errors():
            self._connection.execute(
                f"create temp view {ordered.name} as select {columns} from {relation.name} order by {order}"
            )
        pieces = self.batches(ordered, rows=_PIECE)
        self._store.put(table, (pa.Table.from_batches([piece]).cast(contract.schema) for piece in pieces))
        return self.scan(table)

    def to_arrow(self, relation: Relation) -> pa.Table:
        """Run a relation and fetch it."""
        with self._errors():
            return self._connection.execute(f"select * from {relation.name}").to_arrow_table()

    def from_arrow(self, rows: pa.Table) -> Relation:
        """Rows at hand as a relation."""
        name = self._name("rows")
        if rows.num_rows > _IN_MEMORY_ROWS:
            path = self._scratch / f"{name}.parquet"
            with self._errors():
                pq.write_table(rows, path, compression="zstd", compression_level=1)
            return self.scan_files([path])
        # Joins push filters into scans that DuckDB's scan of Arrow tables does not know; its own tables know all of them.
        with self._errors():
            self._connection.register(f"given_{name}", rows)
            self._connection.execute(f"create temp table {name} as select * from given_{name}")
            self._connection.unregister(f"given_{name}")
        return Relation(name=name)

    def _errors(self) -> _Errors:
        return _Errors(self._scratch)


@lru_cache(maxsize=100_000)
def _columns(path: str, changed: int) -> tuple[str, ...]:
    """Columns of a part, read once: a part that was made anew has another time."""
    return tuple(pq.read_schema(path).names)


def _one_ahead(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """The same batches, the next one fetched while the last is worked on: DuckDB and a kernel each keep a core busy."""
    with ThreadPoolExecutor(1) as fetch:
        following = fetch.submit(next, batches, None)
        while (batch := following.result()) is not None:
            following = fetch.submit(next, batches, None)
            yield batch


def _quoted(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"


def _told(error: duckdb.Error) -> Error:
    """A fault of DuckDB in our words."""
    if isinstance(error, duckdb.OutOfMemoryException):
        return QueryFailed(
            "a query needed more memory than it was given; raise run.memory_mb and run the same command again"
        )
    if isinstance(error, duckdb.IOException):
        return WorkspaceError(
            "a file of the workspace could not be read; it is missing or damaged. Scan the logs into a fresh workspace, "
            "or restore this one"
        )
    return QueryFailed(
        f"a query could not be run ({type(error).__name__}); what was committed before is whole. "
        "This is a mistake of Stillwatch: please report it with the command that was run"
    )


def _harmless(error: duckdb.Error) -> duckdb.Error | None:
    """The fault itself where it can quote our own query at most, never a row."""
    ours = (duckdb.CatalogException, duckdb.BinderException, duckdb.ParserException, duckdb.NotImplementedException)
    return error if isinstance(error, ours) else None


class _Errors:
    """Turns DuckDB's faults into our own: a full disk is `DiskFull`, everything else a sentence without rows in it.

    What a signal raised while a query ran (Ctrl-C, an order to end) goes on as it was raised; DuckDB tells it as a fault of the query.
    """

    def __init__(self, place: Path) -> None:
        self._place = place
        self._system = full_disk_is_an_error(place)

    def __enter__(self) -> None:
        self._system.__enter__()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        if error is not None and isinstance(error.__cause__, KeyboardInterrupt | SystemExit):
            raise error.__cause__ from None
        if isinstance(error, duckdb.InterruptException):
            raise KeyboardInterrupt from None
        if isinstance(error, duckdb.Error) and any(
            word in str(error) for word in ("No space left", "max_temp_directory_size", "failed to offload")
        ):
            raise DiskFull(
                f"{self._place}: no room left for intermediate rows; free some room and run the same command again"
            ) from error
        if isinstance(error, duckdb.Error):
            raise _told(error) from _harmless(error)
        return self._system.__exit__(kind, error, trace)
