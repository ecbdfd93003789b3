"""Reasoning taken out of answers: the same for every split of the bytes, and nothing else is touched."""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from stillwatch.gateway.hiding import StreamHider, hidden
from stillwatch.gateway.hiding.tags import PAIRS, TagFilter, without_tags
from stillwatch.policy import Dialect, Hide

SECRET = "SECRET thoughts"
SHORT = "thoughts in short"
"""A summary that the provider made itself."""
DIALECTS = (Dialect.CHAT, Dialect.RESPONSES, Dialect.MESSAGES, Dialect.GEMINI)


def sse(*events: Any, named: bool = False, end: str = "\n") -> bytes:
    made = ""
    for event in events:
        made += f"event: {event['type']}{end}" if named else ""
        made += f"data: {json.dumps(event)}{end}{end}"
    return made.encode()


def chunk(delta: dict[str, Any], finish: str | None = None, index: int = 0, **more: Any) -> dict[str, Any]:
    return {"id": "c", "choices": [{"index": index, "delta": delta, "finish_reason": finish, **more}]}


CALL = {"index": 0, "id": "t1", "type": "function", "function": {"name": "f", "arguments": '{"a": "<think>"}'}}
STREAMS: dict[Dialect, bytes] = {
    Dialect.CHAT: b": hello\n\n"
    + sse(
        chunk({"role": "assistant", "reasoning_content": SECRET}),
        chunk({"reasoning": SECRET, "reasoning_details": [{"type": "reasoning.text", "text": SECRET, "signature": "sig=="}]}),
        chunk({"content": "A<thi"}, logprobs={"content": [{"token": SECRET}]}),
        chunk({"content": f"nk>{SECRET}</th"}),
        chunk({"content": "ink>B é <"}),
        chunk({"content": [{"type": "thinking", "thinking": [{"type": "text", "text": SECRET}]}, {"type": "text", "text": "C"}]}),
        chunk({"tool_calls": [CALL]}),
        chunk({"content": f"<thinking>{SECRET}</thinking>D<t"}, index=1),
        chunk({}, "stop", index=1),
        chunk({}, "tool_calls"),
    )
    + b"data: [DONE]\n\n",
    Dialect.RESPONSES: sse(
        {"type": "response.output_item.added", "output_index": 0, "item": {"type": "reasoning", "id": "r", "summary": []}},
        {"type": "response.reasoning_text.delta", "delta": SECRET, "output_index": 0},
        {"type": "response.reasoning_text.done", "text": SECRET, "output_index": 0},
        {"type": "response.reasoning_summary_text.delta", "delta": SHORT, "output_index": 0},
        {"type": "response.reasoning_summary_part.done", "part": {"type": "summary_text", "text": SHORT}},
        {"type": "response.output_item.done", "item": {"type": "reasoning", "encrypted_content": "enc==", "summary": [{"text": SHORT}],
                                                       "content": [{"type": "reasoning_text", "text": SECRET}]}},
        {"type": "response.output_text.delta", "output_index": 1, "content_index": 0, "delta": f"A<think>{SECRET}</thi", "logprobs": [1]},
        {"type": "response.output_text.delta", "output_index": 1, "content_index": 0, "delta": "nk>B<", "logprobs": []},
        {"type": "response.output_text.done", "output_index": 1, "content_index": 0, "text": f"A<think>{SECRET}</think>B<"},
        {"type": "response.function_call_arguments.done", "arguments": '{"a": "<think>"}', "output_index": 2},
        {"type": "response.completed", "response": {"output": [
            {"type": "reasoning", "summary": [{"text": SHORT}], "encrypted_content": "enc=="},
            {"type": "message", "content": [{"type": "output_text", "text": f"A<think>{SECRET}</think>B<", "logprobs": [2]}]},
            {"type": "function_call", "arguments": '{"a": "<think>"}'}]}},
        named=True,
    ),
    Dialect.MESSAGES: sse(
        {"type": "message_start", "message": {"id": "m", "content": [], "usage": {"input_tokens": 3}}},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "thinking", "thinking": "", "signature": ""}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "thinking_delta", "thinking": SECRET}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "signature_delta", "signature": "sig=="}},
        {"type": "content_block_stop", "index": 0},
        {"type": "content_block_start", "index": 1, "content_block": {"type": "redacted_thinking", "data": "enc=="}},
        {"type": "content_block_stop", "index": 1},
        {"type": "content_block_start", "index": 2, "content_block": {"type": "text", "text": ""}},
        {"type": "content_block_delta", "index": 2, "delta": {"type": "text_delta", "text": "A<reason"}},
        {"type": "content_block_delta", "index": 2, "delta": {"type": "text_delta", "text": f"ing>{SECRET}</reasoning>B<"}},
        {"type": "content_block_stop", "index": 2},
        {"type": "content_block_start", "index": 3, "content_block": {"type": "tool_use", "id": "t", "name": "f", "input": {}}},
        {"type": "content_block_delta", "index": 3, "delta": {"type": "input_json_delta", "partial_json": '{"a": "<think>"}'}},
        {"type": "content_block_stop", "index": 3},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 9}},
        {"type": "message_stop"},
        named=True,
    ),
    Dialect.GEMINI: sse(
        {"candidates": [{"content": {"parts": [{"text": SECRET, "thought": True, "thoughtSignature": "sig=="}]}}]},
        {"candidates": [{"content": {"parts": [{"text": f"A<think>{SECRET}"}]}, "logprobsResult": {"x": SECRET}}]},
        {"candidates": [{"content": {"parts": [{"text": "</think>B<"}, {"functionCall": {"name": "f", "args": {"a": "<think>"}}}]},
                         "finishReason": "STOP"}], "usageMetadata": {"promptTokenCount": 3}},
        end="\r\n",
    ),
}  # fmt: skip


