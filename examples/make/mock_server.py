"""A mock of four model APIs that writes down every exchange as it went over the wire.

Speaks OpenAI chat completions and Responses, Anthropic Messages and Gemini generateContent, plain and as server-sent events. Answers come
from `scenes.py`; ids, times and token counts are counted, not random, so the same calls give the same captures.

    python mock_server.py --port 18080 --captures DIR

writes DIR/openai_chat.jsonl and so on. Listens on the loopback address only.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import threading
import time
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from mock_anthropic import AnthropicMessages
from mock_gemini import GeminiGenerate
from mock_openai import OpenAIChat, OpenAIResponses
from mock_pieces import SALT, iso, made_up, text_of
from scenes import CALLERS, Scene, answer_to

__all__ = ["MockServer", "fault", "redact", "serve"]

START = datetime(2026, 10, 5, 8, 0, 0, tzinfo=UTC)
UPSTREAM = {
    "openai_chat": "api.openai.com",
    "openai_responses": "api.openai.com",
    "anthropic_messages": "api.anthropic.com",
    "gemini_generate": "generativelanguage.googleapis.com",
}
UNKNOWN = Scene(name="unknown", caller="anchor", ask="", answer="I have nothing prepared for that question.")


def redact(header: str, value: str) -> str:
    """Replace an API key by its last four characters, or by a digest where the provider's own pages do so."""
    if header == "authorization":
        return "Bearer sk-..." + value[-4:]
    if header == "x-api-key":
        return "sk-ant-..." + value[-4:]
    if header == "x-goog-api-key":
        return "sha256:" + hashlib.sha256(value.encode()).hexdigest()[:16]
    return value


def question(api: str, body: dict[str, Any]) -> str:
    """The last thing a person asked, from which the scene is found."""
    if api == "openai_responses":
        given = body["input"]
        if isinstance(given, str):
            return given
        turns = [i for i in given if i.get("role") == "user"]
    elif api == "gemini_generate":
        turns = [
            c for c in body["contents"] if c.get("role", "user") == "user" and any("text" in p for p in c["parts"])
        ]
        return text_of(turns[-1]["parts"]) if turns else ""
    else:
        turns = [m for m in body["messages"] if m["role"] == "user" and text_of(m["content"])]
    return text_of(turns[-1]["content"]) if turns else ""


def fault(api: str, status: int, request_id: str) -> dict[str, Any]:
    """An error body in the provider's shape."""
    if api.startswith("openai"):
        if status == 429:
            message = "Rate limit reached for requests per min (RPM): Limit 3, Used 3, Requested 1."
            return {"error": {"message": message, "type": "requests", "param": None, "code": "rate_limit_exceeded"}}
        message = "The server had an error while processing your request. Sorry about that!"
        return {"error": {"message": message, "type": "server_error", "param": None, "code": None}}
    if api == "anthropic_messages":
        kind, text = (
            ("rate_limit_error", "Number of requests has exceeded your rate limit.")
            if status == 429
            else ("api_error", "Internal server error")
        )
        return {"type": "error", "error": {"type": kind, "message": text}, "request_id": request_id}
    name, text = (
        ("RESOURCE_EXHAUSTED", "Resource has been exhausted (e.g. check quota).")
        if status == 429
        else ("INTERNAL", "An internal error has occurred.")
    )
    return {"error": {"code": status, "message": text, "status": name}}


