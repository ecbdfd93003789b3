"""What hosts hand over already taken apart: the same facts as from bytes, rows as from a capture, accounts as from logs."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest

from stillwatch.gateway.adapters.facts import body_of
from stillwatch.gateway.adapters.hosts import Hosts, Named
from stillwatch.gateway.adapters.litellm_log import seen_of, used_of
from stillwatch.gateway.adapters.underway import One, Underway
from stillwatch.gateway.asking import Unreadable, read_body
from stillwatch.gateway.capture_writer import SCHEMA, row
from stillwatch.gateway.who import Identities
from stillwatch.policy import Asked, Dialect, Ruling, Step

from .asking import NAMES

PAYLOAD: dict[str, Any] = {
    "id": "chatcmpl-1",
    "call_type": "acompletion",
    "status": "success",
    "startTime": 1_800_000_000.25,
    "model": "openai/large",
    "model_group": "large",
    "model_parameters": {"temperature": 0.5, "n": 2},
    "messages": [{"role": "user", "content": "hello there"}],
    "response": {
        "choices": [{"message": {"role": "assistant", "content": "fine day"}}],
        "usage": {"prompt_tokens": 7, "completion_tokens": 5},
    },
    "prompt_tokens": 7,
    "completion_tokens": 5,
    "total_tokens": 12,
    "stream": False,
    "end_user": "",
    "requester_ip_address": "10.0.0.9",
    "metadata": {
        "user_api_key_hash": "ab" * 32,
        "user_api_key_user_id": "default_user_id",
        "user_api_key_team_id": "team-1",
        "usage_object": {"completion_tokens_details": {"reasoning_tokens": 3}},
    },
}  # fmt: skip


def rows_of(payload: dict[str, Any], dialect: Dialect, *, zero: bool = False) -> dict[str, Any]:
    seen = seen_of(payload, dialect, zero=zero, pathway="litellm")
    return dict(zip(SCHEMA.names, row(seen), strict=True))


@pytest.mark.parametrize("dialect", [Dialect.CHAT, Dialect.MESSAGES])
def test_an_exchange_that_litellm_logged_becomes_a_row_whichever_dialect_it_was_asked_in(dialect: Dialect) -> None:
    made = rows_of(PAYLOAD, dialect)
    wanted = {"account": "ab" * 32, "org": "team-1", "model": "large", "output": "fine day", "input_tokens": 7, "output_tokens": 5,
              "outcome": "ok", "http_status": 200, "n": 2, "ip": "10.0.0.9", "pathway": "litellm"}  # fmt: skip
    assert {name: made[name] for name in wanted} == wanted


def test_of_a_customer_with_zero_retention_only_numbers_are_kept() -> None:
    made = rows_of(PAYLOAD, Dialect.CHAT, zero=True)
    assert (made["output"], made["messages"], made["output_tokens"]) == (None, None, 5)


def test_a_failure_is_one_and_what_it_used_is_unknown() -> None:
    failed = {**PAYLOAD, "status": "failure", "response": None, "error_information": {"error_code": "429", "error_class": "RateLimitError"},
              "prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}  # fmt: skip
    made = rows_of(failed, Dialect.CHAT)
    assert (made["http_status"], made["outcome"] == "ok", made["output"]) == (429, False, None)
    used = used_of(failed, finished=False)
    assert (used.input_tokens, used.output_tokens, used.finished) == (None, None, False)
    assert (used_of(PAYLOAD, finished=True).output_tokens, used_of(PAYLOAD, finished=True).reasoning_tokens) == (5, 3)


@pytest.mark.parametrize(
    ("dialect", "fields"),
    [
        (Dialect.CHAT, {"model": "m", "n": 3, "logprobs": True, "top_logprobs": 4, "messages": [{}, {}], "tools": [{}], "user": "u",
                        "stream": True, "reasoning_effort": "high", "watermarking": False, "max_completion_tokens": 9}),
        (Dialect.RESPONSES, {"model": "m", "input": "hi", "include": ["message.output_text.logprobs"], "reasoning": {"effort": "low"}}),
        (Dialect.MESSAGES, {"model": "m", "messages": [{}], "thinking": {"type": "enabled"}, "metadata": {"user_id": "u"}, "top_k": 4}),
        (Dialect.GEMINI, {"contents": [{}], "generationConfig": {"candidateCount": 2, "topK": 3}}),
    ],
)  # fmt: skip
def test_the_facts_are_those_that_are_read_from_bytes(dialect: Dialect, fields: dict[str, Any]) -> None:
    host = {**fields, "litellm_logging_obj": object(), "proxy_server_request": {"headers": {}}}
    assert body_of(dialect, host) == read_body(dialect, json.dumps(fields).encode())


def test_a_field_that_nobody_can_read_is_unknown_and_never_an_error() -> None:
    assert body_of(Dialect.CHAT, {"n": object(), "messages": object()}).n is None
    with pytest.raises(Unreadable):
        body_of(Dialect.CHAT, {"model": "\ud800"})


def test_a_key_s_hash_and_the_key_itself_are_one_account() -> None:
    key = "sk-test-0123456789abcdef"
    hashed = hashlib.sha256(key.encode()).hexdigest()
    shown, _ = Identities(NAMES).of([(b"authorization", f"Bearer {key}".encode())], b"", Dialect.CHAT)
    told = Hosts(NAMES, zero=frozenset({"team-1"})).of(Named(credential=hashed, org="team-1"))
    assert (told.account, told.zero) == (shown.account, True)
    assert Hosts(NAMES).of(Named(account="  ", credential=hashed)).account == shown.account


def test_requests_whose_end_is_never_told_are_forgotten_oldest_first() -> None:
    one = One(asked=Asked(at=0.0, account=1, dialect=Dialect.CHAT), ruling=Ruling(step=Step.ALLOW))
    underway = Underway(most=2)
    for name in "abc":
        underway.begin(name, one)
    assert (len(underway), underway.end("a"), underway.end("c"), underway.end("c"), underway.end(None)) == (
        2,
        None,
        one,
        None,
        None,
    )