def passed(dialect: Dialect, pieces: Sequence[bytes], how: Hide = Hide.REMOVE) -> bytes:
    one = StreamHider(dialect, how)
    return b"".join([*(one.feed(piece) for piece in pieces), one.finish()])


def events(stream: bytes) -> list[Any]:
    lines = stream.replace(b"\r\n", b"\n").split(b"\n")
    return [json.loads(line[5:]) for line in lines if line.startswith(b"data:") and b"[DONE]" not in line]


def cut(data: bytes, places: list[int]) -> list[bytes]:
    ends = sorted({place % (len(data) + 1) for place in places} | {0, len(data)})
    return [data[start:end] for start, end in itertools.pairwise(ends)]


@pytest.mark.parametrize("how", [Hide.REMOVE, Hide.SUMMARISE])
@pytest.mark.parametrize("dialect", DIALECTS)
@given(places=st.lists(st.integers(0, 10_000), max_size=30))
@example(places=list(range(5000)))
@settings(max_examples=12, deadline=None)
def test_any_split_of_the_bytes_gives_the_same_result(dialect: Dialect, how: Hide, places: list[int]) -> None:
    whole = STREAMS[dialect]
    assert passed(dialect, cut(whole, places), how) == passed(dialect, [whole], how)


@pytest.mark.parametrize("how", [Hide.REMOVE, Hide.SUMMARISE])
@pytest.mark.parametrize("dialect", DIALECTS)
def test_no_reasoning_is_left_and_signatures_and_calls_are_whole(dialect: Dialect, how: Hide) -> None:
    got = passed(dialect, [STREAMS[dialect]], how)
    assert SECRET.encode() not in got
    assert got.count(SHORT.encode()) == (STREAMS[dialect].count(SHORT.encode()) if how is Hide.SUMMARISE else 0)
    for kept in (b"sig==", b"enc=="):
        assert got.count(kept) == STREAMS[dialect].count(kept)
    assert b"<think>" in got, "the arguments of a tool are not the model's reasoning"
    assert len(events(got)) >= len(events(STREAMS[dialect]))


