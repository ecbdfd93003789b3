"""What the gateway keeps: exchanges that a scan reads, within bounded memory, and nothing of those whose text may not be kept."""

from __future__ import annotations

import asyncio
import errno
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from stillwatch.core import Pseudonymiser
from stillwatch.gateway import capture as capture_module
from stillwatch.gateway.capture import Capture, Seen
from stillwatch.gateway.capture_writer import SCHEMA, Rolling, row
from stillwatch.gateway.coverage import coverage
from stillwatch.gateway.metrics import Metrics
from stillwatch.ingest import plan, read_chunk

from .serving import KEY, played, says, scene, streams

ASKED = {"model": "m", "messages": [{"role": "user", "content": "a question"}], "max_tokens": 7}
ANSWER = (
    b'{"id":"c-1","choices":[{"message":{"content":"an answer","reasoning_content":"a thought"},"finish_reason":"stop"}],'
    b'"usage":{"prompt_tokens":3,"completion_tokens":4}}'
)


def seen(**more: Any) -> Seen:
    plain: dict[str, Any] = {
        "at": 1_790_000_000_000_000, "path": "/v1/chat/completions", "account": "acme", "org": None, "credential": None, "ip": "192.0.2.1",
        "user_agent": "x/1", "status": 200, "request_id": None, "request": b"{}", "response": ANSWER,
    }  # fmt: skip
    return Seen(**{**plain, **more})


def exchanges(inbox: Path) -> list[dict[str, Any]]:
    """The rows that a scan makes of an inbox."""
    found = plan(sorted(inbox.glob("*.parquet")))
    names = Pseudonymiser(KEY)
    return [one for chunk in found.chunks for one in read_chunk(chunk, names).batch.to_pylist()]


def test_what_went_by_is_read_by_a_scan_under_the_account_that_was_ruled_on(tmp_path: Path) -> None:
    async def scenario() -> None:
        capture = Capture(tmp_path / "inbox")
        async with scene(says(ANSWER), capture=capture) as at:
            await at.post("/v1/chat/completions", ASKED)
            at.model.answer = streams(
                [b'data: {"choices":[{"index":0,"delta":{"content":"half"}}]}\n\n'] * 9, pace=0.05
            )
            async with at.session.post(at.url + "/v1/chat/completions", json={**ASKED, "stream": True}) as answer:
                await answer.content.readany()
                answer.close()
            await asyncio.sleep(0.2)
            account = at.rules.asked[0].account
        rows = sorted(exchanges(tmp_path / "inbox"), key=lambda one: one["at"])
        assert [one["outcome"] for one in rows] == ["ok", "cancelled"]
        first = rows[0]
        assert (first["account"], first["prompt"], first["output"], first["reasoning"]) == (
            account,
            "a question",
            "an answer",
            "a thought",
        )
        assert (first["input_tokens"], first["output_tokens"], first["max_tokens"], first["pathway"]) == (
            3,
            4,
            7,
            "gateway",
        )
        assert rows[1]["stream"] is True
        assert b"sk-test" not in b"".join(path.read_bytes() for path in (tmp_path / "inbox").iterdir())

    played(scenario)


def test_text_of_zero_retention_is_written_nowhere(tmp_path: Path) -> None:
    async def scenario() -> None:
        capture = Capture(tmp_path / "inbox")
        async with scene(says(ANSWER), capture=capture, account_header="x-account", zero=frozenset({"acme"})) as at:
            await at.post("/v1/chat/completions", ASKED, x_account="acme")
        (only,) = exchanges(tmp_path / "inbox")
        assert only["retention_class"] == "zero"
        assert (only["prompt"], only["output"], only["reasoning"]) == (None, None, None)
        assert (only["input_tokens"], only["output_tokens"]) == (3, 4)

    played(scenario)


@pytest.mark.parametrize("name", ["system", "prompt", "messages", "output", "reasoning", "tools"])
def test_no_column_of_text_survives_zero_retention(name: str) -> None:
    body = (
        b'{"messages":[{"role":"system","content":"s"},{"role":"user","content":"a"},{"role":"assistant","content":"b"},'
        b'{"role":"user","content":"c"}],"tools":[{"function":{"name":"f"}}]}'
    )
    at = SCHEMA.names.index(name)
    assert row(seen(request=body))[at]
    assert row(seen(request=body, zero=True))[at] is None


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b"[]", b'{"messages": 5, "usage": {"prompt_tokens": -3}}'])
def test_bodies_that_cannot_be_read_still_count_as_exchanges(tmp_path: Path, body: bytes) -> None:
    rolling = Rolling(tmp_path, rows=2, seconds=60)
    rolling.add(seen(request=body, response=body, status=400))
    rolling.close()
    (only,) = exchanges(tmp_path)
    assert (only["http_status"], only["outcome"]) == (400, "error")


