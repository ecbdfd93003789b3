"""The gateway as an ASGI application: read what is asked, ask the policy, carry its ruling out, pass the answer on.

No framework, one pass, and the original bytes wherever no action changes them. A client that leaves takes its upstream request with it.
"""

from __future__ import annotations

import asyncio
import logging
import time
from typing import Any

import aiohttp

from stillwatch.gateway.answering import Tee, Withheld, relay, relay_hidden
from stillwatch.gateway.asking import Body, Unreadable, read_body
from stillwatch.gateway.capture import Capture, Seen
from stillwatch.gateway.counting import used_in
from stillwatch.gateway.editing import edited
from stillwatch.gateway.hiding import Seal
from stillwatch.gateway.metrics import Metrics
from stillwatch.gateway.options import Fail, Options
from stillwatch.gateway.protocol import OVERSIZED
from stillwatch.gateway.reading import (
    Broken,
    Gone,
    HeadersTooLarge,
    TooLarge,
    TooSlow,
    UnknownCoding,
    declared,
    plain_body,
    streamed,
    whole_body,
)
from stillwatch.gateway.refusing import Refusal, refusal, ruling_headers, ruling_refusal
from stillwatch.gateway.signatures import Binding, Foreign
from stillwatch.gateway.upstream import Silent, Unreachable, Upstream
from stillwatch.gateway.who import Identities, Who, trusted_address
from stillwatch.gateway.wire import Headers, dialect_of, first, forward_headers, model_in, uncovered
from stillwatch.policy import Asked, Dialect, Gate, Hide, Ruling, Step, Used

__all__ = ["Gateway"]

_log = logging.getLogger(__name__)
_NOTHING = Body()
_LET_THROUGH = Ruling(step=Step.ALLOW, code="policy_failed_open")


