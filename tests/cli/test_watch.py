"""The watch, the doctor and back-ups at the command line: what they print, how they end, what their pages say."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from stillwatch.cli.watch_pages import served
from stillwatch.engine import Store, Workspace
from stillwatch.pipeline import Pulse, Round, Watcher

from .calling import Done, call
from .day import SMALL, day, key


def settings(folder: Path) -> Path:
    path = folder / "s.toml"
    path.write_text(SMALL)
    return path


def test_one_round_reads_detects_and_ends_and_the_next_finds_nothing_new(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    log, _ = day(tmp_path / "logs" / "day.jsonl"), key(Path("w"))
    words = ("watch", log.parent, "--workspace", "w", "--settings", settings(tmp_path), "--once")
    code, out, err = call(capsys, monkeypatch, *words)
    assert (code, err) == (0, "")
    assert " new, " in out
    assert "actors for review: X-" in out
    assert json.loads(Path("w/state/watch.json").read_bytes())["state"] == "ended"
    code, out, _ = call(capsys, monkeypatch, *words)
    assert (code, "actors for review" in out) == (0, False)
    code, out, _ = call(capsys, monkeypatch, "doctor", "w", "--json")
    assert code == 0
    assert {one["what"]: one["health"] for one in json.loads(out)}["watch"] == "well"


def test_a_source_is_named_by_its_address_and_no_password_of_it_is_told(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "store").mkdir()
    day(tmp_path / "store" / "day.jsonl")
    key(Path("w"))
    address = f"file://{tmp_path}/store?match=*.jsonl"
    words = ("--workspace", "w", "--settings", settings(tmp_path))
    monkeypatch.setattr(sys, "argv", ["stillwatch", "scan", "--source", "kafka://me:hush@host/topic"])
    code, _, err = call(capsys, monkeypatch, "scan", "--source", address, *words)
    assert (code, err) == (0, "")
    told = "".join(path.read_text("utf-8") for path in Path("w/reports").rglob("*.*"))
    assert "match=*.jsonl" in told
    assert "hush" not in told
    code, out, _ = call(capsys, monkeypatch, "watch", "--source", address, *words, "--once")
    assert (code, "actors for review" in out) == (0, False), "nothing is new"
    code, _, err = call(capsys, monkeypatch, "watch", "--workspace", "w")
    assert (code, "name log files or folders, or --source" in err) == (2, True)
    monkeypatch.setenv("STILLWATCH_SOURCE", "postgresql://me:hush@127.0.0.1:9/base?table=t")
    code, _, err = call(capsys, monkeypatch, "scan", "--workspace", "w")
    assert code == 2
    assert "needs ?order=" in err
    assert "hush" not in err


def test_what_a_gateway_keeps_is_read_as_soon_as_its_file_is_there(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("uvicorn", reason="the gateway needs its extra")
    from stillwatch.gateway.capture import Seen
    from stillwatch.gateway.capture_writer import Rolling

    inbox = Workspace(key(Path("w"))).root / "inbox"
    inbox.mkdir()
    rolling = Rolling(inbox, rows=3, seconds=60)
    for i in range(7):
        body = json.dumps({"model": "m", "messages": [{"role": "user", "content": f"question {i}"}]}).encode()
        kept = {
            "org": None,
            "credential": None,
            "ip": "192.0.2.1",
            "user_agent": "x/1",
            "response": b"{}",
            "status": 200,
        }
        named = {"path": "/v1/chat/completions", "account": "acme", "request_id": f"r-{i}"}
        rolling.add(Seen(at=1_790_000_000_000_000 + i, request=body, **named, **kept))  # type: ignore[arg-type]
    (inbox / ".gateway-open.parquet.part").write_bytes(b"PAR1 and no end")
    code, out, err = call(capsys, monkeypatch, "watch", inbox, "--workspace", "w", "--once")
    assert (code, err) == (0, "")
    assert " 6 new, 6 in all" in out, "the seventh is in the open file"
    rolling.close()
    _, out, _ = call(capsys, monkeypatch, "watch", inbox, "--workspace", "w", "--once")
    assert " 1 new, 7 in all" in out


@pytest.mark.parametrize(
    ("more", "told"),
    [(("--poll", "0"), "--poll must be above 0"), (("--settings", "none.toml"), "no such settings file")],
)
def test_what_cannot_be_asked_of_a_watch_is_said(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, more: tuple[str, ...], told: str
) -> None:
    code, _, err = call(capsys, monkeypatch, "watch", "logs", *more)
    assert code == 2
    assert told in err


def test_the_doctor_leaves_with_one_when_something_is_ill_and_says_what_to_do(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    code, out, err = call(capsys, monkeypatch, "doctor", "nowhere")
    assert (code, err) == (1, "")
    assert "not there" in out
    assert "stillwatch doctor FOLDER" in " ".join(out.split()).replace("│ │", "")


def test_a_back_up_is_made_checked_and_restored(
    done: Done, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    root = done[0].root
    code, out, _ = call(capsys, monkeypatch, "backup", "b", "--workspace", root, "--keys", "k")
    assert (code, "Keys and names in k" in out) == (0, True)
    code, out, _ = call(capsys, monkeypatch, "restore", "b", "--keys", "k", "--check")
    assert (code, out.count("each as it was written")) == (0, 2)
    code, out, _ = call(capsys, monkeypatch, "restore", "b", "--workspace", "w2")
    assert (code, "Put keys/ and vault/ back" in out) == (0, True)
    next(Path("b/tables/features").glob("*/*.parquet")).unlink()
    code, _, err = call(capsys, monkeypatch, "restore", "b", "--check")
    assert code == 2
    assert "No such file" in err


def ask(port: int, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_the_pages_tell_the_pulse_and_outlive_whoever_asks_badly() -> None:
    now = dt.datetime(2026, 11, 22, tzinfo=dt.UTC)
    pulse = [Pulse(at=now, state="watching", lag_seconds=12.5, fresh=7)]
    with served(lambda: pulse[0], "127.0.0.1", 0) as port:
        for bad in (b"\x00\xff\xfe\r\n\r\n", b"GET\r\n", b"POST /metrics HTTP/1.1\r\n\r\n", b"GET /" + b"a" * 70_000):
            with socket.create_connection(("127.0.0.1", port), timeout=10) as hostile:
                hostile.sendall(bad)
        half = socket.create_connection(("127.0.0.1", port), timeout=10)
        half.sendall(b"GET /metr")
        status, text = ask(port, "/metrics")
        assert status == 200
        assert "stillwatch_watch_lag_seconds 12.5\n" in text
        assert "stillwatch_watch_fresh_total 7\n" in text
        assert "findings_age" not in text, "unknown is left out, never zero"
        assert ask(port, "/health")[0] == 200
        pulse[0] = Pulse(at=now, state="behind", problem="no")
        assert ask(port, "/health")[0] == 503
        assert "stillwatch_watch_up 0" in ask(port, "/metrics")[1]
        assert ask(port, "/etc/passwd")[0] == 404
        half.close()


def until(condition: Callable[[], bool], seconds: float = 300.0) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.05)
    return False


@pytest.fixture
def running() -> Iterator[list[subprocess.Popen[str]]]:
    """Watches that a test starts; none outlives it."""
    started: list[subprocess.Popen[str]] = []
    yield started
    for one in started:
        one.kill()
        one.communicate()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)], ids=["SIGTERM", "Ctrl-C"])
def test_a_signal_whose_exception_is_lost_ends_the_watch_all_the_same(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, number: int, code: int
) -> None:
    """What is raised within a finaliser goes nowhere."""
    log, rounds = day(tmp_path / "logs" / "day.jsonl"), list[int]()
    real = Watcher.round

    def losing(self: Watcher) -> Round:
        rounds.append(1)
        assert len(rounds) < 3, "it goes on"
        with contextlib.suppress(BaseException):
            os.kill(os.getpid(), number)
        return real(self)

    monkeypatch.setattr(Watcher, "round", losing)
    asked = ["watch", str(log.parent), "--workspace", str(tmp_path / "w"), "--settings", str(settings(tmp_path))]
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # tests may run where nobody hears Ctrl-C
    try:
        assert call(capsys, monkeypatch, *asked, "--poll", "0.01")[0] == code
    finally:
        signal.signal(signal.SIGINT, before)
    assert len(rounds) == 1


@pytest.mark.slow
def test_a_running_watch_is_killed_goes_on_and_ends_by_sigterm_and_ctrl_c(
    tmp_path: Path, running: list[subprocess.Popen[str]]
) -> None:
    log = day(tmp_path / "logs" / "day.jsonl")
    whole = log.read_bytes().splitlines(keepends=True)
    log.write_bytes(b"".join(whole[:60]))
    program = [sys.executable, "-c", "from stillwatch.cli import main; main()", "watch", str(log.parent)]
    program += ["--workspace", str(tmp_path / "w"), "--settings", str(settings(tmp_path)), "--poll", "0.2"]

    def start() -> subprocess.Popen[str]:
        # A shell starts what runs in its background deaf to Ctrl-C, and the tests may be run so.
        hears = {"start_new_session": True, "preexec_fn": lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)}
        pipe = subprocess.PIPE
        running.append(subprocess.Popen(program, stdout=pipe, stderr=pipe, text=True, **hears))  # type: ignore[call-overload]
        return running[-1]

    def reads(count: int, one: subprocess.Popen[str]) -> bool:
        def rows() -> int:
            return Store(tmp_path / "w").manifest("features").rows

        return until(lambda: rows() == count or one.poll() is not None) and rows() == count

    first = start()
    assert reads(60, first)
    first.kill()
    first.communicate()
    with log.open("ab") as file:
        file.write(b"".join(whole[50:90]))  # ten of them came before
    second = start()
    assert reads(90, second)
    second.terminate()
    _, err = second.communicate(timeout=300)
    assert (second.returncode, err) == (0, "")
    third = start()
    lock = tmp_path / "w/state/lock"
    assert until(lambda: lock.read_text() == str(third.pid) or third.poll() is not None)
    third.send_signal(signal.SIGINT)
    _, err = third.communicate(timeout=300)
    assert (third.returncode, "everything committed is whole" in err) == (130, True)
    assert reads(90, third)
