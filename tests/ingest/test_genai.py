"""What a GenAI span says was said is the same whether its messages are read as texts alone or as all that can stand in them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.ingest import _genai
from stillwatch.ingest._otlp import Span

ODD: st.SearchStrategy[Any] = st.sampled_from([None, "", "text", 7, [], {}, ["a"]])
PART = st.one_of(
    st.fixed_dictionaries({"type": st.just("text"), "content": st.sampled_from(["one", "", "two"])}, optional={"x": ODD}),
    st.fixed_dictionaries({"type": st.sampled_from(["reasoning", "tool_call", None])}, optional={"content": ODD}),
    ODD,
)  # fmt: skip
MESSAGE = st.fixed_dictionaries(
    {"parts": st.lists(PART, max_size=2)},
    optional={"role": st.sampled_from(["user", "system", None, 5]), "finish_reason": st.sampled_from(["stop", "refusal", "", " x ", None]),
              "refusal": ODD, "reasoning": ODD, "reasoning_content": ODD, "content": ODD},
)  # fmt: skip
MESSAGES = st.lists(MESSAGE, max_size=3).map(json.dumps) | ODD | st.sampled_from(["[half", "[1]", '{"role": "user"}'])
FOUND = st.fixed_dictionaries(
    {},
    optional={
        "gen_ai.input.messages": MESSAGES,
        "gen_ai.output.messages": MESSAGES,
        "gen_ai.system_instructions": ODD | st.just('[{"type": "text", "content": "system"}]'),
        "gen_ai.response.finish_reasons": ODD | st.just(["content_filter"]),
        "gen_ai.completion": ODD,
    },
)


@given(FOUND)
def test_messages_that_are_texts_alone_say_what_all_messages_say(found: dict[str, Any]) -> None:
    span = Span("key", "chat", 0, found, {})
    said = _genai.talk(span, ())
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(_genai, "_texts_alone", lambda _found: None)
        assert _genai.talk(span, ()) == said


def test_a_text_in_each_part_is_texts_alone() -> None:
    told = json.dumps([{"role": "user", "parts": [{"type": "text", "content": "a"}, {"type": "text", "content": "b"}]}])
    said = _genai._texts_alone({"gen_ai.input.messages": told, "gen_ai.output.messages": told})
    assert said is not None
    assert (said.turns, said.output) == ([("user", "a\nb")], "a\nb")
