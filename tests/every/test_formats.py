"""Every registered log format keeps the promises of the room: its sample reads, is told apart, keeps the contract, survives damage."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from stillwatch.core.errors import FormatError
from stillwatch.core.pseudonym import Pseudonymiser
from stillwatch.engine.tables import table
from stillwatch.ingest import FORMATS, ReadOptions, plan, read_chunk

EXAMPLES = Path(__file__).parents[2] / "examples"
NAMES = Pseudonymiser(b"a key for tests, 32 bytes long..")
SCHEMA = table("exchanges").schema
HASHED = {"account", "org", "credential", "end_user", "ip", "user_agent", "tls_fingerprint", "conversation", "request"}
BESIDE = {"README.md", "expected.json", "mapping.toml"}
EVERY = sorted(FORMATS)

Rows = list[dict[str, Any]]


def sample_files(name: str) -> list[Path]:
    folder = EXAMPLES / FORMATS[name].sample
    return sorted(path for path in folder.rglob("*") if path.is_file() and path.name not in BESIDE)


def options_of(name: str, *, force: bool = False) -> ReadOptions:
    mapping = EXAMPLES / FORMATS[name].sample / "mapping.toml"
    return ReadOptions(mapping=mapping if mapping.exists() else None, force=name if force else None)


def read_all(paths: list[Path], options: ReadOptions) -> tuple[Rows, Rows, set[str]]:
    laid = plan(paths, options)
    rows: Rows = []
    rejects: Rows = []
    by_source = {file.source: Path(file.path).name for file in laid.files}
    for chunk in laid.chunks:
        result = read_chunk(chunk, NAMES, options)
        assert result.batch.schema == SCHEMA
        assert result.rejects.schema == table("rejects").schema
        result.batch.validate(full=True)
        for row in result.batch.to_pylist():
            rows.append({**row, "file": by_source[row["source"]]})
        rejects += result.rejects.to_pylist()
    return rows, rejects, {file.format for file in laid.files}


@lru_cache
def sample(name: str) -> tuple[Rows, Rows, frozenset[str]]:
    rows, rejects, formats = read_all(sample_files(name), options_of(name))
    return rows, rejects, frozenset(formats)


@pytest.mark.parametrize("name", EVERY)
def test_its_title_says_what_it_is_and_its_columns_exist(name: str) -> None:
    one = FORMATS[name]
    assert one.title
    assert one.wants
    assert one.lacks <= set(SCHEMA.names), one.lacks - set(SCHEMA.names)


@pytest.mark.parametrize("name", EVERY)
def test_its_sample_reads_without_rejects(name: str) -> None:
    rows, rejects, formats = sample(name)
    assert formats == {name}
    assert rejects == []
    assert rows


@pytest.mark.parametrize("name", EVERY)
def test_its_rows_keep_the_contract(name: str) -> None:
    rows, _, _ = sample(name)
    required = [column.name for column in table("exchanges").columns if column.required]
    for row in rows:
        assert all(row[column] is not None for column in required)
        assert row["outcome"] in {"ok", "refused", "error", "cancelled", None}
        assert row["line"] >= 1
        assert row["at"].tzinfo is not None
        if row["messages"] is not None:
            turns = json.loads(row["messages"])
            assert turns
            assert all(turn.keys() == {"role", "content"} for turn in turns)
        for column in ("input_tokens", "output_tokens", "reasoning_tokens", "cached_tokens"):
            assert row[column] is None or row[column] >= 0


@pytest.mark.parametrize("name", EVERY)
def test_columns_that_it_lacks_are_unknown(name: str) -> None:
    rows, _, _ = sample(name)
    filled = {column for column in FORMATS[name].lacks for row in rows if row[column] is not None}
    assert filled == set()


@pytest.mark.parametrize("name", EVERY)
def test_its_sample_reads_as_was_written_down_beforehand(name: str) -> None:
    rows, _, _ = sample(name)
    expected = json.loads((EXAMPLES / FORMATS[name].sample / "expected.json").read_text())
    assert expected
    faults: list[str] = []
    for entry in expected:
        found = [row for row in rows if matches(row, entry)]
        where = {key: value for key, value in entry.items() if key != "fields"}
        if len(found) != 1:
            faults.append(f"{where}: {len(found)} rows")
            continue
        for column, value in entry["fields"].items():
            got, wanted = comparable(found[0], column, value)
            if got != wanted:
                faults.append(f"{where} {column}: got {got!r}, expected {wanted!r}")
    assert not faults, "\n".join(faults)


def matches(row: dict[str, Any], entry: dict[str, Any]) -> bool:
    if "file" in entry and row["file"] != entry["file"]:
        return False
    if "line" in entry and row["line"] != entry["line"]:
        return False
    if "request_id" in entry and row["request"] != NAMES.name("request", entry["request_id"]):
        return False
    return all(row[column] == value for column, value in entry.get("match", {}).items())


def comparable(row: dict[str, Any], column: str, value: Any) -> tuple[Any, Any]:
    got = row[column]
    if value is None:
        return got, None
    if column in HASHED:
        return got, NAMES.name(column, value)
    if column == "subnet":
        return got, NAMES.name("subnet", value)
    if column == "reasoning_artifacts":
        return sorted(got or []), sorted(
            NAMES.name("artifact", mark.replace("-", "+").replace("_", "/").rstrip("=")) for mark in value
        )
    if column == "at":
        moment = datetime.fromisoformat(value)
        return got, moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    if column == "messages":
        return json.loads(got) if got else None, value if isinstance(value, list) else json.loads(value)
    if isinstance(value, float):
        return (None if got is None else round(got, 5)), round(value, 5)
    return got, value


@pytest.mark.parametrize("name", EVERY)
def test_reading_twice_gives_the_same_bytes(name: str) -> None:
    options = options_of(name)
    chunks = plan(sample_files(name), options).chunks
    assert chunks == plan(sample_files(name), options).chunks
    for chunk in chunks:
        first, second = read_chunk(chunk, NAMES, options), read_chunk(chunk, NAMES, options)
        assert first == second


@pytest.mark.parametrize("name", EVERY)
def test_exchanges_have_ids_of_their_own(name: str) -> None:
    rows, _, _ = sample(name)
    for file in {row["file"] for row in rows}:
        ids = [row["exchange_id"] for row in rows if row["file"] == file]
        assert len(ids) == len(set(ids))


@pytest.mark.parametrize("name", EVERY)
def test_a_file_cut_anywhere_is_read_as_far_as_it_goes(name: str, tmp_path: Path) -> None:
    for path in sample_files(name):
        data = path.read_bytes()
        for step in range(1, 8):
            cut = tmp_path / path.name
            cut.write_bytes(data[: len(data) * step // 8])
            try:
                laid = plan([cut], options_of(name, force=path.suffix != ".parquet"))
            except FormatError:
                continue
            for chunk in laid.chunks:
                result = read_chunk(chunk, NAMES, options_of(name))
                assert isinstance(result.batch, pa.RecordBatch)


def line_files(name: str) -> list[Path]:
    return [chunk_file for chunk_file in sample_files(name) if is_line_file(chunk_file)]


def is_line_file(path: Path) -> bool:
    lines = [line for line in path.read_bytes().split(b"\n") if line.strip()]
    try:
        return len(lines) > 2 and all(isinstance(json.loads(line), dict) for line in lines)
    except ValueError:
        return False


@pytest.mark.parametrize("name", [name for name in EVERY if FORMATS[name].joined is None])
def test_a_broken_line_costs_exactly_that_line(name: str, tmp_path: Path) -> None:
    for path in line_files(name):
        whole, _, _ = read_all([path], options_of(name))
        lines = path.read_bytes().split(b"\n")
        broken = tmp_path / path.name
        broken.write_bytes(b"\n".join([*lines[:2], b'{"half": "a li', *lines[2:]]))
        rows, rejects, _ = read_all([broken], options_of(name))
        assert len(rows) == len(whole)
        assert [(reject["line"], reject["field"]) for reject in rejects] == [(3, "row")]
        assert {row["line"] for row in rows} == {row["line"] + (row["line"] > 2) for row in whole}


def test_all_samples_together_are_told_apart() -> None:
    folders = [path for name in EVERY if name != "columns" for path in sample_files(name)]
    formats = {file.path: file.format for file in plan(folders, ReadOptions()).files}
    for name in EVERY:
        if name != "columns":
            assert {formats[str(path)] for path in sample_files(name) if str(path) in formats} == {name}
