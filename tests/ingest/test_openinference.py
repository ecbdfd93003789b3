"""What an OpenInference span says was said is the same whether its messages are read as texts alone or as all that can stand in them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.ingest import _openinference

_PART = "message.contents.0.message_content.text"
KEYS = st.one_of(
    st.builds(
        "llm.{}_messages.{}.{}".format,
        st.sampled_from(["input", "output"]),
        st.sampled_from(["0", "1", "10", "2", "00", "x", "99999", "123456"]),
        st.sampled_from(["message.role", "message.content", "message.content", "message.refusal", "message", _PART]),
    ),
    st.sampled_from(["input.value", "output.value", "input.mime_type", "output.mime_type", "llm.finish_reason", "llm.input_messages",
                     "llm.prompts.0.prompt.text", "llm.tools.0.tool.name", "llm.response.finish_reason"]),
)  # fmt: skip
VALUES = st.sampled_from(
    ["user", "assistant", "text", "", "application/json", "content_filter", None, 7, [], ["a"], {"text": "t"}]
)


@given(st.dictionaries(KEYS, VALUES, max_size=8))
def test_messages_that_are_texts_alone_say_what_all_messages_say(found: dict[str, Any]) -> None:
    said = _openinference.talk(found)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(_openinference, "_texts_alone", lambda _found: None)
        assert _openinference.talk(found) == said


def test_a_role_and_a_text_of_each_message_are_texts_alone() -> None:
    texts = {f"llm.input_messages.{i}.message.{name}": f"{name} {i}" for i in (1, 0) for name in ("content", "role")}
    assert _openinference._texts_alone(texts) == ([("role 0", "content 0"), ("role 1", "content 1")], [])
    assert _openinference._texts_alone({**texts, "llm.output_messages.0.message.refusal": "no"}) is None
