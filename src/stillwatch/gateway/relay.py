"""The gateway as an ASGI application: read what is asked, ask the policy, carry its ruling out, pass the answer on.

No framework, one pass, and the original bytes wherever no action changes them. A client that leaves takes its upstream request with it.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

import aiohttp

from stillwatch.gateway.answering import Ended, Hiding, Leaked, Withheld, hides, relay, relay_hidden
from stillwatch.gateway.capture import Capture
from stillwatch.gateway.counting import used_in
from stillwatch.gateway.holding import Guard
from stillwatch.gateway.judging import Judging, Passing
from stillwatch.gateway.marking import Marking
from stillwatch.gateway.metrics import Metrics
from stillwatch.gateway.options import Options
from stillwatch.gateway.reading import Gone, Upload, declared
from stillwatch.gateway.refusing import Refusal, leak_refusal, refusal, ruling_headers, unacceptable
from stillwatch.gateway.sampling import Sampling
from stillwatch.gateway.signatures import Binding
from stillwatch.gateway.tee import Tee
from stillwatch.gateway.upstream import Silent, Unreachable, Upstream
from stillwatch.gateway.who import Identities
from stillwatch.gateway.wire import TRACED, first, forward_headers
from stillwatch.policy import Dialect, Gate

if TYPE_CHECKING:
    from stillwatch.gateway.tracing import Tracing

__all__ = ["Gateway"]

_UNWATCHED = 0.025
"""Seconds for which nobody looks whether the client has left: a task for each request costs as much as the policy."""


class Gateway:
    """Stands before one upstream.

    Args:
        upstream: where requests go.
        gate: the policy.
        who: names callers.
        capture: where exchanges go for the next scan; `None` captures nothing.
        binding: what binds reasoning signatures to whom they were issued; `None` leaves them as they are.
        guard: what answers on hold are looked at with.
        marking: what marks requests; without it a mark of the policy that needs a key is counted as failed.
        sampling: what draws siblings for later audits; `None` draws none.
        tracing: where traces go; `None` makes none.
    """

    def __init__(
        self,
        upstream: Upstream,
        gate: Gate,
        who: Identities,
        *,
        options: Options | None = None,
        capture: Capture | None = None,
        binding: Binding | None = None,
        guard: Guard | None = None,
        marking: Marking | None = None,
        sampling: Sampling | None = None,
        metrics: Metrics | None = None,
        tracing: Tracing | None = None,
    ) -> None:
        self._upstream, self._capture, self._guard, self._tracing = upstream, capture, guard, tracing
        self._marking, self._sampling = marking, sampling
        self.options = options or Options()
        self.metrics = metrics or Metrics()
        self._judging = Judging(gate, who, options=self.options, metrics=self.metrics, binding=binding, marking=marking)

    def safeguards(self) -> dict[str, Any]:
        """What protects answers here, in words that another host's can be compared with; nothing secret, nothing of a caller."""
        options, binding, guard = self.options, self._judging.binding, self._guard
        policy = getattr(self._judging.gate, "policy", None)
        return {
            "policy": None if policy is None else policy.id,
            "engine_fields_stripped": options.strip,
            "reasons_visible": options.visible,
            "when_policy_fails": options.decide.value,
            "when_unreadable": options.unreadable.value,
            "when_not_hideable": options.hide.value,
            "signatures_bound_to": None if binding is None else binding.told,
            "protected_text": None if guard is None else guard.protected.digest,
            "translator": guard is not None and guard.translator is not None,
            "marks": self._marking is not None,
            "siblings": self._sampling is not None,
            "captured": self._capture is not None,
        }

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve one request, or the beginning and end of the server's life."""
        if scope["type"] == "http":
            self.metrics.underway += 1
            try:
                await self._serve(scope, receive, send)
            finally:
                self.metrics.underway -= 1
        elif scope["type"] == "lifespan":
            await self._live(receive, send)

    async def _live(self, receive: Any, send: Any) -> None:
        await receive()
        await self._upstream.start()
        if self._capture is not None:
            self._capture.start()
        if self._sampling is not None:
            await self._sampling.start()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self._upstream.stop()
        if self._capture is not None:
            await self._capture.stop()
        if self._sampling is not None:
            await self._sampling.stop()
        if self._marking is not None:
            await self._marking.stop()
        if self._tracing is not None:
            await asyncio.to_thread(self._tracing.stop)
        await send({"type": "lifespan.shutdown.complete"})

    async def _serve(self, scope: Any, receive: Any, send: Any) -> None:
        one = Passing(scope)
        if self._tracing is not None:
            one.trace = self._tracing.begin(one.method, one.route.answers, one.headers, one.at)
        try:
            said = await self._judging.ruled(one, receive)
            if said is None:
                await self._passed_on(one, receive, send)
            else:
                await self._answered(one, said, send)
        except Gone:
            self.metrics.cancelled += 1
        finally:
            self._judging.release(one)
            if one.trace is not None:
                one.trace.end(one.ruling, 499 if one.gone else one.status, finished=one.finished)

    async def _passed_on(self, one: Passing, receive: Any, send: Any) -> None:
        """Send the request on and its answer back, while watching whether the client is still there."""
        this = asyncio.current_task()
        assert this is not None  # noqa: S101 - an ASGI server calls from a task
        sent = self._body_on(one, receive)
        upload = sent if isinstance(sent, Upload) else None
        watch = _Watch(one, receive, this, upload)
        answer: aiohttp.ClientResponse | None = None
        said: Refusal | None = None
        try:
            if one.ruling.delay:
                await asyncio.sleep(one.ruling.delay)
            body = sent.pieces() if isinstance(sent, Upload) else sent
            answer = await self._upstream.send(one.method, one.raw_path, one.query, self._headers_on(one), body)
            one.status = answer.status
            if one.trace is not None:
                one.trace.answered(answer.status)
            one.request_id = answer.headers.get("x-request-id") or answer.headers.get("request-id")
            one.tee = Tee(self.options.capture_text, stream=answer.content_type == "text/event-stream")
            await self._answer(one, answer, send)
            one.finished = True
        except (Silent, aiohttp.SocketTimeoutError):
            said = refusal(one.dialect, 504, "upstream_timeout", "The model API did not answer in time.")
            self.metrics.stages[("upstream", "silent")] += 1
        except (Unreachable, aiohttp.ClientError):
            said = self._broken(one, upload)
        except Withheld:
            said = refusal(one.dialect, 502, "answer_withheld", "The answer could not be checked and is not passed on.")
            self.metrics.stages[("hide", "closed")] += 1
        except Leaked as leak:
            said = leak_refusal(one.dialect, one.ruling, visible=self.options.visible)
            self.metrics.stages[("leak", leak.why)] += 1
        except Ended as ended:
            self.metrics.stages[("leak", str(ended.__cause__))] += 1
        except asyncio.CancelledError:
            if not one.gone:
                raise
            this.uncancel()
            self.metrics.cancelled += 1
        finally:
            watch.end()
            if answer is not None and not one.finished:
                answer.close()
            self._settle(one)
        if said is not None and not one.begun and not one.gone:
            await self._answered(one, said, send, settle=False)

    def _broken(self, one: Passing, upload: Upload | None) -> Refusal | None:
        """What is said where no answer came: the fault of an upload, if it had one, and otherwise the upstream's."""
        fault = None if upload is None else upload.fault
        if isinstance(fault, Gone):
            one.gone = True
            self.metrics.cancelled += 1
            return None
        if fault is not None:
            return unacceptable(one.dialect, fault)
        self.metrics.stages[("upstream", "broken")] += 1
        return refusal(one.dialect, 502, "upstream_unreachable", "The model API could not be reached.")

    def _headers_on(self, one: Passing) -> list[tuple[str, str]]:
        dropped = self._judging.who.own_headers | one.spare
        if not one.packed:
            dropped |= {b"content-encoding"}
        if one.trace is not None:
            dropped |= TRACED
        headers = forward_headers(one.headers, identity=one.route.answers is not Dialect.OTHER, dropped=dropped)
        if one.dialect is Dialect.OTHER and (length := declared(one.headers)) is not None:
            headers.append(("content-length", str(length)))
        if one.ruling.mark is not None:
            headers.append(("x-stillwatch-mark", one.ruling.mark))
        if one.key is not None:
            headers.append(("x-stillwatch-key", one.key))
        if one.trace is not None:
            headers += one.trace.sent()
        return headers

    def _body_on(self, one: Passing, receive: Any) -> bytes | Upload | None:
        if one.dialect is not Dialect.OTHER:
            return one.body
        if not declared(one.headers) and first(one.headers, b"transfer-encoding") is None:
            return None
        return Upload(receive, limit=self.options.max_upload, seconds=self.options.body_seconds)

    async def _answer(self, one: Passing, answer: aiohttp.ClientResponse, send: Any) -> None:
        extra = ruling_headers(one.ruling, visible=self.options.visible)

        async def noted(message: Any) -> None:
            one.begun = True
            await send(message)

        if not hides(one):
            await relay(answer, noted, one.tee, extra)
            return
        coding = answer.headers.get("content-encoding", "")
        hiding = Hiding(
            one, kind=answer.content_type, coding=coding, options=self.options, metrics=self.metrics, guard=self._guard
        )
        await relay_hidden(answer, noted, extra, hiding)

    async def _answered(self, one: Passing, said: Refusal, send: Any, *, settle: bool = True) -> None:
        """Give an answer of our own."""
        one.status = said.status
        await send({"type": "http.response.start", "status": said.status, "headers": said.headers})
        await send({"type": "http.response.body", "body": said.body, "more_body": False})
        if settle:
            one.tee.add(said.body)
            one.finished = True
            self._settle(one)

    def _settle(self, one: Passing) -> None:
        """Count what it used, and keep it for the next scan."""
        self.metrics.answered(one.dialect, one.ruling, one.status)
        if one.asked is None:
            return
        if one.counts:
            self._judging.count(one, used_in(one.tee, at=time.time(), finished=one.finished))
        if self._capture is not None and one.dialect is not Dialect.OTHER:
            self._capture.keep(one.seen(self.options))
        if self._sampling is not None and one.ruling.siblings is not None:
            self._sampling.consider(one)


class _Watch:
    """Looks whether the client is still there, from the moment on at which the answer is not there yet: most short ones never need it."""

    __slots__ = ("_about", "_begins", "_looking")

    def __init__(self, one: Passing, receive: Any, relaying: asyncio.Task[Any], upload: Upload | None) -> None:
        self._about = (one, receive, relaying, upload)
        self._looking: asyncio.Task[None] | None = None
        self._begins = asyncio.get_running_loop().call_later(_UNWATCHED, self._begin)

    def _begin(self) -> None:
        self._looking = asyncio.create_task(_until_gone(*self._about))

    def end(self) -> None:
        """Look no longer."""
        self._begins.cancel()
        if self._looking is not None:
            self._looking.cancel()


async def _until_gone(one: Passing, receive: Any, relaying: asyncio.Task[Any], upload: Upload | None) -> None:
    """Cancel the relaying task as soon as the client has left. While an upload is read, that is for it to notice: two readers would
    take each other's pieces away."""
    if upload is not None:
        await upload.over.wait()
    while (await receive())["type"] != "http.disconnect":
        pass
    one.gone = True
    relaying.cancel()
