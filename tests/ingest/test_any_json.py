"""Readers meet any JSON there is: each record becomes rows that keep the contract, or a fault that names its field; never a crash."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stillwatch.core.pseudonym import Pseudonymiser
from stillwatch.ingest import FORMATS
from stillwatch.ingest.batch import SCHEMA, to_batch
from stillwatch.ingest.clean import BadField, Reading
from stillwatch.ingest.exchange import Exchange
from stillwatch.ingest.log_format import LogFormat, Piece, Record
from stillwatch.ingest.records import Fault, document_records, is_lines, line_records
from stillwatch.ingest.sse import open_body

EXAMPLES = Path(__file__).parents[2] / "examples"
NAMES = Pseudonymiser(b"a key for tests, 32 bytes long..")
EVERY = sorted(FORMATS)
LINES = settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from([-1, 0, 10**12, 10**30, -(10**30), 1.5, 1e300, float("inf"), float("nan")]),
    st.floats(),
    st.text(max_size=20),
    st.sampled_from(["", "-", "{}", "[]", '{"a": 1}', "[1, 2]", "data: {}\n\n", "\ud800", "\x00"]),
    st.sampled_from(["assistant", "e30=" * 9, "text", "1e999"]),
)
ANY = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.one_of(
                st.text(max_size=8),
                st.sampled_from(["type", "text", "content", "role", "message", "id", "usage", "0", "parts"]),
            ),
            inner,
            max_size=4,
        ),
    ),
    max_leaves=8,
)


@lru_cache
def records(name: str) -> list[Record]:
    found: list[Record] = []
    for path in sorted((EXAMPLES / FORMATS[name].sample).rglob("*")):
        if path.suffix in (".jsonl", ".json", ".har", ".log") and path.name != "expected.json":
            data = path.read_bytes()
            entries = line_records(data, 1) if is_lines(data) else document_records(data)
            found += [record for _, record, _ in entries if not isinstance(record, Fault)]
    assert found, name
    return found


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in children:
        yield from places(inner, (*path, key))


def exchanges(one: LogFormat, record: Record) -> list[Exchange]:
    """What a record holds, without the net that the room spreads under its readers: only faults on purpose are caught."""
    reading = Reading(now=1_900_000_000_000_000)
    rows: list[Exchange] = []
    fault: BadField | None = None
    try:
        one.sniff(record)
        if one.joined is None:
            rows += one.read(record, reading)
        else:
            groups: dict[str, list[Piece]] = {}
            if one.joined.moment is not None:
                one.joined.moment(record)
            for key, value in one.joined.pieces(record):
                groups.setdefault(key, []).append(Piece(value, 1, 1))
            for group in groups.values():
                rows += one.joined.assemble(group, reading)
    except BadField as caught:
        fault = caught
    if fault is not None:
        assert fault.field
        assert fault.reason.startswith("got")
    return rows


def check(rows: list[Exchange], name: str) -> None:
    batch, _ = to_batch(rows, NAMES, source=1, log_format=name)
    assert batch.schema == SCHEMA
    batch.validate(full=True)
    for row in batch.to_pylist():
        assert row["outcome"] in ("ok", "refused", "error", "cancelled", None)
        for column in ("input_tokens", "output_tokens", "reasoning_tokens", "cached_tokens", "max_tokens", "turns"):
            assert row[column] is None or row[column] >= 0


@pytest.mark.parametrize("name", EVERY)
@LINES
@given(data=st.data())
def test_one_field_of_a_real_record_may_hold_anything(name: str, data: st.DataObject) -> None:
    record = copy.deepcopy(data.draw(st.sampled_from(records(name))))
    for _ in range(data.draw(st.integers(1, 2))):
        path = data.draw(st.sampled_from(list(places(record))[1:]))
        value = data.draw(ANY)
        holder: Any = record
        for key in path[:-1]:
            holder = holder[key]
        if data.draw(st.booleans()) and isinstance(holder, dict):
            del holder[path[-1]]
        else:
            holder[path[-1]] = value
        if not record:
            break
    check(exchanges(FORMATS[name], record), name)


ODD: tuple[Any, ...] = (None, True, -1, 1.5, 10**30, "x", "\ud800", [], [None], ["x"], [{}], {}, {"x": 1})
"""One value of each kind; every field of every format meets all of them."""


def fields(name: str) -> Iterator[tuple[Record, tuple[Any, ...]]]:
    """Every field that stands anywhere in a format's samples, once, with a record that has it."""
    known: set[tuple[Any, ...]] = set()
    for record in records(name):
        for path in places(record):
            shape = tuple("*" if isinstance(key, int) else key for key in path)
            if path and shape not in known:
                known.add(shape)
                yield record, path


@pytest.mark.parametrize("name", EVERY)
def test_every_field_of_real_records_may_hold_a_value_of_any_kind(name: str) -> None:
    for record, path in fields(name):
        rows: list[Exchange] = []
        changed = copy.deepcopy(record)
        holder: Any = changed
        for key in path[:-1]:
            holder = holder[key]
        for value in ODD:
            holder[path[-1]] = copy.deepcopy(value)
            try:
                rows += exchanges(FORMATS[name], changed)
            except Exception as error:
                pytest.fail(f"{'.'.join(map(str, path))} = {value!r}: {error!r}")
        del holder[path[-1]]
        if changed:
            rows += exchanges(FORMATS[name], changed)
        check(rows, name)


@pytest.mark.parametrize("name", EVERY)
@LINES
@given(data=st.data())
def test_any_object_under_the_formats_own_keys_is_survived(name: str, data: st.DataObject) -> None:
    keys = sorted({key for record in records(name) for key in record})
    record = data.draw(st.dictionaries(st.one_of(st.sampled_from(keys), st.text(max_size=5)), ANY, max_size=len(keys)))
    check(exchanges(FORMATS[name], record), name)


@LINES
@given(value=ANY)
def test_any_body_opens(value: Any) -> None:
    opened = open_body(value)
    assert opened.whole is None or opened.events is None


@LINES
@given(data=st.binary(max_size=300))
def test_any_bytes_become_lines_or_faults(data: bytes) -> None:
    for line, record, _ in line_records(data, 1):
        assert line >= 1
        assert isinstance(record, (dict, Fault))
    for number, record, _ in document_records(data):
        assert number >= 1
        assert isinstance(record, (dict, Fault))


@LINES
@given(values=st.lists(st.dictionaries(st.text(max_size=4), SCALARS, max_size=3), max_size=5))
def test_objects_written_as_lines_or_as_a_document_come_back(values: list[Record]) -> None:
    finite = [
        value for value in values if "nan" not in repr(value) and not {"data", "log", "records", "items"} & value.keys()
    ]
    lines = "\n".join(json.dumps(value) for value in finite).encode()
    assert [repr(record) for _, record, _ in line_records(lines, 1)] == [repr(value) for value in finite]
    document = json.dumps(finite, indent=1).encode()
    assert [repr(record) for _, record, _ in document_records(document)] == [repr(value) for value in finite]
