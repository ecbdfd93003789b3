"""Tables on disk hold what was committed, whatever happens in between."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stillwatch.core import ContractError, DiskFull, WorkspaceError
from stillwatch.engine import (
    CONTRACT_VERSION,
    TABLES,
    DuckEngine,
    Sql,
    Store,
    by_day,
    check,
    durable_create,
    durable_write,
    store,
    table,
)

from .rows import exchanges, releases


def files(folder: Path) -> dict[str, tuple[str, int]]:
    """Content hash and time of change of every file below a folder."""
    return {
        str(path.relative_to(folder)): (hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mtime_ns)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_what_was_put_is_read_back_by_another_reader(tmp_path: Path) -> None:
    rows = releases("a", "b")
    Store(tmp_path).put("releases", rows)
    again = Store(tmp_path)
    assert again.read("releases").equals(rows)
    assert again.read("releases", ["at"]).column_names == ["at"]
    assert again.manifest("releases").rows == 2


def test_a_table_that_was_never_written_is_empty(tmp_path: Path) -> None:
    rows = Store(tmp_path).read("exchanges")
    assert rows.num_rows == 0
    assert rows.schema.names == table("exchanges").names()


def test_the_same_rows_again_change_no_byte(tmp_path: Path) -> None:
    store_ = Store(tmp_path)
    store_.put("releases", releases("a", "b"))
    before = files(tmp_path)
    store_.put("releases", releases("a", "b"))
    Store(tmp_path).put("releases", releases("a", "b"))
    after = files(tmp_path)
    assert {k: v[0] for k, v in after.items()} == {k: v[0] for k, v in before.items()}
    assert after["tables/releases/manifest.json"] == before["tables/releases/manifest.json"]


def test_other_rows_replace_the_content_and_leave_nothing_behind(tmp_path: Path) -> None:
    store_ = Store(tmp_path)
    store_.put("releases", releases("a", "b"))
    store_.put("releases", [releases("c"), releases("d", "e")])
    assert Store(tmp_path).read("releases").column("model").to_pylist() == ["c", "d", "e"]
    assert len(list(tmp_path.rglob("*.parquet"))) == 2
    store_.put("releases", releases())
    assert Store(tmp_path).read("releases").num_rows == 0
    assert list(tmp_path.rglob("*.parquet")) == []


def test_a_part_that_was_not_committed_is_not_there_and_is_swept(tmp_path: Path) -> None:
    store_ = Store(tmp_path)
    store_.append("exchanges", [store_.write_part("exchanges", exchanges(2), made_from="a")], {"a": 2})
    store_.write_part("exchanges", exchanges(3, first=9), made_from="b", day="2026-07-25")
    (tmp_path / "tables/exchanges/2026-07-25/.123-part.tmp").write_bytes(b"half")
    (tmp_path / "tables/exchanges/.manifest.json.123.tmp").write_bytes(b"half")
    again = Store(tmp_path)
    assert again.read("exchanges").num_rows == 2
    assert again.sweep("exchanges") == 2
    assert sorted(path.name for path in tmp_path.rglob("*") if path.suffix in (".parquet", ".tmp")) == [
        Path(again.manifest("exchanges").parts[0].path).name
    ]
    assert again.read("exchanges").num_rows == 2


CRASH = """
import os, sys
from pathlib import Path
sys.path.insert(0, {tests!r})
import stillwatch.engine.store as room
from engine.rows import exchanges
kept = room.Store(Path({root!r}))
part = kept.write_part("exchanges", exchanges(3, first=9), made_from="b")
replace = Path.replace
def die(self, target):
    if {after}: replace(self, target)
    os.kill(os.getpid(), 9)
