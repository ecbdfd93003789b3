"""A file of facts that was read is not read again until it, its table or its names in the vault look otherwise."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from stillwatch.engine import Workspace
from stillwatch.ingest import read_accounts
from stillwatch.pipeline import provider_facts
from stillwatch.pipeline.provider_facts import commit_facts

from .logs import workspace


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Every file of account facts that is read, in order."""
    seen: list[Path] = []
    real = read_accounts

    def spied(path: Path, names: Any) -> Any:
        seen.append(path)
        return real(path, names)

    monkeypatch.setattr(provider_facts, "read_accounts", spied)
    return seen


def commit(space: Workspace, path: Path) -> list[str]:
    return commit_facts(space, accounts=path, releases=None, cleared=None)


def test_an_unchanged_file_is_read_once_and_says_the_same_every_time(tmp_path: Path, reads: list[Path]) -> None:
    space, path = workspace(tmp_path / "w"), tmp_path / "accounts.csv"
    path.write_text("account,plan,created\nann,team,2026-01-01\nbob,free,never\n")
    first = commit(space, path)
    assert "1 rows were left out" in first[0]
    assert commit(space, path) == first
    assert commit(Workspace(space.root), path) == first
    assert len(reads) == 1
    assert space.store.read("account_facts").column("plan").to_pylist() == ["team"]


def test_other_bytes_another_table_or_names_that_are_gone_bring_the_file_in_anew(
    tmp_path: Path, reads: list[Path]
) -> None:
    space, path = workspace(tmp_path / "w"), tmp_path / "accounts.csv"
    path.write_text("account,plan\nann,team\n")
    commit(space, path)
    path.write_text("account,plan\nann,free\n")
    commit(space, path)
    assert space.store.read("account_facts").column("plan").to_pylist() == ["free"]
    rows = space.store.read("account_facts")
    space.store.put("account_facts", rows.slice(0, 0))
    commit(space, path)
    assert space.store.read("account_facts").num_rows == 1
    (names,) = (space.root / "vault").glob("facts-*.parquet")
    names.unlink()
    commit(space, path)
    assert names.exists()
    (space.root / "state" / "facts.json").write_text("[")
    commit(space, path)
    assert len(reads) == 5
    commit(space, path)
    assert len(reads) == 5


def test_a_file_that_changed_while_it_was_read_is_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    space, path = workspace(tmp_path / "w"), tmp_path / "accounts.csv"
    path.write_text("account,plan\nann,team\n")
    real = read_accounts

    def meanwhile(file: Path, names: Any) -> Any:
        found = real(file, names)
        path.write_text("account,plan\nann,free\n")
        return found

    with monkeypatch.context() as patch:
        patch.setattr(provider_facts, "read_accounts", meanwhile)
        commit(space, path)
    assert space.store.read("account_facts").column("plan").to_pylist() == ["team"]
    commit(space, path)
    assert space.store.read("account_facts").column("plan").to_pylist() == ["free"]
