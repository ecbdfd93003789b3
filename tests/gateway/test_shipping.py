"""Captures travel whole, once, and only under the workspace's key; against a real server where there is one."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from stillwatch.core import Error
from stillwatch.gateway.shipping import STREAM, send, take_in
from stillwatch.policy import connect

KEY = b"k" * 32


class Memory:
    """A server that keeps a stream as Valkey does: a piece that was given to a reader comes again until it is finished."""

    def __init__(self) -> None:
        self.pieces: dict[bytes, dict[bytes, bytes]] = {}
        self.given: dict[bytes, str] = {}
        self.count = 0
        self.down = False

    def _up(self) -> None:
        if self.down:
            raise OSError("no route to secret-host")

    def xlen(self, name: str) -> int:
        self._up()
        return len(self.pieces)

    def xadd(self, name: str, fields: dict[str, bytes]) -> object:
        self._up()
        self.count += 1
        self.pieces[f"{self.count}-0".encode()] = {k.encode(): v for k, v in fields.items()}
        return None

    def xgroup_create(self, name: str, groupname: str, begin: str, mkstream: bool, /) -> object:
        self._up()
        return True

    def xreadgroup(self, groupname: str, consumername: str, streams: dict[str, str], count: int) -> Any:
        self._up()
        fresh = streams[STREAM] == ">"
        chosen = [n for n in self.pieces if (n not in self.given if fresh else self.given.get(n) == consumername)][
            :count
        ]
        self.given.update(dict.fromkeys(chosen, consumername))
        return [[STREAM.encode(), [(n, self.pieces[n]) for n in chosen]]]

    def xack(self, name: str, groupname: str, *ids: bytes) -> object:
        return [self.given.pop(one, None) for one in ids]

    def xdel(self, name: str, *ids: bytes) -> object:
        return [self.pieces.pop(one, None) for one in ids]


@pytest.fixture(params=["memory", "real"])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:
    """A server of memory, and a real one."""
    if request.param == "memory":
        yield Memory()
        return
    pytest.importorskip("redis", reason="the client's library is not installed")
    binary = shutil.which("valkey-server") or shutil.which("redis-server")
    if binary is None:
        pytest.skip("no valkey-server or redis-server on this machine")
    socket = tmp_path / "s"
    words = [binary, "--port", "0", "--unixsocket", str(socket), "--save", "", "--dir", str(tmp_path)]
    with subprocess.Popen(words, stdout=subprocess.DEVNULL) as running:
        for _ in range(400):
            if socket.exists():
                break
            time.sleep(0.05)
        yield connect(f"unix://{socket}")
        running.terminate()


def captured(inbox: Path, count: int) -> dict[str, bytes]:
    inbox.mkdir()
    made = {f"gateway-20261122T23000{n}-7-00000{n}.parquet": bytes([n]) * 1000 for n in range(count)}
    for name, data in made.items():
        (inbox / name).write_bytes(data)
    (inbox / ".gateway-open.parquet.part").write_bytes(b"open")
    return made


def held(inbox: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in inbox.glob("gateway-*")}


def test_every_closed_file_arrives_as_it_was_and_leaves_the_spool(server: Any, tmp_path: Path) -> None:
    made = captured(tmp_path / "near", 9)
    assert send(server, tmp_path / "near", KEY) == 9
    assert [path.name for path in (tmp_path / "near").iterdir()] == [".gateway-open.parquet.part"]
    assert take_in(server, tmp_path / "far", KEY, reader="a") == (9, 0)
    assert held(tmp_path / "far") == made
    assert take_in(server, tmp_path / "far", KEY, reader="a") == (0, 0)
    assert server.xlen(STREAM) == 0


def test_a_receiver_that_dies_gets_what_it_had_not_finished_again(server: Any, tmp_path: Path) -> None:
    made = captured(tmp_path / "near", 3)
    send(server, tmp_path / "near", KEY)
    assert take_in(server, tmp_path / "none", KEY, reader="b") == (3, 0)
    for path in (tmp_path / "none").iterdir():
        (tmp_path / "near" / path.name).write_bytes(path.read_bytes())
    send(server, tmp_path / "near", KEY)
    server.xreadgroup("scan", "a", {STREAM: ">"}, 10)  # given, and then the receiver is gone
    assert take_in(server, tmp_path / "far", KEY, reader="other") == (0, 0)
    assert take_in(server, tmp_path / "far", KEY, reader="a") == (3, 0)
    assert held(tmp_path / "far") == made


@pytest.mark.parametrize("name", ["../../etc/cron.d/x", "gateway-..-x.csv", "gateway-/x.parquet", ""])
def test_what_another_key_or_hand_wrote_is_not_taken_in(tmp_path: Path, name: str) -> None:
    server = Memory()
    captured(tmp_path / "near", 2)
    send(server, tmp_path / "near", b"x" * 32)
    server.xadd(STREAM, {"name": name.encode(), "data": b"d", "mac": b""})
    server.xadd(STREAM, {"other": b"fields"})
    assert take_in(server, tmp_path / "far", KEY, reader="a") == (0, 4)
    assert held(tmp_path / "far") == {}
    assert server.pieces == {}, "it would be refused again for ever"


def test_a_name_that_leads_elsewhere_is_refused_under_the_right_key_too(tmp_path: Path) -> None:
    server, near = Memory(), tmp_path / "near"
    near.mkdir()
    (near / "gateway-a b.parquet").write_bytes(b"x")
    send(server, near, KEY)
    assert take_in(server, tmp_path / "far", KEY, reader="a") == (0, 1)


def test_a_server_that_is_away_loses_nothing_and_its_address_is_not_told(tmp_path: Path) -> None:
    server = Memory()
    made = captured(tmp_path / "near", 2)
    server.down = True
    with pytest.raises(Error) as said:
        send(server, tmp_path / "near", KEY)
    assert "secret-host" not in str(said.value)
    assert held(tmp_path / "near") == made


def test_a_server_that_is_full_leaves_the_rest_in_the_spool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stillwatch.gateway.shipping._MOST_WAITING", 2)
    captured(tmp_path / "near", 5)
    assert send(Memory(), tmp_path / "near", KEY) == 2
    assert len(held(tmp_path / "near")) == 3
