"""A request judged: read within its limits, asked of the policy, and edited as the ruling says. Every way in shares this.

The gateway sends what goes on to an upstream, the middleware to the application that it wraps.
"""

from __future__ import annotations

import logging
import time
from typing import Any

from stillwatch.gateway.answering import Tee
from stillwatch.gateway.asking import Body, Unreadable, read_body
from stillwatch.gateway.capture import Seen
from stillwatch.gateway.editing import edited
from stillwatch.gateway.hiding import Seal
from stillwatch.gateway.metrics import Metrics
from stillwatch.gateway.options import Fail, Options
from stillwatch.gateway.reading import (
    OVERSIZED,
    Broken,
    HeadersTooLarge,
    TooLarge,
    TooSlow,
    UnknownCoding,
    declared,
    plain_body,
    whole_body,
)
from stillwatch.gateway.refusing import Refusal, refusal, ruling_refusal
from stillwatch.gateway.signatures import Binding, Foreign
from stillwatch.gateway.who import Identities, Who, trusted_address
from stillwatch.gateway.wire import Headers, dialect_of, first, model_in, uncovered
from stillwatch.policy import Asked, Dialect, Gate, Ruling, Step, Used

__all__ = ["Judging", "Passing"]

_log = logging.getLogger(__name__)
_NOTHING = Body()
_UNRULED = Ruling(step=Step.ALLOW, code="not_ruled")
_LET_THROUGH = Ruling(step=Step.ALLOW, code="policy_failed_open")


class Passing:
    """One request on its way through."""

    __slots__ = (
        "asked", "at", "begun", "body", "client", "counts", "dialect", "finished", "gone", "headers", "method", "oversized", "packed",
        "path", "plain",
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
        self.oversized = "extensions" in scope and OVERSIZED in scope["extensions"]
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


class Judging:
    """The policy with everything that it takes to ask it and to carry out what it says of a request."""

    def __init__(
        self, gate: Gate, who: Identities, *, options: Options, metrics: Metrics, binding: Binding | None = None
    ) -> None:
        self._gate, self._options, self._metrics, self._binding = gate, options, metrics, binding
        self.who = who

    async def ruled(self, one: Passing, receive: Any) -> Refusal | None:
        """Read the request and ask the policy; a refusal, or `None` when the request goes on.

        Raises:
            Gone: when the client left.
        """
        try:
            if one.oversized:
                raise HeadersTooLarge
            return await self._read(one, receive)
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
            self._metrics.stages[("signature", "closed")] += 1
            said = refusal(
                one.dialect, 400, "foreign_reasoning", "A reasoning signature in this request was not issued for it."
            )
        except (Broken, Unreadable):
            said = refusal(one.dialect, 400, "invalid_json", "The request body is not a JSON object in UTF-8.")
        return said

    async def _read(self, one: Passing, receive: Any) -> Refusal | None:
        options, asked_by = self._options, one.who
        body = _NOTHING
        if one.dialect is Dialect.OTHER:
            if (pathway := uncovered(one.path)) is not None:
                self._metrics.uncovered[pathway] += 1
            if (declared(one.headers) or 0) > options.max_upload:
                raise TooLarge
        else:
            one.body = await whole_body(receive, one.headers, limit=options.max_body, seconds=options.body_seconds)
            one.plain = plain_body(one.body, one.headers, limit=options.max_body)
            try:
                body = read_body(one.dialect, one.plain, streams=":stream" in one.path.lower())
            except Unreadable:
                self._metrics.stages[("unreadable", options.unreadable.value)] += 1
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
            end_user=None if body.end_user is None else self.who.end_user(body.end_user),
            body_bytes=len(one.body),
        )
        said = self._decided(one, asked)
        if said is None and one.readable and one.dialect is not Dialect.OTHER:
            self._edit(one, body)
        return said

    def _decided(self, one: Passing, asked: Asked) -> Refusal | None:
        begun = time.perf_counter()
        try:
            one.ruling = self._gate.decide(asked)
        except Exception:
            way = self._options.decide
            self._metrics.stages[("decide", way.value)] += 1
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
                self._metrics.stripped[name] += 1

    def count(self, one: Passing, used: Used) -> None:
        """Tell the policy what a request used that it let through."""
        if one.asked is None or not one.counts:
            return
        try:
            self._gate.settle(one.asked, one.ruling, used)
        except Exception:
            self._metrics.stages[("settle", "open")] += 1
            _log.exception("the policy could not count what a request used")