def test_the_answer_between_the_tags_is_whole() -> None:
    chat = events(passed(Dialect.CHAT, [STREAMS[Dialect.CHAT]]))
    texts: dict[int, str] = {0: "", 1: ""}
    for event in chat:
        content = event["choices"][0]["delta"].get("content") or ""
        texts[event["choices"][0]["index"]] += (
            content if isinstance(content, str) else "".join(part.get("text", "") for part in content)
        )
    assert texts == {0: "AB é <C", 1: "D<t"}
    messages = events(passed(Dialect.MESSAGES, [STREAMS[Dialect.MESSAGES]]))
    assert "".join(e["delta"]["text"] for e in messages if e.get("delta", {}).get("type") == "text_delta") == "AB<"
    gemini = events(passed(Dialect.GEMINI, [STREAMS[Dialect.GEMINI]]))
    parts = [p for e in gemini for c in e["candidates"] for p in c["content"]["parts"]]
    assert "".join(p.get("text", "") for p in parts if not p.get("thought")) == "AB<"
    responses = events(passed(Dialect.RESPONSES, [STREAMS[Dialect.RESPONSES]]))
    assert "".join(e["delta"] for e in responses if e["type"] == "response.output_text.delta") == "AB<"
    assert next(e["text"] for e in responses if e["type"] == "response.output_text.done") == "AB<"


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_summary_says_how_much_was_withheld(dialect: Dialect) -> None:
    assert b"Reasoning withheld" in passed(dialect, [STREAMS[dialect]], Hide.SUMMARISE)


def test_events_without_anything_to_hide_keep_their_bytes() -> None:
    odd = b'event:  x\r\nid: 7\r\ndata: {"choices" : [ {"index":0, "delta":{"content":"a"} } ]}\r\n\r\n: c\n\nretry: 5\n\n'
    assert passed(Dialect.CHAT, [odd]) == odd


def test_other_lines_of_an_edited_event_stay() -> None:
    odd = b'id: 7\r\ndata: {"choices":[{"index":0,"delta":{"reasoning":"x"}}]}\r\nretry: 5\r\n\r\n'
    assert passed(Dialect.CHAT, [odd]) == odd.replace(b'"reasoning":"x"', b"")


def test_data_over_several_lines_are_one_event() -> None:
    odd = b'data: {"choices":[{"index":0,\ndata: "delta":{"reasoning":"SECRET"}}]}\n\n'
    assert passed(Dialect.CHAT, [odd]) == b'data: {"choices":[{"index":0,"delta":{}}]}\n\n'


@pytest.mark.parametrize("bad", [b"data: {oops\n\n", b"data: \xff\xfe\n\n", b'data: {"a": "\\ud800"}\n\n'])
def test_an_event_that_cannot_be_read_is_not_passed_on(bad: bytes) -> None:
    one = StreamHider(Dialect.CHAT, Hide.REMOVE)
    assert one.feed(bad + b"data: [DONE]\n\n") + one.finish() == b"data: [DONE]\n\n"
    assert one.unreadable == 1


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(["<", "think", ">", "</", "thinking", "a", "é", "<think>", "</think>", "[THINK]", "[/think]", "İ", " "])),
       st.lists(st.integers(0, 100)))  # fmt: skip
def test_text_between_tags_goes_however_it_is_cut(words: list[str], places: list[int]) -> None:
    text = "".join(words)
    ends = sorted({place % (len(text) + 1) for place in places} | {0, len(text)})
    one = TagFilter(Hide.REMOVE)
    got = "".join(one.feed(text[a:b]) for a, b in itertools.pairwise(ends)) + one.finish()
    assert got == without_tags(text, Hide.REMOVE)


@pytest.mark.parametrize(("opening", "closing"), PAIRS.items())
def test_every_kind_of_tag_is_known_in_any_case(opening: str, closing: str) -> None:
    for a, b in ((opening, closing), (opening.upper(), closing.title())):
        assert without_tags(f"x{a}secret{b}y", Hide.REMOVE) == "xy"


