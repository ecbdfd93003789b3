"""Tables, objects and lake tables as logs: against a real PostgreSQL, a real object server where one is installed, and real lake tables."""

from __future__ import annotations

import datetime as dt
import errno
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.brokers import free_port
from tests.postgres import postgres

from stillwatch.core.errors import DiskFull, SettingsError
from stillwatch.engine import Connection, connector
from stillwatch.ingest import Landing, Source, SourceAway, public, source_of
from stillwatch.pipeline import Inputs, Watcher, scan

from .growing import NEVER, Clock, add, lines, requests
from .logs import NOW, SMALL, workspace

PORT = free_port()


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """A real PostgreSQL."""
    with postgres(PORT) as address:
        yield address


@pytest.fixture
def base(server: str) -> Iterator[Connection]:
    """A connection, and a table of captured exchanges that is empty."""
    connection = connector(server)()
    connection.do("DROP TABLE IF EXISTS calls")
    connection.do("CREATE TABLE calls (id bigint primary key, made timestamptz, body jsonb)")
    yield connection
    connection.close()


def insert(connection: Connection, first: int, last: int) -> None:
    for number, line in enumerate(lines(first, last).splitlines(), first):
        connection.do(
            "INSERT INTO calls VALUES (?, now() + make_interval(secs => CAST(? AS double precision)), CAST(? AS jsonb))",
            number,
            str(number),
            line.decode(),
        )


def landed(landing: Landing) -> list[dict[str, Any]]:
    while landing.look().files:
        pass
    return [json.loads(line) for path in landing.files() for line in path.read_bytes().splitlines()]


def ids(rows: list[dict[str, Any]]) -> list[int]:
    return [row["id"] for row in rows]


@pytest.mark.parametrize("order", ["id", "made"])
def test_every_row_of_a_table_lands_once_in_order(server: str, base: Connection, tmp_path: Path, order: str) -> None:
    source = source_of(f"{server}?table=calls&order={order}")
    insert(base, 0, 30)
    assert ids(landed(Landing(tmp_path, source))) == list(range(30))
    insert(base, 30, 50)
    again = Landing(tmp_path, source)
    assert ids(landed(again)) == list(range(50))
    assert again.look().files == 0


def test_a_row_that_becomes_visible_late_is_not_lost(server: str, base: Connection, tmp_path: Path) -> None:
    landing = Landing(tmp_path, source_of(f"{server}?table=calls&order=id"))
    other = connector(server)()
    other.do("BEGIN")
    insert(other, 0, 5)
    insert(base, 5, 20)
    assert ids(landed(landing)) == list(range(5, 20))
    other.do("COMMIT")
    other.close()
    assert sorted(ids(landed(landing))) == list(range(20))


def test_rows_known_are_those_within_the_overlap_alone(server: str, base: Connection, tmp_path: Path) -> None:
    landing = Landing(tmp_path, source_of(f"{server}?table=calls&order=id&overlap=7"))
    insert(base, 0, 100)
    landed(landing)
    told = json.loads((landing.folder / ".position.json").read_bytes())
    assert told["position"]["greatest"] == "99"
    assert len(told["position"]["known"]) == 8


def test_a_column_that_does_not_grow_is_refused(server: str, base: Connection, tmp_path: Path) -> None:
    insert(base, 0, 3)
    with pytest.raises(SettingsError, match="got jsonb"):
        Landing(tmp_path, source_of(f"{server}?table=calls&order=body")).look()
    with pytest.raises(SettingsError, match="no such column"):
        Landing(tmp_path, source_of(f"{server}?table=calls&order=nothing")).look()


def test_a_server_that_is_away_is_said_without_its_password(tmp_path: Path) -> None:
    pytest.importorskip("pg8000", reason="pip install stillwatch[postgres]")
    source = source_of("postgresql://me:secret@127.0.0.1:9/nowhere?table=calls&order=id")
    with pytest.raises(SourceAway, match="no answer") as caught:
        Landing(tmp_path, source).look()
    assert "secret" not in str(caught.value)