Path.replace = die
kept.append("exchanges", [part], {{"b": 3}})
"""


@pytest.mark.parametrize("after", [False, True])
def test_a_kill_around_the_commit_leaves_the_old_state_or_the_new(tmp_path: Path, after: bool) -> None:
    store_ = Store(tmp_path)
    store_.append("exchanges", [store_.write_part("exchanges", exchanges(2), made_from="a")], {"a": 2})
    code = CRASH.format(tests=str(Path(__file__).parents[1]), root=str(tmp_path), after=after)
    killed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert killed.returncode == -9, killed.stderr
    again = Store(tmp_path)
    assert again.manifest("exchanges").done == ({"a": 2, "b": 3} if after else {"a": 2})
    assert again.read("exchanges").num_rows == (5 if after else 2)
    assert again.sweep("exchanges") == (0 if after else 1)
    assert not list(tmp_path.rglob("*.tmp"))


def test_appending_keeps_what_is_there(tmp_path: Path) -> None:
    store_ = Store(tmp_path)
    for name, count in (("a", 2), ("b", 0), ("c", 1)):
        parts = [store_.write_part("exchanges", exchanges(count, first=ord(name)), made_from=name)] if count else []
        store_.append("exchanges", parts, {name: count})
    again = Store(tmp_path).manifest("exchanges")
    assert again.done == {"a": 2, "b": 0, "c": 1}
    assert [part.made_from for part in again.parts] == ["a", "c"]
    assert again.rows == 3


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"{}", b'{"table":"releases","contract":1,"parts":[{"x":1}],"done":{}}', b"\xff"]
)
def test_a_damaged_manifest_is_named(tmp_path: Path, content: bytes) -> None:
    Store(tmp_path).put("releases", releases("a"))
    path = tmp_path / "tables/releases/manifest.json"
    path.write_bytes(content)
    with pytest.raises(WorkspaceError, match=r"releases/manifest\.json: damaged manifest"):
        Store(tmp_path).read("releases")


def test_a_newer_contract_is_refused(tmp_path: Path) -> None:
    Store(tmp_path).put("releases", releases("a"))
    path = tmp_path / "tables/releases/manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "contract": CONTRACT_VERSION + 1}))
    with pytest.raises(WorkspaceError, match=r"written by a newer Stillwatch .*; update Stillwatch"):
        Store(tmp_path).read("releases")


def _without(rows: pa.Table) -> pa.Table:
    return rows.drop_columns(["at"])


def _typed(rows: pa.Table) -> pa.Table:
    return rows.set_column(1, "at", rows.column("at").cast(pa.int64()))


def _unknown(rows: pa.Table) -> pa.Table:
    return pa.table({"model": pa.array(["a", None]), "at": rows.column("at")})


@pytest.mark.parametrize(
    ("break_it", "message"),
    [
        (_without, r"releases: got columns \['model'\], expected \['model', 'at'\]"),
        (_typed, r"releases\.at: got int64, expected timestamp\[us, tz=UTC\]"),
        (_unknown, r"releases\.model: unknown in 1 rows, expected a value in each"),
    ],
)
def test_a_broken_contract_is_named_and_nothing_is_written(tmp_path: Path, break_it: Any, message: str) -> None:
    with pytest.raises(ContractError, match=message):
        Store(tmp_path).put("releases", break_it(releases("a", "b")))
    assert not list(tmp_path.rglob("*.parquet"))


@pytest.mark.parametrize("name", sorted(TABLES))
def test_every_contract_can_be_written_and_its_key_stands_in_it(tmp_path: Path, name: str) -> None:
    contract = table(name)
    assert set(contract.key) <= set(contract.names())
    assert len(set(contract.names())) == len(contract.names())
    assert contract.row
    assert all(column.meaning for column in contract.columns)
    assert contract.by_day == ("at" in contract.names() and name in ("exchanges", "features"))
    store_ = Store(tmp_path)
    store_.write_part(name, contract.schema.empty_table(), made_from="nothing")
    check(contract.schema.empty_table(), contract)


def test_a_part_keeps_its_contract_on_disk(tmp_path: Path) -> None:
    store_ = Store(tmp_path)
    part = store_.write_part("exchanges", exchanges(3, reasoning_artifacts=[1, 2]), made_from="a", day="2026-07-24")
    read = pq.ParquetFile(tmp_path / "tables/exchanges" / part.path)
    assert read.schema_arrow.equals(table("exchanges").schema)
    assert part.bytes == (tmp_path / "tables/exchanges" / part.path).stat().st_size


def test_rows_are_split_by_their_day_in_utc() -> None:
    rows = exchanges(1500).combine_chunks().to_batches()[0]
    split = by_day(rows)
    assert [(day, part.num_rows) for day, part in split] == [("2026-07-24", 720), ("2026-07-25", 780)]
    assert pa.Table.from_batches([part for _, part in split]).equals(pa.Table.from_batches([rows]))
    with pytest.raises(ContractError, match="by_day: got columns"):
        by_day(pa.record_batch({"x": [1]}))


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_a_full_disk_is_said_and_the_old_state_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    store_ = Store(tmp_path)
    store_.put("releases", releases("a"))
    before = files(tmp_path)

    def full(*given: Any, **_: Any) -> None:
        if len(given) > 1:
            Path(given[1]).write_bytes(b"half a part")
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(pq, "write_table", full)
    with pytest.raises(DiskFull, match="no room left on the disk; everything committed before is whole"):
        store_.put("releases", releases("b"))
    monkeypatch.undo()
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(DiskFull):
        durable_write(tmp_path / "tables/releases/manifest.json", b"new")
    monkeypatch.undo()
    assert files(tmp_path) == before
    assert store.Store(tmp_path).read("releases").column("model").to_pylist() == ["a"]


def test_other_troubles_of_the_system_keep_their_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: Any, **__: Any) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(pq, "write_table", refused)
    with pytest.raises(PermissionError):
        Store(tmp_path).put("releases", releases("b"))


def test_a_durable_write_keeps_its_mode_and_leaves_no_temporary(tmp_path: Path) -> None:
    durable_write(tmp_path / "secret", b"1", mode=0o600)
    durable_write(tmp_path / "secret", b"2", mode=0o600)
    assert (tmp_path / "secret").read_bytes() == b"2"
    assert (tmp_path / "secret").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["secret"]


def test_pieces_that_are_forgotten_leave_the_table_and_can_be_done_again(tmp_path: Path) -> None:
    store = Store(tmp_path)
    for piece, first in (("a", 1), ("b", 5), ("c", 9)):
        part = store.write_part("exchanges", exchanges(2, first=first), made_from=piece, name=piece)
        store.append("exchanges", [part], {piece: 2})
    before = (store.folder("exchanges") / "manifest.json").stat().st_mtime_ns
    store.forget("exchanges", {"unheard-of"})
    assert (store.folder("exchanges") / "manifest.json").stat().st_mtime_ns == before
    store.forget("exchanges", {"b"})
    assert Store(tmp_path).manifest("exchanges").done == {"a": 2, "c": 2}
    assert Store(tmp_path).read("exchanges", ["exchange_id"]).column("exchange_id").to_pylist() == [1, 2, 9, 10]
    assert store.sweep("exchanges") == 1
    store.append("exchanges", [store.write_part("exchanges", exchanges(1, first=6), made_from="b", name="b")], {"b": 1})
    assert Store(tmp_path).read("exchanges", ["exchange_id"]).column("exchange_id").to_pylist() == [1, 2, 9, 10, 6]


def test_a_file_is_created_whole_and_never_written_over(tmp_path: Path) -> None:
    durable_create(tmp_path / "key", b"1", mode=0o600)
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600
    with pytest.raises(FileExistsError):
        durable_create(tmp_path / "key", b"2", mode=0o600)
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("key", b"1")]


def test_a_reload_on_one_thread_disturbs_no_reader_on_another(tmp_path: Path) -> None:
    shared = Store(tmp_path)
    until, often = time.monotonic() + 0.5, sys.getswitchinterval()

    def read() -> None:
        while time.monotonic() < until:
            assert shared.manifest("releases").table == "releases"

    def reload() -> None:
        while time.monotonic() < until:
            shared.reload()

    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(3) as threads:
            for done in [threads.submit(read), threads.submit(read), threads.submit(reload)]:
                done.result()
    finally:
        sys.setswitchinterval(often)


@pytest.mark.parametrize("first", ["older", "newer"])
def test_parts_from_before_and_after_a_column_was_added_are_read_together_and_the_column_is_unknown_in_the_older(
    tmp_path: Path, first: str
) -> None:
    old, new = exchanges(3), exchanges(2, first=100)
    last = old.schema.names[-1]
    kept = Store(tmp_path)
    order = [("a", old), ("b", new)] if first == "older" else [("b", new), ("a", old)]
    for name, rows in order:
        kept.append("exchanges", [kept.write_part("exchanges", rows, made_from=name, name=name)], {name: rows.num_rows})
    (older,) = [path for path in kept.files("exchanges") if pq.read_metadata(path).num_rows == 3]
    pq.write_table(pq.read_table(older).drop_columns([last]), older)
    assert kept.read("exchanges").num_rows == 5
    with DuckEngine(kept) as engine:
        found = engine.to_arrow(engine.scan("exchanges"))
        assert found.column_names == old.schema.names
        assert found.num_rows == 5
        asked = Sql("of_an_added_column", f"select count(*) as n, count(f.{last}) as known from {{features}} f")
        (told,) = engine.to_arrow(engine.sql(asked, features=engine.scan("exchanges"))).to_pylist()
    assert told["n"] == 5


def test_a_column_that_a_newer_stillwatch_added_is_passed_over_by_an_older_one(tmp_path: Path) -> None:
    kept = Store(tmp_path)
    rows = exchanges(3)
    for name, first in (("a", 1), ("b", 50)):
        part = kept.write_part("exchanges", exchanges(3, first=first), made_from=name, name=name)
        kept.append("exchanges", [part], {name: 3})
    newer = kept.files("exchanges")[0]
    pq.write_table(pq.read_table(newer).append_column("from_the_future", pa.array([1, 2, 3])), newer)
    assert kept.read("exchanges").schema == rows.schema
    with DuckEngine(kept) as engine:
        found = engine.to_arrow(engine.scan("exchanges"))
    assert found.column_names == rows.schema.names
    assert found.num_rows == 6
