"""The policy within an ASGI server, as vLLM's: `--middleware stillwatch.gateway.middleware.Stillwatch`.

Settings come from the environment: STILLWATCH_WORKSPACE (whose key names accounts), STILLWATCH_POLICY (file of rules; without it the
policy that Stillwatch ships), STILLWATCH_ACCOUNT_HEADER. Requests are judged, refused and edited as by the gateway, and answers lose
what is to be hidden; nothing is captured. Every path is judged but those by which a server is asked how it is. The policy's files are
looked at again every few seconds, in a thread beside the requests.
"""

from __future__ import annotations

import asyncio
import logging
import os
import time
from pathlib import Path
from typing import Any

from stillwatch.gateway.answering import Hiding, Leaked, Withheld, hides
from stillwatch.gateway.counting import used_in
from stillwatch.gateway.holding import Guard, Holding
from stillwatch.gateway.judging import Judging, Passing
from stillwatch.gateway.marking import Marking
from stillwatch.gateway.metrics import Metrics
from stillwatch.gateway.options import Options
from stillwatch.gateway.reading import Gone
from stillwatch.gateway.refusing import leak_refusal, refusal, ruling_headers
from stillwatch.gateway.tee import Tee
from stillwatch.gateway.who import Identities
from stillwatch.gateway.wire import MARK, VOUCHING, Headers, first
from stillwatch.policy import Dialect, Gate

__all__ = ["Stillwatch"]

_log = logging.getLogger(__name__)
_REFRESH = 5.0
_PROBES = frozenset(("/health", "/ping", "/metrics"))
"""Paths by which a server is asked how it is: a standing that cannot be trusted must not look like a server that is down."""


class Stillwatch:
    """Wraps an ASGI application that speaks one or more of the dialects.

    Args:
        app: the application.
        gate, who: policy and names; both from the environment where they are left out.
        guard: what answers on hold are looked at with.
        marking: what marks requests.

    Raises:
        SettingsError, WorkspaceError: when policy or workspace cannot be used: the server does not start.
    """

    def __init__(
        self,
        app: Any,
        gate: Gate | None = None,
        who: Identities | None = None,
        *,
        options: Options | None = None,
        guard: Guard | None = None,
        marking: Marking | None = None,
    ) -> None:
        self._app, self._guard = app, guard
        self._refresh: Any = None
        self._next = 0.0
        self._following: asyncio.Task[None] | None = None
        self.metrics = Metrics()
        self.options = options or Options()
        if gate is None:
            gate, self._refresh = _followed()
        self._judging = Judging(gate, who or _identities(), options=self.options, metrics=self.metrics, marking=marking)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve one request; what is not HTTP is the application's own."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        self._follow()
        one = Passing(scope)
        if one.path in _PROBES:
            await self._app(scope, receive, send)
            return
        try:
            said = await self._judging.ruled(one, receive)
            if said is None:
                await self._within(one, scope, receive, send)
                return
        except (Gone, Withheld):
            return
        finally:
            self._judging.release(one)
        self.metrics.answered(one.dialect, one.ruling, said.status)
        await send({"type": "http.response.start", "status": said.status, "headers": said.headers})
        await send({"type": "http.response.body", "body": said.body})

    def _follow(self) -> None:
        now = time.monotonic()
        if self._refresh is not None and now >= self._next and (self._following is None or self._following.done()):
            self._next = now + _REFRESH
            self._following = asyncio.create_task(self._refreshed())

    async def _refreshed(self) -> None:
        try:
            await asyncio.to_thread(self._refresh)
        except Exception:
            _log.exception("what the policy follows could not be read again")

    async def _within(self, one: Passing, scope: Any, receive: Any, send: Any) -> None:
        answer = _Answer(one, send, self.options, self.metrics, self._guard)
        given = one.dialect is Dialect.OTHER

        async def replayed() -> Any:
            nonlocal given
            if given:
                return await receive()
            given = True
            return {"type": "http.request", "body": one.body, "more_body": False}

        try:
            await self._app({**scope, "headers": self._headers_within(one)}, replayed, answer.send)
            one.finished = answer.ended
        finally:
            answer.close()
            self.metrics.answered(one.dialect, one.ruling, one.status)
            self._judging.count(one, used_in(one.tee, at=time.time(), finished=one.finished))

    def _headers_within(self, one: Passing) -> Headers:
        """The headers for the application: without ours, whoever sent them, and true of the body that it gets."""
        gone = self._judging.who.own_headers | one.spare
        if not one.packed:
            gone |= {b"content-encoding"}
        read = one.dialect is not Dialect.OTHER
        if read:
            gone |= {b"content-length"}
        if hides(one):
            gone |= {b"accept-encoding"}
        headers = [(name, value) for name, value in one.headers if name not in gone and not name.startswith(MARK)]
        if read:
            headers.append((b"content-length", str(len(one.body)).encode()))
        if one.ruling.mark is not None:
            headers.append((b"x-stillwatch-mark", one.ruling.mark.encode("latin-1", "replace")))
        if one.key is not None:
            headers.append((b"x-stillwatch-key", one.key.encode()))
        return headers


