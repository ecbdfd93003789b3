"""One service that other people's gateways ask about a request before they send it on: same policy, same standing, five dialects.

    /beta/litellm_basic_guardrail_api    LiteLLM          /request, /response    agentgateway, kgateway, Gloo
    /portkey                             Portkey          /kong                  Kong
    /envoy/...                           Envoy, Istio, Envoy Gateway (external authorisation over HTTP)

Nothing of a request is kept, no text is read, and a call that is not of its dialect is told what is wrong with it.
"""

from __future__ import annotations

import hmac
import logging
import time
from typing import Any

from stillwatch.gateway.adapters.carrying import said_of
from stillwatch.gateway.adapters.hosts import Hosts
from stillwatch.gateway.adapters.tongues import tongue_of
from stillwatch.gateway.adapters.tongues.speaking import BadHook, Call, Heard, Reply, Tongue, replied
from stillwatch.gateway.asking import Unreadable
from stillwatch.gateway.logs import Seldom
from stillwatch.gateway.metrics import Metrics
from stillwatch.gateway.options import Fail, Options
from stillwatch.gateway.reading import Gone, Room, whole_body
from stillwatch.gateway.refusing import Refusal, Unacceptable, refusal, unacceptable
from stillwatch.gateway.who import Identities
from stillwatch.gateway.wire import Headers, first, route_of
from stillwatch.policy import Asked, Dialect, Gate, Ruling, Step, Used

__all__ = ["SECRET", "Webhook"]

_log = logging.getLogger(__name__)

SECRET = b"x-stillwatch-secret"
"""The header in which an asker shows the shared secret; LiteLLM shows it in `x-api-key`, where its settings put it."""

_LET_THROUGH = Ruling(step=Step.ALLOW, code="policy_failed_open")
_NOT_ASKED = Ruling(step=Step.ALLOW, code="not_ruled")


class Webhook:
    """The service as an ASGI application.

    Args:
        gate: the policy.
        hosts: names callers whom a gateway names.
        clients: names callers by the headers they sent, where a gateway passes those on (Envoy, agentgateway).
        secret: what an asker must show; none lets anybody ask who reaches the port.
    """

    def __init__(
        self,
        gate: Gate,
        hosts: Hosts,
        clients: Identities,
        *,
        secret: str | None = None,
        options: Options | None = None,
    ) -> None:
        self._gate, self._hosts, self._clients = gate, hosts, clients
        self._secret = None if secret is None else secret.encode()
        self.options = options or Options(pathway="webhook")
        self.metrics = Metrics()
        self._room = Room(self.options.max_held)
        self._complaints = Seldom()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one call, or the beginning and end of the server's life."""
        if scope["type"] == "lifespan":
            await receive()
            await send({"type": "lifespan.startup.complete"})
            await receive()
            await send({"type": "lifespan.shutdown.complete"})
        elif scope["type"] == "http":
            self.metrics.underway += 1
            try:
                reply = await self._answer(scope, receive)
            except Gone:
                return
            finally:
                self.metrics.underway -= 1
            await send({"type": "http.response.start", "status": reply.status, "headers": reply.headers})
            await send({"type": "http.response.body", "body": reply.body})

    async def _answer(self, scope: Any, receive: Any) -> Reply:
        headers: Headers = scope["headers"]
        spoken = tongue_of(scope["path"])
        if spoken is None:
            return _wrong(404, "unknown_path", "no guardrail dialect is spoken at this path")
        if not self._shows_secret(headers):
            self.metrics.stages[("secret", "closed")] += 1
            return _wrong(401, "secret_required", "this service asks for its shared secret")
        tongue, path = spoken
        held = 0
        try:
            body = await whole_body(
                receive, headers, limit=self.options.max_body, seconds=self.options.body_seconds, room=self._room
            )
            held = len(body)
            return self._heard(
                tongue, Call(method=scope["method"], path=path, headers=headers, body=body), scope["query_string"]
            )
        except BadHook as error:
            return _wrong(400, "not_of_this_dialect", f"{tongue.name}: {error}")
        except Unacceptable as fault:
            return tongue.refused(Heard(), unacceptable(Dialect.CHAT, fault))
        finally:
            self._room.give(held)

    def _heard(self, tongue: Tongue, call: Call, query: bytes) -> Reply:
        options = self.options
        try:
            heard = tongue.heard(call)
        except Unreadable as fault:
            self.metrics.stages[("unreadable", options.unreadable.value)] += 1
            route = route_of(call.method, call.path)
            if options.unreadable is Fail.CLOSED:
                return tongue.refused(Heard(), unacceptable(route.answers, fault))
            heard = Heard(dialect=route.answers, headers=call.headers)
        if heard.over:
            return tongue.passed(heard, _NOT_ASKED, (), options)
        return self._ruled(tongue, heard, query)

    def _shows_secret(self, headers: Headers) -> bool:
        if self._secret is None:
            return True
        shown = first(headers, SECRET) or first(headers, b"x-api-key") or b""
        return hmac.compare_digest(shown, self._secret)

    def _ruled(self, tongue: Tongue, heard: Heard, query: bytes) -> Reply:
        if heard.named is None:
            who, _ = self._clients.of(heard.headers, query, heard.dialect)
        else:
            who = self._hosts.of(heard.named)
        if who.account_name is None:
            self.metrics.stages[("nameless", Fail.OPEN.value)] += 1
        asked = heard.facts.asked(
            at=time.time(),
            account=who.account,
            dialect=heard.dialect,
            org=who.org,
            pathway=self.options.pathway,
            end_user=None if heard.facts.end_user is None else self._hosts.end_user(heard.facts.end_user),
            body_bytes=heard.size,
        )
        ruling = self._decided(heard, asked)
        if isinstance(ruling, Refusal):
            return tongue.refused(heard, ruling)
        said, lacking = said_of(heard.dialect, ruling, tongue.means, options=self.options, metrics=self.metrics)
        self.metrics.answered(heard.dialect, ruling, 200 if said is None else said.status)
        return tongue.passed(heard, ruling, lacking, self.options) if said is None else tongue.refused(heard, said)

    def _decided(self, heard: Heard, asked: Asked) -> Ruling | Refusal:
        begun = time.perf_counter()
        try:
            ruling = self._gate.decide(asked)
            if not ruling.refused:
                # Nobody will tell when the answer ended: what the policy reserves stays counted, its place among those under way does not.
                self._gate.settle(asked, ruling, Used(at=asked.at, finished=False))
        except Exception:
            way = self.options.decide
            self.metrics.stages[("decide", way.value)] += 1
            if self._complaints.due():
                _log.exception("the policy could not decide", extra={"way": way.value})
            if way is Fail.CLOSED:
                return refusal(heard.dialect, 503, "policy_unavailable", "The policy cannot be asked at the moment.")
            return _LET_THROUGH
        self.metrics.ruled(ruling, time.perf_counter() - begun)
        return ruling


def _wrong(status: int, code: str, message: str) -> Reply:
    return replied({"error": {"code": code, "message": message}}, status=status)