def test_a_watch_counts_the_exchanges_of_a_table_once(server: str, base: Connection, tmp_path: Path) -> None:
    base.do(
        "CREATE OR REPLACE VIEW logged AS SELECT id, body->'request'->'body'->'messages'->0->>'content' AS question, made FROM calls"
    )
    insert(base, 0, 20)
    mapping = tmp_path / "columns.toml"
    mapping.write_text('[columns]\nat = "made"\nprompt = "question"\nrequest = "id"\n[constants]\naccount = "a"\n')
    space = workspace(tmp_path / "w")
    source = source_of(f"{server}?table=logged&order=id")
    inputs = Inputs(logs=[], sources=[source], mapping=mapping, force="columns")
    clock = Clock(now=dt.datetime.now(dt.UTC) + dt.timedelta(days=1))
    watcher = Watcher(space, inputs, SMALL, NEVER, clock=clock, wall=clock.wall)
    watcher.round()
    insert(base, 20, 40)
    watcher.round()
    watcher.round()
    assert len(requests(space)) == len(set(requests(space))) == 40


def columns(folder: Path, pathway: str = "") -> Path:
    """A mapping of columns."""
    mapping = folder / "columns.toml"
    more = f'pathway = "{pathway}"\n' if pathway else ""
    told = f'[columns]\nat = "at"\nprompt = "prompt"\nrequest = "request"\n{more}[constants]\naccount = "a"\n'
    mapping.write_text(told)
    return mapping


def scanned(space: Any, source: Source, **more: Any) -> int:
    return scan(space, Inputs(logs=[], sources=[source], **more), SMALL, now=NOW).view.run.exchanges


def test_each_object_of_a_store_is_read_once_and_those_written_anew_again(tmp_path: Path) -> None:
    store = tmp_path / "store"
    add(store / "day=1" / "a.jsonl", lines(0, 20))
    add(store / "_temporary" / "x.jsonl", lines(900, 910))
    add(store / ".hidden.jsonl", lines(910, 920))
    source = source_of(f"file://{store}?match=*.jsonl")
    space = workspace(tmp_path / "w")
    assert scanned(space, source) == 20
    add(store / "b.jsonl", lines(20, 30))
    add(store / "day=1" / "a.jsonl", lines(30, 35))
    assert scanned(space, source) == 35
    assert not list((space.root / "landing").rglob("[0-9]*.jsonl"))


def test_a_store_that_fsspec_alone_knows_is_read(tmp_path: Path) -> None:
    memory = pytest.importorskip("fsspec", reason="pip install fsspec").filesystem("memory")
    memory.pipe("/logs/a.jsonl", lines(0, 12))
    try:
        assert scanned(workspace(tmp_path / "w"), source_of("memory://logs")) == 12
    finally:
        memory.rm("/logs", recursive=True)


def test_a_cut_object_is_not_landed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    add(tmp_path / "store" / "a.jsonl", lines(0, 20))
    landing = Landing(tmp_path / "landing", source_of(f"file://{tmp_path}/store"))

    def fails(*_: object) -> None:
        raise OSError("connection reset")

    with monkeypatch.context() as patch:
        patch.setattr("shutil.copyfileobj", fails)
        with pytest.raises(SourceAway, match="broke off"):
            landing.look()
    assert landing.files() == []
    assert len(landed(Landing(tmp_path / "landing", landing.source))) == 20