class Gateway:
    """Stands before one upstream.

    Args:
        upstream: where requests go.
        gate: the policy.
        who: names callers.
        capture: where exchanges go for the next scan; `None` captures nothing.
        binding: what binds reasoning signatures to whom they were issued; `None` leaves them as they are.
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
        metrics: Metrics | None = None,
    ) -> None:
        self._upstream, self._gate, self._who, self._capture = upstream, gate, who, capture
        self._binding = binding
        self.options = options or Options()
        self.metrics = metrics or Metrics()

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
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self._upstream.stop()
        if self._capture is not None:
            await self._capture.stop()
        await send({"type": "lifespan.shutdown.complete"})

    async def _serve(self, scope: Any, receive: Any, send: Any) -> None:
        one = _Passing(scope, self._who)
        try:
            if "extensions" in scope and OVERSIZED in scope["extensions"]:
                raise HeadersTooLarge
            said = await self._ruled(one, receive)
            if said is None:
                await self._passed_on(one, receive, send)
                return
        except Gone:
            self.metrics.cancelled += 1
            return
        except HeadersTooLarge:
            said = refusal(
                one.dialect, 431, "headers_too_large", "The request headers are larger than this gateway accepts."
            )
            said.headers.append((b"connection", b"close"))
        except TooLarge:
            said = refusal(
                one.dialect, 413, "request_too_large", "The request body is larger than this gateway accepts."
            )
            said.headers.append((b"connection", b"close"))
        except TooSlow:
            said = refusal(one.dialect, 408, "request_timeout", "The request body did not arrive in time.")
            said.headers.append((b"connection", b"close"))
        except UnknownCoding:
            said = refusal(
                one.dialect, 415, "unsupported_encoding", "Send the body plain, or packed with gzip or deflate."
            )
        except Foreign:
            self.metrics.stages[("signature", "closed")] += 1
            said = refusal(
                one.dialect, 400, "foreign_reasoning", "A reasoning signature in this request was not issued for it."
            )
        except (Broken, Unreadable):
            said = refusal(one.dialect, 400, "invalid_json", "The request body is not a JSON object in UTF-8.")
        await self._answered(one, said, send)

    async def _ruled(self, one: _Passing, receive: Any) -> Refusal | None:
        """Read the request and ask the policy; a refusal, or `None` when the request goes on."""
        options, asked_by = self.options, one.who
        body = _NOTHING
        if one.dialect is Dialect.OTHER:
            if (pathway := uncovered(one.path)) is not None:
                self.metrics.uncovered[pathway] += 1
            if (declared(one.headers) or 0) > options.max_upload:
                raise TooLarge
        else:
            one.body = await whole_body(receive, one.headers, limit=options.max_body, seconds=options.body_seconds)
            one.plain = plain_body(one.body, one.headers, limit=options.max_body)
            try:
                body = read_body(one.dialect, one.plain, streams=":stream" in one.path.lower())
            except Unreadable:
                self.metrics.stages[("unreadable", options.unreadable.value)] += 1
                if options.unreadable is Fail.CLOSED:
                    raise
                one.readable = False
        one.asked = asked = body.asked(
            at=one.at,
            account=asked_by.account,
            dialect=one.dialect,
            model_in_path=None if one.dialect is Dialect.OTHER else model_in(one.path),
            org=asked_by.org,
            pathway=options.pathway,
            end_user=None if body.end_user is None else self._who.end_user(body.end_user),
            body_bytes=len(one.body),
        )
        said = self._decided(one, asked)
        if said is None and one.readable and one.dialect is not Dialect.OTHER:
            self._edit(one, body)
        return said

    def _decided(self, one: _Passing, asked: Asked) -> Refusal | None:
        begun = time.perf_counter()
        try:
            one.ruling = self._gate.decide(asked)
        except Exception:
            way = self.options.decide
            self.metrics.stages[("decide", way.value)] += 1
            _log.exception("the policy could not decide", extra={"way": way.value})
            one.counts = False
            if way is Fail.CLOSED:
                return refusal(one.dialect, 503, "policy_unavailable", "The policy cannot be asked at the moment.")
            one.ruling = _LET_THROUGH
        ruling = one.ruling
        self.metrics.ruled(ruling, time.perf_counter() - begun)
        if ruling.refused:
            one.counts = False
            return ruling_refusal(one.dialect, ruling, visible=self.options.visible)
        return None

    def _edit(self, one: _Passing, body: Body) -> None:
        strip = body.engine if self.options.strip else ()
        ruling = one.ruling
        if self._binding is not None:
            model = body.model or model_in(one.path)
            plain = self._binding.opened(one.dialect, one.plain, one.who, model)
            one.seal = self._binding.sealer(one.dialect, plain, one.who, model)
            if plain is not one.plain:
                one.body, one.plain, one.packed = plain, plain, False
        if strip or ruling.clamp is not None or ruling.degrade is not None:
            plain = edited(one.dialect, one.plain, clamp=ruling.clamp, strip=strip, model=ruling.degrade)
            if plain is not one.plain:
                one.body, one.packed = plain, False
            for name in strip:
                self.metrics.stripped[name] += 1

    async def _passed_on(self, one: _Passing, receive: Any, send: Any) -> None:
        """Send the request on and its answer back, while watching whether the client is still there."""
        this = asyncio.current_task()
        assert this is not None  # noqa: S101 - an ASGI server calls from a task
        speaks = one.dialect is not Dialect.OTHER
        watcher = asyncio.create_task(_until_gone(one, receive, this)) if speaks else None
        answer: aiohttp.ClientResponse | None = None
        said: Refusal | None = None
        try:
            if one.ruling.delay:
                await asyncio.sleep(one.ruling.delay)
            answer = await self._upstream.send(
                one.method, one.raw_path, one.query, self._headers_on(one), self._body_on(one, receive)
            )
            if watcher is None:
                watcher = asyncio.create_task(_until_gone(one, receive, this))
            one.status = answer.status
            one.request_id = answer.headers.get("x-request-id") or answer.headers.get("request-id")
            one.tee = Tee(self.options.capture_text, stream=answer.content_type == "text/event-stream")
            await self._answer(one, answer, send)
            one.finished = True
        except (Silent, aiohttp.SocketTimeoutError):
            said = refusal(one.dialect, 504, "upstream_timeout", "The model API did not answer in time.")
            self.metrics.stages[("upstream", "silent")] += 1
        except (Unreachable, aiohttp.ClientError):
            said = refusal(one.dialect, 502, "upstream_unreachable", "The model API could not be reached.")
            self.metrics.stages[("upstream", "broken")] += 1
        except Withheld:
            said = refusal(one.dialect, 502, "answer_withheld", "The answer could not be checked and is not passed on.")
            self.metrics.stages[("hide", "closed")] += 1
            one.begun = False
        except asyncio.CancelledError:
            if not one.gone:
                raise
            this.uncancel()
            self.metrics.cancelled += 1
        finally:
            if watcher is not None:
                watcher.cancel()
            if answer is not None and not one.finished:
                answer.close()
            self._settle(one)
        if said is not None and not one.begun:
            await self._answered(one, said, send, settle=False)

    def _headers_on(self, one: _Passing) -> list[tuple[str, str]]:
        dropped = self._who.own_headers
        if not one.packed:
            dropped |= {b"content-encoding"}
        headers = forward_headers(one.headers, identity=one.dialect is not Dialect.OTHER, dropped=dropped)
        if one.dialect is Dialect.OTHER and (length := declared(one.headers)) is not None:
            headers.append(("content-length", str(length)))
        if one.ruling.mark is not None:
            headers.append(("x-stillwatch-mark", one.ruling.mark))
        return headers

    def _body_on(self, one: _Passing, receive: Any) -> Any:
        if one.dialect is not Dialect.OTHER:
            return one.body
        if not declared(one.headers) and first(one.headers, b"transfer-encoding") is None:
            return None
        return streamed(receive, limit=self.options.max_upload, seconds=self.options.body_seconds)

    async def _answer(self, one: _Passing, answer: aiohttp.ClientResponse, send: Any) -> None:
        ruling = one.ruling
        extra = ruling_headers(ruling, visible=self.options.visible)
        hides = ruling.hide is not Hide.NOTHING or (ruling.clamp is not None and ruling.clamp.drop_logprobs)

        async def noted(message: Any) -> None:
            one.begun = True
            await send(message)

        if (hides or one.seal is not None) and one.dialect is not Dialect.OTHER:
            await relay_hidden(
                answer,
                noted,
                one.tee,
                extra,
                dialect=one.dialect,
                ruling=ruling,
                options=self.options,
                metrics=self.metrics,
                seal=one.seal,
            )
        else:
            await relay(answer, noted, one.tee, extra)

    async def _answered(self, one: _Passing, said: Refusal, send: Any, *, settle: bool = True) -> None:
        """Give an answer of our own."""
        one.status = said.status
        await send({"type": "http.response.start", "status": said.status, "headers": said.headers})
        await send({"type": "http.response.body", "body": said.body, "more_body": False})
        if settle:
            one.tee.add(said.body)
            one.finished = True
            self._settle(one)

    def _settle(self, one: _Passing) -> None:
        """Count what it used, and keep it for the next scan."""
        self.metrics.answered(one.dialect, one.ruling, one.status)
        if one.asked is None:
            return
        tee = one.tee
        if one.counts:
            head, tail = tee.ends()
            events = tee.events if tee.stream else None
            used = used_in(head, tail, at=time.time(), finished=one.finished, events=events)
            self._count(one, one.asked, used)
        if self._capture is not None and one.dialect is not Dialect.OTHER:
            self._capture.keep(one.seen(self.options))

    def _count(self, one: _Passing, asked: Asked, used: Used) -> None:
        try:
            self._gate.settle(asked, one.ruling, used)
        except Exception:
            self.metrics.stages[("settle", "open")] += 1
            _log.exception("the policy could not count what a request used")


class _Passing:
    """One request on its way through."""

    __slots__ = (
        "asked", "at", "begun", "body", "client", "counts", "dialect", "finished", "gone", "headers", "method", "packed", "path", "plain",
        "query", "raw_path", "readable", "request_id", "ruling", "seal", "status", "tee", "who",
    )  # fmt: skip

    def __init__(self, scope: Any, who: Identities) -> None:
        self.at = time.time()
        self.method: str = scope["method"]
        self.path: str = scope["path"]
        self.raw_path: bytes = scope["raw_path"]
        self.query: bytes = scope["query_string"]
        self.headers: Headers = scope["headers"]
        self.client: tuple[str, int] | None = scope["client"]
        self.dialect = dialect_of(self.method, self.path)
        self.who: Who = who.of(self.headers, self.query)
        self.body = self.plain = b""
        self.packed = self.readable = self.counts = True
        self.begun = self.finished = self.gone = False
        self.asked: Asked | None = None
        self.ruling = _UNRULED
        self.status = 0
        self.request_id: str | None = None
        self.seal: Seal | None = None
        self.tee = Tee(1 << 20, stream=False)

    def seen(self, options: Options) -> Seen:
        """The exchange for the capture, with a key's stand-in and without the query, where Gemini's clients put their key."""
        agent = first(self.headers, b"user-agent")
        return Seen(
            at=int(self.at * 1_000_000),
            path=self.path,
            account=self.who.account_name,
            org=self.who.org_name,
            credential=self.who.credential,
            ip=trusted_address(self.headers, self.client, forwarded=options.forwarded),
            user_agent=None if agent is None else agent.decode("latin-1")[:1024],
            status=499 if self.gone else self.status,
            request_id=self.request_id,
            request=self.plain,
            response=self.tee.body(),
            cut=self.tee.cut,
            cancelled=self.gone,
            zero=self.who.zero,
            pathway=options.pathway,
        )


_UNRULED = Ruling(step=Step.ALLOW, code="not_ruled")


async def _until_gone(one: _Passing, receive: Any, relaying: asyncio.Task[Any]) -> None:
    """Cancel the relaying task as soon as the client has left."""
    while (await receive())["type"] != "http.disconnect":
        pass
    one.gone = True
    relaying.cancel()
