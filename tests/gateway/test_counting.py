"""What an answer cost is what its provider says, wherever else the caller had similar words put into it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from stillwatch.gateway.counting import used_in
from stillwatch.gateway.tee import Tee

SLIPPED_IN = {"usage": {"output_tokens": 0, "completion_tokens": 0}, "usage_": "x"}
SAID = {"input_tokens": 11, "output_tokens": 900, "output_tokens_details": {"reasoning_tokens": 70}}


def counted(body: bytes, *, stream: bool = False, most: int = 1 << 20) -> tuple[int | None, int | None, int | None]:
    tee = Tee(most, stream=stream)
    for at in range(0, len(body), 100):
        tee.add(body[at : at + 100])
    used = used_in(tee, at=0.0, finished=True)
    return used.input_tokens, used.output_tokens, used.reasoning_tokens


def events(*said: Any) -> bytes:
    return b"".join(b"event: x\ndata: " + json.dumps(one).encode() + b"\n\n" for one in said) + b"data: [DONE]\n\n"


@pytest.mark.parametrize(
    "answer",
    [
        {"id": "r", "usage": SAID, "metadata": {"usage_of_mine": "none", "output_tokens": "1"}},
        {"tools": [{"parameters": SLIPPED_IN}], "usage": SAID, "text": {"format": {"schema": SLIPPED_IN}}},
        {"content": [{"type": "tool_use", "input": SLIPPED_IN}], "usage": SAID, "user": '"usage":{"output_tokens":0}'},
    ],
)
def test_what_a_caller_has_repeated_in_an_answer_changes_no_count(answer: Any) -> None:
    assert counted(json.dumps(answer).encode()) == (11, 900, 70)
    assert counted(events({"type": "response.completed", "response": answer}), stream=True) == (11, 900, 70)


def test_a_stream_that_says_its_usage_in_two_places_is_read_in_both() -> None:
    begun = {"type": "message_start", "message": {"content": [], "usage": {"input_tokens": 3, "output_tokens": 1}}}
    delta = {"type": "content_block_delta", "delta": {"text": "data: {}"}}
    ended = {"type": "message_delta", "usage": {"output_tokens": 9}}
    assert counted(events(begun, *[delta] * 40, ended, {"type": "message_stop"}), stream=True) == (3, 9, None)


def test_of_an_answer_too_long_to_be_kept_the_largest_count_at_its_end_is_taken() -> None:
    body = json.dumps({"text": "x" * 5000, "usage": SAID, "schema": SLIPPED_IN}).encode()
    assert counted(body, most=1000)[1] == 900


def test_a_stream_without_usage_counts_its_events_and_an_answer_without_it_is_unknown() -> None:
    assert counted(events(*[{"delta": "a"}] * 6), stream=True) == (None, 7, None)
    assert counted(b'{"choices": []}') == (None, None, None)
    assert counted(b'{"usage": {"completion_tokens": -4, "prompt_tokens": null}}') == (None, None, None)
