"""Signatures of a table read by whole columns are those read row by row."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stillwatch.core import Pseudonymiser
from stillwatch.ingest import ReadOptions, arrow_columns, plan, read_chunk
from stillwatch.ingest.signature_lists import signature_lists

NAMES = Pseudonymiser(b"k" * 32)
CARRIED = [None, [], ["ab-_=="], ["x", "ab+/", "x"], ["", "y"], ["z"]]
RETURNED = [None, [], None, ["x"], ["n", "n"], []]


def read(path: Path) -> pa.RecordBatch:
    (chunk,) = plan([path], ReadOptions()).chunks
    return read_chunk(chunk, NAMES, ReadOptions()).batch


def test_whole_columns_and_rows_agree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [
        {"at": f"2026-09-15T10:0{k}:00Z", "account": "a", "model": "m", "prompt": "hello there", "output": "yes", "input_tokens": 3,
         "output_tokens": 1, "reasoning_artifacts": CARRIED[k], "artifacts_returned": RETURNED[k]}
        for k in range(6)
    ]  # fmt: skip
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "log.parquet")
    by_columns = read(tmp_path / "log.parquet")

    def refuse(*_: object) -> None:
        raise TypeError

    monkeypatch.setattr(arrow_columns, "signature_lists", refuse)
    by_rows = read(tmp_path / "log.parquet")
    for name in ("reasoning_artifacts", "artifacts_returned"):
        assert by_columns.column(name).to_pylist() == by_rows.column(name).to_pylist(), name
    same = NAMES.name("artifact", "ab+/")
    assert by_columns.column("reasoning_artifacts").to_pylist()[2:4] == [[same], [NAMES.name("artifact", "x"), same]]


def test_a_column_of_something_else_is_refused() -> None:
    with pytest.raises(TypeError, match="expected lists of texts"):
        signature_lists(pa.array(["x"]), None, 1, NAMES)
    both, returned = signature_lists(None, None, 2, NAMES)
    assert both.null_count == returned.null_count == 2
