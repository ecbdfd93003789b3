"""Files whose records are joined, read in parts: a glance at a line tells whose it is, and says what the whole line would say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stillwatch.ingest import FORMATS, ReadOptions, plan, read_chunk
from stillwatch.ingest.clean import BadField
from stillwatch.ingest.log_format import SHAPE_ERRORS
from stillwatch.ingest.records import parse, unwrap

from .traffic import NAMES, NOW

GLANCING = sorted(name for name, one in FORMATS.items() if one.joined is not None and one.joined.glance is not None)
ODD: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 2_000_000_000) | st.floats(allow_nan=False) | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(("a", "created", "body")), inner, max_size=2)
    ),
    max_leaves=4,
)
NAMED = st.sampled_from(
    ("custom_id", "response", "body", "object", "created_at", "in_progress_at", "data", "log", "CorrelationId", "correlationid",
     "RequestId", "properties", "RequestMessages")
)  # fmt: skip
RESPONSE = st.fixed_dictionaries(
    {}, optional={"body": st.dictionaries(st.sampled_from(("created", "created_at")), ODD) | ODD}
)


def whole(name: str, line: bytes) -> list[tuple[list[str], int | None]] | None:
    """(keys, moment) of every record of a line by reading all of it; nothing where it has a fault."""
    joined = FORMATS[name].joined
    assert joined is not None
    try:
        value = parse(line)[0]
        records = [value] if unwrap(value) is None else unwrap(value)
        return [
            ([key for key, _ in joined.pieces(one)], joined.moment(one) if joined.moment else None)
            for one in records or ()
        ]
    except (BadField, *SHAPE_ERRORS):
        return None


@pytest.mark.parametrize("name", GLANCING)
@settings(max_examples=300, deadline=None)
@given(
    record=st.dictionaries(NAMED, ODD, max_size=5),
    more=st.fixed_dictionaries(
        {}, optional={"custom_id": st.text(max_size=3), "CorrelationId": st.text(max_size=3), "response": RESPONSE}
    ),
)
def test_a_glance_tells_the_key_and_the_moment_that_the_whole_line_tells(
    name: str, record: dict[str, Any], more: dict[str, Any]
) -> None:
    joined = FORMATS[name].joined
    assert joined is not None
    assert joined.glance is not None
    line = json.dumps({**record, **more}).encode()
    try:
        glanced = joined.glance(line)
    except (BadField, *SHAPE_ERRORS):
        return
    told = None if glanced is None else [([glanced[0]], glanced[1])]
    assert told is None or told == whole(name, line)


def batch(folder: Path) -> None:
    """A batch of 60 requests with answers, among them lines that are odd in every way a line can be."""
    asked: list[bytes] = []
    answered: list[bytes] = []
    for i in range(60):
        body = {"model": "m", "messages": [{"role": "user", "content": f"prompt {i}"}]}
        asked.append(json.dumps({"custom_id": f"r-{i}", "url": "/v1/chat/completions", "body": body}).encode())
        created = {} if i % 7 == 0 else {"created": 1_759_000_000 + i}
        response = {"status_code": 200, "body": {**created, "choices": [{"message": {"content": f"answer {i}"}}]}}
        answered.append(json.dumps({"custom_id": f"r-{i}", "response": response}).encode())
    answered[3:3] = [
        b'{"custom_id": 7, "id": "a"}',
        b"{broken",
        b"[]",
        b'{"response": 1}',
        b'{"custom_id": "x", "id": "b", "response": "no object"}',
        b"",
    ]
    answered[9:9] = [b'{"custom_id": "cut', b'{"custom_id": "utf", "id": "d", "response": {"body": {"id": "\xff"}}}']
    answered.append(b'{"data": [{"custom_id": "r-1", "id": "c", "response": {"status_code": 500}}, {"response": 2}]}')
    (folder / "day_input.jsonl").write_bytes(b"\n".join(asked))
    (folder / "day_output.jsonl").write_bytes(b"\n".join(answered))


def taken(folder: Path, chunk_bytes: int, *, backwards: bool) -> tuple[int, list[str], list[str], dict[str, int]]:
    """(parts, rows, rejects, notes) of a folder, each sorted."""
    chunks = plan([folder], ReadOptions(now=NOW, chunk_bytes=chunk_bytes)).chunks
    rows: list[str] = []
    rejects: list[str] = []
    notes: dict[str, int] = {}
    for chunk in reversed(chunks) if backwards else chunks:
        result = read_chunk(chunk, NAMES, ReadOptions(now=NOW))
        rows += map(repr, result.batch.to_pylist())
        rejects += map(repr, result.rejects.to_pylist())
        for note, count in result.notes.items():
            notes[note] = notes.get(note, 0) + count
    return len(chunks), sorted(rows), sorted(rejects), notes


@pytest.mark.parametrize("chunk_bytes", [4000, 1000, 300])
@pytest.mark.parametrize("backwards", [False, True])
def test_joined_files_hold_the_same_in_one_part_and_in_many(tmp_path: Path, chunk_bytes: int, backwards: bool) -> None:
    batch(tmp_path)
    one, *expected = taken(tmp_path, 1 << 24, backwards=False)
    many, *found = taken(tmp_path, chunk_bytes, backwards=backwards)
    assert (one, many > 1) == (1, True)
    assert found == expected
    assert len(expected[0]) >= 60
    assert len(expected[1]) >= 4
