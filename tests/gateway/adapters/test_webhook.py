"""The webhook in each dialect: calls as the gateways make them, answers as they read them."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stillwatch.gateway.options import Fail, Options
from stillwatch.policy import Clamp, Dialect, Hide, Ruling, Step

from .asking import NAMES, Rules, asked, webhook

SK = "sk-test-0123456789abcdef"
HASH = hashlib.sha256(SK.encode()).hexdigest()
BLOCK = Ruling(step=Step.BLOCK, code="account_blocked", rule="decided-block", policy="p@1", appeal="C-7/1")
SLOW = Ruling(step=Step.THROTTLE, code="rate_limited", rule="slow", retry_after=2.5)
CLAMP = Ruling(step=Step.CLAMP, code="parameters_limited", clamp=Clamp(n=1, drop_logprobs=True))
HIDE = Ruling(step=Step.HIDE_REASONING, code="reasoning_hidden", hide=Hide.REMOVE)

LITELLM = {
    "input_type": "request",
    "litellm_call_id": "c-1",
    "litellm_trace_id": "t-1",
    "structured_messages": [{"role": "system", "content": "SECRET"}, {"role": "user", "content": "SECRET"}],
    "images": None,
    "tools": None,
    "texts": ["SECRET", "SECRET"],
    "request_data": {
        "user_api_key_hash": HASH,
        "user_api_key_team_id": "team-1",
        "user_api_key_user_id": "default_user_id",
    },
    "request_headers": {"authorization": "[present]"},
    "litellm_version": "1.106.2",
    "additional_provider_specific_params": {},
    "tool_calls": None,
    "model": "large",
}
AGENTGATEWAY = {"body": {"messages": [{"role": "user", "content": "SECRET"}]}}
CHAT = {"model": "large", "n": 9, "logprobs": True, "messages": [{"role": "user", "content": "SECRET"}], "user": "u"}
PORTKEY = {
    "request": {"json": CHAT, "text": "SECRET", "isStreamingRequest": False, "isTransformed": False},
    "response": {"json": {}, "text": "", "statusCode": None, "isTransformed": False},
    "provider": "openai",
    "requestType": "chatComplete",
    "metadata": {"_user": "acme"},
    "eventType": "beforeRequestHook",
}
KONG = {"source": "INPUT", "account": "acme", "model": "large"}
CALLS: dict[str, Any] = {
    "/beta/litellm_basic_guardrail_api": LITELLM,
    "/request": AGENTGATEWAY,
    "/portkey": PORTKEY,
    "/kong": KONG,
    "/envoy/v1/chat/completions": CHAT,
}
PASSES: dict[str, Any] = {
    "/beta/litellm_basic_guardrail_api": {"action": "NONE"},
    "/request": {"action": {"reason": "allowed"}},
    "/portkey": {"verdict": True, "data": {"code": "allowed", "not_carried_out": []}},
    "/kong": {"block": False, "block_message": "", "code": "allowed"},
    "/envoy/v1/chat/completions": b"",
}
FORWARDED = {"authorization": f"Bearer {SK}"}


@pytest.mark.parametrize("path", CALLS)
def test_a_request_that_is_let_through_passes_in_every_dialect_and_is_settled_at_once(path: str) -> None:
    rules = Rules()
    status, _, answer = asked(webhook(rules), path, CALLS[path], FORWARDED)
    assert (status, answer, rules.ended) == (200, PASSES[path], 1)


def test_a_block_is_told_in_the_shape_of_each_dialect() -> None:
    service = webhook(Rules(BLOCK))
    said = {path: asked(service, path, body, FORWARDED) for path, body in CALLS.items()}
    facts = "code: account_blocked, step: block, rule: decided-block, policy: p@1, appeal: C-7/1"
    sentence = f"This account is blocked. ({facts})"
    assert said["/beta/litellm_basic_guardrail_api"][2] == {"action": "BLOCKED", "blocked_reason": sentence}
    action = said["/request"][2]["action"]
    assert (action["status_code"], action["reason"]) == (403, "account_blocked")
    assert json.loads(action["body"])["error"]["details"]["appeal"] == "C-7/1"
    assert (said["/portkey"][2]["verdict"], said["/portkey"][2]["data"]["appeal"]) == (False, "C-7/1")
    assert said["/kong"][2] == {"block": True, "block_message": sentence, "code": "account_blocked"}
    status, headers, body = said["/envoy/v1/chat/completions"]
    assert (status, headers["x-stillwatch-code"], body["error"]["code"]) == (403, "account_blocked", "account_blocked")
    assert all(one[0] == 200 for path, one in said.items() if "envoy" not in path), (
        "hooks read the answer, not the status"
    )


def test_a_throttle_says_when_to_come_back() -> None:
    service = webhook(Rules(SLOW))
    status, headers, _ = asked(service, "/envoy/v1/messages", {"messages": []}, FORWARDED)
    assert (status, headers["retry-after"]) == (429, "3")
    assert "retry_after: 3" in asked(service, "/kong", KONG)[2]["block_message"]
    assert asked(service, "/request", AGENTGATEWAY)[2]["action"]["status_code"] == 429


def test_the_account_is_the_same_however_the_request_came() -> None:
    rules = Rules()
    service = webhook(rules)
    for path in ("/beta/litellm_basic_guardrail_api", "/request", "/envoy/v1/chat/completions"):
        asked(service, path, CALLS[path], FORWARDED)
    assert {one.account for one in rules.asked} == {NAMES.name("account", HASH)}
    asked(service, "/portkey", PORTKEY)
    asked(service, "/kong", KONG)
    assert {one.account for one in rules.asked[3:]} == {NAMES.name("account", "acme")}
    assert rules.asked[0].org == NAMES.name("org", "team-1")


def test_each_dialect_tells_the_facts_that_it_has() -> None:
    rules = Rules()
    service = webhook(rules)
    for path, body in CALLS.items():
        asked(service, path, body, {**FORWARDED, "x-stillwatch-model": "large"})
    assert [one.model for one in rules.asked] == ["large"] * 5
    assert [one.turns for one in rules.asked] == [2, 1, 1, None, 1]
    assert [one.n for one in rules.asked] == [None, None, 9, None, 9]
    assert {one.pathway for one in rules.asked} == {"webhook"}


def test_portkey_takes_a_clamp_and_loses_engine_fields() -> None:
    body = {**PORTKEY, "request": {"json": {**CHAT, "watermarking": False}}}
    _, _, answer = asked(webhook(Rules(CLAMP)), "/portkey", body)
    changed = answer["transformedData"]["request"]["json"]
    assert changed == {"model": "large", "n": 1, "messages": CHAT["messages"], "user": "u"}
    assert answer["verdict"] is True


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/beta/litellm_basic_guardrail_api", {**LITELLM, "input_type": "response"}),
        ("/response", {"body": {"choices": [{"message": {"role": "assistant", "content": "SECRET"}}]}}),
        ("/portkey", {**PORTKEY, "eventType": "afterRequestHook"}),
        ("/kong", {**KONG, "source": "OUTPUT"}),
    ],
)
def test_calls_about_answers_pass_and_count_nothing(path: str, body: Any) -> None:
    rules = Rules(BLOCK)
    status, _, answer = asked(webhook(rules), path, body)
    assert (status, rules.asked) == (200, [])
    assert answer in ({"action": "NONE"}, {"action": {"reason": "not_ruled"}}) or not (
        answer.get("block") or answer.get("verdict") is False
    )


def test_a_clamp_that_a_dialect_cannot_make_never_becomes_a_block() -> None:
    service = webhook(Rules(CLAMP))
    assert asked(service, "/kong", KONG)[2]["block"] is False
    assert service.metrics.stages[("clamp", Fail.OPEN.value)] == 1


def test_reasoning_that_cannot_be_hidden_is_not_passed_on_unless_the_operator_says_so() -> None:
    closed = webhook(Rules(HIDE))
    assert asked(closed, "/envoy/v1/chat/completions", CHAT, FORWARDED)[0] == 502
    opened = webhook(Rules(HIDE), options=Options(hide=Fail.OPEN))
    assert asked(opened, "/envoy/v1/chat/completions", CHAT, FORWARDED)[0] == 200
    assert (closed.metrics.stages[("hide", "closed")], opened.metrics.stages[("hide", Fail.OPEN.value)]) == (1, 1)


def test_envoy_reads_step_and_mark_and_never_a_client_s_own() -> None:
    marked = webhook(Rules(Ruling(step=Step.MARK, code="marked", mark="m-1", policy="p@1")))
    _, headers, _ = asked(marked, "/envoy/v1/chat/completions", CHAT, {**FORWARDED, "x-stillwatch-mark": "forged"})
    told = {name: headers[name] for name in ("x-stillwatch-tier", "x-stillwatch-mark", "x-stillwatch-action")}
    assert told == {"x-stillwatch-tier": "mark", "x-stillwatch-mark": "m-1", "x-stillwatch-action": "marked"}
    _, headers, _ = asked(webhook(Rules()), "/envoy/v1/models", b"", FORWARDED, method="GET")
    assert headers["x-stillwatch-mark"] == "none"


def test_envoy_s_path_query_and_body_tell_dialect_key_and_facts() -> None:
    rules = Rules()
    service = webhook(rules)
    asked(
        service, f"/envoy/v1beta/models/g:streamGenerateContent?key={SK}", {"generationConfig": {"candidateCount": 3}}
    )
    asked(service, "/envoy/v1/messages", b"", FORWARDED)
    asked(service, "/envoy/v1/messages", b'{"model": "la', {**FORWARDED, "x-envoy-auth-partial-body": "true"})
    first, second, third = rules.asked
    assert (first.dialect, first.model, first.n, first.stream) == (Dialect.GEMINI, "g", 3, True)
    assert (second.dialect, second.model, third.model) == (Dialect.MESSAGES, None, None)
    assert len({one.account for one in rules.asked}) == 1


def test_a_front_names_the_account_before_envoy() -> None:
    rules = Rules()
    asked(webhook(rules, account_header="x-acct"), "/envoy/v1/messages", b"", {**FORWARDED, "x-acct": "acme"})
    assert rules.asked[0].account == NAMES.name("account", "acme")


def test_two_keys_are_refused() -> None:
    status, _, body = asked(webhook(Rules()), "/envoy/v1/messages", b"", {**FORWARDED, "x-api-key": "sk-another"})
    assert (status, body["error"]["details"]["code"]) == (400, "ambiguous_credential")


def test_who_does_not_show_the_secret_learns_nothing() -> None:
    rules = Rules(BLOCK)
    service = webhook(rules, secret="s3")
    assert asked(service, "/kong", KONG)[0] == 401
    assert asked(service, "/kong", KONG, {"x-stillwatch-secret": "s"})[0] == 401
    assert rules.asked == []
    assert asked(service, "/kong", KONG, {"x-stillwatch-secret": "s3"})[0] == 200
    assert asked(service, "/beta/litellm_basic_guardrail_api", LITELLM, {"x-api-key": "s3"})[0] == 200


def test_a_policy_that_raises_refuses_or_passes_as_chosen() -> None:
    assert asked(webhook(Rules(RuntimeError())), "/kong", KONG)[2]["code"] == "policy_unavailable"
    chosen = webhook(Rules(RuntimeError()), options=Options(decide=Fail.OPEN))
    assert asked(chosen, "/kong", KONG)[2]["block"] is False


def test_a_call_of_another_shape_is_told_which_field_is_wrong_and_never_what_it_held() -> None:
    status, _, body = asked(webhook(Rules()), "/kong", {"account": ["SECRET"]})
    assert status == 400
    assert body["error"]["message"] == "kong: Expected `str`, got `array` - at `$.account`"
    assert asked(webhook(Rules()), "/elsewhere", {})[0] == 404


@pytest.mark.parametrize("path", CALLS)
@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_whatever_arrives_gets_an_answer_that_gives_nothing_back(path: str, data: st.DataObject) -> None:
    field = data.draw(st.sampled_from(sorted(CALLS[path])))
    value = data.draw(
        st.one_of(st.none(), st.booleans(), st.just("SECRET"), st.just(["SECRET"]), st.just({"SECRET": 1}))
    )
    whole = json.dumps({**CALLS[path], field: value}).encode()
    body = whole[: data.draw(st.integers(0, len(whole)))] if data.draw(st.booleans()) else whole
    status, _, answer = asked(webhook(Rules()), path, body, FORWARDED)
    assert status in (200, 400)
    if status == 400:
        assert "SECRET" not in json.dumps(answer if not isinstance(answer, bytes) else answer.decode())
