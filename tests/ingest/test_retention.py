"""Zero retention fails closed: what is not understood is not kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stillwatch.ingest import ReadOptions
from stillwatch.ingest.retention import UNKNOWN_WORD

from .traffic import NOW, capture, lines, read, row

ZERO = [
    "zero",
    "ZERO",
    "zdr",
    "none",
    "no-retention",
    "no_retention",
    "0",
    "0d",
    "0 days",
    "off",
    "zero data retention",
]
STANDARD = ["standard", "Default", "retain", "full", "30d", "30 days", "90", " standard "]
ODD = ["purple", "zer0", "eu-only", "true", "-1"]


@pytest.mark.parametrize("layout", ["columns", "rows", "capture", "client"])
def test_only_a_known_word_lets_text_be_kept(tmp_path: Path, layout: str) -> None:
    words: list[str | None] = [*ZERO, *STANDARD, *ODD, None, ""]
    path = tmp_path / "log"
    if layout == "columns":
        pq.write_table(pa.Table.from_pylist([row(i, retention_class=word) for i, word in enumerate(words)]), path)
    elif layout == "rows":
        path.write_bytes(lines([row(i, retention_class=word) for i, word in enumerate(words)]))
    elif layout == "capture":
        path.write_bytes(lines([capture(i, retention=word) for i, word in enumerate(words)]))
    else:
        path.write_bytes(lines([capture(i, client={"retention": word}) for i, word in enumerate(words)]))
    rows, rejects, notes = read(path, ReadOptions(now=NOW))
    assert rejects == []
    kept = [one["retention_class"] for one in rows]
    assert kept == ["zero"] * len(ZERO) + ["standard"] * len(STANDARD) + ["zero"] * len(ODD) + ["standard"] * 2
    assert notes[UNKNOWN_WORD] == len(ODD)


@pytest.mark.parametrize(
    ("value", "kept"), [(0, "zero"), (30, "standard"), (True, "zero"), (False, "zero"), ([], "zero")]
)
def test_a_retention_that_is_no_word_is_days_or_not_understood(tmp_path: Path, value: Any, kept: str) -> None:
    path = tmp_path / "log.jsonl"
    path.write_bytes(lines([row(0, retention_class=value)]))
    assert read(path)[0][0]["retention_class"] == kept
