"""DuckDB behind the five verbs: bounded memory, kept contracts, and clear words when the disk is full."""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import subprocess
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from stillwatch.core import ContractError, DiskFull, Error
from stillwatch.engine import DuckEngine, QueryFailed, Relation, Sql, Store, duck, table

from .rows import exchanges, releases

SUMMED = Sql("test_duck_summed", "select a.g, sum(a.x) as total from {rows} a group by a.g order by 1")
RANKED = Sql(
    "test_duck_ranked",
    "select a.x, a.y, row_number() over (order by a.y, a.x) as place from {rows} a order by a.y, a.x",
)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[DuckEngine]:
    with DuckEngine(Store(tmp_path), memory_mb=200, threads=2) as made:
        yield made


def numbers(count: int) -> pa.Table:
    x = np.random.default_rng(5).permutation(count)
    return pa.table({"x": x, "g": pc.cast(pa.array(x % 3), pa.string()), "y": x * 7919 % 1_000_003})


def double(batch: pa.RecordBatch) -> pa.RecordBatch:
    return pa.record_batch({"x": pc.multiply(batch.column("x"), 2)})


def test_a_query_runs_over_rows_at_hand_and_over_another_query(engine: DuckEngine) -> None:
    rows = engine.from_arrow(numbers(10))
    summed = engine.sql(SUMMED, rows=rows)
    assert engine.to_arrow(summed).to_pydict() == {"g": ["0", "1", "2"], "total": [18, 12, 15]}
    assert engine.to_arrow(engine.sql(SUMMED, rows=engine.keep(rows))).to_pydict()["total"] == [18, 12, 15]


def test_a_table_that_was_never_written_scans_as_empty_rows(engine: DuckEngine) -> None:
    rows = engine.to_arrow(engine.scan("exchanges"))
    assert rows.num_rows == 0
    assert rows.schema.names == table("exchanges").names()


def test_committed_rows_scan_over_all_parts_and_days(tmp_path: Path, engine: DuckEngine) -> None:
    store = Store(tmp_path)
    parts = [
        store.write_part("exchanges", exchanges(2, first=1), made_from="a", day="2026-07-24"),
        store.write_part("exchanges", exchanges(3, first=9), made_from="b", day="2026-07-25"),
    ]
    store.append("exchanges", parts, {})
    with DuckEngine(store) as reading:
        got = reading.to_arrow(reading.scan("exchanges"))
    assert sorted(got.column("exchange_id").to_pylist()) == [1, 2, 9, 10, 11]
    assert got.schema.names == table("exchanges").names()


def test_a_kernel_sees_every_row_once_and_its_output_can_be_read_twice(engine: DuckEngine) -> None:
    schema = pa.schema([pa.field("x", pa.int32())])
    mapped = engine.map_batches(engine.from_arrow(numbers(200_000)), double, schema)
    first, second = engine.to_arrow(mapped), engine.to_arrow(mapped)
    assert first.schema.field("x").type == pa.int32()
    assert sorted(first.column("x").to_pylist()) == list(range(0, 400_000, 2))
    assert first.num_rows == second.num_rows


def test_a_kernel_over_nothing_gives_nothing_of_its_shape(engine: DuckEngine) -> None:
    schema = pa.schema([pa.field("x", pa.int32())])
    mapped = engine.to_arrow(engine.map_batches(engine.from_arrow(numbers(0)), double, schema))
    assert mapped.num_rows == 0
    assert mapped.schema.names == ["x"]


def test_batches_are_no_larger_than_asked(engine: DuckEngine) -> None:
    sizes = [batch.num_rows for batch in engine.batches(engine.from_arrow(numbers(10_000)), rows=4096)]
    assert sum(sizes) == 10_000
    assert max(sizes) <= 4096


def test_materialised_rows_stand_in_the_order_of_the_key(tmp_path: Path, engine: DuckEngine) -> None:
    shuffled = releases("b", "c", "a").take([2, 0, 1])
    kept = engine.materialise(engine.from_arrow(shuffled), "releases")
    assert Store(tmp_path).read("releases").column("model").to_pylist() == ["a", "b", "c"]
    assert engine.to_arrow(kept).num_rows == 3
    before = [path.read_bytes() for path in sorted(tmp_path.rglob("*.parquet"))]
    engine.materialise(engine.from_arrow(shuffled.take([1, 2, 0])), "releases")
    assert [path.read_bytes() for path in sorted(tmp_path.rglob("*.parquet"))] == before


