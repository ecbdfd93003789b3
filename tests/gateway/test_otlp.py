"""Exchanges as OpenTelemetry spans: our own reader finds in them what Parquet holds, and a collector's moods cost no request."""

from __future__ import annotations

import asyncio
import gzip
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stillwatch.core import Pseudonymiser, SettingsError
from stillwatch.gateway.capture import Capture, Seen, checked_url
from stillwatch.gateway.capture_files import parquet_files
from stillwatch.gateway.capture_otlp import Collector, export, otlp_files
from stillwatch.gateway.capture_writer import Rolling, row
from stillwatch.ingest import plan, read_chunk

from .serving import KEY, played, says, scene
from .test_capture import ANSWER, ASKED, seen

CHAT = "/v1/chat/completions"
TOOLS = [{"type": "function", "function": {"name": "look_up"}}, {"type": "function", "function": {"name": "add"}}]
LONG = {
    "model": "m", "n": 2, "temperature": 0.25, "top_p": 0.5, "logprobs": True, "top_logprobs": 3, "logit_bias": {"7": 5}, "user": "u-1",
    "max_tokens": 9, "stream": False, "tools": TOOLS,
    "messages": [
        {"role": "system", "content": "be brief"}, {"role": "user", "content": "one"}, {"role": "assistant", "content": "two"},
        {"role": "user", "content": "three\u0000 \U0001f600"}, {"role": "assistant", "tool_calls": []}, {"role": "tool", "content": "4"},
    ],
}  # fmt: skip
TWO = {
    "id": "c-2", "usage": {"prompt_tokens": 30, "completion_tokens": 12, "completion_tokens_details": {"reasoning_tokens": 5}},
    "choices": [{"index": 0, "message": {"content": "a"}, "finish_reason": "length"}, {"index": 1, "message": {"content": "b"}}],
}  # fmt: skip
THOUGHT = {
    "model": "claude", "max_tokens": 50, "top_k": 4, "thinking": {"type": "enabled"},
    "messages": [
        {"role": "user", "content": "go on"},
        {"role": "assistant", "content": [{"type": "thinking", "thinking": "t", "signature": "old"}, {"type": "text", "text": "x"}]},
        {"role": "user", "content": "and now"},
    ],
}  # fmt: skip
SIGNED = {
    "id": "msg_1", "type": "message", "stop_reason": "end_turn", "usage": {"input_tokens": 8, "output_tokens": 6},
    "content": [{"type": "thinking", "thinking": "why", "signature": "new"}, {"type": "text", "text": "so"}],
}  # fmt: skip
REFUSED = {"id": "c-3", "choices": [{"message": {"refusal": "I cannot help with that."}, "finish_reason": "stop"}]}


def made(asked: Any, answered: Any, **more: Any) -> Seen:
    return seen(request=json.dumps(asked).encode(), response=json.dumps(answered).encode(), **more)


def read(folder: Path) -> list[dict[str, Any]]:
    """What a scan makes of a folder, without where it stood."""
    found = plan(sorted(folder.iterdir()))
    names = Pseudonymiser(KEY)
    rows = [one for chunk in found.chunks for one in read_chunk(chunk, names).batch.to_pylist()]
    return [{name: value for name, value in one.items() if name not in ("source", "line", "format")} for one in rows]


def both(tmp_path: Path, *some: Seen) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """(rows by way of Parquet, rows by way of spans)."""
    rows = [row(one) for one in some]
    for name, sink in (("parquet", parquet_files), ("spans", otlp_files)):
        (tmp_path / name).mkdir()
        sink(tmp_path / name)(rows)
    return read(tmp_path / "parquet"), read(tmp_path / "spans")


