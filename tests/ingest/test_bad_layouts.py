"""The same faults in every layout: what is told of damaged lines holds for tables, for joined files and behind every compression."""

from __future__ import annotations

import bz2
import dataclasses
import gzip
import lzma
import tracemalloc
import zlib
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stillwatch.core.errors import FormatError
from stillwatch.ingest import FORMATS, ReadOptions, plan
from stillwatch.ingest.clean import BadField, Reading
from stillwatch.ingest.exchange import Exchange
from stillwatch.ingest.open_source import XZ_MEMORY

from .test_bad_input import reasons, write, zstd
from .traffic import NOW, lines, read, row

ENDS_EARLY = "the compressed file ends early; what stood before was read"


def csv_log(count: int) -> bytes:
    body = "".join(f"{1_759_000_000 + i},a,prompt {i},{i}\n" for i in range(count))
    return b"at,account,prompt,output_tokens\n" + body.encode()


def asked(i: int, **more: Any) -> dict[str, Any]:
    """A line of a batch's input file."""
    body = {"model": "m", "messages": [{"role": "user", "content": f"prompt {i}"}]}
    return {"custom_id": f"c-{i}", "method": "POST", "url": "/v1/chat/completions", "body": body, **more}


def answered(i: int, **usage: Any) -> dict[str, Any]:
    """A line of a batch's output file."""
    choices = [{"message": {"content": f"answer {i}"}, "finish_reason": "stop"}]
    body = {"id": f"b-{i}", "created": 1_759_000_000 + i, "choices": choices, "usage": usage}
    return {
        "id": f"o-{i}",
        "custom_id": f"c-{i}",
        "response": {"status_code": 200, "request_id": f"r-{i}", "body": body},
    }


@pytest.mark.parametrize(
    ("compress", "head", "lost"),
    [(gzip.compress, 10, 0), (bz2.compress, 10, 0), (lzma.compress, 12, 0), (zstd, 6, 1024)],
)
def test_a_compressed_file_damaged_inside_keeps_what_stood_before(
    tmp_path: Path, compress: Any, head: int, lost: int
) -> None:
    sound = lines([row(i) for i in range(50)])
    damaged = compress(lines([row(i) for i in range(50, 99)]))[:head] + b"\xff" * 300
    rows, rejects, _ = read(write(tmp_path / "log", compress(sound) + damaged))
    assert [one["line"] for one in rows] == list(range(1, len(rows) + 1))
    assert len(rows) >= sound[: len(sound) - lost].count(b"\n")
    assert reasons(rejects) == [(len(rows) + 1, "row", ENDS_EARLY)]


@pytest.mark.parametrize("compress", [gzip.compress, bz2.compress, lzma.compress, zstd])
def test_a_compressed_file_cut_in_its_head_is_no_empty_file(tmp_path: Path, compress: Any) -> None:
    path = write(tmp_path / "log", compress(lines([row(0)]))[:9])
    with pytest.raises(FormatError, match="log: the compressed file ends before its first byte"):
        plan([path])


def test_a_compressed_file_that_wants_too_much_memory_counts_as_damaged(tmp_path: Path) -> None:
    packed = bytearray(lzma.compress(lines([row(0)])))
    head = slice(12, 12 + (packed[12] + 1) * 4 - 4)
    assert packed[14:16] == b"\x21\x01", "the first filter is LZMA2 with one byte of properties"
    packed[16] = 33  # a dictionary of 384 MiB
    packed[head.stop : head.stop + 4] = zlib.crc32(packed[head]).to_bytes(4, "little")
    assert XZ_MEMORY < 384 << 20
    assert lzma.decompress(packed) == lines([row(0)])
    with pytest.raises(FormatError, match="the compressed file ends before its first byte"):
        plan([write(tmp_path / "log.xz", bytes(packed))])


def test_a_csv_file_that_breaks_off_keeps_its_whole_rows(tmp_path: Path) -> None:
    whole = b"".join(
        gzip.compress(piece) for piece in (csv_log(40), b"1759000100,a,prompt 40,40\n1759000101,a,half of a")
    )
    rows, rejects, _ = read(write(tmp_path / "log.gz", whole[:-6]))
    assert [one["prompt"] for one in rows] == [f"prompt {i}" for i in range(len(rows))]
    assert len(rows) in (40, 41)
    assert [(field, reason) for _, field, reason in reasons(rejects)] == [("row", ENDS_EARLY)]


