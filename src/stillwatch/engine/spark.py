"""The second engine: Spark over the same Parquet parts, for workspaces that outgrow one machine. Local by default, a cluster by address.

Needs the extra `spark` and a Java runtime (17 or later). On a cluster the workspace, its scratch folder and this Python environment must be
at the same paths on every machine: rows pass between Python and Spark as Parquet in scratch.
"""

from __future__ import annotations

import contextlib
import copy
import itertools
import os
import shutil
import sys
import tempfile
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pyarrow as pa
import pyarrow.parquet as pq
from py4j.protocol import Py4JError
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.pandas.types import from_arrow_schema, to_arrow_schema
from pyspark.sql.types import StructType

from stillwatch.core.errors import DiskFull, Error
from stillwatch.engine.engine import Kernel, QueryFailed, Relation
from stillwatch.engine.scratch import scratch_folder
from stillwatch.engine.sql import Sql
from stillwatch.engine.store import Store, full_disk_is_an_error
from stillwatch.engine.tables import TABLES

__all__ = ["SparkEngine"]

_BATCH = 65_536
_PIECE = 512 * 1024


class SparkEngine:
    """Spark behind the verbs of `Engine`: the same queries in its dialect, the same kernels by `mapInArrow`, the same tables committed.

    Args:
        store: the workspace's tables; `None` for queries over rows at hand only.
        master: where Spark runs: `local[2]`, or the address of a cluster.
        memory_mb: memory of Spark's driver, which in local mode does all the work; fixed by the first engine of a process.
        scratch: folder for rows on their way, emptied on close. A temporary folder by default.

    Raises:
        Error: when no Java runtime is found, or Spark does not start.
    """

    def __init__(
        self,
        store: Store | None = None,
        *,
        master: str = "local[2]",
        memory_mb: int = 2048,
        scratch: Path | None = None,
    ) -> None:
        self._store = store
        self._scratch = scratch_folder(scratch)
        self._numbers = itertools.count()
        self._started = SparkSession.getActiveSession() is None
        self._session = _session(master, memory_mb, self._scratch)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Remove what was on its way; whoever started Spark stops it."""
        if self._started:
            self._session.stop()
        shutil.rmtree(self._scratch, ignore_errors=True)

    @contextlib.contextmanager
    def within(self) -> Iterator[Self]:
        """An engine over the same tables and the same Spark, for a piece of work that leaves nothing behind."""
        inner = copy.copy(self)
        inner._scratch = Path(tempfile.mkdtemp(prefix="within-", dir=self._scratch))
        inner._session = self._session.newSession()
        inner._started = False
        try:
            yield inner
        finally:
            inner.close()

    def scan(self, table: str, *, days: Collection[str] | None = None) -> Relation:
        """The committed rows of a workspace table; with `days`, of the files alone that can hold rows of these days."""
        if self._store is None:
            raise ValueError("scan: this engine was made without a store")
        files = self._store.files(table, days=days)
        if not files:
            return self.from_arrow(TABLES[table].schema.empty_table())
        return self._read(files, TABLES[table].schema)

    def scan_files(self, files: Sequence[Path]) -> Relation:
        """The rows of Parquet files that share one schema."""
        return self._read(files, pq.read_schema(files[0]))

    def sql(self, query: Sql, **inputs: Relation) -> Relation:
        """A query over relations, not yet run."""
        text = query.render("spark", **{key: relation.name for key, relation in inputs.items()})
        with _errors(self._scratch):
            return self._named(self._session.sql(text), query.name)

    def keep(self, relation: Relation) -> Relation:
        """Run a relation once and keep its rows in scratch for reading again."""
        frame = self._session.table(relation.name)
        return self._written(frame, to_arrow_schema(frame.schema))

    def map_batches(self, relation: Relation, kernel: Kernel, schema: pa.Schema) -> Relation:
        """A kernel over all batches of a relation, run where Spark's workers are; its output is kept in scratch."""

        def mapped(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
            for batch in batches:
                yield kernel(_plain(batch)).cast(schema)

        with _errors(self._scratch):
            frame = self._session.table(relation.name).mapInArrow(mapped, _spark_schema(schema))
            return self._written(frame, schema)

    def batches(self, relation: Relation, *, rows: int = _BATCH) -> Iterator[pa.RecordBatch]:
        """Run a relation and stream its rows."""
        frame = self._session.table(relation.name)
        path = self._write(frame)
        for file in _parts(path):
            for batch in pq.ParquetFile(file).iter_batches(batch_size=rows):
                yield _plain(batch)
        shutil.rmtree(path)

    def materialise(self, relation: Relation, table: str) -> Relation:
        """Run a relation and commit it, in the order of its key, as the whole content of a workspace table."""
        if self._store is None:
            raise ValueError("materialise: this engine was made without a store")
        contract = TABLES[table]
        rest = [column for column in contract.names() if column not in contract.key]
        frame = self._session.table(relation.name).select(*contract.names()).sort(*contract.key, *rest)
        pieces = self.batches(self._named(frame, "ordered"), rows=_PIECE)
        self._store.put(table, (pa.Table.from_batches([piece]).cast(contract.schema) for piece in pieces))
        return self.scan(table)

    def to_arrow(self, relation: Relation) -> pa.Table:
        """Run a relation and fetch it."""
        with _errors(self._scratch):
            rows = self._session.table(relation.name).toArrow()
        return rows.cast(_plain_schema(rows.schema)).combine_chunks()

    def from_arrow(self, rows: pa.Table) -> Relation:
        """Rows at hand as a relation."""
        path = self._scratch / f"{self._name('rows')}.parquet"
        with full_disk_is_an_error(self._scratch):
            pq.write_table(rows, path, compression="zstd", compression_level=1)
        return self._read([path], rows.schema)

    def _name(self, hint: str) -> str:
        return f"{hint}_{next(self._numbers)}"

    def _named(self, frame: DataFrame, hint: str) -> Relation:
        name = self._name(hint)
        frame.createOrReplaceTempView(name)
        return Relation(name=name)

    def _read(self, files: Sequence[Path], schema: pa.Schema) -> Relation:
        with _errors(self._scratch):
            return self._named(self._session.read.schema(_spark_schema(schema)).parquet(*map(str, files)), "files")

    def _write(self, frame: DataFrame) -> Path:
        path = self._scratch / self._name("kept")
        with _errors(self._scratch):
            frame.write.parquet(str(path), compression="zstd")
        return path

    def _written(self, frame: DataFrame, schema: pa.Schema) -> Relation:
        return self._read([self._write(frame)], schema)


def _session(master: str, memory_mb: int, scratch: Path) -> SparkSession:
    """The Spark of this process, started where none runs yet."""
    if shutil.which("java") is None and "JAVA_HOME" not in os.environ:
        raise Error("spark: no Java runtime here; install one (on Debian: sudo apt install openjdk-17-jre-headless)")
    silent = scratch / "log4j2.properties"
    silent.write_text(_SILENT)
    os.environ["PYSPARK_PYTHON"] = sys.executable
    os.environ["PYTHONPATH"] = os.pathsep.join(dict.fromkeys(path for path in sys.path if path))
    build: Any = SparkSession.builder
    for setting, value in {
        "spark.master": master,
        "spark.app.name": "stillwatch",
        "spark.driver.memory": f"{memory_mb}m",
        "spark.driver.extraJavaOptions": f"-Dlog4j2.configurationFile=file:{silent}",
        "spark.local.dir": str(scratch.parent),
        "spark.sql.warehouse.dir": str(scratch / "warehouse"),
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.ansi.enabled": "true",
        "spark.sql.execution.arrow.maxRecordsPerBatch": str(_BATCH),
        "spark.sql.parquet.enableVectorizedReader": "true",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        **(_LOCAL if master.startswith("local") else {}),
    }.items():
        build = build.config(setting, value)
    try:
        session: SparkSession = build.getOrCreate()
    except (PySparkException, Py4JError, OSError) as error:
        raise Error(
            f"spark: could not be started at {master} ({type(error).__name__}); see what Java printed"
        ) from error
    session.sparkContext.setLogLevel("OFF")
    return session


_LOCAL = {
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.sql.shuffle.partitions": "4",
}
"""What a Spark on this machine alone needs not ask a network for."""

_SILENT = """\
appender.none.type = Null
appender.none.name = none
rootLogger.level = off
rootLogger.appenderRef.none.ref = none
"""
"""Spark's log quotes queries and rows: nothing of it is written."""


@contextlib.contextmanager
def _errors(place: Path) -> Iterator[None]:
    """Spark's faults in our words; its own may quote rows."""
    try:
        with full_disk_is_an_error(place):
            yield
    except (PySparkException, Py4JError) as error:
        if "No space left" in str(error):
            raise DiskFull(
                f"{place}: no room left for intermediate rows; free some room and run the same command again"
            ) from None
        raise QueryFailed(
            f"a query could not be run on Spark ({_named(error)}); what was committed before is whole. "
            "Where the same scan goes through with --engine duckdb this is a mistake of Stillwatch: please report it"
        ) from None


def _named(error: Exception) -> str:
    """What kind of fault it is, in Spark's own short words."""
    return (error.getCondition() if isinstance(error, PySparkException) else None) or type(error).__name__


def _spark_schema(schema: pa.Schema) -> StructType:
    """An Arrow schema as Spark's; every column may be unknown, or Spark would plan for what it cannot check."""
    return from_arrow_schema(pa.schema([one.with_nullable(True) for one in schema]))


def _plain(batch: pa.RecordBatch) -> pa.RecordBatch:
    """A batch whose lists have the names that Arrow gives them."""
    return batch.cast(_plain_schema(batch.schema))


def _plain_schema(schema: pa.Schema) -> pa.Schema:
    return pa.schema([pa.field(one.name, _plain_type(one.type)) for one in schema])


def _plain_type(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return pa.list_(_plain_type(kind.value_type))
    return kind


def _parts(folder: Path) -> list[Path]:
    """The files that Spark wrote, in the order of its partitions."""
    return sorted(folder.glob("part-*.parquet"))