@pytest.mark.parametrize(
    "one",
    [
        made(ASKED, json.loads(ANSWER), request_id="r-1", org="o-1", credential="a" * 64),
        made(LONG, TWO, request_id="r-2", pathway="eu-gateway"),
        made(THOUGHT, SIGNED, path="/v1/messages", request_id="r-3"),
        made(ASKED, REFUSED, request_id="r-4"),
        made(ASKED, {"error": {"message": "no"}}, status=500, request_id="r-5"),
        made(ASKED, json.loads(ANSWER), status=499, cancelled=True, request_id="r-6"),
        made(LONG, TWO, zero=True, request_id="r-7"),
    ],
    ids=["plain", "everything asked for", "signatures", "refused", "an error", "cancelled", "zero retention"],
)
def test_spans_say_what_the_parquet_capture_says(tmp_path: Path, one: Seen) -> None:
    parquet, spans = both(tmp_path, one)
    assert len(parquet) == 1
    assert spans == parquet


def test_text_of_zero_retention_is_in_no_span() -> None:
    told = export([row(made(LONG, TWO, zero=True))]).decode()
    assert "stillwatch.retention_class" in told
    assert not any(text in told for text in ("be brief", "three", "two", "look_up"))


texts = st.text(st.characters(codec="utf-8", exclude_characters="\f"), min_size=1, max_size=20)
"""Without what stands between the answers of one exchange."""


@settings(max_examples=30)
@given(
    turns=st.lists(st.tuples(st.sampled_from(["user", "assistant", "system"]), texts), max_size=4),
    answers=st.lists(texts, min_size=1, max_size=3),
    thought=st.none() | texts,
    number=st.integers(0, 10**9),
)
def test_whatever_is_said_reads_back(
    tmp_path_factory: pytest.TempPathFactory,
    turns: list[tuple[str, str]],
    answers: list[str],
    thought: str | None,
    number: int,
) -> None:
    asked = {"model": "m", "messages": [{"role": role, "content": content} for role, content in turns]}
    said = [{"message": {"content": one, "reasoning_content": thought}, "finish_reason": "stop"} for one in answers]
    one = made(asked, {"choices": said, "usage": {"prompt_tokens": number}}, request_id=f"r-{number}")
    parquet, spans = both(tmp_path_factory.mktemp("said"), one)
    assert spans == parquet


def test_a_text_that_has_no_bytes_leaves_what_the_gateway_knows_itself() -> None:
    values = dict(zip(("at", "account"), row(seen()), strict=False))
    broken = tuple(
        "\ud800" if isinstance(value, str) and value == "acme" else value
        for value in row(seen(org="\ud800", account="a"))
    )
    with pytest.raises(UnicodeEncodeError):
        export([broken])
    half = tuple("\ud800" if value == "an answer" else value for value in row(seen()))
    (span,) = json.loads(export([half]))["resourceSpans"][0]["scopeSpans"][0]["spans"]
    said = {one["key"]: one["value"] for one in span["attributes"]}
    assert said["user.id"] == {"stringValue": values["account"]}
    assert "gen_ai.output.messages" not in said