def test_a_large_content_is_written_piece_by_piece(
    tmp_path: Path, engine: DuckEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stillwatch.engine.duck._PIECE", 2048)
    names = [f"model {place:05}" for place in range(9000)]
    shuffled = releases(*names).take(np.random.default_rng(1).permutation(len(names)))
    kept = engine.materialise(engine.from_arrow(shuffled), "releases")
    assert len(Store(tmp_path).files("releases")) > 2
    assert Store(tmp_path).read("releases").column("model").to_pylist() == names
    assert engine.to_arrow(kept).num_rows == len(names)


def test_what_breaks_the_contract_is_not_materialised(tmp_path: Path, engine: DuckEngine) -> None:
    rows = pa.table({"model": pa.array(["a", None]), "at": releases("a", "b").column("at")})
    with pytest.raises((ContractError, ValueError)):
        engine.materialise(engine.from_arrow(rows), "releases")
    assert Store(tmp_path).read("releases").num_rows == 0


def test_without_a_store_there_is_nothing_to_scan_or_commit() -> None:
    with DuckEngine() as bare:
        with pytest.raises(ValueError, match="without a store"):
            bare.scan("releases")
        with pytest.raises(ValueError, match="without a store"):
            bare.materialise(bare.from_arrow(releases("a")), "releases")


def test_a_folder_with_quotes_and_brackets_in_its_name_serves(tmp_path: Path) -> None:
    odd = tmp_path / "it's [1] *"
    odd.mkdir()
    with DuckEngine(Store(odd), scratch=odd) as made:
        made.materialise(made.from_arrow(releases("a", "b")), "releases")
        assert made.to_arrow(made.keep(made.scan("releases"))).num_rows == 2


def test_closing_leaves_nothing_behind(tmp_path: Path) -> None:
    with DuckEngine(scratch=tmp_path) as made:
        made.keep(made.from_arrow(numbers(100)))
        assert len(list(tmp_path.rglob("*.parquet"))) == 1
    assert list(tmp_path.iterdir()) == []


def test_some_days_are_read_from_their_own_files_and_from_those_that_were_not_split(tmp_path: Path) -> None:
    store = Store(tmp_path)
    days = {"2026-07-24": 1, "2026-07-25": 9, "all": 20}
    store.append(
        "exchanges",
        [store.write_part("exchanges", exchanges(1, first=n), made_from=day, day=day) for day, n in days.items()],
        {},
    )
    with DuckEngine(store) as reading:
        got = reading.to_arrow(reading.scan("exchanges", days=["2026-07-25"]))
    assert sorted(got.column("exchange_id").to_pylist()) == [9, 20]


def test_a_piece_of_work_within_an_engine_leaves_nothing_behind(tmp_path: Path) -> None:
    with DuckEngine(Store(tmp_path / "w"), scratch=tmp_path) as outer:
        kept = outer.keep(outer.from_arrow(numbers(5)))
        with outer.within() as inner:
            inner.keep(inner.from_arrow(numbers(100)))
            inner.map_batches(inner.from_arrow(numbers(7)), double, pa.schema([pa.field("x", pa.int32())]))
            assert inner.to_arrow(inner.sql(SUMMED, rows=inner.from_arrow(numbers(10)))).num_rows == 3
            assert len(list(tmp_path.rglob("*.parquet"))) == 3
        assert len(list(tmp_path.rglob("*.parquet"))) == 1
        assert outer.to_arrow(kept).num_rows == 5
        with contextlib.suppress(RuntimeError), outer.within() as inner:
            inner.keep(inner.from_arrow(numbers(100)))
            raise RuntimeError("later")
        assert len(list(tmp_path.rglob("*.parquet"))) == 1


def test_the_order_of_rows_and_the_number_of_threads_do_not_matter() -> None:
    rows = numbers(50_000)
    told = []
    for threads, given in ((1, rows), (2, rows.take(pa.array(np.arange(50_000)[::-1])))):
        with DuckEngine(memory_mb=200, threads=threads) as made:
            told.append(made.to_arrow(made.sql(RANKED, rows=made.from_arrow(given))))
    assert told[0].equals(told[1])


@pytest.mark.slow
def test_more_rows_than_memory_are_spilled_and_come_back_right(tmp_path: Path) -> None:
    count = 3_000_000
    path = tmp_path / "rows.parquet"
    pq.write_table(numbers(count), path)
    spilled = 0
    with DuckEngine(memory_mb=100, threads=1, scratch=tmp_path) as made:
        place = 0
        for batch in made.batches(made.sql(RANKED, rows=made.scan_files([path]))):
            spilled = max(spilled, sum(file.stat().st_size for file in tmp_path.glob("engine-*/spill/*")))
            assert pc.all(pc.equal(batch.column("place"), np.arange(place + 1, place + 1 + batch.num_rows))).as_py()
            place += batch.num_rows
    assert place == count
    assert spilled > 0


def test_a_full_disk_under_a_kernel_is_said(engine: DuckEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(pq.ParquetWriter, "write_batch", full)
    with pytest.raises(DiskFull, match="no room left"):
        engine.map_batches(engine.from_arrow(numbers(10)), double, pa.schema([pa.field("x", pa.int64())]))


def test_a_mistake_in_a_query_is_told_in_a_sentence_and_not_taken_for_a_full_disk(engine: DuckEngine) -> None:
    with pytest.raises(QueryFailed, match=r"could not be run \(CatalogException\)") as caught:
        engine.to_arrow(Relation(name="nowhere"))
    assert not isinstance(caught.value, DiskFull)
    with pytest.raises(QueryFailed, match="BinderException"):
        engine.sql(Sql("test_duck_absent", "select a.absent from {rows} a"), rows=engine.from_arrow(numbers(3)))


def test_a_fault_that_quotes_a_row_is_told_without_it(engine: DuckEngine) -> None:
    rows = engine.from_arrow(pa.table({"said": ["Quetzalcoatlus"]}))
    asked = engine.sql(Sql("test_duck_cast", "select cast(a.said as bigint) as number from {rows} a"), rows=rows)
    with pytest.raises(QueryFailed, match="ConversionException") as caught:
        engine.to_arrow(asked)
    assert "Quetzalcoatlus" not in "".join(traceback.format_exception(caught.value))


def test_a_damaged_file_is_told_as_one(tmp_path: Path, engine: DuckEngine) -> None:
    (tmp_path / "x.parquet").write_bytes(b"PAR1 not at all")
    with pytest.raises(Error, match=r"missing or damaged|could not be run"):
        engine.to_arrow(engine.scan_files([tmp_path / "x.parquet"]))


@pytest.mark.parametrize("in_memory", [1_000_000, 10])
def test_rows_at_hand_join_whatever_filter_the_engine_pushes_down(
    engine: DuckEngine, monkeypatch: pytest.MonkeyPatch, in_memory: int
) -> None:
    """DuckDB 1.5 pushes Bloom filters of joins into scans, which its scan of Arrow tables refuses."""
    monkeypatch.setattr(duck, "_IN_MEMORY_ROWS", in_memory)
    few = engine.keep(engine.from_arrow(pa.table({"x": np.arange(0, 60_000, 7)})))
    joined = Sql("test_duck_joined", "select count(*) as n from {many} a join {few} b on a.x = b.x")
    told = engine.to_arrow(engine.sql(joined, many=engine.from_arrow(numbers(60_000)), few=few))
    assert told.to_pydict() == {"n": [8572]}
    nothing = engine.from_arrow(numbers(0))
    assert engine.to_arrow(engine.sql(joined, many=nothing, few=few)).to_pydict() == {"n": [0]}


@pytest.mark.parametrize("wanted", [KeyboardInterrupt(), SystemExit(0)], ids=["Ctrl-C", "an order to end"])
def test_what_a_signal_raises_goes_through_a_query(wanted: BaseException) -> None:
    def raised(*_: Any) -> None:
        raise wanted

    long = Sql("long", "select count(*) as n from {rows} a join {rows} b on a.x <> b.x")
    before = signal.signal(signal.SIGALRM, raised)
    try:
        with DuckEngine() as made:
            asked = made.sql(long, rows=made.from_arrow(numbers(40_000)))
            signal.setitimer(signal.ITIMER_REAL, 0.2)
            with pytest.raises(type(wanted)):
                made.to_arrow(asked)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@contextlib.contextmanager
def small_disk(place: Path, size: str) -> Iterator[bool]:
    """Whether a small file system of its own could be mounted at `place`."""
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(place)]
    mounted = os.geteuid() == 0 and subprocess.run(mount, capture_output=True, check=False).returncode == 0
    try:
        yield mounted
    finally:
        if mounted:
            subprocess.run(["umount", str(place)], capture_output=True, check=True)


def test_a_disk_that_is_really_full_is_said(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", "1m") as mounted:
        if not mounted:
            pytest.skip("needs root and mount; the same is tested without them above")
        with DuckEngine(Store(tmp_path / "disk"), scratch=tmp_path / "disk", memory_mb=200) as made:
            rows = made.from_arrow(numbers(1_000_000))
            with pytest.raises(DiskFull, match="no room left"):
                made.keep(rows)
            with pytest.raises(DiskFull, match="no room left"):
                made.map_batches(rows, double, pa.schema([pa.field("x", pa.int64())]))
        with DuckEngine(scratch=tmp_path / "disk", memory_mb=100, threads=1) as made:
            path = tmp_path / "rows.parquet"
            pq.write_table(numbers(3_000_000), path)
            with pytest.raises(DiskFull, match="no room left for intermediate rows"):
                made.to_arrow(made.sql(RANKED, rows=made.scan_files([path])))
