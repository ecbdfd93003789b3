"""A back-up is whole, is told from a damaged one, keeps keys apart, and becomes the workspace that it was."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from stillwatch.cases import Desk, Entry, Ground, Private, forget
from stillwatch.core import TamperingFound, WorkspaceError
from stillwatch.engine import Store, Workspace
from stillwatch.pipeline import Health, Scanned, back_up, backup, check_backup, checkup, restore

from .logs import KEY, NOW, OWNER, Day, hashes, image, run


@pytest.fixture
def space(scanned: tuple[Workspace, Scanned], tmp_path: Path) -> Workspace:
    return Workspace(image(scanned[0].root, tmp_path / "w"))


def test_a_workspace_comes_back_as_it_was_and_a_scan_of_the_same_logs_finds_nothing_new(
    space: Workspace, day: Day, tmp_path: Path
) -> None:
    Desk(space, lambda: NOW).journal.begin()
    back_up(space, tmp_path / "b", keys=tmp_path / "k", now=NOW)
    folders = ("tables", "vault", "standing", "reports", "sealed")
    before = hashes(space.root, *folders)
    assert before.pop("standing/lock"), "a lock is nobody's when nobody holds it"
    shutil.rmtree(space.root)
    restore(tmp_path / "b", tmp_path / "again", keys=tmp_path / "k")
    assert hashes(tmp_path / "again", *folders) == before
    assert (tmp_path / "again").stat().st_mode & 0o077 == 0
    assert Desk(Workspace(tmp_path / "again"), lambda: NOW).journal.head().seq == 0
    assert run(Workspace(tmp_path / "again"), day.inputs()).unchanged
    assert [one for one in checkup(tmp_path / "again", now=NOW) if one.health is Health.ILL] == []


def test_keys_and_names_lie_apart_and_only_on_request(space: Workspace, tmp_path: Path) -> None:
    back_up(space, tmp_path / "b")
    for path in (tmp_path / "b").rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            assert KEY.hex().encode() not in data
            assert OWNER.encode() not in data or path.name == "inbox"
            assert path.stat().st_mode & 0o077 == 0
    assert not (tmp_path / "b" / "vault").exists()
    restore(tmp_path / "b", tmp_path / "r")
    with pytest.raises(WorkspaceError, match=r"pseudonym\.key: missing; restore it"):
        Workspace(tmp_path / "r")


@pytest.mark.parametrize("how", ["changed", "missing", "more", "catalogue"])
def test_a_back_up_that_is_not_as_it_was_written_is_not_restored(space: Workspace, tmp_path: Path, how: str) -> None:
    kept = back_up(space, tmp_path / "b", keys=tmp_path / "k")
    one = next(tmp_path / "b" / file.path for file in kept.files if file.path.startswith("tables/features/2"))
    if how == "changed":
        one.write_bytes(one.read_bytes()[:-1] + b"?")
    elif how == "missing":
        one.unlink()
    elif how == "more":
        one.with_name("other.parquet").write_bytes(b"")
    else:
        (tmp_path / "b/BACKUP.json").unlink()
    with pytest.raises(TamperingFound if how != "catalogue" else WorkspaceError):
        restore(tmp_path / "b", tmp_path / "r", keys=tmp_path / "k")
    assert not (tmp_path / "r").exists()


def test_a_catalogue_that_leads_out_of_the_back_up_is_refused(space: Workspace, tmp_path: Path) -> None:
    back_up(space, tmp_path / "b")
    path = tmp_path / "b/BACKUP.json"
    told = json.loads(path.read_bytes())
    told["files"][0]["path"] = "../w/keys/pseudonym.key"
    path.write_text(json.dumps(told))
    with pytest.raises(TamperingFound, match="leads out of the back-up"):
        check_backup(tmp_path / "b")


def test_a_back_up_taken_while_parts_are_replaced_is_of_one_manifest(
    space: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between two parts of a table its whole content is replaced, as a detection does."""
    copy, replaced = backup._copy, list[str]()

    def meanwhile(source: Path, target: Path, path: str, **more: Any) -> Any:
        if path.startswith("tables/account_evidence/") and not replaced:
            replaced.append(path)
            rows = space.store.read("account_evidence")
            space.store.put("account_evidence", rows.slice(0, rows.num_rows // 2))
        return copy(source, target, path, **more)

    with monkeypatch.context() as patched:
        patched.setattr(backup, "_copy", meanwhile)
        back_up(space, tmp_path / "b", keys=tmp_path / "k")
    assert replaced
    restore(tmp_path / "b", tmp_path / "r", keys=tmp_path / "k")
    theirs = Store(tmp_path / "r").read("account_evidence")
    assert theirs.equals(space.store.read("account_evidence"))


def test_what_a_scan_commits_meanwhile_is_at_most_a_half_commit_that_the_next_scan_mends(
    space: Workspace, day: Day, scanned: tuple[Workspace, Scanned], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from .growing import add, lines

    more = add(tmp_path / "more.jsonl", lines(5000, 5009))
    table, raced = backup._table, list[Scanned]()

    def meanwhile(root: Path, target: Path, name: str, **given: Any) -> Any:
        if name == "exchanges" and not raced:
            raced.append(run(Workspace(root), day.inputs(more)))
        return table(root, target, name, **given)

    with monkeypatch.context() as patched:
        patched.setattr(backup, "_table", meanwhile)
        back_up(space, tmp_path / "b", keys=tmp_path / "k")
    restore(tmp_path / "b", tmp_path / "r", keys=tmp_path / "k")
    after = Workspace(tmp_path / "r")
    run(after, day.inputs(more))
    assert hashes(after.root, "tables/exchanges", "tables/features") == hashes(
        space.root, "tables/exchanges", "tables/features"
    )


def test_who_was_forgotten_after_the_keys_were_backed_up_stays_forgotten(space: Workspace, tmp_path: Path) -> None:
    desk = Desk(space, lambda: NOW)
    desk.journal.begin()
    said = Private(field="note", subject="person:mary", value="said so")
    with desk.journal.writing() as append:
        append([Entry(kind="noted", by="mary", body={}, private=(said,))])
    back_up(space, tmp_path / "old", keys=tmp_path / "k")
    forget(desk, "person:mary", by="ann", why=Ground.ERASURE_REQUEST)
    back_up(space, tmp_path / "b")
    restore(tmp_path / "b", tmp_path / "r", keys=tmp_path / "k")
    after = Desk(Workspace(tmp_path / "r"), lambda: NOW)
    assert after.journal.subjects.known("person:mary") is None
    assert all("note" not in told.private for told in after.journal.history())


def test_bytes_behind_the_journals_head_are_left_behind(space: Workspace, tmp_path: Path) -> None:
    desk = Desk(space, lambda: NOW)
    desk.journal.begin()
    with desk.journal.writing() as append:
        append([Entry(kind="noted", by="mary", body={})])
    lines = space.root / "desk/journal.jsonl"
    whole = lines.read_bytes()
    lines.write_bytes(whole + b'{"half":')
    back_up(space, tmp_path / "b")
    assert (tmp_path / "b/desk/journal.jsonl").read_bytes() == whole


def test_linked_parts_are_the_same_files_and_copies_are_not(space: Workspace, tmp_path: Path) -> None:
    part = next(one for one in back_up(space, tmp_path / "b", link=True).files if "features/2" in one.path).path
    back_up(space, tmp_path / "c")
    assert (tmp_path / "b" / part).samefile(space.root / part)
    assert not (tmp_path / "c" / part).samefile(space.root / part)


def test_folders_that_are_not_apart_or_not_empty_are_refused(space: Workspace, tmp_path: Path) -> None:
    for target, keys in ((space.root / "b", None), (tmp_path / "b", tmp_path / "b" / "k"), (tmp_path, None)):
        with pytest.raises(WorkspaceError, match=r"kept apart|not empty"):
            back_up(space, target, keys=keys)
    (tmp_path / "full").mkdir()
    (tmp_path / "full/x").write_text("")
    with pytest.raises(WorkspaceError, match="not empty"):
        back_up(space, tmp_path / "full")
    back_up(space, tmp_path / "ok", now=NOW - dt.timedelta(days=1))
    with pytest.raises(WorkspaceError, match="not empty"):
        restore(tmp_path / "ok", space.root)


@pytest.mark.parametrize("path", ["tables/features/manifest.json", "desk/journal.head"])
def test_what_is_damaged_is_no_back_up(space: Workspace, tmp_path: Path, path: str) -> None:
    Desk(space, lambda: NOW).journal.begin()
    (space.root / path).write_bytes(b"{")
    with pytest.raises(WorkspaceError, match="damaged, so there is nothing whole to back up"):
        back_up(space, tmp_path / "b")
    with pytest.raises(WorkspaceError, match="this is no back-up"):
        check_backup(tmp_path / "b")


def test_keys_of_another_workspace_are_refused(space: Workspace, tmp_path: Path) -> None:
    back_up(space, tmp_path / "b")
    back_up(Workspace(tmp_path / "other"), tmp_path / "b2", keys=tmp_path / "k2")
    with pytest.raises(WorkspaceError, match="not the keys of"):
        restore(tmp_path / "b", tmp_path / "r", keys=tmp_path / "k2")
