"""Logs that are being written: every whole line is planned once, no half line ever, whatever is appended, renamed, cut off or forgotten."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stillwatch.core import Pseudonymiser
from stillwatch.ingest import Chunk, Growing, ReadOptions, read_chunk

HOUR = 3600.0
NAMES = Pseudonymiser(bytes(range(32)))


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def line(i: int, *, words: int = 1) -> bytes:
    asked = {"model": "m", "messages": [{"role": "user", "content": f"question {i} " * words}]}
    answered = {"id": f"r-{i}", "choices": [{"message": {"content": "x"}}], "usage": {"completion_tokens": 9}}
    told = {"request": {"path": "/v1/chat/completions", "body": asked}, "response": {"status": 200, "body": answered}}
    return (
        json.dumps({"started_at": f"2026-07-24T20:{i // 60:02d}:{i % 60:02d}Z", "account": "a", **told}).encode()
        + b"\n"
    )


def lines(first: int, last: int) -> bytes:
    return b"".join(line(i) for i in range(first, last))


def add(path: Path, data: bytes) -> Path:
    with path.open("ab") as file:
        file.write(data)
    return path


def questions(chunks: list[Chunk]) -> list[str]:
    """What the exchanges of some pieces ask; fails on a reject."""
    asked: list[str] = []
    for chunk in chunks:
        read = read_chunk(chunk, NAMES)
        assert read.rejects.num_rows == 0, read.rejects.to_pylist()
        asked += read.batch.column("prompt").to_pylist()
    return asked


def take(growing: Growing, done: set[str], options: ReadOptions | None = None) -> list[Chunk]:
    """The new pieces of a look; from then on they are in."""
    fresh = [chunk for chunk in growing.look(done, options or ReadOptions()).chunks if chunk.id not in done]
    assert all(growing.holds(chunk) for chunk in fresh)
    done.update(chunk.id for chunk in fresh)
    return fresh


def test_csv_rows_are_read_up_to_the_last_whole_one_and_a_line_end_within_quotes_ends_none(tmp_path: Path) -> None:
    log, clock, done = tmp_path / "log.csv", Clock(), set[str]()
    growing = Growing([log.parent], clock=clock)
    add(log, b"timestamp,account,prompt,request_id\n")
    assert questions(take(growing, done)) == []
    add(log, b'2026-07-24T20:00:00Z,a,"two\nlines",r1\n2026-07-24T20:00:01Z,a,"half of')
    assert questions(take(growing, done)) == ["two\nlines"]
    add(log, b'\na row",r2\n2026-07-24T20:00:02Z,a,plain,r3')
    assert questions(take(growing, done)) == ["half of\na row"]
    assert growing.unread(done)[0].waits == "its last line has no end yet"
    clock.now += HOUR
    assert questions(take(growing, done)) == ["plain"]
    assert growing.unread(done) == []


def test_a_last_line_that_never_ends_is_taken_after_an_hour_without_a_change(tmp_path: Path) -> None:
    log, clock, done = add(tmp_path / "api.jsonl", lines(0, 2) + b'{"started_at": "2026'), Clock(), set[str]()
    growing = Growing([log], clock=clock)
    assert len(questions(take(growing, done))) == 2
    clock.now += HOUR - 1
    assert take(growing, done) == []
    clock.now += 1
    broken = take(growing, done)
    assert read_chunk(broken[0], NAMES).rejects.num_rows == 1
    assert take(growing, done) == []


def test_a_line_too_long_is_rejected_once_and_what_stands_around_it_is_read(tmp_path: Path) -> None:
    options = ReadOptions(max_line_bytes=2000)
    log = add(tmp_path / "api.jsonl", line(0) + line(1, words=400) + line(2) + line(3, words=400))
    done: set[str] = set()
    fresh = take(Growing([log]), done, options)
    read = [read_chunk(chunk, NAMES, options) for chunk in fresh]
    assert sum(one.batch.num_rows for one in read) == 2
    assert [told["line"] for one in read for told in one.rejects.to_pylist()] == [2, 4]
    add(log, line(4))
    again = take(Growing([log]), done, options)
    assert [(len(questions([chunk])), chunk.first_line) for chunk in again] == [(1, 5)]


def test_pieces_are_as_large_as_they_may_be_and_no_larger(tmp_path: Path) -> None:
    options = ReadOptions(chunk_rows=10, chunk_bytes=1 << 20, max_line_bytes=1024)
    log, done = add(tmp_path / "api.jsonl", lines(0, 95)), set[str]()
    fresh = take(Growing([log]), done, options)
    assert len(fresh) > 5
    assert len(questions(fresh)) == 95
    assert take(Growing([log]), done, options) == []


def test_two_logs_that_begin_alike_are_told_apart_where_they_part(tmp_path: Path) -> None:
    done: set[str] = set()
    growing = Growing([tmp_path])
    for name in ("a.jsonl", "b.jsonl"):
        add(tmp_path / name, lines(0, 3))
    assert len(take(growing, done)) == 1, "the same content is one piece"
    add(tmp_path / "a.jsonl", lines(3, 5))
    add(tmp_path / "b.jsonl", lines(7, 9))
    assert sorted(questions(take(growing, done))) == [f"question {i} " for i in (3, 4, 7, 8)]


def test_a_log_without_a_whole_line_has_no_format_yet_and_a_document_waits_until_it_is_whole(tmp_path: Path) -> None:
    clock, done = Clock(), set[str]()
    growing = Growing([tmp_path], settle_seconds=10, clock=clock)
    log = add(tmp_path / "api.jsonl", line(0)[:50])
    assert take(growing, done) == []
    add(log, line(0)[50:])
    assert len(questions(take(growing, done))) == 1
    document = tmp_path / "one.json"
    whole = json.dumps([json.loads(line(i)) for i in range(1, 4)], indent=1).encode()
    add(document, whole[:-30])
    clock.now += 5
    assert take(growing, done) == []
    add(document, whole[-30:])
    assert take(growing, done) == []
    clock.now += 10
    assert len(questions(take(growing, done))) == 3


def test_another_format_in_the_place_of_a_log_is_told_anew(tmp_path: Path) -> None:
    log, clock, done = add(tmp_path / "log", lines(0, 2)), Clock(), set[str]()
    growing = Growing([log], settle_seconds=10, clock=clock)
    assert len(questions(take(growing, done))) == 2
    rows = "".join(f"2026-07-24T20:00:{i:02d}Z,a,{'word ' * 20}{i},r{i}\n" for i in range(40))
    log.write_text("timestamp,account,prompt,request_id\n" + rows)
    assert len(questions(take(growing, done))) == 40
    packed = gzip.compress(b"".join(line(i, words=1 + i) for i in range(50, 150)), compresslevel=0)
    log.write_bytes(packed)
    assert take(growing, done) == []
    clock.now += 10
    assert len(questions(take(growing, done))) == 100


def test_what_may_not_be_read_is_told_and_keeps_nobody_else_back(tmp_path: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may read everything")
    add(tmp_path / "a.jsonl", lines(0, 2)).chmod(0)
    add(tmp_path / "b.jsonl", lines(2, 3))
    assert len(take(Growing([tmp_path]), set())) == 1


STEPS = st.lists(
    st.sampled_from(["whole", "half", "rest", "rotate", "restart", "lose", "again", "look", "look"]),
    min_size=3,
    max_size=25,
)


@settings(max_examples=25, deadline=None)
@given(STEPS)
def test_every_line_is_planned_once_whatever_happens(
    tmp_path_factory: pytest.TempPathFactory, steps: list[str]
) -> None:
    """`lose` is a commit that fails; `again`, a log that is delivered a second time under another name."""
    folder = tmp_path_factory.mktemp("grow")
    log, growing, done = folder / "api.jsonl", Growing([folder]), set[str]()
    read: list[str] = []
    count, rest, rotated = 0, b"", 0
    for step in [*steps, "rest", "look"]:
        if step in ("whole", "half"):
            data = rest + line(count)
            count += 1
            cut = len(data) if step == "whole" else len(data) - 7
            add(log, data[:cut])
            rest = data[cut:]
        elif step == "rest" and rest:
            add(log, rest)
            rest = b""
        elif step == "rotate" and log.exists() and not rest:
            log.rename(folder / f"api.jsonl.{(rotated := rotated + 1)}")
        elif step == "again" and log.exists():
            (folder / f"copy-{len(list(folder.iterdir()))}.jsonl").write_bytes(log.read_bytes())
        elif step == "restart":
            growing = Growing([folder])
        elif step == "lose":
            growing.look(done, ReadOptions())
        elif step == "look":
            read += questions(take(growing, done))
    read += questions(take(Growing([folder]), done))
    assert sorted(set(read)) == sorted(f"question {i} " for i in range(count))
    assert len(read) == len(set(read)) or "again" in steps
