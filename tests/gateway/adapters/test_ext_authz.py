"""Envoy's external authorisation over gRPC: the call that the webhook would have had over HTTP, and its answer in Envoy's shape."""

from __future__ import annotations

import asyncio
import contextlib
import json
from typing import Any

import pytest

grpc = pytest.importorskip("grpc", reason="the extra `envoy` is not installed")

from hypothesis import given, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402

from stillwatch.gateway.adapters.ext_authz import answered, listening  # noqa: E402
from stillwatch.gateway.adapters.ext_authz_messages import CheckRequest, CheckResponse  # noqa: E402
from stillwatch.policy import Hide, Ruling, Step  # noqa: E402

from .asking import Rules, asked, webhook  # noqa: E402
from .real import CHAT  # noqa: E402

SK = "Bearer sk-test-0123456789abcdef"


def request(path: str, body: bytes = b"", *, method: str = "POST", mapped: bool = False, **headers: str) -> bytes:
    """A `CheckRequest` as Envoy sends one: headers in a map or, as bytes, in a list."""
    made = CheckRequest()
    http = made.attributes.request.http
    http.method, http.path, http.raw_body = method, path, body
    for name, value in {"authorization": SK, ":path": path, **headers}.items():
        if mapped:
            http.header_map.headers.add(key=name.replace("_", "-"), raw_value=value.encode())
        else:
            http.headers.add(key=name.replace("_", "-"), value=value)
    return made.SerializeToString()  # type: ignore[no-any-return]


def said(service: Any, sent: bytes, secret: bytes | None = None) -> Any:
    return CheckResponse.FromString(asyncio.run(answered(service, sent, secret)))


def options(some: Any) -> dict[str, str]:
    assert all(one.append_action == 2 for one in some), "a client's own header of that name would stay"
    return {one.header.key: one.header.value for one in some}


def body(**more: Any) -> bytes:
    return json.dumps({**CHAT, **more}).encode()


@pytest.mark.parametrize("mapped", [False, True])
def test_a_request_passes_with_the_step_for_its_routes(mapped: bool) -> None:
    rules = Rules(Ruling(step=Step.MARK, code="marked", policy="p", mark="m-1"))
    got = said(
        webhook(rules), request("/v1/chat/completions?x=1", body(n=3), mapped=mapped, x_stillwatch_mark="forged")
    )
    assert got.status.code == 0
    headers = options(got.ok_response.headers)
    assert (headers["x-stillwatch-tier"], headers["x-stillwatch-mark"]) == ("mark", "m-1")
    assert options(got.ok_response.response_headers_to_add)["x-stillwatch-step"] == "mark"
    assert (rules.asked[0].n, rules.asked[0].model) == (3, "mock")


def test_the_answer_is_the_one_that_http_gives() -> None:
    ruling = Ruling(step=Step.THROTTLE, code="rate_limited", policy="p", rule="r", retry_after=7.2)
    status, headers, told = asked(webhook(Rules(ruling)), "/envoy/v1/messages", CHAT, {"authorization": SK})
    got = said(webhook(Rules(ruling)), request("/v1/messages", body()))
    assert (got.status.code, got.denied_response.status.code) == (7, status)
    assert json.loads(got.denied_response.body) == told
    del headers["content-length"]
    assert options(got.denied_response.headers) == headers


def test_what_cannot_be_hidden_here_is_withheld() -> None:
    got = said(webhook(Rules(Ruling(step=Step.HIDE_REASONING, hide=Hide.REMOVE))), request("/v1/messages", body()))
    assert got.denied_response.status.code == 502


def test_the_secret_must_come_from_envoy_and_not_from_its_client() -> None:
    service = webhook(Rules(), secret="s3cret")
    forged = request("/v1/messages", body(), x_stillwatch_secret="s3cret")
    assert said(service, forged).denied_response.status.code == 401
    assert said(service, forged, b"wrong").denied_response.status.code == 401
    assert said(service, forged, b"s3cret").status.code == 0


def test_key_and_account_are_those_of_the_client() -> None:
    rules = Rules()
    said(
        webhook(rules),
        request("/v1beta/models/g:generateContent?key=sk-test-0123456789abcdef", body(), authorization=""),
    )
    said(webhook(rules), request("/v1/messages", body()))
    assert rules.asked[0].account == rules.asked[1].account


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=200))
def test_whatever_comes_is_answered_or_told_to_be_no_request(sent: bytes) -> None:
    code = None
    with contextlib.suppress(ValueError):
        code = said(webhook(Rules()), sent).status.code
    assert code in (None, 0, 7)


def test_it_is_served_over_grpc() -> None:
    async def play() -> tuple[Any, Any]:
        service = webhook(Rules(Ruling(step=Step.BLOCK, code="account_blocked")), secret="s3cret")
        async with (
            listening(service, "127.0.0.1", 0) as port,
            grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel,
        ):
            call = channel.unary_unary("/envoy.service.auth.v3.Authorization/Check")
            got = await call(request("/v1/messages", body()), metadata=(("x-stillwatch-secret", "s3cret"),), timeout=20)
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await call(b"\xff\xff", timeout=20)
            return CheckResponse.FromString(got), refused.value.code()

    got, code = asyncio.run(play())
    assert (got.denied_response.status.code, code) == (403, grpc.StatusCode.INVALID_ARGUMENT)
