"""A scan may be cut off anywhere: what was committed is whole, nobody is left running, and the next run ends where it would have."""

from __future__ import annotations

import contextlib
import os
import random
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from stillwatch.core import DiskFull, settings_from
from stillwatch.engine import Store, Workspace
from stillwatch.pipeline import Inputs, Scanned

from .logs import OWNER, SECRET, SMALL, Day, hashes, image, run, workspace, write_captures
from .test_scan import some

Done = tuple[Workspace, Scanned]
SETTINGS = """
[actors]
family_support = 5
least_members = 5
hub_share = 0.9
[run]
workers = 2
memory_mb = 400
"""


def command(day: Day, root: Path) -> list[str]:
    settings = day.folder / "two-workers.toml"
    settings.write_text(SETTINGS)
    program = [sys.executable, "-c", "from stillwatch.cli import main; main()", "scan", str(day.logs)]
    return [*program, "--columns", str(day.mapping), "--settings", str(settings), "--workspace", str(root)]


def start(day: Day, root: Path, **more: Any) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command(day, root),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env={**os.environ, "COLUMNS": "200"},
        **more,
    )


def until(condition: Any, seconds: float = 60.0) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.01)
    return False


def committed(root: Path, name: str = "features") -> int:
    """Chunks that a scan has finished."""
    return len(Store(root).manifest(name).done)


def descendants(pid: int) -> list[psutil.Process]:
    found: list[psutil.Process] = []
    with contextlib.suppress(psutil.NoSuchProcess):
        found = psutil.Process(pid).children(recursive=True)
    return found


def test_a_crash_at_any_commit_ends_with_the_tables_of_an_undisturbed_run(
    day: Day,
    scanned: Done,
    space: Workspace,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    tries: Callable[..., int],
) -> None:
    """Before each rename that makes something durable, the folder stands as a kill at that moment would leave it.

    Some moments while the logs are read and some while the scan detects and reports: one of either at least.
    """
    replace = Path.replace
    moments = 0
    chosen: set[int] = set()
    images: list[Path] = []

    def watched(self: Path, target: Path) -> Path:
        nonlocal moments
        if moments in chosen:
            images.append(image(space.root, tmp_path / f"crash-{moments}"))
        moments += 1
        return replace(self, target)

    # About 56 renames read the logs, the others detect and report.
    reading = random.Random(11).sample(range(2, 56), tries(2, whole=3))  # noqa: S311
    chosen = {*reading, *random.Random(12).sample(range(56, 85), tries(1, whole=2))}  # noqa: S311
    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", watched)
        run(space, day.inputs())
    assert moments > max(chosen)
    whole = hashes(scanned[0].root, "tables", "vault")
    assert hashes(space.root, "tables", "vault") == whole
    for crashed in images:
        before = hashes(crashed, "tables")
        again = run(Workspace(crashed), day.inputs())
        assert before != {name: digest for name, digest in whole.items() if name.startswith("tables/")}
        assert hashes(crashed, "tables", "vault") == whole, crashed.name
        assert again.view == scanned[1].view


