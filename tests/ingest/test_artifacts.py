"""Reasoning signatures: those that a request carried are told from those that a response brought, in every format that has them."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from stillwatch.core import Pseudonymiser
from stillwatch.ingest import _anthropic, _chat, _converse, _gemini, _responses, prefixes
from stillwatch.ingest.batch import to_batch
from stillwatch.ingest.exchange import Exchange

NAMES = Pseudonymiser(b"k" * 32)
AT = 1_780_000_000_000_000
BODIES: dict[str, tuple[Any, dict[str, Any], dict[str, Any]]] = {
    "anthropic": (
        _anthropic,
        {"messages": [{"role": "assistant", "content": [{"type": "thinking", "thinking": "", "signature": "OLD"}]}]},
        {"content": [{"type": "thinking", "thinking": "hm", "signature": "NEW"}]},
    ),
    "anthropic, redacted": (
        _anthropic,
        {"messages": [{"role": "assistant", "content": [{"type": "redacted_thinking", "data": "OLD"}]}]},
        {"content": [{"type": "redacted_thinking", "data": "NEW"}]},
    ),
    "responses": (
        _responses,
        {"input": [{"type": "reasoning", "encrypted_content": "OLD"}]},
        {"output": [{"type": "reasoning", "encrypted_content": "NEW"}]},
    ),
    "gemini": (
        _gemini,
        {"contents": [{"role": "model", "parts": [{"text": "a", "thoughtSignature": "OLD"}]}]},
        {"candidates": [{"content": {"parts": [{"text": "b", "thoughtSignature": "NEW"}]}}]},
    ),
    "chat": (
        _chat,
        {"messages": [{"role": "assistant", "content": "a", "thinking_blocks": [{"signature": "OLD"}]}]},
        {"choices": [{"message": {"role": "assistant", "content": "b", "reasoning_details": [{"data": "NEW"}]}}]},
    ),
    "converse": (
        _converse,
        {
            "messages": [
                {
                    "role": "assistant",
                    "content": [{"reasoningContent": {"reasoningText": {"text": "", "signature": "OLD"}}}],
                }
            ]
        },
        {
            "output": {
                "message": {"content": [{"reasoningContent": {"reasoningText": {"text": "hm", "signature": "NEW"}}}]}
            }
        },
    ),
}


def row_of(x: Exchange) -> dict[str, Any]:
    row: dict[str, Any] = to_batch([x], NAMES, source=1, log_format="har")[0].to_pylist()[0]
    return row


@pytest.mark.parametrize("name", BODIES)
def test_what_was_sent_is_told_from_what_came_back(name: str) -> None:
    dialect, asked, answered = BODIES[name]
    x = Exchange(at=AT)
    dialect.request(x, asked)
    dialect.response(x, answered)
    row = row_of(x)
    assert row["reasoning_artifacts"] == [NAMES.name("artifact", mark) for mark in ("OLD", "NEW")]
    assert row["artifacts_returned"] == [NAMES.name("artifact", "NEW")]


@pytest.mark.parametrize("name", BODIES)
def test_a_request_alone_brought_nothing(name: str) -> None:
    dialect, asked, _ = BODIES[name]
    x = Exchange(at=AT)
    dialect.request(x, asked)
    assert row_of(x)["artifacts_returned"] == []


def test_without_signatures_both_are_unknown() -> None:
    row = row_of(Exchange(at=AT))
    assert row["reasoning_artifacts"] is row["artifacts_returned"] is None


def test_signatures_of_a_table_that_does_not_say_which_way_stay_so() -> None:
    row = row_of(Exchange(at=AT, reasoning_artifacts=["X"]))
    assert row["artifacts_returned"] is None


def chained(*conversations: tuple[str | None, str | None]) -> list[list[int] | None]:
    messages, prompts = zip(*conversations, strict=True)
    made: list[list[int] | None] = prefixes(pa.array(messages, pa.string()), pa.array(prompts), salt=3).to_pylist()
    return made


EARLIER = '[{"role":"user","content":"Hi"},{"role":"assistant","content":%s},{"role":"tool","content":"x"}]'


def test_a_conversation_goes_on_whatever_was_answered() -> None:
    begun, on, again = chained((None, "Hi"), (EARLIER % '"Yes?"', "And then\n"), (EARLIER % "null", "And then"))
    assert on is not None
    assert begun == on[:1]
    assert on == again


def test_the_same_prompt_after_another_opening_is_another_place() -> None:
    (one, other) = chained((EARLIER % '"Yes?"', "And then"), (None, "And then"))
    assert one is not None
    assert other is not None
    assert not set(one) & set(other)


def test_turns_kept_in_another_way_and_unknown_prompts_are_unknown() -> None:
    assert chained(("User: Hi", "And then"), (None, None), ('{"role":"user"}', "x")) == [None, None, None]


def test_two_turns_are_not_one_that_joins_them() -> None:
    (two, one) = chained(('[{"role":"user","content":"a"}]', "b"), (None, "a b"))
    assert two is not None
    assert one is not None
    assert two[-1] != one[-1]
