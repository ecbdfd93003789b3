"""A request judged: read within its limits, asked of the policy, and edited as the ruling says. Every way in shares this.

The gateway sends what goes on to an upstream, the middleware to the application that it wraps.
"""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any

from stillwatch.gateway.asking import Body, Unreadable, read_body
from stillwatch.gateway.capture import Seen
from stillwatch.gateway.editing import edited
from stillwatch.gateway.hiding import Seal
from stillwatch.gateway.logs import Seldom
from stillwatch.gateway.marking import Marking
from stillwatch.gateway.metrics import Metrics
from stillwatch.gateway.options import Fail, Options
from stillwatch.gateway.reading import (
    OVERSIZED,
    HeadersTooLarge,
    OddTarget,
    Room,
    TooLarge,
    declared,
    plain_body,
    whole_body,
)
from stillwatch.gateway.refusing import Refusal, Unacceptable, refusal, ruling_refusal, unacceptable
from stillwatch.gateway.signatures import Binding, Foreign
from stillwatch.gateway.tee import Tee
from stillwatch.gateway.who import NOBODY, Identities, trusted_address
from stillwatch.gateway.wire import Headers, first, route_of
from stillwatch.policy import Asked, Dialect, Gate, Marker, Ruling, Step, Used

if TYPE_CHECKING:
    from stillwatch.gateway.tracing import Trace

__all__ = ["Judging", "Passing"]

_log = logging.getLogger(__name__)
_NOTHING = Body()
_STORED = Body(reasoning=True)
"""What is known of a call that fetches an answer which was stored before: it may bring reasoning."""
_PATH_KEPT = 2048
_UNRULED = Ruling(step=Step.ALLOW, code="not_ruled")
_LET_THROUGH = Ruling(step=Step.ALLOW, code="policy_failed_open")


class Passing:
    """One request on its way through."""

    __slots__ = (
        "asked", "at", "begun", "body", "client", "counts", "dialect", "finished", "gone", "headers", "held", "key", "method", "oversized",
        "packed", "path", "plain", "query", "raw_path", "readable", "request_id", "route", "ruling", "seal", "spare", "status", "tee",
        "trace", "who",
    )  # fmt: skip

    def __init__(self, scope: Any) -> None:
        self.at = time.time()
        self.method: str = scope["method"]
        self.path: str = scope["path"]
        self.raw_path: bytes = scope["raw_path"]
        self.query: bytes = scope["query_string"]
        self.headers: Headers = scope["headers"]
        self.client: tuple[str, int] | None = scope["client"]
        self.route = route_of(self.method, self.path)
        self.dialect = self.route.dialect
        self.who = NOBODY
        self.spare: frozenset[bytes] = frozenset()
        self.held = 0
        self.body = self.plain = b""
        self.packed = self.readable = self.counts = True
        self.begun = self.finished = self.gone = False
        self.asked: Asked | None = None
        self.ruling = _UNRULED
        self.oversized = "extensions" in scope and OVERSIZED in scope["extensions"]
        self.status = 0
        self.request_id: str | None = None
        self.seal: Seal | None = None
        self.key: str | None = None
        self.tee = Tee(1 << 20, stream=False)
        self.trace: Trace | None = None

    @property
    def sent(self) -> bytes:
        """The body as it went on, unpacked."""
        return self.plain if self.packed else self.body

    def seen(self, options: Options) -> Seen:
        """The exchange for the capture, with a key's stand-in and without the query, where Gemini's clients put their key."""
        agent = first(self.headers, b"user-agent")
        return Seen(
            at=int(self.at * 1_000_000),
            path=self.path[:_PATH_KEPT],
            account=self.who.account_name,
            org=self.who.org_name,
            credential=self.who.credential,
            ip=(trusted_address(self.headers, self.client, forwarded=options.forwarded) or "")[:64] or None,
            user_agent=None if agent is None else agent.decode("latin-1")[:1024],
            status=499 if self.gone else self.status,
            request_id=None if self.request_id is None else self.request_id[:256],
            request=self.plain,
            response=self.tee.body(),
            cut=self.tee.cut,
            cancelled=self.gone,
            zero=self.who.zero,
            pathway=options.pathway,
        )


