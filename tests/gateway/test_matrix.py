"""The rows of the fault matrix that concern policy, store and half-closed connections, over HTTP with the policy that ships."""

from __future__ import annotations

import asyncio
import json
import shutil
import time
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

import stillwatch.policy
from stillwatch.core import Pseudonymiser
from stillwatch.core.errors import Error
from stillwatch.engine import table
from stillwatch.gateway.who import stand_in
from stillwatch.ingest import account_id
from stillwatch.policy import Standing, Watched, open_gate, write_standing

from .serving import KEY, Scene, aiohttp, played, says, scene, streams

pytest.importorskip("cel_expr_python", reason="rules with conditions need the extra `gateway`")
pytestmark = pytest.mark.usefixtures("server")

CHAT = "/v1/chat/completions"
SHIPPED = Path(stillwatch.policy.__file__).parent / "default.toml"
BLOCKED, PROPOSED, FREE = "sk-blocked-0123456789", "sk-proposed-0123456789", "sk-free-0123456789"
ASKED = {"model": "m", "n": 4, "logprobs": True, "messages": []}
DAY = 86_400.0


def stand(path: Path, *, age: float, serial: int = 1) -> None:
    """A standing of one account that a person blocked and one that the machine clamps, concluded `age` seconds ago."""
    names, made = Pseudonymiser(KEY), time.time() - age
    told: dict[str, dict[str, Any]] = {
        BLOCKED: {"proposed": "allow", "decided": "block", "appeal": "C-0000000000001/1"},
        PROPOSED: {"proposed": "clamp", "evidence": 30, "kinds": 1},
    }
    rows: list[dict[str, Any]] = [
        {"account": names.name("account", account_id(stand_in(key))), "kinds": 1, "ticket": 7, "reasons": [], "purposes": [], **row}
        for key, row in told.items()
    ]  # fmt: skip
    seen = pa.scalar(int(made * 1e6), pa.timestamp("us", tz="UTC")).as_py()
    rows = [{**dict.fromkeys(table("standing").schema.names), **row, "seen": seen} for row in rows]
    rows.sort(key=lambda row: row["account"])
    write_standing(
        path, Standing(rows=pa.Table.from_pylist(rows, schema=table("standing").schema), serial=serial, made=made)
    )


async def met(at: Scene) -> dict[str, tuple[int, str]]:
    """(status, step) of each of the three callers now."""
    said = {}
    for name, key in (("blocked", BLOCKED), ("proposed", PROPOSED), ("free", FREE)):
        status, headers, _ = await at.post(CHAT, ASKED, authorization=f"Bearer {key}")
        said[name] = (status, headers.get("x-stillwatch-step", "-"))
    return said


IN_FORCE = {"blocked": (403, "block"), "proposed": (200, "clamp"), "free": (200, "-")}


def follow(folder: Path, **more: Any) -> Watched:
    policy = folder / "policy.toml"
    shutil.copy(SHIPPED, policy)
    return open_gate(policy, folder / "standing.arrow", **more)


def test_a_pipeline_that_is_down_ends_the_machine_s_steps_and_no_person_s(tmp_path: Path) -> None:
    async def scenario() -> None:
        stand(tmp_path / "standing.arrow", age=60)
        watched = follow(tmp_path)
        async with scene(says(b"{}"), rules=watched.gate) as at:
            assert await met(at) == IN_FORCE
            stand(tmp_path / "standing.arrow", age=3 * DAY, serial=2)
            watched.refresh()
            assert await met(at) == {**IN_FORCE, "proposed": (200, "-")}

    played(scenario)


def test_a_store_that_is_down_leaves_the_file_in_force(tmp_path: Path) -> None:
    def gone(known: bytes | None) -> bytes | None:
        raise Error("the server of the standing cannot be reached")

    async def scenario() -> None:
        stand(tmp_path / "standing.arrow", age=60)
        watched = follow(tmp_path, fetch=gone)
        async with scene(says(b"{}"), rules=watched.gate) as at:
            said = watched.refresh()
            assert await met(at) == IN_FORCE
            assert any("cannot be reached" in one for one in (*said, *watched.wrong.values()))

    played(scenario)


@pytest.mark.parametrize("broken", ["rules = nonsense", "", 'name = "x"\n[people]\nthrottle = []\n'])
def test_a_policy_that_becomes_invalid_leaves_the_one_before_in_force(tmp_path: Path, broken: str) -> None:
    async def scenario() -> None:
        stand(tmp_path / "standing.arrow", age=60)
        watched = follow(tmp_path)
        async with scene(says(b"{}"), rules=watched.gate) as at:
            (tmp_path / "policy.toml").write_text(broken)
            watched.refresh()
            assert await met(at) == IN_FORCE
            assert "policy" in watched.wrong

    played(scenario)


def test_a_standing_that_is_damaged_leaves_the_one_before_in_force(tmp_path: Path) -> None:
    async def scenario() -> None:
        path = tmp_path / "standing.arrow"
        stand(path, age=60)
        watched = follow(tmp_path)
        async with scene(says(b"{}"), rules=watched.gate) as at:
            path.write_bytes(path.read_bytes()[:200])
            watched.refresh()
            assert await met(at) == IN_FORCE
            assert "standing" in watched.wrong

    played(scenario)


def test_a_body_that_is_no_utf_8_is_told_so_and_goes_no_further() -> None:
    async def scenario() -> None:
        async with scene(says(b"{}")) as at:
            for body in (b'{"model": "\xff\xfe"}', b'{"model": "a\xc3"}', "{}".encode("utf-16")):
                status, _, said = await at.post(CHAT, body)
                assert (status, json.loads(said)["error"]["code"]) == (400, "invalid_json")
            assert at.model.heard == []

    played(scenario)


def test_a_client_that_closes_its_half_after_asking_is_taken_to_have_left() -> None:
    async def scenario() -> None:
        async with scene(streams([b"data: {}\n\n"] * 500, pace=0.01)) as at:
            reader, writer = await asyncio.open_connection("127.0.0.1", at.port)
            writer.write(b"POST /v1/messages HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}")
            await reader.readuntil(b"data: {}\n\n")
            writer.write_eof()
            await asyncio.wait_for(at.model.heard[0].gone.wait(), 5)
            writer.close()
            while at.gateway.metrics.underway:
                await asyncio.sleep(0.01)
            assert at.gateway.metrics.cancelled == 1

    played(scenario)


def test_an_upstream_that_closes_within_a_whole_answer_is_no_whole_answer() -> None:
    async def halved(_heard: Any, send: Any) -> None:
        headers = [(b"content-type", b"application/json"), (b"content-length", b"100")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b'{"choices": [', "more_body": True})

    async def scenario() -> None:
        async with scene(halved) as at:
            with pytest.raises(aiohttp.ClientPayloadError):
                await at.post(CHAT, {})
            assert at.gateway.metrics.stages[("upstream", "broken")] == 1

    played(scenario)
