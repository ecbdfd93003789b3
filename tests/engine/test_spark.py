"""Spark behind the same verbs: what DuckDB gives, Spark gives, for every query that detection asks."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from stillwatch.core import Error, settings_from
from stillwatch.core.errors import SettingsError
from stillwatch.engine import DuckEngine, Engine, Sql, Store, open_engine

from .rows import releases

SUMMED = Sql("test_spark_summed", "select a.g, cast(sum(a.x) as bigint) as total from {rows} a group by a.g order by 1")
LISTED = Sql(
    "test_spark_listed",
    """
    select a.g, @sorted_list(a.x) as listed, @sorted_set(a.x % 2) as distinct_ones, @at_largest(a.x, a.y) as top,
           @count_if(a.x > 4) as more, @ratio(count(*), 0) as over_zero, @quantile(a.x, 0.5) as middle
    from {rows} a group by a.g order by 1
    """,
)
MOMENTS = Sql(
    "test_spark_moments",
    """
    select @epoch_us(r.at) as us, @hour(r.at) as hour, @hours(r.at) as hours, @day(r.at) as day, @div(7, 2) as quotient,
           @instant(@epoch_us(r.at)) = r.at as same, @bits(7) as bits
    from {rows} r order by 1
    """,
)


@pytest.fixture(scope="module")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    pytest.importorskip("pyspark", reason="needs the extra spark")
    if shutil.which("java") is None:
        pytest.skip("needs a Java runtime")
    with open_engine("spark", Store(tmp_path_factory.mktemp("spark")), memory_mb=1000) as made:
        yield made


def numbers(count: int) -> pa.Table:
    x = np.random.default_rng(5).permutation(count)
    return pa.table({"x": x, "g": pc.cast(pa.array(x % 3), pa.string()), "y": x * 7919 % 1_000_003})


def both(spark: Engine, query: Sql, rows: pa.Table) -> tuple[Any, Any]:
    with DuckEngine(threads=1) as duck:
        left = duck.to_arrow(duck.sql(query, rows=duck.from_arrow(rows))).to_pylist()
    return left, spark.to_arrow(spark.sql(query, rows=spark.from_arrow(rows))).to_pylist()


@pytest.mark.slow
@pytest.mark.parametrize("query", [SUMMED, LISTED], ids=lambda query: query.name)
def test_a_query_gives_on_spark_what_it_gives_on_duckdb(spark: Engine, query: Sql) -> None:
    left, right = both(spark, query, numbers(20))
    assert left == right != []


@pytest.mark.slow
def test_moments_are_the_same_integers_on_both(spark: Engine) -> None:
    left, right = both(spark, MOMENTS, releases("a", "b"))
    assert left == right
    assert all(row["same"] for row in right)


@pytest.mark.slow
def test_a_kernel_runs_in_sparks_workers_over_every_row(spark: Engine) -> None:
    def double(batch: pa.RecordBatch) -> pa.RecordBatch:
        return pa.record_batch({"x": pc.multiply(batch.column("x"), 2)})

    schema = pa.schema([pa.field("x", pa.int32())])
    mapped = spark.map_batches(spark.from_arrow(numbers(1000)), double, schema)
    rows = spark.to_arrow(spark.keep(mapped))
    assert rows.schema.field("x").type == pa.int32()
    assert sorted(rows.column("x").to_pylist()) == list(range(0, 2000, 2))
    assert sum(batch.num_rows for batch in spark.batches(mapped)) == 1000


@pytest.mark.slow
def test_materialised_rows_stand_in_the_order_of_the_key(spark: Engine) -> None:
    kept = spark.materialise(spark.from_arrow(releases("b", "c", "a")), "releases")
    assert spark.to_arrow(kept).column("model").to_pylist() == sorted(["a", "b", "c"])
    assert spark.to_arrow(spark.scan("releases")).num_rows == 3


@pytest.mark.slow
def test_a_query_that_cannot_be_run_never_quotes_a_row(spark: Engine) -> None:
    wrong = Sql("test_spark_wrong", "select cast(a.g as bigint) as x from {rows} a")
    rows = pa.table({"g": ["Quetzalcoatlus"]})
    with pytest.raises(Error, match="could not be run on Spark") as told:
        spark.to_arrow(spark.sql(wrong, rows=spark.from_arrow(rows)))
    assert "Quetzalcoatlus" not in str(told.value)
    assert told.value.__cause__ is None


def test_an_engine_is_one_of_two() -> None:
    with pytest.raises(SettingsError, match=r'run.engine: got "flink", expected one of duckdb, spark'):
        settings_from({"run": {"engine": "flink"}})


def test_spark_without_its_extra_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ["pyspark", *(one for one in sys.modules if one.startswith("pyspark."))]:
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.delitem(sys.modules, "stillwatch.engine.spark", raising=False)
    with (
        pytest.raises(Error, match=r"install stillwatch\[spark\]"),
        open_engine("spark", Store(tmp_path), memory_mb=500),
    ):
        pass
