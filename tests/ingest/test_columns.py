"""Mapped tables: whole columns and single rows lead to the same exchanges; a mapping's faults are told all at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stillwatch.core.errors import FormatError, SettingsError
from stillwatch.ingest import ReadOptions, arrow_columns, plan

from .traffic import NOW, lines, read, row

QUICK = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


def without(rows: list[dict[str, Any]], *columns: str) -> list[dict[str, Any]]:
    return [{key: value for key, value in one.items() if key not in columns} for one in rows]


TABLES = st.lists(
    st.fixed_dictionaries(
        {
            "at": st.integers(1_500_000_000, 1_760_000_000),
            "account": st.one_of(st.none(), st.sampled_from(["a", " b ", "", "ç"])),
            "ip": st.sampled_from(["203.0.113.9", "2001:db8::1", "bad", "", None]),
            "user_agent": st.sampled_from(["x/1.0", "", None]),
            "prompt": st.one_of(st.none(), st.text(max_size=8)),
            "input_tokens": st.one_of(st.none(), st.integers(-3, 200_000_000)),
            "http_status": st.sampled_from([200, 429, 499, 5000, None]),
            "temperature": st.one_of(st.none(), st.floats(allow_nan=False, allow_infinity=False, width=32)),
            "stream": st.one_of(st.none(), st.booleans()),
            "retention_class": st.sampled_from(["standard", "ZDR", "purple", " ", "", "30d", None]),
            "stop_reason": st.sampled_from(["stop", "refusal", "content_filter", None]),
            "tools": st.sampled_from(["search,browse", "search, ,read", ",", " ", "", None]),
            "reasoning_artifacts": st.none(),
            "request": st.one_of(st.none(), st.uuids().map(str)),
        }
    ),
    min_size=1,
    max_size=12,
)


@pytest.mark.parametrize("time", [pa.int64(), pa.timestamp("s", tz="UTC")])
@QUICK
@given(rows=TABLES)
def test_a_parquet_file_reads_as_its_rows_would_one_by_one(
    tmp_path: Path, time: pa.DataType, rows: list[dict[str, Any]]
) -> None:
    types = {
        "at": time,
        "input_tokens": pa.int64(),
        "http_status": pa.int64(),
        "temperature": pa.float64(),
        "stream": pa.bool_(),
    }
    schema = pa.schema([(name, types.get(name, pa.string())) for name in rows[0]])
    columns, single = tmp_path / "log.parquet", tmp_path / "log.jsonl"
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), columns)
    single.write_bytes(lines(rows))
    mapping = tmp_path / "map.toml"
    mapping.write_text("[columns]\n" + "".join(f'{name} = "{name}"\n' for name in rows[0]))
    options = ReadOptions(now=NOW, mapping=mapping)
    by_column, by_row = read(columns, options), read(single, options)
    assert without(by_column[0], "source") == without(by_row[0], "source")
    assert without(by_column[1], "source", "path") == without(by_row[1], "source", "path")
    assert by_column[2] == by_row[2]


@pytest.mark.parametrize(
    "type_",
    [
        pa.timestamp("s"),
        pa.timestamp("ms", tz="UTC"),
        pa.timestamp("us", tz="Asia/Tokyo"),
        pa.timestamp("ns"),
        pa.int64(),
        pa.float64(),
        pa.string(),
    ],
)
def test_a_time_column_of_any_type_is_read(tmp_path: Path, type_: pa.DataType) -> None:
    path = tmp_path / "log.parquet"
    moment = 1759062400
    raw = {pa.string(): "2025-09-28T12:26:40Z", pa.int64(): moment, pa.float64(): float(moment)}.get(type_)
    at = (
        pa.array([raw] * 3, type_)
        if raw is not None
        else pa.array([moment] * 3, pa.timestamp("s", tz=type_.tz)).cast(type_)
    )
    pq.write_table(pa.table({"ts": at, "account": ["a", "b", "c"]}), path)
    rows, rejects, _ = read(path)
    assert rejects == []
    assert [one["at"].timestamp() for one in rows] == [moment] * 3


@pytest.mark.parametrize("time", [pa.int64(), pa.timestamp("s", tz="UTC")])
def test_one_bad_row_of_a_parquet_file_costs_that_row(tmp_path: Path, time: pa.DataType) -> None:
    path = tmp_path / "log.parquet"
    rows = [row(i) for i in range(100)]
    rows[7]["output_tokens"] = -3
    rows[9]["input_tokens"] = 200_000_000
    rows[50]["at"] = 0
    rows[60]["at"] = NOW // 1_000_000 + 86_401
    table = pa.Table.from_pylist(rows)
    pq.write_table(table.set_column(0, "at", table.column("at").cast(time)), path)
    found, rejects, _ = read(path)
    bad = [(8, "output_tokens"), (10, "input_tokens"), (51, "at"), (61, "at")]
    assert [(reject["line"], reject["field"]) for reject in rejects] == bad
    assert [one["line"] for one in found] == [number for number in range(1, 101) if number not in dict(bad)]


def test_a_plain_table_is_read_by_whole_columns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "log.parquet"
    table = pa.Table.from_pylist([row(i) | {"tools": "b,a", "reasoning_artifacts": None} for i in range(9)])
    pq.write_table(table.set_column(0, "at", table.column("at").cast(pa.timestamp("s"))), path)
    monkeypatch.setattr(arrow_columns, "_by_rows", None)
    assert [one["tools"] for one in read(path)[0]] == ["a,b"] * 9


def test_a_table_given_up_by_columns_tells_each_bad_row_once(tmp_path: Path) -> None:
    path, single = tmp_path / "log.parquet", tmp_path / "log.jsonl"
    rows = [
        {"at": "2025-09-28T12:26:40", "account": "a", "http_status": status, "temperature": heat}
        for status, heat in ((200, "0.5"), (5000, "0.5"), (200, "warm"))
    ]
    pq.write_table(pa.Table.from_pylist(rows), path)
    single.write_bytes(lines(rows))
    found, rejects, notes = read(path)
    assert [one["line"] for one in found] == [1, 3]
    assert [(reject["line"], reject["reason"]) for reject in rejects] == [(2, "got 5000, expected at most 999")]
    assert notes == read(single)[2] == {"times without a zone, read as UTC": 3}


def test_a_time_without_a_zone_is_counted_once_beside_a_bad_row(tmp_path: Path) -> None:
    path = tmp_path / "log.parquet"
    rows = [{"at": "2025-09-28T12:26:40", "account": "a", "http_status": status} for status in (200, 5000, 200)]
    pq.write_table(pa.Table.from_pylist(rows), path)
    assert read(path)[2] == {"times without a zone, read as UTC": 3}


def test_dictionary_and_large_string_columns_are_strings(tmp_path: Path) -> None:
    path = tmp_path / "log.parquet"
    data = pa.table(
        {
            "at": [1759000000] * 2,
            "account": pa.array(["a", "b"]).dictionary_encode(),
            "prompt": pa.array(["x", None], pa.large_string()),
        }
    )
    pq.write_table(data, path)
    rows, _, _ = read(path)
    assert [one["prompt"] for one in rows] == ["x", None]
    assert rows[0]["account"] != rows[1]["account"]


def test_a_column_of_whole_conversations_is_taken_apart(tmp_path: Path) -> None:
    path = tmp_path / "log.parquet"
    turns = [
        {"role": "system", "content": "S"},
        {"role": "user", "content": "one"},
        {"role": "assistant", "content": "two"},
        {"role": "user", "content": "three"},
    ]
    pq.write_table(pa.Table.from_pylist([{"at": 1759000000, "account": "a", "messages": turns}]), path)
    found = read(path)[0][0]
    assert (found["system"], found["prompt"], found["turns"]) == ("S", "three", 3)
    assert found["messages"] == '[{"role":"user","content":"one"},{"role":"assistant","content":"two"}]'


def test_constants_and_dotted_names_fill_columns(tmp_path: Path) -> None:
    mapping = tmp_path / "map.toml"
    mapping.write_text(
        '[columns]\nat = "when"\naccount = "who.id"\nprompt = "body.text"\n[constants]\npathway = "aggregator"\nmodel = "m"\n'
    )
    path = tmp_path / "log.jsonl"
    path.write_bytes(lines([{"when": 1759000000, "who": {"id": 7}, "body": {"text": "hello"}}]))
    found = read(path, ReadOptions(now=NOW, mapping=mapping))[0][0]
    assert (found["prompt"], found["pathway"], found["model"]) == ("hello", "aggregator", "m")


def test_a_csv_row_with_another_number_of_values_costs_that_row(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text('at,account,prompt\n1759000000,a,x\n1759000000,a\n1759000000,a,"y, z"\n')
    rows, rejects, _ = read(path)
    assert [one["prompt"] for one in rows] == ["x", "y, z"]
    assert [(reject["line"], reject["reason"]) for reject in rejects] == [
        (2, "got another number of values, expected 3")
    ]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_a_csv_file_may_use_any_usual_delimiter(tmp_path: Path, delimiter: str) -> None:
    path = tmp_path / "log.csv"
    path.write_text(
        delimiter.join(["timestamp", "customer", "model"])
        + "\n"
        + delimiter.join(["2025-09-28T12:26:40Z", "a", "m"])
        + "\n"
    )
    rows, rejects, _ = read(path)
    assert (len(rows), rejects, rows[0]["model"]) == (1, [], "m")


def test_all_faults_of_a_mapping_are_told_at_once_with_nearest_names(tmp_path: Path) -> None:
    mapping = tmp_path / "map.toml"
    mapping.write_text('[columns]\naccuont = "x"\nprompt = 7\n[constant]\nmodel = "m"\n[constants]\npathway = [1]\n')
    with pytest.raises(SettingsError) as caught:
        plan([_log(tmp_path)], ReadOptions(mapping=mapping))
    message = str(caught.value)
    assert "did you mean 'account'?" in message
    assert "did you mean 'constants'?" in message
    assert len(caught.value.faults) == 5


def _log(folder: Path) -> Path:
    path = folder / "log.jsonl"
    path.write_bytes(lines([row(0)]))
    return path


def test_a_parquet_file_without_a_time_says_what_it_has(tmp_path: Path) -> None:
    path = tmp_path / "log.parquet"
    pq.write_table(pa.table({"foo": [1], "bar": [2]}), path)
    with pytest.raises(FormatError, match=r"foo, bar.*mapping file"):
        plan([path])


def test_a_default_account_stands_in_where_the_log_names_nobody(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_bytes(lines([{"at": 1759000000, "prompt": "x", "model": "m"}]))
    assert read(path)[2] == {"exchanges without an account": 1}
    rows, _, notes = read(path, ReadOptions(now=NOW, default_account="us"))
    assert rows[0]["account"] is not None
    assert notes == {}