class MockServer(ThreadingHTTPServer):
    """The server with its counted clock and its capture files."""

    daemon_threads = True

    def __init__(self, port: int, captures: Path | None) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.captures = captures
        self.counts: dict[str, int] = {}
        self.written: dict[str, int] = {}
        self.writing = threading.Lock()

    def next_number(self, api: str) -> int:
        """Count the calls of one API from 1."""
        self.counts[api] = self.counts.get(api, 0) + 1
        return self.counts[api]

    def settle(self, api: str) -> None:
        """Wait until every counted call of one API is written down: an answer reaches its caller before its capture reaches the file."""
        for _ in range(500):
            if self.written.get(api, 0) == self.counts.get(api, 0):
                return
            time.sleep(0.02)
        raise TimeoutError(f"{api}: {self.written.get(api, 0)} captures of {self.counts.get(api, 0)} calls")

    def record(self, api: str, capture: dict[str, Any]) -> None:
        """Append one capture to the API's file."""
        if self.captures is None:
            return
        with self.writing, (self.captures / f"{api}.jsonl").open("a", encoding="utf-8") as out:
            out.write(json.dumps(capture, ensure_ascii=False) + "\n")
            out.flush()
            self.written[api] = self.written.get(api, 0) + 1


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    server: MockServer

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Say nothing."""

    def _api(self) -> str | None:
        path = self.path.split("?")[0]
        if path.endswith("/chat/completions"):
            return "openai_chat"
        if path.endswith("/responses"):
            return "openai_responses"
        if path.endswith("/messages"):
            return "anthropic_messages"
        if "enerateContent" in path:
            return "gemini_generate"
        return None

    def do_POST(self) -> None:
        """Answer one call and write it down."""
        raw = self.rfile.read(int(self.headers.get("content-length", 0)))
        api = self._api()
        if api is None:
            self._send(404, b"{}", {})
            return
        if self.server.captures is not None:
            self.server.settle(api)
        number = self.server.next_number(api)
        body = json.loads(raw)
        scene = answer_to(question(api, body)) or UNKNOWN
        started = START + timedelta(seconds=37 * number, milliseconds=(number * 211) % 1000)
        request_id = {"o": "req_" + made_up(api, number, 32), "a": "req_011" + made_up(api, number, 20)}.get(api[0], "")
        headers = {"content-type": "application/json", "date": started.strftime("%a, %d %b %Y %H:%M:%S GMT")}
        if api.startswith("openai"):
            headers |= {
                "x-request-id": request_id,
                "openai-organization": self._org(),
                "openai-processing-ms": str(300 + number),
                "openai-version": "2020-10-01",
            }
        elif api == "anthropic_messages":
            headers |= {"request-id": request_id, "anthropic-organization-id": self._org()}
        status = scene.status
        if status != 200:
            if status == 429:
                headers["retry-after"] = "20"
            out = fault(api, status, request_id)
            self._send(status, json.dumps(out).encode(), headers)
            self._record(api, number, started, 0.2, raw, body, status, headers, out)
            return
        created = int(started.timestamp())
        if api == "openai_chat":
            reply: Any = OpenAIChat(body, scene, number, created)
        elif api == "openai_responses":
            reply = OpenAIResponses(body, scene, number, created)
        elif api == "anthropic_messages":
            reply = AnthropicMessages(body, scene, number, created)
        else:
            reply = GeminiGenerate(body, scene, number, created, self.path.split("/")[-1].split(":")[0])
        if body.get("stream") or "stream" in self.path.split("/")[-1]:
            headers["content-type"] = "text/event-stream; charset=utf-8"
            cut_after = 3 if scene.cut_after and api == "gemini_generate" else scene.cut_after
            sent = self._stream(list(reply.pieces()), headers, cut_after)
            if scene.cut_after and api == "anthropic_messages":
                sent[-1] = sent[-1][:41]
            kept: Any = sent if number % 2 else "".join(sent)
            self._record(api, number, started, 0.3 + 0.02 * len(sent), raw, body, 200, headers, kept)
            return
        out = reply.whole()
        text = json.dumps(out, ensure_ascii=False)
        self._send(200, text.encode(), headers)
        self._record(
            api, number, started, 0.4 + 0.002 * len(text), raw, body, 200, headers, text if number % 5 == 0 else out
        )

    def _org(self) -> str:
        given = self.headers.get("authorization") or self.headers.get("x-api-key") or ""
        return next((c.org for c in CALLERS.values() if given.endswith(c.key)), "org-unknown")

    def _send(self, status: int, data: bytes, headers: dict[str, str]) -> None:
        self.send_response_only(status)
        for key, value in headers.items():
            self.send_header(key, value)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _stream(self, pieces: list[str], headers: dict[str, str], cut_after: int | None) -> list[str]:
        """Send events; where the caller is to go away half-way, wait until it has."""
        self.close_connection = True
        self.send_response_only(200)
        for key, value in headers.items():
            self.send_header(key, value)
        self.send_header("connection", "close")
        self.end_headers()
        pieces = pieces if cut_after is None else pieces[:cut_after]
        with contextlib.suppress(OSError):
            for piece in pieces:
                self.wfile.write(piece.encode())
                self.wfile.flush()
            if cut_after is not None:
                self.connection.settimeout(10)
                self.connection.recv(1)
        return pieces

    def _record(
        self,
        api: str,
        number: int,
        started: datetime,
        took: float,
        raw: bytes,
        body: Any,
        status: int,
        headers: dict[str, str],
        out: Any,
    ) -> None:
        sent = {k.lower(): v for k, v in self.headers.items()}
        client: dict[str, Any] = {"ip": sent.pop("x-forwarded-for", "127.0.0.1"), "user_agent": sent.get("user-agent")}
        if "x-ja4" in sent:
            client["ja4"] = sent.pop("x-ja4")
        sent["host"] = UPSTREAM[api]
        for name in ("authorization", "x-api-key", "x-goog-api-key"):
            if name in sent:
                sent[name] = redact(name, sent[name])
        request = {
            "method": "POST",
            "path": self.path,
            "headers": sent,
            "body": raw.decode() if number % 4 == 0 else body,
        }
        capture = {
            "started_at": iso(started),
            "ended_at": iso(started + timedelta(seconds=round(took, 3))),
            "client": client,
        }
        self.server.record(
            api, capture | {"request": request, "response": {"status": status, "headers": headers, "body": out}}
        )


def serve(port: int, captures: Path | None, salt: str = "") -> MockServer:
    """Start the server in a thread of this process."""
    SALT[0] = salt
    server = MockServer(port, captures)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def main() -> None:
    """Run until interrupted."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--port", type=int, default=18080)
    parser.add_argument("--captures", type=Path, default=None)
    given = parser.parse_args()
    if given.captures:
        given.captures.mkdir(parents=True, exist_ok=True)
    MockServer(given.port, given.captures).serve_forever()


if __name__ == "__main__":
    main()