def test_a_chunk_whose_features_were_not_committed_is_done_again_without_its_duplicates(
    tmp_path: Path, space: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    logs = [write_captures(tmp_path / "a.jsonl", some(9)), write_captures(tmp_path / "b.jsonl", some(12))]
    append = Store.append

    def cut_off(self: Store, name: str, parts: Any, done: Any) -> Any:
        if name == "features" and committed(self.root) == 1:
            raise KeyboardInterrupt
        return append(self, name, parts, done)

    with monkeypatch.context() as patched:
        patched.setattr(Store, "append", cut_off)
        with pytest.raises(KeyboardInterrupt):
            run(space, logs)
    assert (committed(space.root, "exchanges"), committed(space.root)) == (2, 1)
    done = run(Workspace(space.root), logs)
    assert (done.read.exchanges, done.read.duplicates) == (12, 9)
    assert Store(space.root).read("exchanges").num_rows == Store(space.root).read("features").num_rows == 12


@pytest.mark.parametrize("shared", [15, 7])
def test_a_half_committed_chunk_yields_to_an_earlier_file_with_the_same_requests(
    tmp_path: Path, space: Workspace, monkeypatch: pytest.MonkeyPatch, shared: int
) -> None:
    """All rows of the half-committed chunk, or some, are duplicates when it is done again."""
    logs = [write_captures(tmp_path / "a.jsonl", some(shared)), write_captures(tmp_path / "b.jsonl", some(12))]
    append = Store.append

    def cut_off(self: Store, name: str, parts: Any, done: Any) -> Any:
        if name == "features":
            raise KeyboardInterrupt
        return append(self, name, parts, done)

    with monkeypatch.context() as patched:
        patched.setattr(Store, "append", cut_off)
        with pytest.raises(KeyboardInterrupt):
            run(space, logs[1:])
    assert (committed(space.root, "exchanges"), committed(space.root)) == (1, 0)
    done = run(Workspace(space.root), logs)
    whole = workspace(tmp_path / "whole")
    assert done.view == run(whole, logs).view
    assert (done.read.exchanges, done.read.duplicates) == (max(12, shared), min(12, shared))
    assert hashes(space.root, "tables") == hashes(whole.root, "tables")


def test_what_a_crash_left_in_the_tables_is_removed_by_the_next_scan(tmp_path: Path, space: Workspace) -> None:
    logs = [write_captures(tmp_path / "a.jsonl", some(3))]
    run(space, logs)
    whole = hashes(space.root, "tables", "vault")
    for name in ("exchanges", "features", "rejects"):
        day = space.store.folder(name) / "2026-07-24"
        day.mkdir(parents=True, exist_ok=True)
        (day / ".99999-part.tmp").write_bytes(OWNER.encode())
        (day / "unnamed.parquet").write_bytes(OWNER.encode())
    (space.root / "vault" / ".half.parquet.99999.tmp").write_bytes(OWNER.encode())
    assert run(Workspace(space.root), logs).unchanged
    assert hashes(space.root, "tables", "vault") == whole


def test_names_are_on_the_disk_before_their_chunk_counts(
    tmp_path: Path, space: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    flushed: list[str] = []
    flush, append = os.fsync, Store.append

    def told(descriptor: int) -> None:
        flushed.append(Path(f"/proc/self/fd/{descriptor}").resolve().relative_to(space.root).parts[0])
        flush(descriptor)

    def appended(self: Store, name: str, parts: Any, done: Any) -> Any:
        flushed.append(f"commit of {name}")
        return append(self, name, parts, done)

    (space.root / "vault" / ".half.parquet.1.tmp").write_bytes(OWNER.encode())
    monkeypatch.setattr(os, "fsync", told)
    monkeypatch.setattr(Store, "append", appended)
    run(space, [write_captures(tmp_path / "a.jsonl", some(3))])
    before = flushed[: flushed.index("commit of rejects")]
    assert before.count("vault") == 2, "the file and the folder"
    assert [path.suffix for path in (space.root / "vault").iterdir()] == [".parquet"]


def test_a_run_cut_off_while_it_weighs_is_never_taken_for_the_one_before(
    day: Day, scanned: Done, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = image(scanned[0].root, tmp_path / "w")
    tables = hashes(root, "tables")
    put = Store.put

    def cut_off(self: Store, name: str, rows: Any, **more: Any) -> Any:
        if name == "actor_evidence":
            raise KeyboardInterrupt
        return put(self, name, rows, **more)

    with monkeypatch.context() as patched:
        patched.setattr(Store, "put", cut_off)
        with pytest.raises(KeyboardInterrupt):
            run(Workspace(root), day.inputs(), settings_from({"run": {"workers": 1}}))
    assert hashes(root, "tables") != tables
    again = run(Workspace(root), day.inputs())
    assert not again.unchanged
    assert again.view == scanned[1].view
    assert hashes(root, "tables") == tables
    assert run(Workspace(root), day.inputs()).unchanged


@pytest.mark.slow
def test_a_scan_killed_at_random_points_ends_with_the_tables_of_an_undisturbed_run(
    day: Day, scanned: Done, space: Workspace
) -> None:
    chance = random.Random(23)  # noqa: S311
    for kill in range(2):
        scan = start(day, space.root)
        # The first kill falls into reading; the others anywhere after start-up.
        wanted = chance.randrange(1, 5) if kill == 0 else 0
        until(lambda scan=scan, wanted=wanted: committed(space.root) >= wanted or scan.poll() is not None)
        time.sleep(chance.uniform(0.0, 0.05) if kill == 0 else chance.uniform(0.5, 2.0))
        workers = descendants(scan.pid)
        scan.kill()
        _, alive = psutil.wait_procs(workers, timeout=20)
        for left in alive:
            left.kill()
        assert alive == []
        scan.communicate()
    done = start(day, space.root)
    out, err = done.communicate()
    assert done.returncode == 0, err
    assert err == ""
    assert hashes(space.root, "tables", "vault") == hashes(scanned[0].root, "tables", "vault")
    assert list((space.root / "state" / "scratch").iterdir()) == []
    for told in (out, err):
        assert SECRET not in told
        assert OWNER not in told


@pytest.mark.slow
def test_ctrl_c_ends_with_a_sentence_and_the_workspace_goes_on(day: Day, scanned: Done, space: Workspace) -> None:
    # A shell starts what runs in its background deaf to Ctrl-C, and the tests may be run so.
    scan = start(day, space.root, preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
    lock = space.root / "state" / "lock"
    # From here on the scan has all its work before it: waiting for a commit would race with a small scan's end.
    assert until(lambda: (lock.exists() and lock.read_text() == str(scan.pid)) or scan.poll() is not None)
    workers = descendants(scan.pid)
    os.killpg(scan.pid, signal.SIGINT)
    out, err = scan.communicate(timeout=60)
    assert scan.returncode == 130
    assert err == "stillwatch: interrupted; everything committed is whole, run the same command again to go on\n"
    assert out == ""
    _, alive = psutil.wait_procs(workers, timeout=20)
    assert alive == []
    done = run(Workspace(space.root), day.inputs())
    assert done.view == scanned[1].view
    assert hashes(space.root, "tables", "vault") == hashes(scanned[0].root, "tables", "vault")


def _no_room(limit: int) -> Any:
    def set_limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    return set_limit


@pytest.mark.slow
def test_no_room_for_a_file_ends_with_a_sentence_and_the_scan_goes_on_when_there_is(
    day: Day, scanned: Done, space: Workspace
) -> None:
    scan = start(day, space.root, preexec_fn=_no_room(6000))
    _, err = scan.communicate(timeout=60)
    assert scan.returncode == 2
    assert err.startswith("stillwatch: ")
    assert "no room left on the disk; everything committed before is whole. Free some room" in err
    assert len(err.splitlines()) == 1
    done = run(Workspace(space.root), day.inputs())
    assert done.view == scanned[1].view
    assert hashes(space.root, "tables", "vault") == hashes(scanned[0].root, "tables", "vault")


@contextlib.contextmanager
def small_disk(place: Path, size: str) -> Iterator[bool]:
    """Whether a small file system of its own could be mounted at `place`."""
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(place)]
    mounted = os.geteuid() == 0 and subprocess.run(mount, capture_output=True, check=False).returncode == 0
    try:
        yield mounted
    finally:
        if mounted:
            subprocess.run(["umount", str(place)], capture_output=True, check=True)


def test_a_disk_that_fills_anywhere_is_said_and_the_scan_goes_on_when_there_is_room(
    day: Day, scanned: Done, tmp_path: Path, tries: Callable[..., int]
) -> None:
    """While the first rows are written, while it detects, and in between."""
    for size in ("24k", "320k", "100k", "200k")[: tries(2, whole=4)]:
        disk = tmp_path / size
        with small_disk(disk, size) as mounted:
            if not mounted:
                pytest.skip("needs root and mount; a limit on file sizes tests the same without them")
            space = workspace(disk / "w")
            with pytest.raises(DiskFull, match="no room left"):
                run(space, day.inputs())
            subprocess.run(["mount", "-o", "remount,size=20m", str(disk)], check=True)
            done = run(Workspace(space.root), day.inputs())
            assert done.view == scanned[1].view, size
            assert hashes(space.root, "tables", "vault") == hashes(scanned[0].root, "tables", "vault"), size


def test_a_worker_ended_from_outside_is_said(day: Day, space: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    from stillwatch.core import Error
    from stillwatch.pipeline import read_logs

    monkeypatch.setattr(read_logs, "stage", _die)
    two = settings_from({"run": {"workers": 2}})
    with pytest.raises(Error, match=r"ended from outside.*with fewer workers \(run\.workers\)"):
        run(space, Inputs(logs=[day.logs], mapping=day.mapping), two)
    monkeypatch.undo()
    assert run(Workspace(space.root), day.inputs(), SMALL).read.exchanges == day.exchanges


def _die(*_: Any) -> None:
    os.kill(os.getpid(), signal.SIGKILL)