def test_half_an_object_is_never_shown_though_another_takes_its_number(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = add(tmp_path / "store" / "a.jsonl", lines(0, 20))
    landing = Landing(tmp_path / "landing", source_of(f"file://{tmp_path}/store"))

    def half(_: object, file: BinaryIO, *__: object) -> None:
        file.write(b'{"half": ')
        raise OSError("connection reset")

    with monkeypatch.context() as patch:
        patch.setattr("shutil.copyfileobj", half)
        with pytest.raises(SourceAway):
            landing.look()
    first.rename(tmp_path / "store" / "b.jsonl")
    landing.look()
    again = Landing(tmp_path / "landing", landing.source)
    again.look()
    assert [path.read_bytes() for path in again.files()] == [lines(0, 20)]


def test_what_no_format_knows_stays_where_it_landed_until_somebody_looks(tmp_path: Path) -> None:
    add(tmp_path / "store" / "a.jsonl", b"hello\nthere\n")
    add(tmp_path / "store" / "b.jsonl", lines(0, 20))
    space = workspace(tmp_path / "w")
    assert scanned(space, source_of(f"file://{tmp_path}/store")) == 20
    (left,) = (space.root / "landing").rglob("[0-9]*.jsonl")
    assert left.read_bytes() == b"hello\nthere\n"


def test_a_full_disk_lands_nothing_of_a_delivery_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    add(tmp_path / "store" / "a.jsonl", lines(0, 20))
    landing = Landing(tmp_path / "landing", source_of(f"file://{tmp_path}/store"))

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    for step in ("shutil.copyfileobj", "os.fsync"):
        with monkeypatch.context() as patch:
            patch.setattr(step, full)
            with pytest.raises(DiskFull, match="no room left"):
                landing.look()
        assert landing.files() == []
    assert len(landed(Landing(tmp_path / "landing", landing.source))) == 20


def test_a_delta_table_is_read_at_its_newest_version_with_its_partitions(tmp_path: Path) -> None:
    lake = pytest.importorskip("deltalake", reason="pip install deltalake")
    rows = [
        {"at": NOW - dt.timedelta(hours=1), "prompt": f"what is {i}", "request": str(i), "region": "xy"[i % 2]}
        for i in range(30)
    ]
    place = tmp_path / "table"
    lake.write_deltalake(str(place), pa.Table.from_pylist(rows[:20]), partition_by=["region"])
    source = source_of(f"delta://{place}")
    landing = Landing(tmp_path / "landing", source)
    landing.look()
    tables = [pq.read_table(path) for path in landing.files()]
    assert {value for one in tables for value in one.column("region").to_pylist()} == {"x", "y"}
    space = workspace(tmp_path / "w")
    mapping = {"mapping": columns(tmp_path, "region")}
    assert scanned(space, source, **mapping) == 20
    lake.write_deltalake(str(place), pa.Table.from_pylist(rows[20:]), partition_by=["region"], mode="append")
    lake.DeltaTable(str(place)).optimize.compact()
    assert scanned(space, source, **mapping) == 30


def test_an_iceberg_table_is_read_by_its_metadata(tmp_path: Path) -> None:
    catalogs = pytest.importorskip("pyiceberg.catalog.memory", reason="pip install pyiceberg")
    catalog = catalogs.InMemoryCatalog("here", warehouse=f"file://{tmp_path}/lake")
    catalog.create_namespace("logs")
    rows = pa.table(
        {
            "at": pa.array([NOW - dt.timedelta(hours=1)] * 15, pa.timestamp("us", tz="UTC")),
            "prompt": [f"what is {i}" for i in range(15)],
            "request": [str(i) for i in range(15)],
        }
    )
    table = catalog.create_table("logs.calls", schema=rows.schema)
    table.append(rows)
    source = source_of("iceberg+" + table.metadata_location)
    assert scanned(workspace(tmp_path / "w"), source, mapping=columns(tmp_path)) == 15


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("amqp://host/queue", "expected an address that begins with kafka://"),
        ("kafka://host:9092", "expected kafka://broker:9092/topic"),
        ("valkey://host:6379/0", r"needs \?stream="),
        ("nats://host:4222", "expected nats://host:4222/STREAM"),
        ("postgresql://me:secret@host/base?table=t", r"needs \?order="),
        ("postgresql://me:secret@host/base?table=t&order=id&overlap=-3", "expected a whole number"),
        ("s3://bucket/place?glob=x", "no option 'glob'"),
        ("kafka://host:9092/topic?config=/no/such/file", "cannot be read"),
    ],
)
def test_an_address_that_cannot_be_read_is_said_without_its_password(address: str, said: str) -> None:
    with pytest.raises(SettingsError, match=said) as caught:
        source_of(address)
    assert "secret" not in str(caught.value)


def test_addresses_are_shown_without_passwords() -> None:
    assert public("postgresql://me:pw@host/base?table=t") == "postgresql://me@host/base?table=t"
    assert public("s3://host/x?secret_key=abc&match=*") == "s3://host/x?secret_key=...&match=*"
    assert source_of("valkey://:pw@host:6379/0?stream=calls").name == "valkey://host:6379/0?stream=calls"
