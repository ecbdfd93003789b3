"""Plain lines and bodies are read faster, and to the same rows: whatever stands in any place of them."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from itertools import cycle, islice
from typing import Any

import pytest
from msgspec.structs import astuple

from stillwatch.ingest import FORMATS
from stillwatch.ingest.clean import BadField, Reading
from stillwatch.ingest.exchange import Exchange
from stillwatch.ingest.log_format import Record
from stillwatch.ingest.plain_rows import PlainRows
from stillwatch.ingest.read import exchanges_of
from stillwatch.ingest.records import unwrap
from stillwatch.ingest.table_rows import Reject

from .test_any_json import places, records
from .traffic import capture

PLAIN = sorted(name for name, one in FORMATS.items() if one.plain is not None)
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


MADE: dict[str, list[Record]] = {"openai_chat": [FULL]}
"""Records with more in them than the samples have."""


def samples(name: str) -> list[Record]:
    """Records of which every place is changed: a few of the sample's, and made ones."""
    plain = [one for one in records(name) if plainly(name, one, Reading()) is not None]
    return sorted(plain, key=lambda one: len(list(places(one))))[:2] + MADE.get(name, [])


def changed(value: Any, path: tuple[Any, ...], kind: Any) -> Any:
    """A copy with another value in one place, or without that place. What is not on the way there is shared."""
    if not path:
        return kind
    made = copy.copy(value)
    if len(path) == 1 and kind is GONE:
        del made[path[0]]
    else:
        made[path[0]] = changed(made[path[0]], path[1:], kind)
    return made


def variants(value: Any) -> Iterator[Any]:
    """The value, and it with one place changed to values of several kinds, others in each place."""
    yield value
    kinds = cycle(KINDS)
    for path in places(value):
        if path:
            for kind in islice(kinds, 8):
                yield changed(value, path, kind)


def told(found: list[Exchange | BadField]) -> list[Any]:
    return [(x.field, x.reason) if isinstance(x, BadField) else astuple(x) for x in found]


def tolerantly(name: str, record: Record, reading: Reading) -> list[Any]:
    """What the tolerant reader makes of a line that holds the record."""
    return told([x for one in unwrap(record) or [record] for x in exchanges_of(FORMATS[name], one, reading)])


def plainly(name: str, record: Record, reading: Reading) -> list[Any] | None:
    """What is read of a line that holds the record where it is plain; `None` where it is not."""
    plain = FORMATS[name].plain
    assert plain is not None
    rejects: list[Reject] = []
    rows = PlainRows(plain, reading, 0, rejects)
    if rows.leaves(0, json.dumps(record, ensure_ascii=False).encode()):
        return None
    x = rows.with_rows([])
    read = [astuple(Exchange(**{field: getattr(x, field)[place] for field in Exchange.__struct_fields__})) for place in range(x.count)]
    return read + [(field, reason) for _, _, field, reason in rejects]


def agree(name: str, record: Record) -> bool:
    """Whether a record is plain; if so, it must be read as the tolerant reader reads it."""
    fast, slow = Reading(), Reading()
    found = plainly(name, record, fast)
    if found is None:
        return False
    assert found == tolerantly(name, record, slow), record
    assert fast.notes == slow.notes, record
    return True


@pytest.mark.parametrize("name", PLAIN)
def test_many_records_of_the_sample_are_plain(name: str) -> None:
    whole = records(name)
    assert sum(agree(name, one) for one in whole) > len(whole) / 4


@pytest.mark.parametrize("name", PLAIN)
def test_a_plain_line_is_the_same_row_whatever_stands_in_any_place(name: str) -> None:
    assert sum(agree(name, variant) for record in samples(name) for variant in variants(record)) > 100


@pytest.mark.parametrize("end", ["\n\ndata: [DONE]\n\n", "\n\n", "\n", "", "\n\ndata: [DO", "\n\n: ping\n\n", "\n,{}\n\n"])
def test_a_plain_stream_is_the_same_row_whatever_stands_in_any_place(end: str) -> None:
    plain = 0
    for events in variants(EVENTS) if end.endswith("[DONE]\n\n") else [EVENTS, EVENTS[:3], EVENTS[:1]]:
        stream = "data: " + "\n\ndata: ".join(json.dumps(event) for event in events) + end
        plain += agree("openai_chat", capture(response=stream))
    assert plain > 50 or not end.endswith("[DONE]\n\n")


def test_invalid_text_in_what_a_plain_line_skips_is_told() -> None:
    lines = FORMATS["openai_chat"].plain
    assert lines is not None
    line = json.dumps(capture(extra="?")).encode()
    assert lines.decoded(line) is not None
    assert lines.decoded(line.replace(b"?", b"\xff")) is None
    assert lines.decoded(json.dumps({**capture(), "items": []}).encode()) is None
