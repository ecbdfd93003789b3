"""The policy within an ASGI server, as vLLM's: `--middleware stillwatch.gateway.middleware.Stillwatch`.

Settings come from the environment: STILLWATCH_WORKSPACE (whose key names accounts), STILLWATCH_POLICY (file of rules; without it the
policy that Stillwatch ships), STILLWATCH_ACCOUNT_HEADER. Requests are judged, refused and edited as by the gateway, and answers lose
what is to be hidden; nothing is captured. The policy's files are looked at again every few seconds, between requests.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

from stillwatch.gateway.answering import Tee
from stillwatch.gateway.counting import used_in
from stillwatch.gateway.hiding import EventTooLong, StreamHider, Unhideable, hidden
from stillwatch.gateway.judging import Judging, Passing
from stillwatch.gateway.metrics import Metrics
from stillwatch.gateway.options import Fail, Options
from stillwatch.gateway.reading import Gone
from stillwatch.gateway.refusing import refusal, ruling_headers
from stillwatch.gateway.who import Identities
from stillwatch.gateway.wire import first
from stillwatch.policy import Dialect, Gate, Hide

__all__ = ["Stillwatch"]

_REFRESH = 5.0
_VOUCHING = frozenset((b"content-length", b"etag", b"content-md5", b"digest", b"content-digest"))


class Stillwatch:
    """Wraps an ASGI application that speaks one or more of the dialects.

    Args:
        app: the application.
        gate, who: policy and names; both from the environment where they are left out.

    Raises:
        SettingsError, WorkspaceError: when policy or workspace cannot be used: the server does not start.
    """

    def __init__(
        self, app: Any, gate: Gate | None = None, who: Identities | None = None, *, options: Options | None = None
    ) -> None:
        self._app = app
        self._refresh: Any = None
        self._next = 0.0
        self.metrics = Metrics()
        self.options = options or Options()
        if gate is None:
            gate, self._refresh = _followed()
        self._judging = Judging(gate, who or _identities(), options=self.options, metrics=self.metrics)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve one request; what is not HTTP is the application's own."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        self._follow()
        one = Passing(scope, self._judging.who)
        if one.dialect is Dialect.OTHER:
            await self._app(scope, receive, send)
            return
        try:
            said = await self._judging.ruled(one, receive)
        except Gone:
            return
        if said is None:
            await self._within(one, scope, receive, send)
            return
        self.metrics.answered(one.dialect, one.ruling, said.status)
        await send({"type": "http.response.start", "status": said.status, "headers": said.headers})
        await send({"type": "http.response.body", "body": said.body})

    def _follow(self) -> None:
        now = time.monotonic()
        if self._refresh is not None and now >= self._next:
            self._next = now + _REFRESH
            self._refresh()

    async def _within(self, one: Passing, scope: Any, receive: Any, send: Any) -> None:
        answer = _Answer(one, send, self.options, self.metrics)
        given = False

        async def replayed() -> Any:
            nonlocal given
            if given:
                return await receive()
            given = True
            return {"type": "http.request", "body": one.body, "more_body": False}

        headers = [
            (name, value)
            for name, value in one.headers
            if name != b"content-length" and (one.packed or name != b"content-encoding")
        ]
        headers.append((b"content-length", str(len(one.body)).encode()))
        try:
            await self._app({**scope, "headers": headers}, replayed, answer.send)
            one.finished = answer.ended
        finally:
            self.metrics.answered(one.dialect, one.ruling, one.status)
            head, tail = one.tee.ends()
            events = one.tee.events if one.tee.stream else None
            self._judging.count(one, used_in(head, tail, at=time.time(), finished=one.finished, events=events))


class _Answer:
    """An answer of the application on its way out. One that must be edited whole is held until it is."""

    def __init__(self, one: Passing, send: Any, options: Options, metrics: Metrics) -> None:
        self._one, self._send, self._options, self._metrics = one, send, options, metrics
        ruling = one.ruling
        self._logprobs = ruling.clamp is not None and ruling.clamp.drop_logprobs
        self._hides = ruling.hide is not Hide.NOTHING or self._logprobs
        self._stream: StreamHider | None = None
        self._start: Any = None
        self._held: list[bytes] = []
        self.ended = False

    async def send(self, message: Any) -> None:
        """Take one message of the application."""
        if message["type"] == "http.response.start":
            await self._begin(message)
        elif message["type"] == "http.response.body" and not self.ended:
            await self._body(message.get("body", b""), last=not message.get("more_body", False))

    async def _begin(self, message: Any) -> None:
        one = self._one
        one.status = message["status"]
        headers = [(bytes(name).lower(), bytes(value)) for name, value in message.get("headers", ())]
        kind = first(headers, b"content-type") or b""
        streams = kind.startswith(b"text/event-stream")
        one.tee = Tee(self._options.capture_text, stream=streams)
        if self._hides:
            headers = [(name, value) for name, value in headers if name not in _VOUCHING]
        headers += ruling_headers(one.ruling, visible=self._options.visible)
        self._start = {**message, "headers": headers}
        if self._hides and streams:
            self._stream = StreamHider(one.dialect, one.ruling.hide, logprobs=self._logprobs)
        if self._stream is not None or not self._hides:
            await self._send(self._start)

    async def _body(self, piece: bytes, *, last: bool) -> None:
        self._one.tee.add(piece)
        self.ended = last
        if self._stream is not None:
            await self._streamed(self._stream, piece, last=last)
        elif not self._hides:
            await self._send({"type": "http.response.body", "body": piece, "more_body": not last})
        else:
            self._held.append(piece)
            if last:
                await self._whole(b"".join(self._held))

    async def _streamed(self, stream: StreamHider, piece: bytes, *, last: bool) -> None:
        try:
            passed = stream.feed(piece) + (stream.finish() if last else b"")
        except EventTooLong:
            self._metrics.stages[("hide", "closed")] += 1
            passed, last, self.ended = b"", True, True
        if passed or last:
            await self._send({"type": "http.response.body", "body": passed, "more_body": not last})

    async def _whole(self, body: bytes) -> None:
        one = self._one
        start = self._start
        try:
            passed = hidden(one.dialect, body, one.ruling.hide, logprobs=self._logprobs) if body else body
        except Unhideable:
            closed = one.status < 400 and self._options.hide is Fail.CLOSED
            passed = body
            if closed:
                self._metrics.stages[("hide", "closed")] += 1
                said = refusal(
                    one.dialect, 502, "answer_withheld", "The answer could not be checked and is not passed on."
                )
                start, passed = {**start, "status": 502, "headers": said.headers}, said.body
        headers = [pair for pair in start["headers"] if pair[0] != b"content-length"]
        headers.append((b"content-length", str(len(passed)).encode()))
        await self._send({**start, "headers": headers})
        await self._send({"type": "http.response.body", "body": passed})


def _identities() -> Identities:
    from stillwatch.engine import Workspace

    workspace = Workspace(Path(os.environ.get("STILLWATCH_WORKSPACE", "stillwatch-workspace")))
    return Identities(workspace.names, account_header=os.environ.get("STILLWATCH_ACCOUNT_HEADER"))


def _followed() -> tuple[Gate, Any]:
    from stillwatch.policy import open_gate

    workspace = Path(os.environ.get("STILLWATCH_WORKSPACE", "stillwatch-workspace"))
    policy = os.environ.get("STILLWATCH_POLICY")
    watched = open_gate(Path(policy) if policy else None, workspace / "standing" / "standing.arrow")
    return watched.gate, watched.refresh
