"""A custodian on the network: real requests over a real socket, and whatever else comes in."""

from __future__ import annotations

import asyncio
import random
import socket
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn

from stillwatch.forum.tags import Custodian, Kind, NotProven, TagError, Tagged, read_reach, tag_values
from stillwatch.forum.tags.remote import asking, fetch_statements
from stillwatch.forum.tags.service import custodian_app
from stillwatch.forum.tags.tagging import begin
from stillwatch.forum.tags.wire import MOST_BYTES, encode

from .world import EPOCH, TODAY, World, world

MAILS = ["jane@example.org", "joe@example.org"]


@contextmanager
def served(custodian: Custodian, **options: float) -> Iterator[str]:
    """The custodian on a port of this machine."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        config = uvicorn.Config(custodian_app(custodian, **options), log_level="critical", lifespan="off")  # type: ignore[arg-type]
        server = uvicorn.Server(config)
        thread = threading.Thread(target=lambda: server.run(sockets=[listening]), daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.01)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        server.should_exit = True
        thread.join(10)


async def tagged(at: World, urls: dict[str, str], member: str, values: list[str]) -> Tagged:
    async with AsyncExitStack() as stack:
        asks = {n: await stack.enter_async_context(asking(url, at.tokens[n, member])) for n, url in urls.items()}
        return await tag_values(at.committee, asks, Kind.EMAIL, values, pauses=(0.05,))


def test_members_get_their_tags_from_two_servers_by_the_file_that_says_where_they_are(tmp_path: Path) -> None:
    at = world(tmp_path / "w")
    with served(at.custodians["north"]) as north, served(at.custodians["south"]) as south:
        one = asyncio.run(tagged(at, {"north": north, "south": south}, "lab-one", MAILS))
        published = asyncio.run(fetch_statements(north))
        (tmp_path / "pins.json").write_bytes(
            b"[" + b",".join((at.folder / n / "keys" / f"{EPOCH}.json").read_bytes() for n in at.custodians) + b"]"
        )
        lines = ['pins = "pins.json"']
        for name, url in (("north", north), ("south", south)):
            (tmp_path / name).write_text(at.tokens[name, "lab-two"] + "\n")
            (tmp_path / name).chmod(0o600)
            lines += [f"[custodians.{name}]", f'url = "{url}"', f'token_file = "{name}"']
        (tmp_path / "custodians.toml").write_text("\n".join(lines))
        reach = read_reach(tmp_path / "custodians.toml")
        two = asyncio.run(reach.tag(reach.committee(None, TODAY), Kind.EMAIL, MAILS))
    assert one.tags == two.tags
    assert b"2026-11-22" in published


def test_a_token_never_travels_in_clear() -> None:
    async def ask() -> None:
        async with asking("http://tags.example.org", "token"):
            raise AssertionError("was let through")

    with pytest.raises(TagError, match="expected https"):
        asyncio.run(ask())


def test_a_server_that_evaluates_under_another_key_is_caught(tmp_path: Path) -> None:
    at, other = world(tmp_path / "w"), world(tmp_path / "other")
    other.tokens = at.tokens
    (other.folder / "south" / "members.json").write_bytes((at.folder / "south" / "members.json").read_bytes())
    with (
        served(at.custodians["north"]) as north,
        served(other.custodians["south"]) as south,
        pytest.raises(NotProven, match="'south'"),
    ):
        asyncio.run(tagged(at, {"north": north, "south": south}, "lab-one", MAILS))


def test_every_refusal_has_its_status_and_a_body(tmp_path: Path) -> None:
    at = world(tmp_path)
    asked = encode(begin(at.committee, Kind.EMAIL, MAILS).asked)
    token = {"Authorization": f"Bearer {at.tokens['north', 'lab-one']}"}
    with served(at.custodians["north"]) as url, httpx.Client(base_url=url) as client:
        said = {
            200: client.post("/evaluate", content=asked, headers=token),
            401: client.post("/evaluate", content=asked),
            400: client.post("/evaluate", content=b"{", headers=token),
            404: client.get("/elsewhere"),
            405: client.get("/evaluate"),
            413: client.post("/evaluate", content=bytes(MOST_BYTES + 1), headers=token),
            422: client.post("/evaluate", content=asked[:-32] + bytes(32), headers=token),
            409: client.post("/evaluate", content=asked.replace(b"2026-11-22", b"2026-11-23"), headers=token),
        }
        usage = client.get("/usage", headers=token).json()
    assert {status: answer.status_code for status, answer in said.items()} == {status: status for status in said}
    assert all({"refusal", "message"} == answer.json().keys() for status, answer in said.items() if status != 200)
    assert usage[EPOCH]["email"]["today"] == 64


def test_what_is_half_sent_is_let_go_and_others_are_answered_meanwhile(tmp_path: Path) -> None:
    at = world(tmp_path)
    head = f"POST /evaluate HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {at.tokens['north', 'lab-one']}\r\nContent-Length: 500\r\n\r\nhalf"
    with served(at.custodians["north"], seconds_to_send=0.3) as url:
        port = int(url.rpartition(":")[2])
        slow = [socket.create_connection(("127.0.0.1", port)) for _ in range(4)]
        for one in slow:
            one.sendall(head.encode())
        gone = socket.create_connection(("127.0.0.1", port))
        gone.sendall(head.encode())
        gone.close()
        assert httpx.get(f"{url}/health").status_code == 200
        for one in slow:
            assert b" 408 " in one.recv(200)
            one.close()
        asked = encode(begin(at.committee, Kind.EMAIL, MAILS).asked)
        token = {"Authorization": f"Bearer {at.tokens['north', 'lab-one']}"}
        assert httpx.post(f"{url}/evaluate", content=asked, headers=token).status_code == 200


def test_one_member_cannot_keep_the_others_out(tmp_path: Path) -> None:
    at = world(tmp_path)
    asked = encode(begin(at.committee, Kind.EMAIL, MAILS).asked)
    head = f"POST /evaluate HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {at.tokens['north', 'lab-one']}\r\nContent-Length: 500\r\n\r\nhalf"
    with served(at.custodians["north"], of_one_member=3) as url:
        slow = [socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2]))) for _ in range(3)]
        for one in slow:
            one.sendall(head.encode())
        time.sleep(0.3)
        said = {
            member: httpx.post(
                f"{url}/evaluate", content=asked, headers={"Authorization": f"Bearer {at.tokens['north', member]}"}
            ).status_code
            for member in ("lab-one", "lab-two")
        }
        for one in slow:
            one.close()
    assert said == {"lab-one": 503, "lab-two": 200}


@pytest.mark.parametrize(("said", "most"), [(str(MOST_BYTES + 1), 0), ("", MOST_BYTES // 65_536 + 1)])
def test_a_body_beyond_the_bound_is_not_read_on(tmp_path: Path, said: str, most: int) -> None:
    at, read, sent = world(tmp_path), 0, list[Any]()

    async def receive() -> Any:
        nonlocal read
        read += 1
        return {"type": "http.request", "body": bytes(65_536), "more_body": read < 100}

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(b"authorization", f"Bearer {at.tokens['north', 'lab-one']}".encode())]
    headers += [(b"content-length", said.encode())] if said else []
    scope = {"type": "http", "method": "POST", "path": "/evaluate", "query_string": b"", "headers": headers}
    asyncio.run(custodian_app(at.custodians["north"])(scope, receive, send))
    assert sent[0]["status"] == 413
    assert read <= most


def test_no_more_batches_wait_than_there_is_room_for(tmp_path: Path) -> None:
    at = world(tmp_path)
    said: dict[str, int] = {}

    async def nothing() -> Any:
        await asyncio.sleep(30)

    async def ask() -> None:
        app = custodian_app(at.custodians["north"], at_once=1, waiting=1, seconds_to_send=1.0)

        async def one(member: str) -> None:
            async def send(message: Any) -> None:
                said[member] = said.get(member) or message["status"]

            headers = [(b"authorization", f"Bearer {at.tokens['north', member]}".encode())]
            scope = {"type": "http", "method": "POST", "path": "/evaluate", "query_string": b"", "headers": headers}
            await app(scope, nothing, send)

        first = [asyncio.create_task(one("lab-one")) for _ in range(2)]
        await asyncio.sleep(0.3)
        await one("lab-two")
        await asyncio.gather(*first)

    asyncio.run(ask())
    assert said == {"lab-one": 408, "lab-two": 503}


def test_random_bytes_and_changed_requests_never_break_a_server(tmp_path: Path) -> None:
    at = world(tmp_path)
    rng = random.Random(9)  # noqa: S311 - places of changes, no secret
    good = encode(begin(at.committee, Kind.EMAIL, MAILS).asked)
    token = {"Authorization": f"Bearer {at.tokens['north', 'lab-one']}"}
    with served(at.custodians["north"]) as url, httpx.Client(base_url=url) as client:
        seen = set()
        for _ in range(25):
            body = bytearray(good if rng.random() < 0.7 else rng.randbytes(rng.randrange(400)))
            for _ in range(rng.randrange(1, 6)):
                if body:
                    body[rng.randrange(len(body))] = rng.randrange(256)
            if rng.random() < 0.3:
                del body[rng.randrange(len(body) + 1) :]
            seen.add(client.post("/evaluate", content=bytes(body), headers=token).status_code)
        assert seen <= {200, 400, 409, 413, 422, 429}
        assert client.get("/health").status_code == 200


def test_a_ledger_that_cannot_be_written_is_an_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    at = world(tmp_path)
    north = at.custodians["north"]

    def locked(member: str, body: bytes) -> bytes:
        raise sqlite3.OperationalError("database is locked")

    monkeypatch.setattr(north, "answer", locked)

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app=custodian_app(north))
        async with httpx.AsyncClient(transport=transport, base_url="http://north") as client:
            return await client.post(
                "/evaluate", content=b"x", headers={"authorization": f"Bearer {at.tokens['north', 'lab-one']}"}
            )

    answer = asyncio.run(ask())
    assert answer.status_code == 503
    assert "locked" not in answer.text
