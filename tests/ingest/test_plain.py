"""Plain lines and bodies are read faster, and to the same rows: whatever stands in any place of them."""

from __future__ import annotations

import base64
import copy
import json
from collections.abc import Iterator
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec.structs import astuple, replace

from stillwatch.ingest import FORMATS, _chat_plain
from stillwatch.ingest._folded import BETWEEN, folded
from stillwatch.ingest.clean import BadField, Reading, label
from stillwatch.ingest.exchange import Exchange
from stillwatch.ingest.exchanges import labels
from stillwatch.ingest.log_format import Record
from stillwatch.ingest.plain import NOT_PLAIN
from stillwatch.ingest.plain_rows import PlainRows
from stillwatch.ingest.read import exchanges_of
from stillwatch.ingest.records import unwrap
from stillwatch.ingest.table_rows import Reject

from .test_any_json import places, records
from .traffic import capture, lines, read

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
    {"role": "user", "content": "prompt"},
]
ANSWERS: list[Record] = [
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


MARKED = {
    **FULL,
    "request": {**FULL["request"], "body": {"messages": [{"content": "prompt", "reasoning_details": None}]}},
}
GENERATION = {
    "id": "o", "trace_id": "t", "type": "GENERATION", "start_time": "2025-10-01T10:00:00Z", "level": "ERROR",
    "provided_model_name": "m", "model": "n", "model_parameters": json.dumps({"temperature": 1, **MARKS}), "user_id": "u", "userId": "v",
    "session_id": "s", "sessionId": "w", "tool_definitions": {}, "tool_call_names": [], "input": ASKED, "trace": None,
    "output": {**ANSWERS[0]["message"], "refusal": "no", "finish_reason": "stop", "tool_calls": [CALL]},
    "usage_details": {"input": 5, "output": 6, "reasoning_tokens": 2, "input_cached_tokens": 1, "total": 11},
    "metadata": {"org": "o", "organization": "p", "end_user": "e", "ip": "203.0.113.7", "client_ip": "203.0.113.8", "user_agent": "SDK/1"},
}  # fmt: skip
TOLD = {**GENERATION, "level": None, "model_parameters": '{"stream": false, "logprobs": true}', "input": json.dumps(ASKED),
        "output": json.dumps(GENERATION["output"])}  # fmt: skip
ITEMS: list[Any] = [
    "said",
    {"role": "developer", "content": "system"},
    {
        "type": "message",
        "role": "user",
        "content": ["bare", {"type": "input_text", "text": "one"}, {"type": "input_image", "text": "no"}],
    },
    {
        "type": "reasoning",
        "encrypted_content": "gAAA-_",
        "summary": [{"type": "summary_text", "text": "thought"}],
        "content": "more",
    },
    {"type": "function_call", "name": "look", "arguments": "{}"},
    {"type": "mcp_call", "name": "look", "input": {"a": 1}},
    {"type": "function_call_output", "output": [{"type": "output_text", "text": "result"}]},
    {"role": "user", "content": "prompt"},
]
ANSWERED: list[Any] = [
    *ITEMS[3:6],
    {
        "type": "message",
        "role": "assistant",
        "content": [{"type": "output_text", "text": "answer"}, "bare", {"refusal": "no"}],
    },
]
RESPONSE = capture(
    body={"model": "m", "input": ITEMS, "instructions": ["brief"], "conversation": {"id": "c"}, "include": ["x"], "user": "u"},
    response={"id": "resp_1", "status": "incomplete", "output": ANSWERED, "incomplete_details": {"reason": "content_filter"},
              "usage": {"input_tokens": 5, "output_tokens": 6, "output_tokens_details": {"reasoning_tokens": 2}}},
)  # fmt: skip
RESPONSE["request"]["path"] = "/v1/responses"
CALLED = copy.deepcopy(RESPONSE)
CALLED["response"]["body"]["output"] = ANSWERED[:3]


def span(**values: Record) -> Record:
    """An export of one span with the values under their keys, `__` for a point."""
    found = [{"key": key.replace("__", "."), "value": value} for key, value in values.items()]
    one = {
        "traceId": "t",
        "spanId": "s",
        "startTimeUnixNano": "1759000000000000000",
        "attributes": found,
        "status": {"code": 2},
    }
    return {"resourceSpans": [{"scopeSpans": [{"spans": [one]}]}]}


SPAN = span(
    gen_ai__operation__name={"stringValue": "chat"},
    gen_ai__usage__input_tokens={"intValue": "5"},
    gen_ai__usage__output_tokens={"intValue": 6},
    gen_ai__request__temperature={"doubleValue": 0.5},
    gen_ai__request__max_tokens={"intValue": "12345678901234567890123"},
    gen_ai__request__top_k={"intValue": "many"},
    gen_ai__request__stream={"boolValue": True},
    gen_ai__response__finish_reasons={"arrayValue": {"values": [{"stringValue": "stop"}]}},
    gen_ai__tool__definitions={"stringValue": '[{"function": {"name": "look"}}]'},
    http__response__status_code={"intValue": "200"},
    user__id={"stringValue": "u", "intValue": "7"},
    llm__is_streaming={},
)
MADE: dict[str, list[Record]] = {
    "openai_chat": [FULL, MARKED],
    "openai_responses": [RESPONSE, CALLED],
    "otel_genai": [SPAN],
    "langfuse": [GENERATION, TOLD, {**TOLD, "output": "answer"}],
}
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
    """The value, and it with one place changed to values of several kinds, others in each place: some three hundred."""
    yield value
    everywhere = [path for path in places(value) if path]
    several = max(1, min(8, 300 // len(everywhere)))
    kinds = cycle(KINDS)
    for path in everywhere[:: len(everywhere) // 400 + 1]:
        for kind in islice(kinds, several):
            yield changed(value, path, kind)


def tolerantly(name: str, record: Record, reading: Reading) -> list[Any]:
    """What the tolerant reader makes of a line that holds the record: rows, then faults."""
    found = [x for one in unwrap(record) or [record] for x in exchanges_of(FORMATS[name], one, reading, 0, 0)]
    rows = [astuple(replace(x, source=0)) for x in found if isinstance(x, Exchange)]
    return rows + [(x.field, x.reason) for x in found if isinstance(x, BadField)]


def stumbled(line: bytes, number: int) -> None:
    pytest.fail(f"line {number} is plain and could not be read: {line!r}")


def plainly(name: str, record: Record, reading: Reading) -> list[Any] | None:
    """What is read of a line that holds the record where it is plain; `None` where it is not."""
    plain = FORMATS[name].plain
    assert plain is not None
    rejects: list[Reject] = []
    rows = PlainRows(plain, reading, 0, rejects, stumbled)
    if rows.leaves(0, json.dumps(record, ensure_ascii=False).encode()):
        return None
    rows.finish()
    x = rows.with_rows([])
    x.source = [0] * x.count
    read = [
        astuple(Exchange(**{field: getattr(x, field)[place] for field in Exchange.__struct_fields__}))
        for place in range(x.count)
    ]
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


@pytest.mark.parametrize(
    "end", ["\n\ndata: [DONE]\n\n", "\n\n", "\n", "", "\n\ndata: [DO", "\n\n: ping\n\n", "\n,{}\n\n"]
)
def test_a_plain_stream_is_the_same_row_whatever_stands_in_any_place(end: str) -> None:
    plain = 0
    for events in variants(EVENTS) if end.endswith("[DONE]\n\n") else [EVENTS, EVENTS[:3], EVENTS[:1]]:
        stream = "data: " + "\n\ndata: ".join(json.dumps(event) for event in events) + end
        plain += agree("openai_chat", capture(response=stream))
    assert plain > 30 or not end.endswith("[DONE]\n\n")


def test_bodies_kept_as_text_are_the_same_row_whatever_stands_in_any_place() -> None:
    plain = 0
    for variant in variants({"request": FULL["request"]["body"], "response": FULL["response"]["body"]}):
        if not isinstance(variant, dict) or len(variant) < 2:
            continue
        answer = json.dumps(variant["response"]).encode()
        for content in ({"text": answer.decode()}, {"text": base64.b64encode(answer).decode(), "encoding": "base64"}):
            entry = {
                "startedDateTime": "2025-10-01T10:00:00Z",
                "request": {"url": "https://api.example/v1/chat/completions", "postData": {"text": json.dumps(variant["request"])}},
                "response": {"status": 200, "content": content},
            }  # fmt: skip
            plain += agree("har", entry)
    assert plain > 100


def test_a_log_of_plain_lines_and_others_keeps_the_order_of_its_lines(tmp_path: Path) -> None:
    rows = [capture(i, account=f"acct-{i}") for i in range(600)]
    for i in range(0, 600, 7):
        rows[i]["response"]["status_code"] = 200
    rows[5]["started_at"] = "yesterday"
    rows[14]["started_at"] = "yesterday"
    (tmp_path / "log.jsonl").write_bytes(lines(rows))
    found, rejects, _ = read(tmp_path / "log.jsonl")
    assert [row["line"] for row in found] == [i + 1 for i in range(600) if i not in (5, 14)]
    assert [row["prompt"] for row in found] == [f"prompt {i}" for i in range(600) if i not in (5, 14)]
    assert [(one["line"], one["field"]) for one in rejects] == [(6, "started_at"), (15, "started_at")]
    assert len({one["reason"] for one in rejects}) == 1


def test_a_block_that_stumbles_is_read_line_by_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "log.jsonl").write_bytes(lines([capture(i) for i in range(300)]) + b'{"half": \n')
    wanted = read(tmp_path / "log.jsonl")
    plain = FORMATS["openai_chat"].plain
    assert plain is not None

    def stumbles(items: Any, reading: Reading) -> Any:
        reading.notes["told before it stumbled"] += 1
        raise RecursionError

    monkeypatch.setattr(plain, "read", stumbles)
    assert read(tmp_path / "log.jsonl") == wanted


ZONES = st.sampled_from(["Z", "+00:00", "+05:30", "-0800", "+02", ""])
TIMES = st.one_of(
    st.datetimes().map(lambda moment: moment.isoformat()),
    st.builds(lambda moment, sep, zone: moment.isoformat(sep) + zone, st.datetimes(), st.sampled_from("T "), ZONES),
    st.sampled_from(["2025-03-01", "2025-03-01T10:00Z", "2025-03-01T10Z", "2025-03-01T24:00:00Z", "2025-03-01T10:00:60Z",
                     "2025-03-01T10:00:00.123456789Z", "2025-03-01t10:00:00z", " 2025-03-01T10:00:00Z", "0000-01-01T00:00:00Z",
                     "2025-03-01T10:00:00+25:00", "2025-03-01T10:00:00.5Z", "1759000000", "", "soon"]),
    st.integers(),
    st.integers(0, 2 * 10**18).map(str),
    st.integers(14 * 10**17, 19 * 10**17).map("{:019}".format),
    st.none(),
)  # fmt: skip


@given(st.lists(TIMES, min_size=1, max_size=4))
@example(["2025-03-01T10:00:00Z", "2025-03-01 10:00:00.25+01:00"])
@example(["1759000000000000999", "1759000000000001000"])
@example(["1759000000000000999", "0000000001759000000"])
@example(["1759000000000000999", "+759000000000000999"])
@example(["1759000000000000999", "\u0661759000000000000999"])
def test_times_of_many_are_the_times_of_each(values: list[Any]) -> None:
    many, each = Reading(now=1_900_000_000_000_000), Reading(now=1_900_000_000_000_000)

    def one(value: Any) -> Any:
        try:
            return each.at(value, "at")
        except BadField as fault:
            return fault.reason

    found = [x.reason if isinstance(x, BadField) else x for x in many.times(values, "at")]
    assert found == [one(value) for value in values]
    assert many.notes == each.notes


@given(
    st.lists(
        st.one_of(st.none(), st.text(max_size=4), st.sampled_from([" a", "a\x85", "", "\x1f", "x" * 513, "\xa0b\xa0"]))
    )
)
def test_labels_of_many_are_the_labels_of_each(values: list[str | None]) -> None:
    assert labels(values) == [label(value) for value in values]


def test_a_span_with_a_value_of_two_kinds_is_not_plain() -> None:
    two = span(gen_ai__operation__name={"stringValue": "chat"}, user__id={"boolValue": True, "intValue": "7"})
    assert plainly("otel_genai", SPAN, Reading()) is not None
    assert plainly("otel_genai", two, Reading()) is None
    assert tolerantly("otel_genai", two, Reading())


def test_invalid_text_in_what_a_plain_line_skips_is_told() -> None:
    lines = FORMATS["openai_chat"].plain
    assert lines is not None
    line = json.dumps(capture(extra="?")).encode()
    assert lines.decoded(line) is not None
    assert lines.decoded(line.replace(b"?", b"\xff")) is None
    assert lines.decoded(json.dumps({**capture(), "items": []}).encode()) is None


def joined(stream: str) -> Any:
    try:
        return _chat_plain.joined_stream(stream)
    except NOT_PLAIN:
        return None


TEXTS = st.one_of(
    st.text(max_size=5),
    st.sampled_from(['"', "\\", 'a","b', '\\"', '"content": "', "\n\ndata: ", "\U0001f600", ',"', '"}}]}', "\x7f", "\ud83d", "\ude00"]),
)  # fmt: skip


@given(
    texts=st.lists(TEXTS, min_size=5, max_size=12),
    raw=st.booleans(),
    more=st.sampled_from([{}, {"role": "assistant"}, {"refusal": None}, {"refusal": "no"}, {"reasoning": "thought"}]),
    odd=st.lists(st.tuples(st.integers(0, 12), st.sampled_from(EVENTS)), max_size=3),
    compact=st.booleans(),
)
def test_a_run_of_chunks_read_as_one_says_what_all_of_them_say(
    texts: list[str], raw: bool, more: Record, odd: list[tuple[int, Record]], compact: bool
) -> None:
    events = [
        {"id": "c", "choices": [{"index": 0, "delta": {**more, "content": text}}], "usage": None} for text in texts
    ]
    for place, event in odd:
        events.insert(min(place, len(events)), event)
    separators = (",", ":") if compact else (", ", ": ")
    chunks = [json.dumps(event, ensure_ascii=not raw, separators=separators) for event in events]
    stream = "data: " + "\n\ndata: ".join(chunks)
    found = joined(stream)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(_chat_plain, "folded", lambda _chunks: None)
        assert joined(stream) == found


@given(st.lists(st.text(alphabet='a"\\,x ', max_size=5), min_size=4, max_size=8))
@example(["a\\", 'b","c', "a", "a", "a"])
def test_letters_between_chunks_that_are_no_text_are_no_run(inners: list[str]) -> None:
    stream = "data: " + "\n\ndata: ".join(
        f'{{"id": "c", "choices": [{{"delta": {{"content": "{one}"}}}}]}}' for one in inners
    )
    found = joined(stream)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(_chat_plain, "folded", lambda _chunks: None)
        assert joined(stream) == found


def test_an_ordinary_stream_is_read_as_one_run() -> None:
    chunk = '{{"id": "c", "choices": [{{"index": 0, "delta": {{"content": "{}"}}}}]}}'
    ends = '{"id": "c", "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}'
    begins = '{"id": "c", "choices": [{"index": 0, "delta": {"role": "assistant", "content": ""}}]}'
    chunks = [begins, *map(chunk.format, ["one", " two", "\\n", " \u00e9", "\\u00e9 five"]), ends]
    shorter = folded(BETWEEN.join(chunks))
    assert shorter == (BETWEEN.join([begins, chunk.format(""), ends]), 1, "one two\n \u00e9\u00e9 five")
    assert folded(BETWEEN.join([begins, ends])) is None
