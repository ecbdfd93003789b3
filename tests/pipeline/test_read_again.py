"""A log that is in is read again when what it is read with has changed, and its rows are replaced."""

from __future__ import annotations

from pathlib import Path

import pytest

from stillwatch.core import settings_from
from stillwatch.engine import Store, Workspace
from stillwatch.pipeline import Inputs, recipe, stage

from .logs import MAPPING, asked, hashes, run, workspace, write_captures, write_table
from .test_scan import some


def test_a_corrected_mapping_takes_effect_and_the_same_again_changes_nothing(tmp_path: Path, space: Workspace) -> None:
    logs = [write_table(tmp_path / "a.parquet", some(9)), write_captures(tmp_path / "b.jsonl", some(4, first=20))]
    mapping = tmp_path / "mapping.toml"
    mapping.write_text(MAPPING.replace('account = "customer_no"', 'account = "peer"'))
    inputs = Inputs(logs=logs, mapping=mapping)
    wrong = run(space, inputs)
    untouched = hashes(space.root, "tables/exchanges")
    mapping.write_text(MAPPING)
    right = run(Workspace(space.root), inputs)
    assert not right.unchanged
    assert right.read.again == 1
    assert "1 pieces of logs were read again: what they are read with has changed" in right.notes
    accounts = Store(space.root).read("exchanges", ["account"]).column("account").to_pylist()
    assert accounts == [space.names.name("account", "someone")] * 13
    assert (wrong.view.run.exchanges, right.view.run.exchanges) == (13, 13)
    assert sum(hashes(space.root, "tables/exchanges").get(name) == one for name, one in untouched.items()) == 1
    before = hashes(space.root, "tables", "reports")
    again = run(Workspace(space.root), inputs)
    assert again.unchanged
    assert again.read.again == again.read.fresh == 0
    assert hashes(space.root, "tables", "reports") == before


def test_rows_and_rejects_are_replaced_and_equal_a_fresh_scan(tmp_path: Path, space: Workspace) -> None:
    logs = [write_captures(tmp_path / "a.jsonl", some(6)), write_captures(tmp_path / "b.jsonl", some(9))]
    nobody = [{**row, "account": None} for row in some(3, first=30)]
    long = asked(40, "someone", "long " * 1000)
    logs.append(write_captures(tmp_path / "c.jsonl", [*nobody, long]))
    first = run(space, logs, settings_from({"ingest": {"max_line_bytes": 2000}, "run": {"workers": 1}}))
    assert (first.read.exchanges, first.read.rejects, first.read.unattributed) == (12, 1, 3)
    settings = settings_from({"ingest": {"default_account": "house"}, "run": {"workers": 1}})
    second = run(Workspace(space.root), logs, settings)
    assert (second.read.exchanges, second.read.rejects, second.read.unattributed) == (13, 0, 0)
    assert second.read.again == 3
    whole = workspace(tmp_path / "whole")
    assert run(whole, logs, settings).view == second.view
    for name in ("exchanges", "features", "rejects"):
        assert hashes(space.root, f"tables/{name}") == hashes(whole.root, f"tables/{name}")


def test_later_telemetry_takes_effect_and_is_kept_by_a_scan_without_it(tmp_path: Path, space: Workspace) -> None:
    rows = [asked(i, "genuine", f"a {i}", agent="claude-cli/2.0.1 (external)") for i in range(3)]
    logs = [write_captures(tmp_path / "a.jsonl", rows)]
    (tmp_path / "telemetry.csv").write_text("account,client\ngenuine,claude-cli\n")
    inputs = Inputs(logs=logs, telemetry=tmp_path / "telemetry.csv")

    def told() -> set[bool | None]:
        return set(Store(space.root).read("features", ["client_telemetry"]).column(0).to_pylist())

    run(space, logs)
    assert told() == {None}
    later = run(Workspace(space.root), inputs)
    assert not later.unchanged
    assert told() == {True}
    assert Store(space.root).manifest("exchanges").rows == 3
    assert run(Workspace(space.root), inputs).unchanged
    assert run(Workspace(space.root), logs).unchanged
    assert told() == {True}
    (tmp_path / "telemetry.csv").write_text("account,client\nother,claude-cli\n")
    assert run(Workspace(space.root), inputs).read.again == 1
    assert told() == {False}


def test_a_chunk_is_outdated_by_another_recipe_or_by_other_cuts_of_its_file_alone() -> None:
    now = recipe.Recipe(reading="r", telemetry="t")
    told = {"reading": "r", "telemetry": "t"}
    assert recipe.outdated({"f:columns:0-9": told}, {"f:columns:0-9": now}) == set()
    assert recipe.outdated({"f:columns:0-9": told}, {"f:columns:0-5": now, "f:columns:5-9": now}) == {"f:columns:0-9"}
    assert recipe.outdated({"f:columns:0-9": told}, {"g:columns:0-9": now}) == set()
    assert recipe.outdated({"f:columns:0-9": {"rows": 3}}, {"f:columns:0-9": now}) == {"f:columns:0-9"}


def test_a_new_version_of_the_features_does_every_chunk_again(
    tmp_path: Path, space: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    logs = [write_captures(tmp_path / "a.jsonl", some(3))]
    run(space, logs)
    monkeypatch.setattr(recipe, "FEATURES_VERSION", stage.FEATURES_VERSION + 1)
    done = run(Workspace(space.root), logs)
    assert (done.read.again, done.read.fresh, done.unchanged) == (1, 3, False)


def test_a_crash_while_chunks_are_done_again_leaves_no_row_of_the_old_recipe_beside_the_new(
    tmp_path: Path, space: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    nobody = [{**row, "account": None} for row in some(5)]
    logs = [write_captures(tmp_path / "a.jsonl", nobody), write_captures(tmp_path / "b.jsonl", some(5, first=10))]
    run(space, logs)
    settings = settings_from({"ingest": {"default_account": "house"}, "run": {"workers": 1}})
    append = Store.append

    def cut_off(self: Store, name: str, parts: object, done: object) -> object:
        if name == "features":
            raise KeyboardInterrupt
        return append(self, name, parts, done)  # type: ignore[arg-type]

    with monkeypatch.context() as patched:
        patched.setattr(Store, "append", cut_off)
        with pytest.raises(KeyboardInterrupt):
            run(Workspace(space.root), logs, settings)
    done = run(Workspace(space.root), logs, settings)
    whole = workspace(tmp_path / "whole")
    assert done.view == run(whole, logs, settings).view
    for name in ("exchanges", "features"):
        assert hashes(space.root, f"tables/{name}") == hashes(whole.root, f"tables/{name}")
