"""Rulings carried out: what is clamped, refused, replaced and said about it, in the words of each dialect."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stillwatch.gateway.asking import ENGINE_FIELDS, read_body
from stillwatch.gateway.editing import edited, repeats
from stillwatch.gateway.options import Fail, Options
from stillwatch.policy import Asked, Clamp, Dialect, Ruling, Step

from .serving import Rules, played, says, scene

pytestmark = pytest.mark.usefixtures("server")

CLAMP = Clamp(n=1, top_k=5, max_tokens=100, drop_logprobs=True, drop_logit_bias=True)
PATHS = {
    "/v1/chat/completions": Dialect.CHAT,
    "/v1/responses": Dialect.RESPONSES,
    "/v1/messages": Dialect.MESSAGES,
    "/v1beta/models/m:generateContent": Dialect.GEMINI,
}


def clamp(dialect: Dialect, body: Any, **bounds: Any) -> Any:
    return json.loads(edited(dialect, json.dumps(body).encode(), clamp=Clamp(**bounds)))


def test_a_clamp_bounds_what_is_asked_for_and_leaves_the_rest() -> None:
    asked = {
        "model": "m",
        "n": 8,
        "top_k": 50,
        "max_tokens": 9000,
        "logprobs": True,
        "top_logprobs": 5,
        "logit_bias": {"1": 1},
        "x": 1,
    }
    assert json.loads(edited(Dialect.CHAT, json.dumps(asked).encode(), clamp=CLAMP)) == {
        "model": "m", "n": 1, "top_k": 5, "max_tokens": 100, "x": 1,
    }  # fmt: skip


def test_a_clamp_reaches_every_dialect() -> None:
    assert clamp(Dialect.MESSAGES, {"max_tokens": 900, "top_k": 9}, max_tokens=10, top_k=2) == {
        "max_tokens": 10,
        "top_k": 2,
    }
    gemini = {"generationConfig": {"candidateCount": 4, "responseLogprobs": True, "logprobs": 3, "topK": 9, "seed": 1}}
    assert clamp(Dialect.GEMINI, gemini, n=1, top_k=2, drop_logprobs=True) == {
        "generationConfig": {"candidateCount": 1, "topK": 2, "seed": 1}
    }
    responses = {"top_logprobs": 3, "include": ["message.output_text.logprobs", "reasoning.encrypted_content"]}
    assert clamp(Dialect.RESPONSES, responses, drop_logprobs=True) == {"include": ["reasoning.encrypted_content"]}


def test_a_limit_on_length_holds_also_where_none_was_asked_for() -> None:
    assert clamp(Dialect.CHAT, {}, max_tokens=10) == {"max_completion_tokens": 10}
    assert clamp(Dialect.RESPONSES, {}, max_tokens=10) == {"max_output_tokens": 10}
    assert clamp(Dialect.GEMINI, {}, max_tokens=10) == {"generationConfig": {"maxOutputTokens": 10}}


@pytest.mark.parametrize("value", ["8", 8.5, True, [8], -1, 10**30])
def test_a_number_that_is_none_cannot_get_past_a_clamp(value: Any) -> None:
    assert clamp(Dialect.CHAT, {"n": value}, n=1) == {"n": 1}


def test_a_field_that_stands_twice_is_written_once() -> None:
    assert edited(Dialect.CHAT, b'{"n": 1, "n": 9, "a": 2}', clamp=Clamp(n=1)) == b'{"n":1,"a":2}'


@pytest.mark.parametrize(
    ("dialect", "body", "expected"),
    [
        (Dialect.CHAT, b'{"n":99,"n":1}', b'{"n":1}'),
        (Dialect.CHAT, b'{"n":1, "m": {"n":1}, "\\u006e" : 1}', b'{"n":1,"m":{"n":1}}'),
        (
            Dialect.GEMINI,
            b'{"generationConfig":{"candidateCount":9,"candidateCount":1}}',
            b'{"generationConfig":{"candidateCount":1}}',
        ),
    ],
)
def test_a_field_that_stands_twice_is_written_once_though_its_last_one_is_within_bounds(
    dialect: Dialect, body: bytes, expected: bytes
) -> None:
    assert edited(dialect, body, clamp=Clamp(n=1)) == expected


@given(st.dictionaries(st.text('ab\\"{,:', max_size=3), st.text('}",: ', max_size=4) | st.integers(), max_size=5))
def test_what_stands_once_is_never_taken_for_twice(fields: dict[str, Any]) -> None:
    for body in (json.dumps(fields), json.dumps(fields, indent=1), json.dumps(fields, separators=(",", ":"))):
        assert not repeats(body.encode(), {name: json.dumps(value).encode() for name, value in fields.items()})


def test_untouched_fields_keep_their_bytes() -> None:
    odd = b'{"n":9,"a":1.50e+2,"b":"\\u00e9\\/","big":123456789012345678901234567890}'
    assert edited(Dialect.CHAT, odd, clamp=Clamp(n=1)) == odd.replace(b'"n":9', b'"n":1')


def test_a_body_within_its_bounds_is_the_same_object() -> None:
    body = b'{ "n" : 1, "max_tokens": 5 }'
    assert edited(Dialect.CHAT, body, clamp=CLAMP) is body


@settings(max_examples=30, deadline=None)
@given(st.dictionaries(st.text("an\u00e9\\", max_size=3), st.integers() | st.text() | st.none(), max_size=5))
def test_whatever_else_stands_in_a_body_survives_an_edit(more: dict[str, Any]) -> None:
    body = {**more, "n": 9, "watermarking": False}
    assert json.loads(edited(Dialect.CHAT, json.dumps(body).encode(), clamp=Clamp(n=1), strip=("watermarking",))) == {
        **{name: value for name, value in body.items() if name != "watermarking"},
        "n": 1,
    }


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/messages"])
def test_opting_out_of_a_watermark_is_taken_out_on_the_way_in(path: str) -> None:
    async def scenario() -> None:
        async with scene(says(b"{}")) as at:
            await at.post(path, b'{"max_tokens":5,"water\\u006darking":false,"vllm_xargs":{"a":1},"prompt_logprobs":3}')
            assert at.model.heard[0].json == {"max_tokens": 5}
            assert at.gateway.metrics.stripped == {"watermarking": 1, "vllm_xargs": 1, "prompt_logprobs": 1}

    played(scenario)


def test_every_engine_field_is_seen_in_every_dialect() -> None:
    body = json.dumps(dict.fromkeys(ENGINE_FIELDS, 1)).encode()
    for dialect in PATHS.values():
        assert set(read_body(dialect, body).engine) == ENGINE_FIELDS


def test_an_operator_may_let_engine_fields_through() -> None:
    async def scenario() -> None:
        async with scene(says(b"{}"), options=Options(strip=False)) as at:
            await at.post("/v1/chat/completions", {"vllm_xargs": {}})
            assert at.model.heard[0].json == {"vllm_xargs": {}}

    played(scenario)


def test_a_clamped_request_reaches_the_model_and_the_caller_is_told_why() -> None:
    ruling = Ruling(step=Step.CLAMP, code="clamped", rule="less-signal", policy="p-1", appeal="S-1", clamp=CLAMP)

    async def scenario() -> None:
        async with scene(says(b'{"choices":[]}'), ruling=ruling) as at:
            status, headers, _ = await at.post("/v1/chat/completions", {"n": 5, "logprobs": True})
            assert status == 200
            assert at.model.heard[0].json == {"n": 1, "max_completion_tokens": 100}
            told = {name: value for name, value in headers.items() if name.startswith("x-stillwatch")}
            assert told == {
                "x-stillwatch-policy": "p-1", "x-stillwatch-step": "clamp", "x-stillwatch-code": "clamped",
                "x-stillwatch-rule": "less-signal", "x-stillwatch-appeal": "S-1",
            }  # fmt: skip

    played(scenario)


def test_watching_and_dry_runs_are_not_told() -> None:
    ruling = Ruling(step=Step.OBSERVE, code="observed", rule="watch", policy="p-1", shadow=Step.BLOCK)

    async def scenario() -> None:
        async with scene(says(b"{}"), ruling=ruling) as at:
            _, headers, _ = await at.post("/v1/chat/completions", {})
            assert [name for name in headers if name.startswith("x-stillwatch")] == ["x-stillwatch-policy"]
            assert at.gateway.metrics.shadows == {"block": 1}

    played(scenario)


REFUSALS = [
    (Ruling(step=Step.THROTTLE, code="rate_limited", rule="r", policy="p", retry_after=2.2, appeal="S-1"), 429),
    (Ruling(step=Step.HIDE_REASONING, code="rate_limited", rule="r", policy="p", retry_after=2.2), 429),
    (
        Ruling(
            step=Step.VERIFY,
            code="verification_required",
            rule="r",
            policy="p",
            message="Go to /verify.",
            appeal="C-1/2",
        ),
        403,
    ),
    (Ruling(step=Step.BLOCK, code="account_blocked", rule="r", policy="p", appeal="C-1/2"), 403),
]


@pytest.mark.parametrize(("ruling", "status"), REFUSALS)
@pytest.mark.parametrize(("path", "dialect"), PATHS.items())
def test_a_refusal_speaks_the_dialect(path: str, dialect: Dialect, ruling: Ruling, status: int) -> None:
    async def scenario() -> None:
        async with scene(says(b"{}"), ruling=ruling) as at:
            got, headers, body = await at.post(path, {})
            assert got == status
            assert headers.get("retry-after") == ("3" if status == 429 else None)
            assert at.model.heard == []
            assert at.rules.used == [], "what was refused is not counted as used"
            said = json.loads(body)
            error = said["error"]
            assert error["message"]
            if dialect is Dialect.MESSAGES:
                assert said["type"] == "error"
                assert error["type"] == ("rate_limit_error" if status == 429 else "permission_error")
                assert error["details"]["code"] == ruling.code
            elif dialect is Dialect.GEMINI:
                assert (error["code"], error["status"]) == (
                    status,
                    "RESOURCE_EXHAUSTED" if status == 429 else "PERMISSION_DENIED",
                )
                assert error["details"][0]["reason"] == ruling.code.upper()
            else:
                assert error["code"] == ruling.code
                assert error["details"].get("appeal") == ruling.appeal

    played(scenario)


def test_reasons_may_be_kept_from_the_caller() -> None:
    ruling = Ruling(step=Step.BLOCK, code="account_blocked", rule="secret-rule", policy="p", told=False)

    async def scenario() -> None:
        async with scene(says(b"{}"), ruling=ruling) as at:
            _, headers, body = await at.post("/v1/chat/completions", {})
            assert b"secret-rule" not in body
            assert not [name for name in headers if name.startswith("x-stillwatch")]

    played(scenario)


def test_a_text_of_the_policy_cannot_break_out_of_a_header() -> None:
    ruling = Ruling(step=Step.CLAMP, code="clamped", rule="a\r\nx-evil: 1", policy="p")

    async def scenario() -> None:
        async with scene(says(b"{}"), ruling=ruling) as at:
            _, headers, _ = await at.post("/v1/chat/completions", {})
            assert "x-evil" not in headers

    played(scenario)


def test_degrading_replaces_the_model_and_a_mark_goes_to_the_engine_alone() -> None:
    ruling = Ruling(step=Step.DEGRADE, code="degraded", degrade="small", mark="key-7")

    async def scenario() -> None:
        async with scene(says(b"{}"), ruling=ruling) as at:
            _, headers, _ = await at.post("/v1/chat/completions", {"model": "large"}, x_stillwatch_mark="forged")
            assert at.model.heard[0].json == {"model": "small"}
            assert at.model.heard[0].headers["x-stillwatch-mark"] == "key-7"
            assert "x-stillwatch-mark" not in headers

    played(scenario)


class Broken(Rules):
    """A policy that raises an error, with a secret in it."""

    def decide(self, asked: Asked) -> Ruling:
        raise RuntimeError("sk-secret")


@pytest.mark.parametrize(("way", "status"), [(Fail.OPEN, 200), (Fail.CLOSED, 503)])
def test_a_policy_that_fails_fails_the_way_that_was_chosen(way: Fail, status: int) -> None:
    async def scenario() -> None:
        async with scene(says(b"{}"), rules=Broken(), options=Options(decide=way)) as at:
            got, _, body = await at.post("/v1/chat/completions", {"model": "m"})
            assert got == status
            assert b"sk-secret" not in body
            assert at.gateway.metrics.stages == {("decide", way.value): 1}

    played(scenario)


def test_a_fault_in_the_policy_frees_nobody_and_fills_no_log(caplog: pytest.LogCaptureFixture) -> None:
    async def scenario() -> None:
        async with scene(says(b"{}"), rules=Broken()) as at:
            assert [(await at.post("/v1/chat/completions", {}))[0] for _ in range(5)] == [503] * 5
            assert at.model.heard == []
            assert sum("could not decide" in record.message for record in caplog.records) == 1

    played(scenario)


def test_who_is_refused_is_told_where_to_go() -> None:
    ruling = Ruling(
        step=Step.VERIFY, code="verification_required", policy="p", appeal="C-1/1", link="https://x.example/v"
    )

    async def scenario() -> None:
        async with scene(says(b"{}"), ruling=ruling) as at:
            _, headers, body = await at.post("/v1/chat/completions", {})
            assert json.loads(body)["error"]["details"]["link"] == "https://x.example/v"
            assert headers["x-stillwatch-link"] == "https://x.example/v"

    played(scenario)


@pytest.mark.parametrize(
    "body", [b"", b"[1]", b"{", b'{"a":\xff}', b'{"temperature": NaN}', b"\xef\xbb\xbf{}", b"null"]
)
def test_a_body_that_cannot_be_read_is_refused_or_passed_as_chosen(body: bytes) -> None:
    async def scenario() -> None:
        async with scene(says(b"{}")) as at:
            assert (await at.post("/v1/chat/completions", body))[0] == 400
            assert at.model.heard == []
        async with scene(says(b"{}"), options=Options(unreadable=Fail.OPEN)) as at:
            assert (await at.post("/v1/chat/completions", body))[0] == 200
            assert at.model.heard[0].body == body
            assert len(at.rules.asked) == 1, "the policy is asked all the same"

    played(scenario)
