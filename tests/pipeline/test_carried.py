"""What a detection measured stands until something of the account is new, and the findings are those of a detection that measures all."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stillwatch import signals
from stillwatch.engine import TABLES, Engine, Workspace
from stillwatch.pipeline import Inputs, scan
from stillwatch.pipeline.carried import _OWN

from .logs import NOW, SMALL, traffic, workspace, write_captures

FOUND = (
    "families",
    "links",
    "actors",
    "actor_members",
    "actor_evidence",
    "artifacts",
    "account_evidence",
    "calibration",
)
ROWS = traffic(customers=40, workers=16, each=12)


class Watched:
    """How many accounts each signal was measured on."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.accounts: dict[str, int] = {}
        real = signals.measure

        def spied(engine: Engine, features: Any, *given: Any, **more: Any) -> Mapping[str, pa.Table]:
            told = engine.to_arrow(features).column("account")
            chosen = more.get("signals")
            for one in signals.SIGNALS.values() if chosen is None else chosen:
                self.accounts[one.name] = len(set(told.drop_null().to_pylist()))
            return real(engine, features, *given, **more)

        monkeypatch.setattr(signals, "measure", spied)


def found(space: Workspace) -> dict[str, list[dict[str, Any]]]:
    space.store.reload()
    return {
        name: space.store.read(name).sort_by([(key, "ascending") for key in TABLES[name].key]).to_pylist()
        for name in FOUND
    }


def read(space: Workspace, folder: Path) -> None:
    scan(space, Inputs(logs=[folder]), SMALL, now=NOW)


def pieces(folder: Path, *, last: int) -> list[Path]:
    """The day in four files, the last of few accounts."""
    few = {row["account"] for row in ROWS[:last]}
    late = [row for row in ROWS if row["account"] in few][len(few) :: 2]
    rest = [row for row in ROWS if row not in late]
    third = len(rest) // 3
    shares = [rest[:third], rest[third : 2 * third], rest[2 * third :], late]
    folder.mkdir()
    return [write_captures(folder / f"{i}.jsonl", rows) for i, rows in enumerate(shares)]


def test_findings_are_those_of_measuring_everybody_though_few_accounts_are_measured_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    space, anew, whole = (workspace(tmp_path / name) for name in ("carried", "anew", "whole"))
    files = pieces(tmp_path / "all", last=4)
    logs = tmp_path / "logs"
    logs.mkdir()
    watched = Watched(monkeypatch)
    for number, path in enumerate(files):
        (logs / path.name).write_bytes(path.read_bytes())
        watched.accounts.clear()
        read(space, logs)
        measured = dict(watched.accounts)
        shutil.rmtree(anew.root / "state" / "measured", ignore_errors=True)
        read(anew, logs)
        assert found(space) == found(anew), f"after file {number}"
    assert 0 < measured["prompt_breadth"] <= 5 < max(measured.values())
    read(whole, logs)
    assert found(space)["account_evidence"] == found(whole)["account_evidence"]


def test_a_part_that_is_gone_or_other_facts_or_a_damaged_file_bring_all_of_it_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    space = workspace(tmp_path / "w")
    files = pieces(tmp_path / "logs", last=4)
    read(space, tmp_path / "logs")
    before = found(space)
    kept = space.root / "state" / "measured"
    (signal,) = list(kept.rglob("prompt_breadth.parquet"))
    watched = Watched(monkeypatch)
    everybody = len({row["account"] for row in ROWS})

    def again() -> int:
        watched.accounts.clear()
        (space.root / "state" / "underway").write_bytes(b"x")
        read(space, tmp_path / "logs")
        return watched.accounts.get("prompt_breadth", 0)

    assert again() == 0, "nothing is new"
    signal.write_bytes(signal.read_bytes()[:-9])
    assert again() == everybody
    assert found(space) == before
    pq.write_table(
        pq.read_table(next(kept.rglob("prompt_breadth.parquet"))).slice(1), next(kept.rglob("prompt_breadth.parquet"))
    )
    assert again() == everybody, "a row is missing"
    (kept / "carried.json").write_bytes(b"{")
    assert again() == everybody
    features = space.store.manifest("features")
    space.store.forget("features", {features.parts[0].made_from})
    files[0].unlink()
    assert 0 < again() < everybody + 1
    fresh = workspace(tmp_path / "fresh")
    read(fresh, tmp_path / "logs")
    assert found(space)["account_evidence"] == found(fresh)["account_evidence"]


def test_what_is_kept_is_one_row_an_account_and_signal_whatever_came(tmp_path: Path) -> None:
    space = workspace(tmp_path / "w")
    pieces(tmp_path / "logs", last=4)
    read(space, tmp_path / "logs")
    folders = [path for path in (space.root / "state" / "measured").iterdir() if path.is_dir()]
    assert len(folders) == 1
    accounts = len({row["account"] for row in ROWS})
    for path in folders[0].iterdir():
        assert pq.read_metadata(path).num_rows <= accounts
    kept = {path.stem for path in folders[0].iterdir()}
    assert kept == {one.name for one in signals.SIGNALS.values() if one.evidence and set(one.query.inputs) <= _OWN}
