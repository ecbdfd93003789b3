"""A standing goes to many workers whole, and nobody without the key can forge it; against a real server where there is one."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from stillwatch.core import Error, FormatError, SettingsError
from stillwatch.policy import open_gate, read_standing, write_standing
from stillwatch.policy.valkey import Client, connect, fetch_standing, push_standing

from .made import AT, asked, row, standing

KEY = b"k" * 32


class Memory:
    """A server that keeps what it is given."""

    def __init__(self) -> None:
        self.values: dict[str, bytes] = {}

    def get(self, name: str) -> bytes | None:
        return self.values.get(name)

    def mset(self, values: dict[str, bytes]) -> object:
        self.values.update(values)
        return True


@pytest.fixture(params=["memory", "real"])
def client(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Client]:
    """A server of memory, and a real one."""
    if request.param == "memory":
        yield Memory()
        return
    pytest.importorskip("redis", reason="the client's library is not installed")
    server = shutil.which("valkey-server") or shutil.which("redis-server")
    if server is None:
        pytest.skip("no valkey-server or redis-server on this machine")
    socket = tmp_path / "s"
    words = [server, "--port", "0", "--unixsocket", str(socket), "--save", "", "--dir", str(tmp_path)]
    with subprocess.Popen(words, stdout=subprocess.DEVNULL) as running:
        for _ in range(200):
            if socket.exists():
                break
            time.sleep(0.05)
        yield connect(f"unix://{socket}")
        running.terminate()


def test_what_is_pushed_is_fetched_byte_for_byte_and_only_once(client: Client, tmp_path: Path) -> None:
    source, local = tmp_path / "a.arrow", tmp_path / "far" / "b.arrow"
    assert fetch_standing(client, local, KEY) is None
    write_standing(source, standing(row(5, proposed="throttle"), row(6, decided="block")))
    assert push_standing(client, source, KEY) == 1
    mark = fetch_standing(client, local, KEY)
    assert local.read_bytes() == source.read_bytes()
    before = local.stat().st_mtime_ns
    assert fetch_standing(client, local, KEY, known=mark) == mark
    assert local.stat().st_mtime_ns == before
    write_standing(source, standing(row(6, decided="block"), serial=2))
    push_standing(client, source, KEY)
    assert fetch_standing(client, local, KEY, known=mark) != mark
    assert read_standing(local).serial == 2


def test_a_forged_damaged_or_older_standing_leaves_the_local_one_as_it_is(client: Client, tmp_path: Path) -> None:
    source, local = tmp_path / "a.arrow", tmp_path / "b.arrow"
    write_standing(source, standing(row(6, decided="block"), serial=7))
    push_standing(client, source, KEY)
    fetch_standing(client, local, KEY)
    whole = local.read_bytes()
    write_standing(source, standing(serial=8))
    push_standing(client, source, b"x" * 32)
    with pytest.raises(FormatError, match="not written with this workspace's key"):
        fetch_standing(client, local, KEY)
    client.mset({"stillwatch:standing:body": b"", "stillwatch:standing:head": b"new"})
    with pytest.raises(FormatError):
        fetch_standing(client, local, KEY)
    write_standing(source, standing(serial=6, made=AT - 10))
    push_standing(client, source, KEY)
    with pytest.raises(FormatError, match="older than the local one"):
        fetch_standing(client, local, KEY)
    assert local.read_bytes() == whole


def test_a_damaged_local_file_is_replaced_by_what_was_pushed(tmp_path: Path) -> None:
    client, source, local = Memory(), tmp_path / "a.arrow", tmp_path / "b.arrow"
    write_standing(source, standing(row(6, decided="block"), serial=7))
    push_standing(client, source, KEY)
    local.write_bytes(b"half a st")
    fetch_standing(client, local, KEY)
    assert read_standing(local).serial == 7


def test_what_people_decided_before_the_first_scan_is_pushed_too(tmp_path: Path) -> None:
    client, source, local = Memory(), tmp_path / "a.arrow", tmp_path / "b.arrow"
    write_standing(source, standing(row(6, decided="block"), serial=1, made=None))
    push_standing(client, source, KEY)
    fetch_standing(client, local, KEY)
    assert (read_standing(local).serial, read_standing(local).made) == (1, None)


def test_a_fault_of_our_own_is_not_taken_for_a_server_that_is_down(tmp_path: Path) -> None:
    class Wrong(Memory):
        def get(self, name: str) -> bytes | None:
            raise TypeError("ours")

    with pytest.raises(TypeError):
        fetch_standing(Wrong(), tmp_path / "s", KEY)


def test_without_a_standing_nothing_is_pushed(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="no standing yet"):
        push_standing(Memory(), tmp_path / "none.arrow", KEY)


def test_a_server_that_is_down_is_said_without_its_address(tmp_path: Path) -> None:
    pytest.importorskip("redis", reason="the client's library is not installed")
    with pytest.raises(Error, match="no answer") as caught:
        fetch_standing(connect("redis://:hunter2@127.0.0.1:1/0"), tmp_path / "s", KEY)
    assert "hunter2" not in str(caught.value)
    with pytest.raises(SettingsError) as refused:
        connect("ftp://:hunter2@x")
    assert "hunter2" not in str(refused.value)


def test_a_gate_follows_what_is_pushed_and_says_when_the_server_is_down(client: Client, tmp_path: Path) -> None:
    source, local = tmp_path / "a.arrow", tmp_path / "b.arrow"
    down = [False]

    def fetch(known: bytes | None) -> bytes | None:
        if down[0]:
            raise Error("valkey: no answer")
        return fetch_standing(client, local, KEY, known=known)

    write_standing(source, standing(row(5, decided="block")))
    push_standing(client, source, KEY)
    watched = open_gate(None, local, fetch=fetch)
    assert watched.gate.decide(asked(5)).refused
    down[0] = True
    assert watched.refresh() != ()
    assert watched.wrong == {"fetching": "valkey: no answer"}
    assert watched.refresh() == ()
    down[0] = False
    write_standing(source, standing(row(6, decided="block"), serial=2))
    push_standing(client, source, KEY)
    watched.refresh()
    assert watched.wrong == {}
    assert [watched.gate.decide(asked(account)).refused for account in (5, 6)] == [False, True]
