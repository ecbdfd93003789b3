"""The command itself, in a process of its own: it starts, follows its policy, says how it is, and ends without breaking a stream."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from .serving import Model, aiohttp, listening, played, says, streams

POLICY = """
name = "test"
[people]
throttle = [{ requests = 30, window = "1m" }]
[standing]
missing = "observe"
[[rules]]
name = "one-answer"
match = { logprobs = true }
step = "clamp"
clamp = { logprobs = false, n = 1 }
[[tests]]
says = "logprobs are taken away"
asked = { logprobs = true }
expect = { step = "clamp" }
"""


@contextlib.asynccontextmanager
async def command(tmp_path: Path, model: Model, *more: str) -> AsyncIterator[tuple[str, str, Any]]:
    """(URL, URL of the operator's pages, process) of a running gateway."""
    async with listening(model) as behind:
        arguments = [
            "gateway",
            "--upstream",
            f"http://127.0.0.1:{behind}",
            "--workspace",
            str(tmp_path / "ws"),
            "--port",
            "0",
        ]
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", "from stillwatch.cli import main; main()", *arguments, "--admin-port", "0", *more,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        assert process.stdout is not None
        line = (await process.stdout.readline()).decode()
        assert line.startswith("Listening on "), line + (await process.communicate())[1].decode()
        url = "http://" + line.removeprefix("Listening on ").partition(",")[0]
        admin = "http://" + line.strip().removesuffix(".").rpartition(" ")[2]
        try:
            yield url, admin, process
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()


async def text(session: Any, url: str) -> tuple[int, str]:
    async with session.get(url) as answer:
        return answer.status, await answer.text()


@pytest.mark.slow
@pytest.mark.parametrize("server", ["uvicorn", "granian"])
def test_it_starts_carries_the_policy_out_and_drains(tmp_path: Path, server: str) -> None:
    pytest.importorskip(server, reason=f"the extra `{server}` is not installed")
    policy = tmp_path / "policy.toml"
    policy.write_text(POLICY)
    events = [b'data: {"choices":[{"index":0,"delta":{"content":"a"}}]}\n\n'] * 10

    async def scenario() -> None:
        model = Model(says(b"{}"))
        async with (
            command(tmp_path, model, "--policy", str(policy), "--server", server) as (url, admin, process),
            aiohttp.ClientSession() as session,
        ):
            async with session.post(url + "/v1/chat/completions", json={"n": 3, "logprobs": True}) as answer:
                assert (answer.status, answer.headers["x-stillwatch-rule"]) == (200, "one-answer")
                assert (answer.headers.get("server") == "granian") is (server == "granian"), "it is served by that one"
            assert model.heard[0].json == {"n": 1}
            assert await text(session, admin + "/health") == (200, "ok\n")
            assert await text(session, admin + "/ready") == (200, "ready\n")
            assert "stillwatch_standing_age_seconds" not in (await text(session, admin + "/metrics"))[1], (
                "there is none"
            )
            assert 'step="clamp"' in (await text(session, admin + "/metrics"))[1]
            assert json.loads((await text(session, admin + "/coverage"))[1])["covered"]["exchanges"] == {
                "openai_chat": 1
            }

            model.answer = streams(events, pace=0.1)
            async with session.post(url + "/v1/chat/completions", json={"stream": True}) as answer:
                await answer.content.readany()
                process.send_signal(signal.SIGTERM)
                await asyncio.sleep(0.3)
                assert await text(session, admin + "/ready") == (503, "draining\n")
                rest = await answer.read()
                assert rest.endswith(events[-1]), "the stream was broken off"
            assert await asyncio.wait_for(process.wait(), 45) == 0
            assert list((tmp_path / "ws" / "inbox").glob("*.parquet")), "what was captured is on the disk"

    played(scenario, seconds=90)


@pytest.mark.slow
def test_it_does_not_start_on_a_policy_that_cannot_be_used(tmp_path: Path) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text("rules = []\n")

    async def scenario() -> None:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", "from stillwatch.cli import main; main()", "gateway", "--upstream", "http://127.0.0.1:1",
            "--workspace", str(tmp_path / "ws"), "--policy", str(policy), stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        _, said = await process.communicate()
        assert process.returncode == 2
        assert b"policy" in said

    played(scenario, seconds=90)


def refused(space: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *more: str) -> str:
    """What a start says that is refused before anything is made; one that goes on ends the test at once, where it would serve for ever."""
    from stillwatch.cli import main

    arguments = ["gateway", "--upstream", "http://127.0.0.1:1", "--workspace", str(space), "--unsafe-observe-only"]
    monkeypatch.setattr("stillwatch.engine.Workspace", lambda _: pytest.fail("it goes on, and would serve"))
    monkeypatch.setattr(sys, "argv", ["stillwatch", *arguments, *more])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert not space.exists()
    return capsys.readouterr().err


@pytest.mark.parametrize(
    ("more", "told"), [(["--otlp", "spans", "--no-capture"], "--no-capture"), (["--otlp", "ftp://x"], "ftp://x")]
)
def test_spans_that_could_go_nowhere_are_told_at_the_start(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    more: list[str],
    told: str,
) -> None:
    assert told in refused(tmp_path / "ws", monkeypatch, capsys, *more)


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (["--tls-cert", "a.pem"], "come together"),
        (["--tls-key", "a.key"], "come together"),
        (["--client-ca", "a.pem"], "--client-ca needs --tls-cert"),
        (["--policy", "p.toml"], "without any"),
    ],
)
def test_options_that_contradict_each_other_are_told_before_anything_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], more: list[str], told: str
) -> None:
    assert told in refused(tmp_path / "ws", monkeypatch, capsys, *more)


@pytest.mark.parametrize(
    ("extra", "room", "gone", "more"),
    [
        ("granian", "serving_granian", ["granian", "granian.constants"], ["--server", "granian"]),
        ("gateway", "serving", ["uvicorn"], []),
        ("traces", "tracing", ["opentelemetry"], ["--traces", "http://127.0.0.1:1"]),
    ],
    ids=["granian", "gateway", "traces"],
)
def test_what_needs_an_extra_that_is_missing_is_told_with_the_extra_s_name(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    extra: str,
    room: str,
    gone: list[str],
    more: list[str],
) -> None:
    monkeypatch.delitem(sys.modules, f"stillwatch.gateway.{room}", raising=False)
    for name in gone:
        for loaded in [one for one in sys.modules if one.startswith(f"{name}.")]:
            monkeypatch.delitem(sys.modules, loaded)  # a part that another test loaded is found without its package
        monkeypatch.setitem(sys.modules, name, None)
    told = refused(tmp_path / "ws", monkeypatch, capsys, *more)
    assert f"stillwatch[{extra}]" in told
    assert "docs/operate.md" in told
