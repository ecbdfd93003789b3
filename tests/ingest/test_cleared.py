"""Accounts that people cleared: a table with who, when and why, or a plain list."""

from __future__ import annotations

from pathlib import Path

import pytest

from stillwatch.core.errors import FormatError
from stillwatch.engine.tables import table
from stillwatch.ingest import read_cleared

from .traffic import NAMES


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "cleared.csv"
    path.write_text(text)
    return path


def test_a_table_says_who_cleared_whom_when_and_why(tmp_path: Path) -> None:
    text = "customer,analyst,date,reason\nacme,kim,2026-11-01,known course\nbeta,,,\n"
    found = read_cleared(written(tmp_path, text), NAMES)
    first, second = found.table.to_pylist()
    assert found.table.schema == table("labels").schema
    assert (first["account"], first["label"]) == (NAMES.name("account", "acme"), "cleared")
    assert (first["by"], first["reason"], first["at"].isoformat()) == (
        "kim",
        "known course",
        "2026-11-01T00:00:00+00:00",
    )
    assert (second["by"], second["reason"], second["at"]) == (None, None, None)
    assert ("account", first["account"], "acme") in found.vault


@pytest.mark.parametrize(
    "text", ["acme\nbeta\n", "account\nacme\nbeta\n", "\ufeffacme\r\n\r\nbeta", '{"account": "acme"}\n{"id": "beta"}\n']
)
def test_one_account_a_line_will_do(tmp_path: Path, text: str) -> None:
    found = read_cleared(written(tmp_path, text), NAMES).table["account"].to_pylist()
    assert found == [NAMES.name("account", "acme"), NAMES.name("account", "beta")]


def test_another_label_than_cleared_is_left_out_and_told(tmp_path: Path) -> None:
    found = read_cleared(written(tmp_path, "account,label\nacme,guilty\nbeta,Cleared\n"), NAMES)
    assert found.table["account"].to_pylist() == [NAMES.name("account", "beta")]
    assert found.rejects.to_pylist()[0]["reason"] == 'got "guilty", expected cleared or nothing'


def test_a_table_without_accounts_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="no column that names the account"):
        read_cleared(written(tmp_path, "colour,size\nred,5\n"), NAMES)
