"""A watch reads what is new, once, whatever happens to the logs, to its clock or to itself."""

from __future__ import annotations

import gzip
import random
from pathlib import Path
from typing import Any

import msgspec
import pytest

from stillwatch.core import DiskFull, WorkspaceError
from stillwatch.engine import Store, Workspace
from stillwatch.ingest import Chunk
from stillwatch.pipeline import Busy, Inputs, Pulse, Watcher, read_logs, scan
from stillwatch.pipeline.stage import Context, Staged, stage

from .growing import Clock, add, lines, requests, rows, watch
from .logs import MAPPING, NOW, SMALL, image, write_table


@pytest.fixture(autouse=True)
def _reading_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Watcher, "_due", lambda self: False)


def test_what_is_appended_is_read_once_and_nothing_else_is_read_again(
    tmp_path: Path, space: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    log, clock, staged = add(tmp_path / "logs/api.jsonl", lines(0, 10)), Clock(), list[Chunk]()

    def told(chunk: Chunk, context: Context) -> Staged:
        staged.append(chunk)
        return stage(chunk, context)

    monkeypatch.setattr(read_logs, "stage", told)
    over = watch(space, [log.parent], clock)
    assert over.round().fresh == 10
    assert over.round().fresh == 0
    add(log, lines(10, 14))
    assert over.round().fresh == 4
    assert [(chunk.start, chunk.first_line) for chunk in staged] == [(0, 1), (len(lines(0, 10)), 11)]
    assert len(requests(space)) == len(set(requests(space))) == 14
    assert (over.pulse.fresh, over.pulse.duplicates, over.pulse.rejects) == (14, 0, 0)


def test_half_a_line_waits_for_its_other_half_and_is_no_reject(tmp_path: Path, space: Workspace) -> None:
    data, clock = lines(0, 3), Clock()
    log = add(tmp_path / "logs/api.jsonl", data[:-40])
    over = watch(space, [log.parent], clock)
    assert over.round().fresh == 2
    clock.pass_by(50)
    over.round()
    assert (over.pulse.unread, over.pulse.oldest_unread_seconds) == (1, 50)
    add(log, data[-40:])
    assert over.round().fresh == 1
    assert (over.pulse.unread, over.pulse.rejects) == (0, 0)


def test_a_last_line_without_an_end_is_read_as_soon_as_it_is_a_whole_object(tmp_path: Path, space: Workspace) -> None:
    log = add(tmp_path / "logs/api.jsonl", lines(0, 3).rstrip(b"\n"))
    over = watch(space, [log.parent], Clock())
    assert over.round().fresh == 3
    add(log, b"\n" + lines(3, 5))
    assert over.round().fresh == 2
    assert (over.pulse.duplicates, over.pulse.rejects) == (0, 0)


def test_a_compressed_or_columnar_file_is_read_when_it_has_kept_its_size_and_a_whole_parquet_file_at_once(
    tmp_path: Path, space: Workspace
) -> None:
    clock, folder = Clock(), tmp_path / "logs"
    packed = gzip.compress(lines(0, 6))
    log = add(folder / "old.jsonl.gz", packed[:-30])
    over = watch(space, [folder], clock)
    assert over.round().fresh == 0
    clock.pass_by(9)
    add(log, packed[-30:])
    assert over.round().fresh == 0, "it has changed meanwhile"
    clock.pass_by(9)
    assert over.round().fresh == 0
    clock.pass_by(1)
    assert over.round().fresh == 6
    assert over.pulse.rejects == 0
    table = write_table(tmp_path / "t.parquet", rows(6, 9)).read_bytes()
    half = add(folder / "house.parquet", table[: len(table) // 2])
    mapped = watch(space, [folder], clock, mapping=_mapping(tmp_path))
    assert mapped.round().fresh == 0
    add(half, table[len(table) // 2 :])
    assert mapped.round().fresh == 3


def test_a_rotated_log_goes_on_under_its_new_name_and_the_new_log_is_read_from_its_beginning(
    tmp_path: Path, space: Workspace
) -> None:
    log = add(tmp_path / "logs/api.jsonl", lines(0, 5))
    over = watch(space, [log.parent], Clock())
    over.round()
    add(log, lines(5, 8))
    log.rename(log.with_suffix(".jsonl.1"))
    add(log, lines(8, 10))
    assert over.round().fresh == 5
    add(log, lines(10, 11))
    assert over.round().fresh == 1
    assert (len(requests(space)), over.pulse.duplicates) == (11, 0)


def test_a_log_cut_off_and_begun_anew_is_read_from_its_beginning(tmp_path: Path, space: Workspace) -> None:
    log = add(tmp_path / "logs/api.jsonl", lines(0, 5))
    over = watch(space, [log.parent], Clock())
    over.round()
    log.write_bytes(lines(20, 22))
    assert over.round().fresh == 2
    log.write_bytes(lines(30, 39))  # longer than what stood there
    assert over.round().fresh == 9


def test_a_log_that_is_rotated_while_it_is_read_is_not_taken_for_another(
    tmp_path: Path, space: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = add(tmp_path / "logs/api.jsonl", lines(0, 5))

    def rotated(chunk: Chunk, context: Context) -> Staged:
        log.rename(log.with_suffix(".jsonl.1"))
        add(log, lines(50, 56))
        return stage(chunk, context)

    over = watch(space, [log.parent], Clock())
    with monkeypatch.context() as patched:
        patched.setattr(read_logs, "stage", rotated)
        assert over.round().fresh == 0
    assert over.round().fresh == 11
    assert len(requests(space)) == 11


def test_duplicates_out_of_order_and_in_other_files_are_counted_once(tmp_path: Path, space: Workspace) -> None:
    pieces = [lines(i, i + 3) for i in range(0, 30, 3)] * 2
    random.Random(7).shuffle(pieces)  # noqa: S311
    over = watch(space, [tmp_path / "logs"], Clock())
    for number, piece in enumerate(pieces):
        add(tmp_path / f"logs/api-{number % 3}.jsonl", piece)
        over.round()
    assert len(requests(space)) == len(set(requests(space))) == 30
    assert (over.pulse.fresh, over.pulse.duplicates) == (30, 30)


def test_a_watch_started_anew_goes_on_where_the_tables_end_with_no_other_memory(
    tmp_path: Path, space: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = add(tmp_path / "logs/api.jsonl", lines(0, 5))
    watch(space, [log.parent], Clock()).round()
    add(log, lines(5, 7))
    watch(space, [log.parent], Clock()).round()
    (space.root / "state" / "watch.json").write_bytes(b"\x00 not JSON")
    add(log, lines(7, 8))
    log.rename(log.with_name("moved.jsonl"))
    over = watch(Workspace(space.root), [log.parent], Clock())
    assert over.round().fresh == 1
    assert (over.pulse.duplicates, over.pulse.exchanges) == (0, 8)
    assert msgspec.json.decode((space.root / "state" / "watch.json").read_bytes(), type=Pulse).exchanges == 8


def test_a_kill_at_any_commit_of_a_round_loses_nothing_and_counts_nothing_twice(
    tmp_path: Path, space: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = add(tmp_path / "logs/api.jsonl", lines(0, 5))
    watch(space, [log.parent], Clock()).round()
    add(log, lines(5, 9))
    replace, images = Path.replace, list[Path]()

    def watched(self: Path, target: Path) -> Path:
        images.append(image(space.root, tmp_path / f"crash-{len(images)}"))
        return replace(self, target)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", watched)
        watch(space, [log.parent], Clock()).round()
    assert len(images) >= 5
    add(log, lines(9, 11))
    for crashed in images:
        after = Workspace(crashed)
        watch(after, [log.parent], Clock()).round()
        assert len(requests(after)) == len(set(requests(after))) == 11, crashed.name
        assert Store(crashed).manifest("features").rows == 11


def test_a_full_disk_ends_the_round_with_what_to_do_and_the_next_one_goes_on(
    tmp_path: Path, space: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = add(tmp_path / "logs/api.jsonl", lines(0, 5))
    over = watch(space, [log.parent], Clock())
    over.round()
    add(log, lines(5, 9))
    append = Store.append

    def full(self: Store, name: str, parts: Any, done: Any) -> Any:
        if name == "features":
            raise DiskFull(f"{self.root}: no room left on the disk")
        return append(self, name, parts, done)

    with monkeypatch.context() as patched:
        patched.setattr(Store, "append", full)
        with pytest.raises(DiskFull, match="no room left"):
            over.round()
        over.failed("no room left on the disk")
    assert over.pulse.state == "behind"
    assert over.round().fresh == 4
    assert len(requests(space)) == 9
    assert over.pulse.state == "watching"


def test_a_damaged_manifest_is_said_and_nothing_is_written_over_it(tmp_path: Path, space: Workspace) -> None:
    log = add(tmp_path / "logs/api.jsonl", lines(0, 5))
    watch(space, [log.parent], Clock()).round()
    manifest = space.store.folder("features") / "manifest.json"
    manifest.write_bytes(manifest.read_bytes()[:50])
    with pytest.raises(WorkspaceError, match=r"manifest\.json: damaged manifest"):
        watch(Workspace(space.root), [log.parent], Clock()).round()
    assert len(manifest.read_bytes()) == 50


def test_another_writer_is_waited_for(tmp_path: Path, space: Workspace) -> None:
    add(tmp_path / "logs/api.jsonl", lines(0, 2))
    over = watch(space, [tmp_path / "logs"], Clock())
    with Workspace(space.root).writing(), pytest.raises(Busy, match="is writing here"):
        over.round()
    assert over.round().fresh == 2


def test_a_scan_of_the_same_logs_beside_the_watch_counts_nothing_twice(tmp_path: Path, space: Workspace) -> None:
    log = add(tmp_path / "logs/api.jsonl", lines(0, 6))
    over = watch(space, [log.parent], Clock())
    over.round()
    add(log, lines(6, 8))
    scan(Workspace(space.root), Inputs(logs=[log.parent]), SMALL, now=NOW)
    add(log, lines(8, 9))
    over.round()
    assert len(requests(space)) == len(set(requests(space))) == 9


def test_lag_is_now_minus_the_newest_exchange_however_late_others_come(tmp_path: Path, space: Workspace) -> None:
    clock = Clock()
    log = add(tmp_path / "logs/api.jsonl", lines(5, 9))
    over = watch(space, [log.parent], clock)
    assert over.pulse.lag_seconds is None
    over.round()
    newest = rows(8, 9)[0]["at"]
    assert over.pulse.lag_seconds == (clock.now - newest).total_seconds()
    add(log, lines(0, 3))
    clock.pass_by(30)
    over.round()
    assert over.pulse.lag_seconds == (clock.now - newest).total_seconds()
    clock.pass_by(7)
    assert over.pulse.lag_seconds == (clock.now - newest).total_seconds(), "ages go on between rounds"
    assert over.pulse.round_seconds == 7


def test_a_folder_that_is_not_there_yet_and_a_file_of_no_format_are_told_and_waited_for(
    tmp_path: Path, space: Workspace
) -> None:
    clock = Clock()
    over = watch(space, [tmp_path / "later"], clock)
    assert "nothing there yet" in over.round().notes[0]
    add(tmp_path / "later/notes.txt", b"dear diary\nnothing happened\n")
    add(tmp_path / "later/api.jsonl", lines(0, 2))
    assert over.round().fresh == 2
    clock.pass_by(60)
    told = over.round().notes
    assert len(told) == 1
    assert "notes.txt: the log format cannot be told" in told[0]


def _mapping(folder: Path) -> Path:
    path = folder / "mapping.toml"
    path.write_text(MAPPING)
    return path