def test_invalid_utf_8_in_a_csv_file_is_replaced_and_counted(tmp_path: Path) -> None:
    rows, rejects, notes = read(write(tmp_path / "log.csv", csv_log(3).replace(b"prompt 1", b"prompt \xff 1")))
    assert rejects == []
    assert [one["prompt"] for one in rows] == ["prompt 0", "prompt \ufffd 1", "prompt 2"]
    assert notes == {"lines with invalid UTF-8, replaced": 1}


def test_nul_bytes_in_a_csv_file_cost_no_row(tmp_path: Path) -> None:
    rows, rejects, _ = read(write(tmp_path / "log.csv", csv_log(3).replace(b"prompt 1", b"a\x00b")))
    assert rejects == []
    assert [one["output_tokens"] for one in rows] == [0, 1, 2]


def test_a_csv_row_that_is_too_long_is_passed_over_and_named(tmp_path: Path) -> None:
    data = csv_log(3).replace(b"prompt 1", b"y" * 5000)
    rows, rejects, _ = read(write(tmp_path / "log.csv", data), ReadOptions(now=NOW, max_line_bytes=1000))
    assert [one["prompt"] for one in rows] == ["prompt 0", "prompt 2"]
    assert reasons(rejects) == [(3, "row", "got a line of 5015 bytes, expected at most 1000")]


def test_a_csv_row_with_a_wrong_time_or_count_costs_that_row(tmp_path: Path) -> None:
    data = csv_log(4).replace(b"1759000001,", b"1960000000,").replace(b"prompt 2,2", b"prompt 2,-3")
    rows, rejects, _ = read(write(tmp_path / "log.csv", data))
    assert [one["prompt"] for one in rows] == ["prompt 0", "prompt 3"]
    assert [(field, reason.split(",")[0]) for _, field, reason in reasons(rejects)] == [
        ("at", "got 2032-02-10T04:26:40Z"),
        ("output_tokens", "got -3"),
    ]


def test_invalid_utf_8_in_a_parquet_text_is_replaced_and_counted(tmp_path: Path) -> None:
    path = tmp_path / "log.parquet"
    prompts = pa.array([b"fine", b"half \xff\xfe", None], pa.binary()).view(pa.string())
    pq.write_table(pa.table({"at": [1_759_000_000] * 3, "account": ["a"] * 3, "prompt": prompts}), path)
    rows, rejects, notes = read(path)
    assert rejects == []
    assert [one["prompt"] for one in rows] == ["fine", "half \ufffd\ufffd", None]
    assert notes == {"texts with invalid UTF-8, replaced": 1}


def test_joined_files_that_break_off_keep_what_was_readable(tmp_path: Path) -> None:
    write(tmp_path / "day_input.jsonl", lines([asked(i) for i in range(20)]))
    outputs = gzip.compress(lines([answered(i) for i in range(12)]))
    path = write(tmp_path / "day_output.gz", outputs + gzip.compress(lines([answered(12)]))[:10])
    rows, rejects, _ = read(tmp_path)
    assert [(one["prompt"], one["output"]) for one in rows] == [(f"prompt {i}", f"answer {i}") for i in range(12)]
    assert reasons(rejects) == [(13, "row", ENDS_EARLY)]
    assert rejects[0]["path"] == str(path)


def test_bad_lines_of_joined_files_cost_those_lines_and_are_told_once(tmp_path: Path) -> None:
    write(tmp_path / "day_input.jsonl", lines([asked(i) for i in range(6)]).replace(b"prompt 4", b"prompt \xff"))
    good = [lines([answered(i)]) for i in range(6)]
    long = lines([answered(9, junk="y" * (3 << 20))])
    broken = [*good[:2], long, *good[2:4], b'{"half": "my secret\n', lines([answered(7, prompt_tokens=-3)]), *good[4:]]
    path = write(tmp_path / "day_output.jsonl", b"".join(broken))
    rows, rejects, notes = read(tmp_path, ReadOptions(now=NOW, max_line_bytes=1 << 20))
    assert [(one["output"], one["line"]) for one in rows] == [
        (f"answer {i}", line) for i, line in enumerate((1, 2, 4, 5, 8, 9))
    ]
    assert rows[4]["prompt"] == "prompt \ufffd"
    assert reasons(rejects) == [
        (3, "row", f"got a line of {len(long) - 1} bytes, expected at most {1 << 20}"),
        (6, "row", "the line ends in the middle of its JSON"),
        (7, "usage.prompt_tokens", "got -3, expected a whole number >= 0"),
    ]
    assert {one["path"] for one in rejects} == {str(path)}
    assert notes["lines with invalid UTF-8, replaced"] == 1


