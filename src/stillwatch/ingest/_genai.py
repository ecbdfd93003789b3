"""What a GenAI span says was said: its messages, tools and reasons, wherever its version of the conventions keeps them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Literal, NamedTuple

import msgspec
from msgspec import UNSET, UnsetType

from . import _chat
from ._otlp import Span, nested
from .clean import label, mapping, sequence, text
from .sse import open_body
from .turns import Turn, call_text, joined_answers, sorted_tools

__all__ = ["CALLS", "Talk", "pathway_of", "talk", "tools_of"]

CALLS = frozenset(("chat", "text_completion", "generate_content", "completion", "responses"))
_REFUSALS = frozenset(("content_filter", "refusal", "safety"))
_PATHWAYS = {"aws.bedrock": "bedrock", "az.ai.openai": "azure", "azure.ai.openai": "azure", "azure.ai.inference": "azure",
             "gcp.vertex_ai": "vertex", "vertex_ai": "vertex"}  # fmt: skip


def _structured(given: Any) -> Any:
    if isinstance(given, str) and given[:1] in ("[", "{"):
        opened = open_body(given)
        return opened.events if opened.events is not None else opened.whole if opened.whole is not None else given
    return given


def _message(given: Any, thoughts: list[str], artifacts: list[str]) -> tuple[str, str | None]:
    if isinstance(given, str):
        return "user", given or None
    message = mapping(given)
    role = message.get("role")
    role = role if isinstance(role, str) else "user"
    parts = message.get("parts")
    if not isinstance(parts, list):
        return role, _chat.message_turn(message, artifacts)[1]
    found: list[str] = []
    calls: list[str] = []
    for part in parts:
        if not isinstance(part, dict):
            continue
        kind = part.get("type")
        content = part.get("content")
        if kind == "text" and isinstance(content, str):
            found.append(content)
        elif kind == "reasoning":
            if isinstance(content, str):
                thoughts.append(content)
            signature = part.get("signature") or part.get("encrypted_content")
            if isinstance(signature, str):
                artifacts.append(signature)
        elif kind == "tool_call":
            calls.append(call_text(part.get("name"), part.get("arguments")))
        elif kind == "tool_call_response":
            answer = part.get("response", part.get("result"))
            found += [answer] if isinstance(answer, str) else []
    return role, "\n".join(found or calls) or None


def _roles(name: str) -> str:
    return name.removeprefix("gen_ai.").removesuffix(".message")


def _messages(span: Span, events: Sequence[Span]) -> tuple[list[Any], list[Any]]:
    """Input and output messages from wherever this version of the conventions keeps them."""
    found = span.attributes
    given = _structured(found.get("gen_ai.input.messages"))
    answered = _structured(found.get("gen_ai.output.messages"))
    asked = given if isinstance(given, list) else []
    answers = answered if isinstance(answered, list) else []
    if not asked:
        asked = nested(found, "gen_ai.prompt") or _legacy(found.get("gen_ai.prompt"), "user")
    if not answers:
        answers = nested(found, "gen_ai.completion") or _legacy(found.get("gen_ai.completion"), "assistant")
    for name, inner, body in _all_events(span, events):
        if name == "gen_ai.choice":
            choice = mapping(body) or {**inner, "message": _structured(inner.get("message"))}
            message = choice.get("message")
            said = message if isinstance(message, dict) else {"content": message}
            answers.append({**said, "finish_reason": choice.get("finish_reason")})
        elif name.endswith(".message") and name.startswith("gen_ai."):
            message = mapping(body) or inner
            asked.append({**message, "role": message.get("role") or _roles(name)})
        elif name == "gen_ai.content.prompt":
            asked += _legacy(inner.get("gen_ai.prompt"), "user")
        elif name == "gen_ai.content.completion":
            answers += _legacy(inner.get("gen_ai.completion"), "assistant")
    return asked, answers


def _all_events(span: Span, events: Sequence[Span]) -> Iterator[tuple[str, dict[str, Any], Any]]:
    for name, inner in span.events:
        yield name, inner, _structured(inner.get("gen_ai.event.content"))
    for event in events:
        yield event.name, event.attributes, _structured(event.body)


def _legacy(given: Any, role: str) -> list[Any]:
    given = _structured(given)
    if isinstance(given, list):
        return given
    if isinstance(given, dict):
        return [given]
    return [{"role": role, "content": given}] if isinstance(given, str) and given else []


def pathway_of(provider: Any) -> str:
    """Whose service a provider's name stands for."""
    return _PATHWAYS.get(provider, "api") if isinstance(provider, str) else "api"


