"""Plain lines and bodies are read faster, and to the same rows: whatever stands in any place of them."""

from __future__ import annotations

import copy
import dataclasses
import json
from typing import Any

import pytest
from msgspec.structs import astuple

from stillwatch.ingest import FORMATS
from stillwatch.ingest.clean import BadField, Reading
from stillwatch.ingest.dialect import DIALECTS, fill
from stillwatch.ingest.exchange import Exchange
from stillwatch.ingest.log_format import Record
from stillwatch.ingest.read import exchanges_of

from .test_any_json import places, records
from .traffic import capture

PLAIN = sorted(name for name, one in FORMATS.items() if one.plain is not None)
SPOKEN = sorted(name for name, one in DIALECTS.items() if one.plain is not None)
GONE = object()
KINDS: tuple[Any, ...] = (
    *(GONE, None, True, False, 0, 7, -3, 10**12, 10**30, 1.5, 7.0, "", " text ", "7", "\u00e9\u4e2d", "x" * 600),
    *([], ["text"], [{}], {}, {"text": "text"}, "<think>thought</think>answer", "content_filter"),
)
MARKS = {"safety_identifier": "s", "max_completion_tokens": 9, "logprobs": True, "top_logprobs": 3, "logit_bias": {"1": 2}, "n": 2,
         "top_k": 4, "top_p": 0.5, "stream": False, "tools": [{"function": {"name": "look"}}], "functions": [{"name": "see"}]}  # fmt: skip
CALL = {"function": {"name": "look", "arguments": "{}"}}
ASKED = [
    {"role": "system", "content": "system"},
    {"role": "user", "content": [{"type": "text", "text": "one"}]},
    {"role": "assistant", "content": None, "tool_calls": [CALL], "function_call": {"name": "see"}},
    {"role": "tool", "content": "result"},
    {"role": "user", "content": "prompt", "reasoning_details": None, "encrypted_content": None},
]
ANSWERS = [
    {"message": {"role": "assistant", "content": "answer", "reasoning_content": "thought"}, "finish_reason": "stop"},
    {"message": {"content": None, "refusal": "no", "reasoning": "thought"}, "finish_reason": "content_filter"},
    {"message": {"content": "", "tool_calls": [CALL]}, "text": "legacy"},
]
USAGE = {"prompt_tokens": 5, "completion_tokens": 6, "prompt_tokens_details": {"cached_tokens": 1},
         "completion_tokens_details": {"reasoning_tokens": 2}}  # fmt: skip
FULL = capture(
    body={"model": "m", "messages": ASKED, "user": "u", "max_tokens": 5, "temperature": 1, **MARKS},
    response={"id": "chatcmpl-1", "model": "m-1", "choices": ANSWERS, "usage": USAGE, "error": None},
    conversation="c",
    pathway="p",
    retention="zero",
    org="o",
    account="a",
    client={
        "ip": "203.0.113.7",
        "user_agent": "SDK/1",
        "ja4": "t",
        "ja3": "u",
        "org": "o",
        "account": "b",
        "retention": "x",
    },
)
EVENTS = [
    {"id": "chatcmpl-1", "model": "m", "choices": [{"index": 0, "delta": {"role": "assistant", "content": ""}}], "usage": None},
    {"id": "chatcmpl-1", "choices": [{"index": 0, "delta": {"content": "an"}}, {"index": 1, "delta": {"refusal": "no"}}]},
    {"choices": [{"delta": {"reasoning_content": "thought", "content": "swer"}, "finish_reason": None}]},
    {"choices": [{"index": 1, "delta": {"reasoning": "why"}, "finish_reason": "stop"}], "error": None},
    {"choices": [{"index": 0, "delta": {}, "finish_reason": "length"}]},
    {"choices": [], "usage": {"prompt_tokens": 5, "completion_tokens": 6}},
]  # fmt: skip


def changed(value: Any, path: tuple[Any, ...], kind: Any) -> Any:
    """A copy with another value in one place, or without that place."""
    if not path:
        return kind
    made = copy.deepcopy(value)
    held = made
    for step in path[:-1]:
        held = held[step]
    if kind is GONE:
        del held[path[-1]]
    else:
        held[path[-1]] = kind
    return made


def variants(value: Any) -> list[Any]:
    """The value, and it with one place changed to each kind of value."""
    return [value, *(changed(value, path, kind) for path in places(value) if path for kind in KINDS)]