def test_files_roll_by_rows_and_appear_whole(tmp_path: Path) -> None:
    rolling = Rolling(tmp_path, rows=2, seconds=60)
    for number in range(5):
        rolling.add(seen(at=1_790_000_000_000_000 + number))
    assert len(list(tmp_path.glob("*.parquet"))) == 2
    rolling.close()
    rolling.close()
    assert len(list(tmp_path.iterdir())) == 3
    assert all(path.stat().st_mode & 0o077 == 0 for path in tmp_path.iterdir())
    assert len(exchanges(tmp_path)) == 5


def test_memory_is_bounded_and_the_oldest_goes_first(tmp_path: Path) -> None:
    capture = Capture(tmp_path, most_bytes=10_000)
    for number in range(50):
        capture.keep(seen(request=b"x" * 1000, at=number))
    assert capture.waiting <= 10_000
    assert capture.dropped == 50 - len(capture._waiting)
    assert [one.at for one in capture._waiting] == list(range(capture.dropped, 50))


def test_a_writer_that_dies_is_started_again_and_what_it_took_with_it_is_counted(tmp_path: Path) -> None:
    async def scenario() -> None:
        capture = Capture(tmp_path)
        capture.start()
        capture.keep(seen())
        while not capture._unwritten:
            await asyncio.sleep(0.01)
        assert capture.written == 0, "what no file holds is not written yet"
        assert capture._writer is not None
        os.kill(capture._writer.pid, signal.SIGKILL)
        while not capture.dropped:
            await asyncio.sleep(0.01)
        capture.keep(seen(at=1_790_000_000_000_001))
        await capture.stop()
        assert (capture.written, capture.dropped) == (1, 1)
        assert len(exchanges(tmp_path)) == 1

    played(scenario)


def test_writers_that_die_one_after_another_are_given_up_and_every_loss_is_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(capture_module, "_TRIES", 2)
    monkeypatch.setattr(capture_module, "_PAUSE", 0.001)

    async def scenario() -> None:
        faults: list[object] = []
        asyncio.get_running_loop().set_exception_handler(lambda _loop, fault: faults.append(fault))
        capture = Capture(tmp_path)
        capture._command = ["/bin/sh", "-c", "read -r _; exit 3"]
        capture.start()
        kept = 0
        while not capture._given_up:
            capture.keep(seen(request=b"\n"))
            kept += 1
            await asyncio.sleep(0.005)
        capture.keep(seen())
        await asyncio.sleep(0.01)
        assert (capture.written, capture.dropped, capture.waiting) == (0, kept + 1, 0)
        assert capture._writer is None
        assert faults == []
        await capture.stop()

    played(scenario)


def test_a_full_disk_loses_nothing_that_it_took_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[int] = []
    rolling = Rolling(tmp_path, rows=2, seconds=60, written=told.append)

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("pyarrow.parquet.write_table", full)
        for number in range(3):
            rolling.add(seen(at=1_790_000_000_000_000 + number))
        assert not rolling.close()
        assert rolling.full, "nothing more is read from the pipe"
        assert told == []
        assert list(tmp_path.iterdir()) == []
    assert rolling.close()
    assert told == [3]
    assert len(exchanges(tmp_path)) == 3


def test_a_file_is_closed_when_it_holds_enough_bytes(tmp_path: Path) -> None:
    rolling = Rolling(tmp_path, rows=1000, seconds=60, most_bytes=100_000)
    for _ in range(5):
        rolling.add(seen(request=b"x" * 50_000))
    assert len(list(tmp_path.glob("*.parquet"))) == 2


def test_whatever_a_caller_can_make_long_counts_while_it_waits(tmp_path: Path) -> None:
    capture = Capture(tmp_path, most_bytes=100_000)
    for _ in range(20):
        capture.keep(seen(path="/v1/messages" + "x" * 20_000, response=b""))
    assert capture.waiting <= 100_000
    assert len(capture._waiting) < 5


def test_what_bypasses_the_gateway_is_uncovered_never_clean() -> None:
    metrics = Metrics()
    metrics.uncovered["batch"] += 3
    told = {one["pathway"]: one["calls_passed_through"] for one in coverage(metrics, None, "gateway")["uncovered"]}
    assert told["batch"] == 3
    assert {"realtime", "files", "partner clouds"} <= told.keys()
