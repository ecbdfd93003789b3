"""Which engine a run uses: DuckDB in this process unless Spark is asked for."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from stillwatch.core import get_extra
from stillwatch.core.errors import Error
from stillwatch.engine.engine import Engine
from stillwatch.engine.store import Store

__all__ = ["open_engine"]


@contextlib.contextmanager
def open_engine(
    name: str, store: Store | None, *, memory_mb: int, scratch: Path | None = None, master: str = "local[2]"
) -> Iterator[Engine]:
    """An engine over a workspace's tables, closed when it is left.

    Args:
        name: `duckdb` or `spark`.
        memory_mb: memory of DuckDB, or of Spark's driver.
        master: where Spark runs.

    Raises:
        Error: when Spark is asked for and its extra or Java is missing.
    """
    if name == "duckdb":
        from stillwatch.engine.duck import DuckEngine

        with DuckEngine(store, memory_mb=memory_mb, scratch=scratch) as duck:
            yield duck
        return
    try:
        from stillwatch.engine.spark import SparkEngine
    except ModuleNotFoundError as missing:
        if (missing.name or "").partition(".")[0] not in ("py4j", "pyspark"):
            raise
        raise Error(f"spark: pyspark is not installed; {get_extra('spark')}") from missing
    with SparkEngine(store, master=master, memory_mb=memory_mb, scratch=scratch) as spark:
        yield spark