class _Answer:
    """An answer of the application on its way out. One that must be edited whole is held until it is."""

    def __init__(self, one: Passing, send: Any, options: Options, metrics: Metrics, guard: Guard | None) -> None:
        self._one, self._send, self._options, self._metrics, self._guard = one, send, options, metrics, guard
        self._turn = asyncio.Lock()
        self._waiting: asyncio.Task[None] | None = None
        self._hiding: Hiding | None = None
        self._start: Any = None
        self._begun = False
        self.ended = False

    async def send(self, message: Any) -> None:
        """Take one message of the application.

        Raises:
            Withheld: when a stream that has begun cannot be read any further: it breaks off.
        """
        async with self._turn:
            await self._taken(message)

    async def _taken(self, message: Any) -> None:
        if self.ended:
            return
        try:
            if message["type"] == "http.response.start":
                await self._begin(message)
            elif message["type"] == "http.response.body":
                await self._body(message.get("body", b""), last=not message.get("more_body", False))
        except Withheld:
            self.ended = True
            self._metrics.stages[("hide", "closed")] += 1
            if self._begun:
                raise
            await self._withhold()
        except Leaked as leak:
            await self._leaked(leak)

    async def _leaked(self, leak: Leaked) -> None:
        """End the answer; what the application still says of it goes nowhere."""
        self.ended = True
        self._metrics.stages[("leak", leak.why)] += 1
        hold = None if self._hiding is None else self._hiding.hold
        if self._begun and hold is not None:
            await self._send({"type": "http.response.body", "body": hold.ended(), "more_body": False})
            return
        said = leak_refusal(self._one.dialect, self._one.ruling, visible=self._options.visible)
        self._one.status = said.status
        await self._send({"type": "http.response.start", "status": said.status, "headers": said.headers})
        await self._send({"type": "http.response.body", "body": said.body})

    def close(self) -> None:
        """The application is done with the answer, one way or another."""
        if self._waiting is not None:
            self._waiting.cancel()

    async def _released(self, seconds: float) -> None:
        """Let go of what is on hold when it has waited long enough, though the application says nothing more."""
        await asyncio.sleep(seconds)
        async with self._turn:
            hold = None if self._hiding is None else self._hiding.hold
            if self.ended or hold is None or hold.patience is None:
                return
            try:
                await self._passed(await hold.release(), last=False)
            except Leaked as leak:
                await self._leaked(leak)

    async def _begin(self, message: Any) -> None:
        one = self._one
        one.status = message["status"]
        headers = [(bytes(name).lower(), bytes(value)) for name, value in message.get("headers", ())]
        kind = (first(headers, b"content-type") or b"").decode("latin-1")
        one.tee = Tee(self._options.capture_text, stream=kind.startswith("text/event-stream"))
        if hides(one):
            coding = (first(headers, b"content-encoding") or b"").decode("latin-1")
            self._hiding = Hiding(
                one, kind=kind, coding=coding, options=self._options, metrics=self._metrics, guard=self._guard
            )
            headers = [pair for pair in headers if pair[0] not in VOUCHING]
        headers = [pair for pair in headers if not pair[0].startswith(MARK)]
        headers += ruling_headers(one.ruling, visible=self._options.visible)
        self._start = {**message, "headers": headers}
        if self._hiding is None or self._hiding.streams:
            await self._started()

    async def _started(self) -> None:
        self._begun = True
        await self._send(self._start)

    async def _body(self, piece: bytes, *, last: bool) -> None:
        hiding = self._hiding
        if hiding is None:
            self._one.tee.add(piece)
            await self._passed(piece, last=last)
            return
        for passed in hiding.feed(piece):
            if passed:
                await self._passed(passed, last=False)
        if hiding.hold is not None and hiding.streams and not last:
            await self._held(hiding.hold)
        if last:
            rest = await hiding.finish()
            if not hiding.streams:
                self._start["headers"].append((b"content-length", str(len(rest)).encode()))
                await self._started()
            await self._passed(rest, last=True)

    async def _held(self, hold: Holding) -> None:
        if hold.patience == 0.0:
            await self._passed(await hold.release(), last=False)
        if self._waiting is not None and (hold.patience is None or self._waiting.done()):
            self._waiting.cancel()
            self._waiting = None
        if hold.patience is not None and self._waiting is None:
            self._waiting = asyncio.create_task(self._released(hold.patience))

    async def _passed(self, piece: bytes, *, last: bool) -> None:
        self.ended = last
        await self._send({"type": "http.response.body", "body": piece, "more_body": not last})

    async def _withhold(self) -> None:
        said = refusal(
            self._one.dialect, 502, "answer_withheld", "The answer could not be checked and is not passed on."
        )
        self._one.status = said.status
        await self._send({"type": "http.response.start", "status": said.status, "headers": said.headers})
        await self._send({"type": "http.response.body", "body": said.body})


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