class Talk(NamedTuple):
    """What a span says was said; no turns are unknown ones."""

    turns: list[Turn] | None
    system: list[str]
    output: str | None
    reasoning: str | None
    carried: list[str]
    brought: list[str]
    stop: str | None
    refused: bool


def talk(span: Span, events: Sequence[Span]) -> Talk:
    """What was said, from wherever this version of the conventions keeps it."""
    get = span.attributes.get
    if not events and not span.events and (quick := _texts_alone(span.attributes)) is not None:
        return quick
    asked, answers = _messages(span, events)
    thoughts: list[str] = []
    carried: list[str] = []
    brought: list[str] = []
    turns = None
    system = _system(span.attributes)
    if asked or system:
        turns = [_message(message, [], carried) for message in asked]
    reasons = [label(reason) for reason in sequence(get("gen_ai.response.finish_reasons"))]
    texts = []
    refused = False
    for answer in answers:
        before = len(thoughts)
        texts.append(_message(answer, thoughts, brought)[1] or "")
        message = mapping(answer)
        thought = text(message.get("reasoning_content")) or text(message.get("reasoning"))
        if thought and len(thoughts) == before:
            thoughts.append(thought)
        reasons.append(label(message.get("finish_reason")))
        refused |= bool(message.get("refusal"))
    stop, told_no = _stop(reasons)
    refused |= told_no
    return Talk(turns, system, joined_answers(texts), joined_answers(thoughts), carried, brought, stop, refused)


def _stop(reasons: Sequence[str | None]) -> tuple[str | None, bool]:
    """The first reason to stop that is known, and whether any tells of a refusal."""
    known = [reason for reason in reasons if reason]
    return known[0] if known else None, not _REFUSALS.isdisjoint(known)


def _system(found: dict[str, Any]) -> list[str]:
    if "gen_ai.system_instructions" not in found:
        return []
    given = _structured(found["gen_ai.system_instructions"])
    told = _message({"role": "system", "parts": given}, [], [])[1] if isinstance(given, list) else text(given)
    return [told] if told else []


class _Text(msgspec.Struct, gc=False):
    type: Literal["text"]
    content: str


class _Said(msgspec.Struct, gc=False):
    """A message of nothing but texts."""

    parts: list[_Text]
    role: str = "user"
    finish_reason: str | None = None
    reasoning_content: UnsetType = UNSET
    reasoning: UnsetType = UNSET
    refusal: UnsetType = UNSET


_texts = msgspec.json.Decoder(list[_Said]).decode


def _texts_alone(found: dict[str, Any]) -> Talk | None:
    """The same where the messages of both sides stand in one text each and hold nothing but texts, as most do."""
    given, answered = found.get("gen_ai.input.messages"), found.get("gen_ai.output.messages")
    if not (type(given) is str and given.startswith("[") and type(answered) is str and answered.startswith("[")):
        return None
    try:
        asked, answers = _texts(given), _texts(answered)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None
    if not (asked and answers):
        return None
    turns: list[Turn] = [(one.role, _joined(one.parts) or None) for one in asked]
    output = joined_answers([_joined(one.parts) for one in answers])
    reasons = [*sequence(found.get("gen_ai.response.finish_reasons")), *[one.finish_reason for one in answers]]
    stop, refused = _stop(list(map(label, reasons)))
    return Talk(turns, _system(found), output, None, [], [], stop, refused)


def _joined(parts: list[_Text]) -> str:
    return parts[0].content if len(parts) == 1 else "\n".join([part.content for part in parts])


def tools_of(found: dict[str, Any]) -> str | None:
    """Names of the tools offered."""
    tools = _structured(found.get("gen_ai.tool.definitions"))
    if isinstance(tools, list):
        return _chat.tool_names([_structured(tool) for tool in tools])
    functions = nested(found, "llm.request.functions") if "llm.request.functions.0.name" in found else []
    return sorted_tools(mapping(function).get("name") for function in functions)
