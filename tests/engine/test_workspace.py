"""A workspace is made once, keeps its key to itself, and has one writer at a time."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest

from stillwatch.core import WorkspaceError
from stillwatch.engine import LAYOUT_VERSION, DuckEngine, Workspace


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_a_fresh_workspace_keeps_key_and_vault_from_others(tmp_path: Path) -> None:
    made = Workspace(tmp_path / "below" / "w")
    assert mode(made.root / "keys") == 0o700
    assert mode(made.root / "vault") == 0o700
    assert mode(made.root / "keys" / "pseudonym.key") == 0o600
    assert len(made.key) == 32
    assert json.loads((made.root / "state" / "version.json").read_bytes()) == {"layout": LAYOUT_VERSION}


def test_a_fresh_workspace_with_raw_text_in_it_is_for_its_owner_alone(tmp_path: Path) -> None:
    made = Workspace(tmp_path / "below" / "w")
    assert mode(made.root) == mode(made.root / "tables") == mode(made.root / "state") == 0o700
    (tmp_path / "given").mkdir(mode=0o755)
    given = Workspace(tmp_path / "given")
    assert mode(given.root) == 0o755
    assert mode(given.root / "tables") == mode(given.root / "state") == 0o700


def test_opening_again_gives_the_same_names(tmp_path: Path) -> None:
    names = Workspace(tmp_path / "w").names
    assert Workspace(tmp_path / "w").names.name("account", "a") == names.name("account", "a")
    assert Workspace(tmp_path / "v").names.name("account", "a") != names.name("account", "a")


@pytest.mark.parametrize("already", ["stillwatch.toml", "nothing"])
def test_an_empty_folder_and_one_with_settings_become_a_workspace(tmp_path: Path, already: str) -> None:
    if already != "nothing":
        (tmp_path / already).write_text("")
    assert Workspace(tmp_path).store.manifest("runs").rows == 0


def test_a_workspace_whose_making_was_cut_off_is_finished_with_the_same_key(tmp_path: Path) -> None:
    first = Workspace(tmp_path / "w")
    for missing in ("state/version.json", "vault", "tables"):
        path = first.root / missing
        path.rmdir() if path.is_dir() else path.unlink()
    assert Workspace(first.root).key == first.key
    assert (first.root / "vault").is_dir()


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("x")
    with pytest.raises(WorkspaceError, match="neither empty nor a Stillwatch workspace; name another folder"):
        Workspace(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_a_file_is_no_workspace(tmp_path: Path) -> None:
    (tmp_path / "w").write_text("x")
    with pytest.raises(WorkspaceError, match="w: not a folder"):
        Workspace(tmp_path / "w")
    with pytest.raises(NotADirectoryError):
        Workspace(tmp_path / "w" / "below")


def test_a_workspace_that_must_be_there_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(WorkspaceError, match="no Stillwatch workspace; run stillwatch scan first"):
        Workspace(tmp_path / "w", make=False)
    assert not (tmp_path / "w").exists()


def test_a_newer_layout_is_refused(tmp_path: Path) -> None:
    made = Workspace(tmp_path)
    (made.root / "state" / "version.json").write_text(json.dumps({"layout": LAYOUT_VERSION + 1}))
    with pytest.raises(WorkspaceError, match=r"made by a newer Stillwatch \(layout 2, this one knows 1\); update"):
        Workspace(tmp_path)


@pytest.mark.parametrize("content", ["", "{}", "[1]", '{"layout": "x"}', '{"layout": null}'])
def test_a_damaged_version_is_named(tmp_path: Path, content: str) -> None:
    (Workspace(tmp_path).root / "state" / "version.json").write_text(content)
    with pytest.raises(WorkspaceError, match=r"version\.json: damaged"):
        Workspace(tmp_path)


@pytest.mark.parametrize("content", ["", "xyz", "00ff"])
def test_a_damaged_key_is_never_replaced(tmp_path: Path, content: str) -> None:
    key = Workspace(tmp_path).root / "keys" / "pseudonym.key"
    key.write_text(content)
    with pytest.raises(WorkspaceError, match="damaged key; restore it"):
        Workspace(tmp_path)
    assert key.read_text() == content


def test_a_lost_key_is_never_replaced_by_another(tmp_path: Path) -> None:
    (Workspace(tmp_path).root / "keys" / "pseudonym.key").unlink()
    with pytest.raises(WorkspaceError, match=r"pseudonym\.key: missing; restore it"):
        Workspace(tmp_path)
    assert not (tmp_path / "keys" / "pseudonym.key").exists()


def test_two_writers_are_refused_and_the_second_is_told_who_writes(tmp_path: Path) -> None:
    one, other = Workspace(tmp_path), Workspace(tmp_path)
    with (
        one.writing(),
        pytest.raises(WorkspaceError, match=r"process \d+ is writing here; wait for it"),
        other.writing(),
    ):
        raise AssertionError("the second writer got in")
    with other.writing():
        pass


HOLD = """
import sys, time
from pathlib import Path
from stillwatch.engine import Workspace
with Workspace(Path(sys.argv[1])).writing():
    print("writing", flush=True)
    time.sleep(60)
"""


def test_a_killed_writer_leaves_no_lock(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "writing\n"
        with pytest.raises(WorkspaceError, match=f"process {holder.pid} is writing"), Workspace(tmp_path).writing():
            raise AssertionError("the second writer got in")
        holder.kill()
        holder.wait()
    with Workspace(tmp_path).writing():
        pass


def test_a_writer_sees_what_others_committed_and_finds_its_scratch_empty(tmp_path: Path) -> None:
    one, other = Workspace(tmp_path), Workspace(tmp_path)
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        pass
    for left in ("engine-of-a-killed-run", f"engine-{ended.pid}-x"):
        (one.scratch / left).mkdir()
        (one.scratch / left / "spilled").write_bytes(b"x")
    assert other.store.manifest("runs").rows == 0
    with one.writing():
        one.store.put("releases", one.store.read("releases"))
        part = one.store.write_part("releases", one.store.read("releases"), made_from="x")
        one.store.append("releases", [part], {"x": 0})
        assert list(one.scratch.iterdir()) == []
    with other.writing():
        assert other.store.manifest("releases").done == {"x": 0}


def test_a_writer_leaves_alone_what_an_engine_is_reading(tmp_path: Path) -> None:
    one, other = Workspace(tmp_path), Workspace(tmp_path)
    with DuckEngine(one.store, scratch=one.scratch) as engine:
        kept = engine.keep(engine.from_arrow(pa.table({"a": [1, 2]})))
        with other.writing():
            pass
        assert engine.to_arrow(kept).num_rows == 2
    assert list(one.scratch.iterdir()) == []
