"""What an OpenInference span says was said: its messages, tools and refusals, in indexed attributes."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, NamedTuple

from ._otlp import nested
from .clean import label, mapping, sequence, text
from .sse import open_body
from .turns import Turn, call_text, joined_answers, sorted_tools

__all__ = ["Talk", "object_of", "refusal_category", "request_id", "talk", "tools_of"]

_REFUSALS = frozenset(("content_filter", "refusal", "SAFETY"))
_ID = re.compile(r'\s*\{\s*"id"\s*:\s*"([^"\\]{1,200})"')
_LISTS = ("llm.input_messages.", "llm.output_messages.", "llm.prompts.")
_NONE = _LISTS[0]
"""Stands for an attribute that a message lacks: a span that has one of this name is read the longer way."""
_TOLD = re.compile(r"llm\.(in|out)put_messages\.(0|[1-9][0-9]{0,3})\.message\.(role|content)\Z")


class Talk(NamedTuple):
    """What a span says was said; no turns are unknown ones."""

    turns: list[Turn]
    output: str | None
    reasoning: str | None
    carried: list[str]
    brought: list[str]
    stop: str | None
    refused: bool


_Side = tuple[tuple[str, str], ...]


@lru_cache(maxsize=1024)
def _places(keys: tuple[str, ...]) -> tuple[_Side, _Side] | None:
    """The attributes of each message's role and text, of both sides; `None` where some message may hold more.

    Spans of one kind have the same attributes, so this is asked anew for few of them.
    """
    sides: tuple[dict[int, tuple[str, str]], dict[int, tuple[str, str]]] = ({}, {})
    for key in keys:
        told = _TOLD.match(key)
        if told is None:
            if key.startswith(_LISTS):
                return None
            continue
        side, number = sides[told[1] == "out"], int(told[2])
        role, content = side.get(number, (_NONE, _NONE))
        side[number] = (key, content) if told[3] == "role" else (role, key)
    asked, answers = (tuple(side[number] for number in sorted(side)) for side in sides)
    return asked, answers


def _texts_alone(found: dict[str, Any]) -> tuple[list[Turn], list[Turn]] | None:
    """The turns of both sides, `None` where there is more in them than a text each."""
    places = _places(tuple(found))
    if places is None:
        return None
    asked, answers = (
        [(said if type(said := found.get(role)) is str else "user", text(found.get(content))) for role, content in side]
        for side in places
    )
    return asked, answers


def _message(given: Any, thoughts: list[str], artifacts: list[str]) -> tuple[str, str | None]:
    message = mapping(mapping(given).get("message"))
    role = message.get("role")
    found: list[str] = []
    content = text(message.get("content"))
    if content is not None:
        found.append(content)
    for holder in sequence(message.get("contents")):
        part = mapping(mapping(holder).get("message_content"))
        value = text(part.get("text"))
        if part.get("type") == "reasoning":
            thoughts += [value] if value else []
            for name in ("signature", "encrypted_content", "data"):
                mark = text(part.get(name))
                artifacts += [mark] if mark else []
        elif value is not None:
            found.append(value)
    for holder in sequence(message.get("tool_calls")) if not found else ():
        function = mapping(mapping(mapping(holder).get("tool_call")).get("function"))
        found.append(call_text(function.get("name"), function.get("arguments")))
    refusal = text(message.get("refusal"))
    found += [refusal] if refusal and not found else []
    return (role if isinstance(role, str) else "user"), "\n".join(found) or None


def object_of(value: Any) -> dict[str, Any]:
    return open_body(value).whole or {}


def talk(found: dict[str, Any]) -> Talk:
    """What was said on both sides."""
    get = found.get
    thoughts: list[str] = []
    carried: list[str] = []
    brought: list[str] = []
    alone = _texts_alone(found)
    if alone is not None:
        asked, answers = alone
        told_no = False
    else:
        asked = [_message(message, [], carried) for message in nested(found, "llm.input_messages")]
        messages = nested(found, "llm.output_messages")
        answers = [_message(message, thoughts, brought) for message in messages]
        told_no = any(mapping(mapping(message).get("message")).get("refusal") for message in messages)
        if not asked:
            prompts = nested(found, "llm.prompts")
            asked = [("user", text(mapping(mapping(given).get("prompt")).get("text"))) for given in prompts]
    if not asked and get("input.mime_type") != "application/json" and text(get("input.value")):
        asked = [("user", text(get("input.value")))]
    output = joined_answers([said or "" for _, said in answers])
    if output is None and get("output.mime_type") != "application/json" and not answers:
        output = text(get("output.value"))
    stop = label(get("llm.finish_reason")) or label(get("llm.response.finish_reason"))
    refused = stop in _REFUSALS or told_no
    return Talk(asked, output, joined_answers(thoughts), carried, brought, stop, refused)


def request_id(found: dict[str, Any]) -> str | None:
    """The answer's own id."""
    output = found.get("output.value")
    own = _ID.match(output) if isinstance(output, str) else None
    return label(found.get("llm.response.id")) or (own[1] if own else None)


def refusal_category(found: dict[str, Any], stop: str | None) -> str | None:
    """Why an answer that was refused was refused."""
    metadata = found.get("metadata")
    details = mapping((object_of(metadata) if isinstance(metadata, str) else mapping(metadata)).get("stop_details"))
    return label(details.get("category")) or ("content_filter" if stop == "content_filter" else None)


def tools_of(found: dict[str, Any]) -> str | None:
    """Names of the tools offered."""
    return sorted_tools(map(_tool, nested(found, "llm.tools"))) if "llm.tools." in " ".join(found) else None


def _tool(given: Any) -> Any:
    tool = mapping(mapping(given).get("tool"))
    schema = tool.get("json_schema")
    described = object_of(schema) if isinstance(schema, str) else mapping(schema)
    return (
        mapping(described.get("function")).get("name")
        or described.get("name")
        or tool.get("name")
        or described.get("type")
    )