def told(found: list[Exchange | BadField]) -> list[Any]:
    return [(x.field, x.reason) if isinstance(x, BadField) else astuple(x) for x in found]


@pytest.fixture
def tolerant(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Reads a record, or fills in bodies, as if nothing were plain."""
    bare = {name: dataclasses.replace(one, plain=None) for name, one in DIALECTS.items()}

    def run(function: Any) -> Any:
        with monkeypatch.context() as patch:
            for name, one in bare.items():
                patch.setitem(DIALECTS, name, one)
            return function()

    return run


def plainly(name: str, record: Record, reading: Reading) -> tuple[bool, list[Any]]:
    """Whether the record is plain, and what is read of it."""
    lines = FORMATS[name].plain
    assert lines is not None
    line = lines.decoded(json.dumps(record, ensure_ascii=False).encode())
    if line is None:
        return False, told(exchanges_of(FORMATS[name], record, reading))
    try:
        return True, told([lines.read(line, reading)])
    except BadField as fault:
        return True, told([fault])


@pytest.mark.parametrize("name", PLAIN)
def test_most_captures_of_the_sample_are_plain(name: str) -> None:
    whole = [one for one in records(name) if not isinstance(one["response"].get("body"), list)]
    assert sum(plainly(name, one, Reading())[0] for one in whole) > len(whole) / 2


@pytest.mark.parametrize("name", PLAIN)
def test_a_plain_line_is_the_same_row_whatever_stands_in_any_place(name: str, tolerant: Any) -> None:
    plain = 0
    for record in (*records(name)[:3], *([FULL] if name == "openai_chat" else [])):
        for variant in variants(record):
            fast, slow = Reading(), Reading()
            is_plain, found = plainly(name, variant, fast)
            wanted = tolerant(lambda one=variant, reading=slow: told(exchanges_of(FORMATS[name], one, reading)))
            assert found == wanted, variant
            assert fast.notes == slow.notes, variant
            plain += is_plain
    assert plain > 100


@pytest.mark.parametrize("name", SPOKEN)
def test_bodies_kept_as_text_are_the_same_row_whatever_stands_in_any_place(name: str, tolerant: Any) -> None:
    def filled(request: str, response: str) -> Any:
        x = Exchange()
        try:
            fill(x, request, response, name=name)
        except BadField as fault:
            return fault.field, fault.reason
        return astuple(x)

    held = next(one for one in records(name) if isinstance(one["response"].get("body"), dict))
    held = FULL if name == "openai_chat" else held
    asked, answered = held["request"]["body"], held["response"]["body"]
    for request in variants(asked):
        texts = json.dumps(request), json.dumps(answered)
        assert filled(*texts) == tolerant(lambda texts=texts: filled(*texts)), request
    for response in variants(answered):
        texts = json.dumps(asked), json.dumps(response)
        assert filled(*texts) == tolerant(lambda texts=texts: filled(*texts)), response


@pytest.mark.parametrize(
    "end", ["\n\ndata: [DONE]\n\n", "\n\n", "\n", "", "\n\ndata: [DO", "\n\n: ping\n\n", "\n,{}\n\n"]
)
def test_a_plain_stream_is_the_same_row_whatever_stands_in_any_place(end: str, tolerant: Any) -> None:
    joined = DIALECTS["openai_chat"].plain
    assert joined is not None
    assert joined.joined_stream is not None
    plain = 0
    for events in variants(EVENTS) if end.endswith("[DONE]\n\n") else [EVENTS, EVENTS[:3], EVENTS[:1]]:
        stream = "data: " + "\n\ndata: ".join(json.dumps(event) for event in events) + end
        plain += joined.joined_stream(stream) is not None

        def filled(stream: str = stream) -> Any:
            x = Exchange(http_status=200)
            try:
                fill(x, {"messages": [], "stream": True}, stream, name="openai_chat")
            except BadField as fault:
                return fault.field, fault.reason
            return astuple(x)

        assert filled() == tolerant(filled), stream
    assert plain > 100 or not end.endswith("[DONE]\n\n")


def test_invalid_text_in_what_a_plain_line_skips_is_told() -> None:
    lines = FORMATS["openai_chat"].plain
    assert lines is not None
    line = json.dumps(capture(extra="?")).encode()
    assert lines.decoded(line) is not None
    assert lines.decoded(line.replace(b"?", b"\xff")) is None
    assert lines.decoded(json.dumps({**capture(), "items": []}).encode()) is None
