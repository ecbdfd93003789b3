"""Logs as they are found: cut, broken, huge, mislabelled. What can be read is read; what cannot is named."""

from __future__ import annotations

import bz2
import contextlib
import gzip
import json
import lzma
import random
import resource
import sys
import time
import tracemalloc
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stillwatch.core.errors import FormatError
from stillwatch.ingest import ReadOptions, plan, read_chunk
from stillwatch.ingest.open_source import open_stream

from .traffic import NAMES, NOW, capture, lines, read, row


def reasons(rejects: list[dict[str, Any]]) -> list[tuple[int, str, str]]:
    return [(reject["line"], reject["field"], reject["reason"]) for reject in rejects]


def write(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def zstd(data: bytes) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as out:
        out.write(data)
    return bytes(sink.getvalue())


@pytest.mark.parametrize(("compress", "ending"), [(gzip.compress, "gz"), (zstd, "zst")])
def test_a_compressed_file_reads_as_the_plain_one_whatever_its_name(tmp_path: Path, compress: Any, ending: str) -> None:
    plain = lines([row(i) for i in range(500)])
    expected = read(write(tmp_path / "log.jsonl", plain))[0]
    for name in (f"log.jsonl.{ending}", "log.bin"):
        rows, rejects, _ = read(write(tmp_path / name, compress(plain)))
        assert rejects == []
        assert [(one["at"], one["prompt"], one["line"]) for one in rows] == [
            (one["at"], one["prompt"], one["line"]) for one in expected
        ]


def test_a_gzip_file_of_several_members_is_read_to_its_end(tmp_path: Path) -> None:
    data = b"".join(gzip.compress(lines([row(i) for i in range(start, start + 50)])) for start in (0, 50, 100))
    rows, rejects, _ = read(write(tmp_path / "log.gz", data))
    assert (len(rows), rejects) == (150, [])


@pytest.fixture(scope="module")
def noise() -> bytes:
    """Two thousand rows of text that does not compress well."""
    letters = random.Random(1)  # noqa: S311 - any letters will do
    return lines([row(i, prompt="".join(letters.choices("abcdefghijklmnopqrstuvwxyz ", k=900))) for i in range(2000)])


@pytest.mark.parametrize("compress", [gzip.compress, zstd])
@pytest.mark.parametrize("share", [0.3, 0.7, 0.97])
def test_a_truncated_compressed_file_keeps_what_was_readable(
    tmp_path: Path, noise: bytes, compress: Any, share: float
) -> None:
    whole = compress(noise)
    rows, rejects, _ = read(write(tmp_path / "log.gz", whole[: int(len(whole) * share)]))
    assert 2000 * share * 0.5 < len(rows) < 2000
    assert [one["line"] for one in rows] == list(range(1, len(rows) + 1))
    assert reasons(rejects) == [(len(rows) + 1, "row", "the compressed file ends early; what stood before was read")]


@pytest.mark.parametrize("compress", [bz2.compress, gzip.compress, lzma.compress, zstd])
def test_a_file_that_expands_a_thousandfold_is_given_in_bounded_blocks(tmp_path: Path, compress: Any) -> None:
    size = 24 << 20
    packed = compress(b"\n" * size)
    assert len(packed) < size // 800
    stream = open_stream(write(tmp_path / "bomb", packed))
    sizes = []
    tracemalloc.start()
    while block := stream.block():
        sizes.append(len(block))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    stream.close()
    assert (sum(sizes), stream.ended_early) == (size, False)
    assert max(sizes) <= 1 << 20
    assert peak < 16 << 20


@pytest.mark.parametrize("compress", [bz2.compress, gzip.compress, lzma.compress])
@pytest.mark.parametrize("padding", [b"", b"\x00" * 300_000])
def test_members_and_the_zeros_between_them_are_one_file(tmp_path: Path, compress: Any, padding: bytes) -> None:
    whole = random.Random(5).randbytes(2 << 20)  # noqa: S311 - any bytes that do not shrink
    parts = [whole[: 1 << 20], b"", whole[1 << 20 :], b"z" * (3 << 20)]
    packed = padding.join(map(compress, parts)) + padding
    for tail in (b"", b"no member of its own"):
        stream = open_stream(write(tmp_path / "log", packed + tail))
        assert b"".join(iter(stream.block, b"")) == b"".join(parts)
        assert not stream.ended_early
        stream.close()
    stream = open_stream(write(tmp_path / "log", packed[: len(packed) - len(padding) - 7]))
    assert b"".join(parts).startswith(b"".join(iter(stream.block, b"")))
    assert stream.ended_early
    stream.close()


def test_half_a_line_at_the_end_costs_that_line(tmp_path: Path) -> None:
    data = lines([row(i) for i in range(10)])
    rows, rejects, _ = read(write(tmp_path / "log.jsonl", data[:-20]))
    assert len(rows) == 9
    assert reasons(rejects) == [(10, "row", "the line ends in the middle of its JSON")]


def test_a_reject_names_the_file_and_never_the_text(tmp_path: Path) -> None:
    path = write(tmp_path / "log.jsonl", lines([row(0), row(1, input_tokens="my secret")]) + b"{secret words\nsecret\n")
    _, rejects, _ = read(path)
    assert [reject["line"] for reject in rejects] == [2, 3, 4]
    assert {reject["path"] for reject in rejects} == {str(path)}
    assert not any("secret" in reject["reason"] for reject in rejects)
    assert rejects[0]["reason"] == "got text, expected a whole number >= 0"
    assert rejects[0]["format"] == "columns"


def test_a_line_of_50_mb_is_passed_over_without_being_held(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    with path.open("wb") as file:
        file.write(lines([row(0)]))
        file.write(b'{"at": 1759000000, "account": "a", "prompt": "')
        for _ in range(50):
            file.write(b"x" * 1_000_000)
        file.write(b'"}\n')
        file.write(lines([row(2), row(3)]))
    rows, rejects, _ = read(path)
    assert [one["line"] for one in rows] == [1, 3, 4]
    assert reasons(rejects) == [(2, "row", "got a line of 50000048 bytes, expected at most 33554432")]
    assert all(chunk.stop - chunk.start < 1_000_000 for chunk in plan([path]).chunks)


@pytest.mark.parametrize("where", ["first", "last", "only"])
def test_a_line_too_long_may_stand_anywhere(tmp_path: Path, where: str) -> None:
    options = ReadOptions(now=NOW, max_line_bytes=1000, force="columns")
    long = lines([row(99, prompt="y" * 5000)])
    around = [lines([row(i)]) for i in range(3)]
    data = {"first": [long, *around], "last": [*around, long], "only": [long]}[where]
    rows, rejects, _ = read(write(tmp_path / "log.jsonl", b"".join(data)), options)
    assert len(rows) == (0 if where == "only" else 3)
    assert [reject["line"] for reject in rejects] == [4 if where == "last" else 1]


def test_invalid_utf_8_is_replaced_and_counted(tmp_path: Path) -> None:
    data = lines([row(0)]) + lines([row(1)]).replace(b"prompt 1", b"prompt \xff\xfe 1") + lines([row(2)])
    rows, rejects, notes = read(write(tmp_path / "log.jsonl", data))
    assert rejects == []
    assert rows[1]["prompt"] == "prompt \ufffd\ufffd 1"
    assert notes == {"lines with invalid UTF-8, replaced": 1}


def test_nul_bytes_survive_escaped_and_raw(tmp_path: Path) -> None:
    data = (
        lines([row(0, prompt="a\x00b")])
        + lines([row(1)]).replace(b"prompt 1", b"a\x00b")
        + b"\x00\x00\x00\n"
        + lines([row(2)])
    )
    rows, rejects, _ = read(write(tmp_path / "log.jsonl", data))
    assert rejects == []
    assert [one["prompt"] for one in rows] == ["a\x00b", "a\x00b", "prompt 2"]


def test_lone_surrogates_and_numbers_beyond_json_do_not_break_a_row(tmp_path: Path) -> None:
    data = b'{"at": 1759000000, "account": "a", "prompt": "x \\ud800 y", "temperature": NaN, "max_tokens": 1e999}\n'
    rows, rejects, _ = read(write(tmp_path / "log.jsonl", data))
    assert rejects == []
    assert (rows[0]["prompt"], rows[0]["temperature"], rows[0]["max_tokens"]) == ("x \ufffd y", None, None)


def test_json_nested_without_end_is_a_reject(tmp_path: Path) -> None:
    data = lines([row(0)]) + b'{"a":' + b"[" * 200_000 + b"\n" + lines([row(2)])
    rows, rejects, _ = read(write(tmp_path / "log.jsonl", data))
    assert len(rows) == 2
    assert [reject["line"] for reject in rejects] == [2]


@pytest.mark.parametrize(
    "shape",
    [
        "2025-09-28T12:26:40Z",
        "2025-09-28 12:26:40",
        "2025-09-28T14:26:40,000+02:00",
        1759062400,
        "1759062400",
        1759062400.0,
        1759062400000,
        1759062400000000,
        1759062400000000000,
        "Sun, 28 Sep 2025 12:26:40 GMT",
        "28/Sep/2025:14:26:40 +0200",
        "2025-09-28 12:26:40 UTC",
        "2025-09-28T12:26:40.000000000Z",
    ],
)
def test_every_shape_of_a_timestamp_is_the_same_moment(tmp_path: Path, shape: Any) -> None:
    rows, rejects, _ = read(write(tmp_path / "log.jsonl", lines([row(0, at=shape)])))
    assert rejects == []
    assert rows[0]["at"].timestamp() == 1759062400


def test_a_time_without_a_zone_is_utc_and_said_so(tmp_path: Path) -> None:
    _, _, notes = read(write(tmp_path / "log.jsonl", lines([row(0, at="2025-09-28T12:26:40")])))
    assert notes == {"times without a zone, read as UTC": 1}


@pytest.mark.parametrize(
    ("at", "reason"),
    [
        ("2025-10-11T00:00:00Z", "got 2025-10-11T00:00:00Z, expected a time between 2015-01-01 and 24 hours from now"),
        (0, "got 1970-01-01T00:00:00Z, expected a time between 2015-01-01 and 24 hours from now"),
        ("yesterday", "got text, expected a time such as 2025-03-01T10:00:00Z or seconds since 1970"),
        (None, "got nothing, expected a time"),
        (True, "got true, expected a time"),
    ],
)
def test_a_time_in_the_future_or_none_is_a_reject(tmp_path: Path, at: Any, reason: str) -> None:
    rows, rejects, _ = read(write(tmp_path / "log.jsonl", lines([row(0), row(1, at=at)])))
    assert len(rows) == 1
    assert reasons(rejects) == [(2, "at", reason)]


@pytest.mark.parametrize(("count", "shown"), [(-3, "-3"), (10**9, "1000000000"), (1.5, "1.5")])
def test_a_negative_or_absurd_token_count_is_a_reject(tmp_path: Path, count: float, shown: str) -> None:
    rows, rejects, _ = read(write(tmp_path / "log.jsonl", lines([row(0), row(1, output_tokens=count)])))
    assert len(rows) == 1
    assert [(reject["line"], reject["field"]) for reject in rejects] == [(2, "output_tokens")]
    assert rejects[0]["reason"].startswith(f"got {shown}, expected")


def test_a_negative_count_in_a_capture_names_its_field(tmp_path: Path) -> None:
    answer = {"id": "x", "choices": [], "usage": {"prompt_tokens": -3}}
    rows, rejects, _ = read(write(tmp_path / "log.jsonl", lines([capture(0), capture(1, response=answer)])))
    assert len(rows) == 1
    assert reasons(rejects) == [(2, "usage.prompt_tokens", "got -3, expected a whole number >= 0")]


def test_nonsense_that_a_caller_asked_for_is_unknown_and_costs_nothing(tmp_path: Path) -> None:
    body = {
        "model": 7,
        "messages": "hello",
        "temperature": "hot",
        "n": -1,
        "max_tokens": 10**30,
        "logit_bias": [1],
        "stream": "perhaps",
    }
    rows, rejects, _ = read(
        write(tmp_path / "log.jsonl", lines([capture(0, body=body, response={"error": {"code": "x"}}, status=400)]))
    )
    assert rejects == []
    unknown = ("temperature", "n", "max_tokens", "stream", "prompt")
    assert [rows[0][column] for column in unknown] == [None] * 5
    assert (rows[0]["outcome"], rows[0]["http_status"]) == ("error", 400)


def test_an_empty_file_gives_no_exchanges_and_is_named(tmp_path: Path) -> None:
    for name, data in (("a.jsonl", b""), ("b.jsonl", b"\n \n\x00\n"), ("c.gz", gzip.compress(b""))):
        laid = plan([write(tmp_path / name, data)])
        assert laid.chunks == ()
        assert laid.notes == (f"{tmp_path / name}: empty",)


def test_a_folder_of_mixed_formats_is_read_file_by_file(tmp_path: Path) -> None:
    write(tmp_path / "a.jsonl", lines([capture(i) for i in range(3)]))
    (tmp_path / "deep").mkdir()
    write(tmp_path / "deep" / "b.gz", gzip.compress(lines([row(i) for i in range(4)])))
    write(tmp_path / "c.csv", b"timestamp,account,prompt\n2025-09-28T12:26:40Z,a,hello\n")
    write(tmp_path / "README.md", b"# Not a log\n")
    write(tmp_path / ".hidden", b"{}\n")
    laid = plan([tmp_path], ReadOptions(now=NOW))
    assert {Path(file.path).name: file.format for file in laid.files} == {
        "a.jsonl": "openai_chat",
        "b.gz": "columns",
        "c.csv": "columns",
    }
    assert len(laid.notes) == 1
    assert laid.notes[0].startswith("left out: ")
    assert "README.md" in laid.notes[0]
    assert len(read(tmp_path)[0]) == 8


def test_a_format_that_cannot_be_told_lists_what_was_tried(tmp_path: Path) -> None:
    path = write(tmp_path / "log.jsonl", b'{"foo": 1}\n{"foo": 2}\n')
    with pytest.raises(FormatError) as caught:
        plan([path])
    message = str(caught.value)
    assert str(path) in message
    for tried in (
        'helicone: no "request_created_at"',
        'otel_genai: no "resourceSpans"',
        'litellm_spendlogs: no "api_key"',
    ):
        assert tried in message


def test_a_folder_in_which_nothing_is_recognised_is_an_error(tmp_path: Path) -> None:
    write(tmp_path / "a.txt", b"hello\n")
    with pytest.raises(FormatError, match=r"a\.txt"):
        plan([tmp_path])


def test_a_format_forced_is_used_and_its_misfits_are_rejects(tmp_path: Path) -> None:
    path = write(tmp_path / "log.jsonl", b'{"foo": 1}\n')
    rows, rejects, _ = read(path, ReadOptions(force="helicone", now=NOW))
    assert rows == []
    assert reasons(rejects) == [(1, "request_created_at", "got nothing, expected a time")]
    with pytest.raises(FormatError, match="no such log format"):
        plan([path], ReadOptions(force="helicon"))


def test_a_path_that_names_nothing_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="no such file or folder"):
        plan([tmp_path / "absent-*.jsonl"])


def test_a_document_too_large_to_hold_is_refused_with_a_way_out(tmp_path: Path) -> None:
    path = write(tmp_path / "log.json", json.dumps([row(i) for i in range(50)], indent=1).encode())
    with pytest.raises(FormatError, match="one object a line"):
        plan([path], ReadOptions(max_document_bytes=1000))


def test_a_document_too_large_among_others_is_left_out_and_named(tmp_path: Path) -> None:
    large = write(tmp_path / "large.json", json.dumps([row(i) for i in range(50)], indent=1).encode())
    write(tmp_path / "log.jsonl", lines([row(1), row(2)]))
    options = ReadOptions(now=NOW, max_document_bytes=1000)
    laid = plan([tmp_path], options)
    assert [Path(file.path).name for file in laid.files] == ["log.jsonl"]
    assert [note for note in laid.notes if "large.json" in note and "one object a line" in note]
    assert len(read([tmp_path], options)[0]) == 2
    with pytest.raises(FormatError, match="one object a line"):
        plan([large, tmp_path], options)


@pytest.mark.parametrize("codec", ["none", "snappy", "zstd"])
def test_damaged_parquet_data_cost_their_chunk_and_no_other(tmp_path: Path, codec: str) -> None:
    path = tmp_path / "log.parquet"
    pq.write_table(pa.Table.from_pylist([row(i) for i in range(300)]), path, row_group_size=100, compression=codec)
    group = pq.read_metadata(path).row_group(1)
    data = bytearray(path.read_bytes())
    for place in range(group.num_columns):
        start = group.column(place).dictionary_page_offset or group.column(place).data_page_offset
        data[start : start + 24] = bytes(255 - byte for byte in data[start : start + 24])
    write(path, bytes(data))
    write(tmp_path / "other.jsonl", lines([row(1000)]))
    rows, rejects, _ = read([tmp_path])
    assert [one["line"] for one in rows] == [*range(1, 101), *range(201, 301), 1]
    assert reasons(rejects) == [(101, "row", "the Parquet data are damaged: these rows could not be read")]
    assert rejects[0]["path"] == str(path)


def test_a_byte_flipped_anywhere_in_a_parquet_file_never_ends_the_scan(tmp_path: Path) -> None:
    path = tmp_path / "log.parquet"
    pq.write_table(pa.Table.from_pylist([row(i) for i in range(40)]), path, compression="none", use_dictionary=False)
    sound = path.read_bytes()
    footer = len(sound) - 8 - int.from_bytes(sound[-8:-4], "little")
    write(tmp_path / "other.jsonl", lines([row(1000)]))
    for place in range(4, footer, 13):
        data = bytearray(sound)
        data[place] ^= 0xFF
        write(path, bytes(data))
        rows, rejects, _ = read([tmp_path])
        assert len({one["line"] for one in rows if one["source"] != rows[-1]["source"]}) + len(rejects) in (1, 40)


def test_a_time_of_a_table_that_no_calendar_holds_costs_its_row(tmp_path: Path) -> None:
    path = tmp_path / "log.parquet"
    at = pa.array([1_759_000_000_000_000, 2**62, 1_759_000_000_000_001], pa.timestamp("us", tz="UTC"))
    pq.write_table(pa.table({"at": at, "account": ["a", "b", "c"]}), path)
    rows, rejects, _ = read(path)
    assert [one["line"] for one in rows] == [1, 3]
    assert reasons(rejects) == [(2, "row", "got a value outside the calendar's range, expected a time")]


def test_a_document_that_breaks_off_keeps_its_whole_elements(tmp_path: Path) -> None:
    document = json.dumps([row(i) for i in range(50)], indent=1).encode()
    rows, rejects, _ = read(write(tmp_path / "log.json", document[:-400]))
    assert 40 < len(rows) < 50
    assert reasons(rejects) == [(len(rows) + 1, "row", "the document ends or breaks in the middle of its JSON")]


@pytest.mark.slow
def test_user_agents_of_which_no_two_are_alike_need_little_memory_and_time(tmp_path: Path, tries: Any) -> None:
    """A million of them 600 MiB and 240 s; a sample, of more than one chunk, its part of that beside what any reading takes."""
    path, count = tmp_path / "log.jsonl", tries(80_000, whole=1_000_000)
    with path.open("wb") as file:
        for i in range(count):
            file.write(b'{"at":1759000000,"account":"a","user_agent":"agent-%d/1.0"}\n' % i)
    options = ReadOptions(now=NOW)
    chunks = plan([path], options).chunks
    forget_the_peak()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.process_time()
    distinct: set[int] = set()
    for chunk in chunks:
        distinct.update(read_chunk(chunk, NAMES, options).batch.column("user_agent").to_pylist())
    spent = time.process_time() - began
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / (
        1024 if sys.platform == "linux" else 1 << 20
    )
    assert len(chunks) > 1
    assert len(distinct) == count
    assert grown < 90 + 510 * count / 1_000_000, f"{grown:.0f} MiB"
    assert spent < 240 * count / 1_000_000, f"{spent:.0f} s of CPU"


def forget_the_peak() -> None:
    """Let the peak of memory begin from what is held now, where the system can: tests before this one held more."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")
