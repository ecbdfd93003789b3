"""Chunks: cut anywhere, read anywhere, in any order, and always the same rows."""

from __future__ import annotations

import gzip
import multiprocessing
import pickle
import random
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stillwatch.ingest import Chunk, ChunkResult, ReadOptions, plan, read_chunk
from stillwatch.ingest.open_source import fingerprint

from .traffic import NAMES, NOW, lines, read, row

WHOLE = ReadOptions(now=NOW)
QUICK = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


def small(size: int) -> ReadOptions:
    return ReadOptions(now=NOW, chunk_bytes=size)


def made(folder: Path, kind: str, count: int = 400) -> Path:
    rows = [row(i, prompt=f'prompt {i}\nwith, a "quoted" line\n{"x" * (i * 37 % 300)}') for i in range(count)]
    path = folder / f"log.{kind}"
    if kind == "jsonl":
        path.write_bytes(lines(rows))
    elif kind == "gz":
        path.write_bytes(gzip.compress(lines(rows)))
    elif kind == "csv":
        import csv

        with path.open("w", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
    else:
        pq.write_table(pa.Table.from_pylist(rows), path, row_group_size=150)
    return path


@pytest.mark.parametrize("kind", ["jsonl", "gz", "csv", "parquet"])
def test_small_chunks_give_the_rows_of_the_whole(tmp_path: Path, kind: str) -> None:
    path = made(tmp_path, kind)
    whole, rejects, _ = read(path, WHOLE)
    assert len(whole) == 400
    assert rejects == []
    for size in (3_000, 20_000):
        options = ReadOptions(now=NOW, chunk_bytes=size, chunk_rows=70)
        chunks = plan([path], options).chunks
        assert len(chunks) > 3
        assert read(path, options)[0] == whole


@pytest.mark.parametrize("kind", ["jsonl", "gz", "csv", "parquet"])
def test_chunks_read_in_any_order_give_the_same(tmp_path: Path, kind: str) -> None:
    path = made(tmp_path, kind)
    options = ReadOptions(now=NOW, chunk_bytes=8_000, chunk_rows=40)
    chunks = list(plan([path], options).chunks)
    in_order = [read_chunk(chunk, NAMES, options) for chunk in chunks]
    shuffled = list(range(len(chunks)))
    random.Random(3).shuffle(shuffled)  # noqa: S311 - any order will do
    for index in shuffled:
        assert read_chunk(chunks[index], NAMES, options) == in_order[index]


def test_a_plan_and_a_result_pass_between_processes(tmp_path: Path) -> None:
    options = small(20_000)
    chunks = plan([made(tmp_path, "jsonl")], options).chunks
    assert pickle.loads(pickle.dumps(chunks)) == chunks  # noqa: S301 - our own bytes
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        there = pool.starmap(read_chunk, [(chunk, NAMES, options) for chunk in chunks[:2]])
    assert there == [read_chunk(chunk, NAMES, options) for chunk in chunks[:2]]
    assert isinstance(there[0], ChunkResult)


def test_chunks_are_named_by_content_not_by_name_or_date(tmp_path: Path) -> None:
    first = made(tmp_path, "jsonl")
    second = tmp_path / "other.log"
    second.write_bytes(first.read_bytes())
    named = [[chunk.id for chunk in plan([path], small(9_000)).chunks] for path in (first, second)]
    assert named[0] == named[1]
    assert len(set(named[0])) == len(named[0])
    first.write_bytes(first.read_bytes() + lines([row(1000)]))
    assert fingerprint(first) != fingerprint(second)


def test_the_same_content_twice_is_read_once(tmp_path: Path) -> None:
    path = made(tmp_path, "jsonl")
    (tmp_path / "copy.jsonl").write_bytes(path.read_bytes())
    laid = plan([tmp_path], WHOLE)
    assert len(laid.files) == 1
    assert "same content" in laid.notes[0]


def nameless(i: int, **more: Any) -> dict[str, Any]:
    return {key: value for key, value in row(i, **more).items() if key != "request"}


@pytest.mark.parametrize("kind", ["jsonl", "parquet"])
def test_a_log_that_grows_keeps_the_names_of_its_rows(tmp_path: Path, kind: str) -> None:
    rows = [nameless(i, output=None if i % 3 else "answer") for i in range(30)]
    named = []
    for count in (20, 30):
        path = tmp_path / f"log-{count}.{kind}"
        if kind == "jsonl":
            path.write_bytes(b"\n" * (30 - count) + lines(rows[:count]))
        else:
            pq.write_table(pa.Table.from_pylist(rows[:count]), path)
        named.append([one["exchange_id"] for one in read(path)[0]])
        assert named[-1] == [
            one["exchange_id"] for one in read(path, ReadOptions(now=NOW, chunk_bytes=300, chunk_rows=7))[0]
        ]
    assert named[0] == named[1][:20]
    assert len(set(named[1])) == 30


def test_equal_rows_without_a_request_id_are_told_apart_within_a_chunk(tmp_path: Path) -> None:
    rows = [nameless(0), nameless(1), nameless(0), nameless(0), nameless(1)]
    single, table = tmp_path / "log.jsonl", tmp_path / "log.parquet"
    single.write_bytes(lines(rows))
    pq.write_table(pa.Table.from_pylist(rows), table)
    by_row, by_column = ([one["exchange_id"] for one in read(path)[0]] for path in (single, table))
    assert by_row == by_column
    assert len(set(by_row)) == 5
    apart = [one["exchange_id"] for one in read(single, small(10))[0]]
    assert len(set(apart)) == 2
    assert set(apart) <= set(by_row)


@pytest.mark.parametrize(
    "more",
    [
        {"at": 1_759_000_009},
        {"account": "b"},
        {"prompt": "p"},
        {"prompt": ""},
        {"output": "prompt 0"},
        {"output_tokens": 0},
    ],
)
def test_what_a_row_says_names_it(tmp_path: Path, more: dict[str, Any]) -> None:
    path = tmp_path / "log.jsonl"
    path.write_bytes(lines([nameless(0), nameless(0, **more)]))
    first, second = (one["exchange_id"] for one in read(path)[0])
    path.write_bytes(lines([nameless(0, **more)]))
    assert first != second == read(path)[0][0]["exchange_id"]


def test_a_large_row_group_is_read_in_parts(tmp_path: Path) -> None:
    path = tmp_path / "log.parquet"
    pq.write_table(pa.Table.from_pylist([row(i) for i in range(1000)]), path)
    options = ReadOptions(now=NOW, chunk_rows=64)
    chunks = plan([path], options).chunks
    assert {chunk.stop - chunk.start for chunk in chunks} == {62, 63}
    assert len(chunks) == 16
    parts = [[chunk for index, chunk in enumerate(chunks) if index % 2 == worker] for worker in (0, 1)]
    lines_read: list[int] = []
    for part in parts:
        for chunk in part:
            lines_read += read_chunk(chunk, NAMES, options).batch.column("line").to_pylist()
    assert sorted(lines_read) == list(range(1, 1001))


@QUICK
@given(
    sizes=st.lists(st.integers(0, 400), min_size=1, max_size=40), chunk=st.integers(1, 900), limit=st.integers(120, 500)
)
def test_wherever_the_cuts_fall_every_line_is_read_or_rejected_once(
    tmp_path: Path, sizes: list[int], chunk: int, limit: int
) -> None:
    data = [lines([{"at": 1759000000, "account": "a", "prompt": "p" + "é" * size}]) for size in sizes]
    path = tmp_path / "log.jsonl"
    path.write_bytes(b"".join(data))
    options = ReadOptions(now=NOW, chunk_bytes=chunk, max_line_bytes=limit, force="columns")
    rows, rejects, _ = read(path, options)
    long = [number for number, line in enumerate(data, start=1) if len(line) - 1 > limit]
    assert [reject["line"] for reject in rejects] == long
    assert sorted(one["line"] for one in rows) == [number for number in range(1, len(data) + 1) if number not in long]


def cells() -> st.SearchStrategy[Any]:
    return st.text(st.sampled_from('ab ,"\n\r;é'), max_size=12)


@QUICK
@given(texts=st.lists(cells(), min_size=1, max_size=30), chunk=st.integers(1, 200))
def test_csv_rows_with_line_ends_and_quotes_are_never_torn(tmp_path: Path, texts: list[str], chunk: int) -> None:
    import csv

    path = tmp_path / "log.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator="\n")
        writer.writerow(["at", "account", "prompt"])
        for text in texts:
            writer.writerow([1759000000, "a", f"<{text}>"])
    rows, rejects, _ = read(path, small(chunk))
    assert rejects == []
    assert [one["prompt"] for one in rows] == [f"<{text}>" for text in texts]
    assert [one["line"] for one in rows] == list(range(1, len(texts) + 1))


def test_every_chunk_carries_its_weight_for_the_progress_bar(tmp_path: Path) -> None:
    for kind in ("jsonl", "gz", "csv", "parquet"):
        path = made(tmp_path, kind)
        chunks: tuple[Chunk, ...] = plan([path], ReadOptions(now=NOW, chunk_bytes=9_000, chunk_rows=50)).chunks
        total = sum(chunk.weight for chunk in chunks)
        assert 0.8 * path.stat().st_size <= total <= 1.2 * path.stat().st_size