class Judging:
    """The policy with everything that it takes to ask it and to carry out what it says of a request."""

    def __init__(
        self,
        gate: Gate,
        who: Identities,
        *,
        options: Options,
        metrics: Metrics,
        binding: Binding | None = None,
        marking: Marking | None = None,
    ) -> None:
        self.gate, self.binding = gate, binding
        self._options, self._metrics, self._marking = options, metrics, marking
        self._room = Room(options.max_held)
        self._complaints = Seldom()
        self.who = who

    async def ruled(self, one: Passing, receive: Any) -> Refusal | None:
        """Read the request and ask the policy; a refusal, or `None` when the request goes on.

        Raises:
            Gone: when the client left.
        """
        try:
            return await self._read(one, receive)
        except Unacceptable as fault:
            if isinstance(fault, Foreign):
                self._metrics.stages[("signature", "closed")] += 1
            self.count(one, Used(at=time.time(), input_tokens=0, output_tokens=0, reasoning_tokens=0, finished=False))
            one.counts = False
            return unacceptable(one.dialect, fault)

    def release(self, one: Passing) -> None:
        """Let go of the body that was held for a request; it is over."""
        self._room.give(one.held)
        one.held = 0

    async def _read(self, one: Passing, receive: Any) -> Refusal | None:
        options, route = self._options, one.route
        if one.oversized:
            raise HeadersTooLarge
        if not one.raw_path.startswith(b"/"):
            raise OddTarget
        one.who, one.spare = self.who.of(one.headers, one.query, route.answers)
        body = _NOTHING
        if one.dialect is Dialect.OTHER:
            if route.answers is not Dialect.OTHER:
                body = _STORED
            if route.uncovered is not None:
                self._metrics.uncovered[route.uncovered] += 1
            if (declared(one.headers) or 0) > options.max_upload:
                raise TooLarge
        else:
            one.body = await whole_body(
                receive, one.headers, limit=options.max_body, seconds=options.body_seconds, room=self._room
            )
            one.held = len(one.body)
            one.plain = plain_body(one.body, one.headers, limit=options.max_body)
            if one.plain is not one.body:
                self._room.take(len(one.plain))
                one.held += len(one.plain)
            try:
                body = read_body(one.dialect, one.plain, streams=route.streams)
            except Unreadable:
                self._metrics.stages[("unreadable", options.unreadable.value)] += 1
                if options.unreadable is Fail.CLOSED:
                    raise
                one.readable = False
        one.asked = asked = body.asked(
            at=one.at,
            account=one.who.account,
            dialect=route.answers,
            model_in_path=route.model,
            org=one.who.org,
            pathway=options.pathway,
            end_user=None if body.end_user is None else self.who.end_user(body.end_user),
            account_days=one.who.days(one.at),
            body_bytes=len(one.body),
        )
        said = self._decided(one, asked)
        if said is None and one.readable and one.dialect is not Dialect.OTHER:
            self._edit(one, body)
        return said

    def _decided(self, one: Passing, asked: Asked) -> Refusal | None:
        begun = time.perf_counter()
        try:
            one.ruling = self.gate.decide(asked)
        except Exception:
            way = self._options.decide
            self._metrics.stages[("decide", way.value)] += 1
            if self._complaints.due():
                _log.exception("the policy could not decide", extra={"way": way.value})
            one.counts = False
            if way is Fail.CLOSED:
                return refusal(one.dialect, 503, "policy_unavailable", "The policy cannot be asked at the moment.")
            one.ruling = _LET_THROUGH
        ruling = one.ruling
        self._metrics.ruled(ruling, time.perf_counter() - begun)
        if ruling.refused:
            one.counts = False
            return ruling_refusal(one.dialect, ruling, visible=self._options.visible)
        return None

    def _edit(self, one: Passing, body: Body) -> None:
        strip = body.engine if self._options.strip else ()
        ruling = one.ruling
        if self.binding is not None:
            model = body.model or one.route.model
            plain = self.binding.opened(one.dialect, one.plain, one.who, model)
            one.seal = self.binding.sealer(one.dialect, plain, one.who, model, lock=ruling.lock_context)
            if plain is not one.plain:
                one.body, one.plain, one.packed = plain, plain, False
        if strip or ruling.clamp is not None or ruling.degrade is not None:
            plain = edited(one.dialect, one.plain, clamp=ruling.clamp, strip=strip, model=ruling.degrade)
            if plain is not one.plain:
                one.body, one.packed = plain, False
            for name in strip:
                self._metrics.stripped[name] += 1
        if ruling.marker is not None and ruling.marker.keyed:
            self._mark(one, ruling.marker)

    def _mark(self, one: Passing, marker: Marker) -> None:
        """Put a mark in. A request that cannot be marked goes on as it is: a mark protects nobody by itself."""
        if self._marking is None:
            self._metrics.stages[("mark", Fail.OPEN.value)] += 1
            return
        sent = one.sent
        marked = self._marking.mark(marker, one.dialect, sent, one.who, one.at)
        one.key = marked.key
        if marked.body is not sent:
            one.body, one.packed = marked.body, False

    def count(self, one: Passing, used: Used) -> None:
        """Tell the policy what a request used that it let through."""
        if one.asked is None or not one.counts:
            return
        try:
            self.gate.settle(one.asked, one.ruling, used)
        except Exception:
            self._metrics.stages[("settle", Fail.OPEN.value)] += 1
            if self._complaints.due():
                _log.exception("the policy could not count what a request used")
