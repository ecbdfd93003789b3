"""Envoy's external authorisation over HTTP: the request itself comes, under a path of ours, and whatever is no 200 is the client's answer.

Source: Envoy's documentation of `envoy.extensions.filters.http.ext_authz.v3`, `http_service`. A body comes only where `with_request_body`
says so; what came in part is not read. Every pass carries all three headers, so that a client's own of the same name never get through.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from stillwatch.gateway.adapters.carrying import Means
from stillwatch.gateway.adapters.tongues.speaking import Call, Heard, Reply, Tongue
from stillwatch.gateway.asking import Body, read_body
from stillwatch.gateway.options import Options
from stillwatch.gateway.reading import plain_body
from stillwatch.gateway.refusing import Refusal, ruling_headers
from stillwatch.gateway.wire import Route, first, route_of
from stillwatch.policy import Dialect, Ruling

__all__ = ["ENVOY"]

_PARTIAL = b"x-envoy-auth-partial-body"
_MOST = 32 << 20


class _Envoy:
    name = "envoy"
    means = Means.MARK

    def heard(self, call: Call) -> Heard:
        route = route_of(call.method, call.path)
        return Heard(dialect=route.answers, headers=call.headers, facts=_facts(route, call), size=len(call.body))

    def passed(self, heard: Heard, ruling: Ruling, lacking: Sequence[str], options: Options) -> Reply:
        del heard, lacking
        headers = [
            (b"content-length", b"0"),
            (b"x-stillwatch-tier", ruling.step.name.lower().encode()),
            (b"x-stillwatch-mark", (ruling.mark or "none").encode()),
            (b"x-stillwatch-action", ruling.code.encode()),
        ]
        return Reply(status=200, headers=headers + ruling_headers(ruling, visible=options.visible), body=b"")

    def refused(self, heard: Heard, said: Refusal) -> Reply:
        del heard
        return Reply(status=said.status, headers=said.headers, body=said.body)


def _facts(route: Route, call: Call) -> Body:
    unknown = Body(model=route.model)
    if route.dialect is Dialect.OTHER or not call.body or first(call.headers, _PARTIAL) == b"true":
        return unknown
    facts = read_body(route.dialect, plain_body(call.body, call.headers, limit=_MOST), streams=route.streams)
    return facts if facts.model is not None else msgspec.structs.replace(facts, model=route.model)


ENVOY: Tongue = _Envoy()