class Playing(HTTPServer):
    """A collector that gives the answers it is told, the last one for good."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers: list[tuple[int, bytes]] = [(200, b"{}")]
        self.got: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: Playing
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = gzip.decompress(self.rfile.read(int(self.headers["content-length"])))
        status, said = self.server.answers[0] if len(self.server.answers) == 1 else self.server.answers.pop(0)
        if status == 200:
            self.server.got.append(json.loads(body))
        self.server.headers.append({name.lower(): value for name, value in self.headers.items()} | {"path": self.path})
        self.send_response(status)
        self.send_header("content-length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def collector() -> Iterator[Playing]:
    server = Playing()
    running = threading.Thread(target=server.serve_forever, args=(0.01,))
    running.start()
    yield server
    server.shutdown()
    running.join()
    server.server_close()


def test_a_collector_gets_what_went_by_under_the_account_that_was_ruled_on(tmp_path: Path, collector: Playing) -> None:
    async def scenario() -> None:
        capture = Capture(tmp_path / "inbox", otlp=collector.url, roll_seconds=0.1)
        async with scene(says(ANSWER), capture=capture) as at:
            await at.post(CHAT, ASKED)
            account = at.rules.asked[0].account
            while not capture.written:
                await asyncio.sleep(0.01)
        assert (capture.written, capture.dropped) == (1, 0)
        (tmp_path / "sent").mkdir()
        (tmp_path / "sent" / "spans.jsonl").write_text("".join(json.dumps(one) + "\n" for one in collector.got))
        (only,) = read(tmp_path / "sent")
        assert (only["account"], only["prompt"], only["output"], only["reasoning"]) == (
            account,
            "a question",
            "an answer",
            "a thought",
        )
        assert (only["pathway"], only["outcome"], only["max_tokens"]) == ("gateway", "ok", 7)
        assert not (tmp_path / "inbox").exists()
        assert "sk-test" not in json.dumps(collector.got)

    played(scenario)


def test_what_a_collector_rejects_counts_as_dropped_at_once(tmp_path: Path, collector: Playing) -> None:
    async def scenario() -> None:
        collector.answers = [(400, b"{}")]
        capture = Capture(tmp_path / "inbox", otlp=collector.url, roll_seconds=0.05)
        capture.start()
        capture.keep(seen())
        while not capture.dropped:
            await asyncio.sleep(0.01)
        assert (capture.written, capture.dropped, capture._unwritten) == (0, 1, 0)
        await capture.stop()

    played(scenario)


def test_a_collector_in_trouble_gets_it_again_and_what_it_will_never_take_is_counted(collector: Playing) -> None:
    collector.answers = [
        (503, b""),
        (200, b'{"partialSuccess":{"rejectedSpans":"1"}}'),
        (400, b"{}"),
        (307, b""),
        (200, b"no JSON"),
    ]
    taken: list[int] = []
    lost: list[int] = []
    sink = Collector(collector.url, said="x-key=a%20b")
    rolling = Rolling(sink, rows=100, seconds=60, written=taken.append, lost=lost.append)
    rolling.add(seen())
    rolling.add(seen(at=1_790_000_000_000_001))
    assert not rolling.close(), "it may take them later"
    assert rolling.close()
    assert (taken, lost) == ([1], [1])
    for _ in range(3):
        rolling.add(seen())
        assert rolling.close()
    sink.close()
    assert (taken, lost) == ([1, 1], [1, 1, 1])
    assert {(one["path"], one["x-key"], one["content-type"]) for one in collector.headers} == {
        ("/v1/traces", "a b", "application/json")
    }
    ids = [span["traceId"] for one in collector.got[:1] for span in one["resourceSpans"][0]["scopeSpans"][0]["spans"]]
    assert len(set(ids)) == 2, "what is sent again keeps its ids, and two exchanges have two"


def test_a_collector_that_is_gone_holds_nobody_up_and_every_loss_is_counted(tmp_path: Path) -> None:
    async def scenario() -> None:
        capture = Capture(tmp_path / "inbox", otlp="http://127.0.0.1:9", most_bytes=10_000, roll_seconds=0.05)
        async with scene(says(ANSWER), capture=capture) as at:
            for _ in range(3):
                assert (await at.post(CHAT, ASKED))[0] == 200
            await asyncio.sleep(0.3)  # nothing is awaited: several files are due by now, and none may count
            capture_before = capture.written
        assert (capture_before, capture.written, capture.dropped) == (0, 0, 3)

    played(scenario)


def test_a_folder_takes_files_that_only_their_owner_reads(tmp_path: Path) -> None:
    rolling = Rolling(otlp_files(tmp_path), rows=2, seconds=60)
    for number in range(3):
        rolling.add(seen(at=1_790_000_000_000_000 + number))
    rolling.close()
    files = sorted(tmp_path.iterdir())
    assert [path.suffix for path in files] == [".jsonl", ".jsonl"]
    assert all(path.stat().st_mode & 0o077 == 0 for path in files)
    assert len(read(tmp_path)) == 3


@pytest.mark.parametrize("url", ["ftp://x", "http://", "http://u:p@host", "https://host?x=1"])
def test_an_address_that_is_none_is_told(url: str) -> None:
    with pytest.raises(SettingsError):
        checked_url(url)