def test_reasoning_that_is_never_closed_stays_withheld_and_a_beginning_that_was_none_is_passed() -> None:
    assert without_tags("a<think>secret", Hide.REMOVE) == "a"
    assert without_tags("a < b <thin", Hide.REMOVE) == "a < b <thin"


WHOLE: dict[Dialect, tuple[Any, Any]] = {
    Dialect.CHAT: (
        {"choices": [{"index": 0, "message": {"content": f"<think>{SECRET}</think>A", "reasoning_content": SECRET, "tool_calls": [CALL],
                                              "thinking_blocks": [{"thinking": SECRET, "signature": "s"}]},
                      "logprobs": {"content": []}, "finish_reason": "stop"}], "usage": {"x": 1}},
        {"choices": [{"index": 0, "message": {"content": "A", "tool_calls": [CALL],
                                              "thinking_blocks": [{"thinking": "", "signature": "s"}]},
                      "logprobs": None, "finish_reason": "stop"}], "usage": {"x": 1}},
    ),
    Dialect.RESPONSES: (
        {"output": [{"type": "reasoning", "summary": [{"text": SHORT}], "encrypted_content": "e"},
                    {"type": "message", "content": [{"type": "output_text", "text": "A", "logprobs": [1]}]}]},
        {"output": [{"type": "reasoning", "summary": [], "encrypted_content": "e"},
                    {"type": "message", "content": [{"type": "output_text", "text": "A", "logprobs": []}]}]},
    ),
    Dialect.MESSAGES: (
        {"content": [{"type": "thinking", "thinking": SECRET, "signature": "s"}, {"type": "text", "text": "A"}]},
        {"content": [{"type": "thinking", "thinking": "", "signature": "s"}, {"type": "text", "text": "A"}]},
    ),
    Dialect.GEMINI: (
        [{"candidates": [{"content": {"parts": [{"text": SECRET, "thought": True, "thoughtSignature": "s"}, {"text": "A"}]},
                          "avgLogprobs": -1}]}],
        [{"candidates": [{"content": {"parts": [{"text": "", "thought": True, "thoughtSignature": "s"}, {"text": "A"}]}}]}],
    ),
}  # fmt: skip


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_whole_answer_loses_the_same(dialect: Dialect) -> None:
    given_, expected = WHOLE[dialect]
    assert json.loads(hidden(dialect, json.dumps(given_).encode(), Hide.REMOVE)) == expected
    clean = json.dumps(expected, indent=1).encode()
    assert hidden(dialect, clean, Hide.REMOVE) is clean


def test_log_probabilities_can_go_alone() -> None:
    given_ = {"choices": [{"message": {"content": "A", "reasoning": "kept"}, "logprobs": {"content": [1]}}]}
    got = json.loads(hidden(Dialect.CHAT, json.dumps(given_).encode(), Hide.NOTHING, logprobs=True))
    assert got == {"choices": [{"message": {"content": "A", "reasoning": "kept"}, "logprobs": None}]}


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=5),
                    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
                        st.sampled_from(["choices", "delta", "message", "content", "type", "text", "item", "part", "output", "parts",
                                         "index",
                                         "candidates", "reasoning", "thinking", "content_block", "response", "delta"]), inner, max_size=4),
                    max_leaves=12))  # fmt: skip
@settings(max_examples=30, deadline=None)
def test_no_shape_of_answer_brings_it_down(value: Any) -> None:
    for dialect in DIALECTS:
        body = json.dumps(value).encode()
        hidden(dialect, body, Hide.REMOVE)
        for kind in ("response.output_text.delta", "content_block_delta", "response.reasoning_text.done"):
            event = {**value, "type": kind} if isinstance(value, dict) else value
            one = StreamHider(dialect, Hide.SUMMARISE)
            assert one.feed(sse(event) if isinstance(event, dict) else b"data: " + body + b"\n\n") + one.finish()
            assert one.unreadable == 0