def test_a_too_long_line_at_the_end_of_joined_files_is_passed_over(tmp_path: Path) -> None:
    write(tmp_path / "day_input.jsonl", lines([asked(0)]))
    tail = lines([answered(1, junk="y" * (3 << 20))])[:-1]
    write(tmp_path / "day_output.jsonl", lines([answered(0)]) + tail)
    rows, rejects, _ = read(tmp_path, ReadOptions(now=NOW, max_line_bytes=1 << 20))
    assert [one["output"] for one in rows] == ["answer 0"]
    assert reasons(rejects) == [(2, "row", f"got a line of {len(tail)} bytes, expected at most {1 << 20}")]


def test_a_first_line_of_many_mb_is_passed_over_without_being_held(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    with path.open("wb") as file:
        file.write(b'{"at": 1759000000, "account": "a", "prompt": "' + b"x" * 40_000_000 + b'"}\n')
        file.write(lines([row(1), row(2)]))
    options = ReadOptions(now=NOW, max_line_bytes=1 << 20)
    tracemalloc.start()
    laid = plan([path], options)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert [file.format for file in laid.files] == ["columns"]
    assert peak < 20_000_000
    rows, rejects, _ = read(path, options)
    assert [one["line"] for one in rows] == [2, 3]
    assert reasons(rejects) == [(1, "row", "got a line of 40000048 bytes, expected at most 1048576")]


def test_a_last_line_too_long_and_without_an_end_is_passed_over(tmp_path: Path) -> None:
    data = lines([row(0)]) + lines([row(1, prompt="y" * 5000)])[:-1]
    rows, rejects, _ = read(write(tmp_path / "log.jsonl", data), ReadOptions(now=NOW, max_line_bytes=1000))
    assert [one["line"] for one in rows] == [1]
    assert [reject["line"] for reject in rejects] == [2]
    assert rejects[0]["reason"].startswith("got a line of 51")


def test_two_formats_that_fit_equally_well_are_both_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(FORMATS, "twin", dataclasses.replace(FORMATS["columns"], name="twin"))
    path = write(tmp_path / "log.jsonl", lines([row(0)]))
    with pytest.raises(FormatError, match=r"columns and twin fit equally well; say which with --format"):
        plan([path])


def told_by(monkeypatch: pytest.MonkeyPatch, reader: Any) -> ReadOptions:
    """A format `odd` that is read by `reader`, forced."""
    monkeypatch.setitem(FORMATS, "odd", dataclasses.replace(FORMATS["columns"], name="odd", read=reader))
    return ReadOptions(now=NOW, force="odd")


def test_a_reader_that_stumbles_costs_its_record_and_tells_no_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stumbles(record: dict[str, Any], _reading: Reading) -> list[Exchange]:
        if record["prompt"] == "my secret":
            raise ValueError(record["prompt"])
        return [Exchange(at=NOW, prompt=record["prompt"])]

    options = told_by(monkeypatch, stumbles)
    path = write(tmp_path / "log.jsonl", lines([row(0), row(1, prompt="my secret"), row(2)]))
    rows, rejects, _ = read(path, options)
    assert [one["prompt"] for one in rows] == ["prompt 0", "prompt 2"]
    assert reasons(rejects) == [(2, "row", "got a record whose shape odd does not have (ValueError)")]


def test_many_faults_of_one_line_are_one_reject_that_counts_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def faulty(_record: dict[str, Any], _reading: Reading) -> list[Exchange | BadField]:
        return [
            BadField("at", "got nothing, expected a time"),
            Exchange(at=NOW),
            BadField("at", "got true"),
            BadField("n", "got x"),
        ]

    options = told_by(monkeypatch, faulty)
    rows, rejects, _ = read(write(tmp_path / "log.jsonl", lines([row(0)])), options)
    assert len(rows) == 1
    assert reasons(rejects) == [(1, "at", "got nothing, expected a time (and 1 more on this line)"), (1, "n", "got x")]


def test_a_parquet_file_that_expands_a_thousandfold_is_read_in_parts_that_fit(tmp_path: Path) -> None:
    path = tmp_path / "log.parquet"
    table = pa.table(
        {"at": [1_759_000_000] * 4000, "account": ["a"] * 4000, "prompt": [f"{i:04}" * 2500 for i in range(4000)]}
    )
    pq.write_table(table, path, compression="zstd", use_dictionary=False)
    assert path.stat().st_size < table.nbytes // 50
    options = ReadOptions(now=NOW, chunk_bytes=1 << 20)
    chunks = plan([path], options).chunks
    assert max(chunk.stop - chunk.start for chunk in chunks) * 10_000 <= 8 << 20
    assert sum(chunk.stop - chunk.start for chunk in chunks) == 4000
    assert len(read(path, options)[0]) == 4000
