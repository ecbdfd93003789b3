"""OpenAI Responses bodies in their plain shape, many at once: what `_responses` makes of each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec import UNSET

from . import _responses
from ._chat import tool_names
from .exchanges import Exchanges, either, labels
from .plain import Absent, Asked, Billed, Few, Number, Plain, PlainBodies, joined_by, streams
from .turns import TEXT_PARTS, Turn, call_text, lay_out_all, outcome, parts_text, parts_texts, returned_all, sent_all

__all__ = ["RESPONSES"]


class _Named(Plain):
    id: str | None = None


class _Part(Plain):
    text: str | None = None
    type: str | None = None
    refusal: str | None = None


class _Item(Plain):
    """What stands in an input or an output: a message, a reasoning, a call or its result."""

    type: str | None = None
    role: str | None = None
    content: str | list[_Part | str] | None = None
    summary: str | list[_Part | str] | None = None
    encrypted_content: str | None = None
    name: Any = None
    arguments: Any = UNSET
    input: Any = None
    output: Any = None

    def called(self) -> str:
        """A call as text."""
        return call_text(self.name, self.input if self.arguments is UNSET else self.arguments)


class _Request(Plain):
    input: str | list[_Item | str] | None = None
    model: str | None = None
    safety_identifier: str | None = None
    user: str | None = None
    max_output_tokens: Asked = None
    temperature: Number = None
    top_p: Number = None
    top_logprobs: Few = None
    include: list[Any] | None = None
    stream: bool | None = None
    tools: list[Any] | None = None
    conversation: str | _Named | None = None
    instructions: str | list[Any] | None = None


class _Asked(Plain):
    cached_tokens: Billed = None


class _Answered(Plain):
    reasoning_tokens: Billed = None


class _Usage(Plain):
    input_tokens: Billed = None
    output_tokens: Billed = None
    input_tokens_details: _Asked | None = None
    output_tokens_details: _Answered | None = None
    prompt_tokens: Absent = UNSET
    completion_tokens: Absent = UNSET
    prompt_tokens_details: Absent = UNSET
    completion_tokens_details: Absent = UNSET


class _Incomplete(Plain):
    reason: str | None = None


class _Response(Plain):
    output: list[_Item]
    id: str | None = None
    model: str | None = None
    conversation: _Named | None = None
    usage: _Usage | None = None
    status: str | None = None
    incomplete_details: _Incomplete | None = None
    error: None = None


_NOTHING_USED = _Usage()
_NOT_SENT = _Asked()
_NOT_MADE = _Answered()


def requests(x: Exchanges, bodies: Sequence[_Request]) -> None:
    """Fill from request bodies."""
    x.model = labels([body.model for body in bodies])
    x.end_user = either(labels([body.safety_identifier for body in bodies]), labels([body.user for body in bodies]))
    x.max_tokens = [body.max_output_tokens for body in bodies]
    x.temperature = [body.temperature for body in bodies]
    x.top_p = [body.top_p for body in bodies]
    x.top_logprobs = [body.top_logprobs for body in bodies]
    x.logprobs = [bool(body.top_logprobs) or "message.output_text.logprobs" in (body.include or ()) for body in bodies]
    x.stream = [bool(body.stream) for body in bodies]
    x.tools = [tool_names(body.tools) if body.tools else None for body in bodies]
    named = [one.id if isinstance(one := body.conversation, _Named) else one for body in bodies]
    x.conversation = either(labels(named), x.conversation)
    turns, carried = zip(*[_turns(body.input) for body in bodies], strict=True)
    lay_out_all(x, turns, [parts_texts(body.instructions) for body in bodies])
    sent_all(x, carried)


def _turns(given: str | list[_Item | str] | None) -> tuple[list[Turn], list[str]]:
    """A request's input as turns, and the reasoning artifacts in it."""
    turns: list[Turn] = []
    artifacts: list[str] = []
    for item in [given] if isinstance(given, str) else given or ():
        if isinstance(item, str):
            turns.append(("user", item))
            continue
        kind = item.type
        if kind == "reasoning":
            artifacts += [item.encrypted_content] if item.encrypted_content else []
        elif kind in _responses.CALLS:
            turns.append(("assistant", item.called()))
        elif kind is not None and kind.endswith("_output"):
            turns.append(("tool", parts_text(item.output)))
        else:
            turns.append(("user" if item.role is None else item.role, "\n".join(_texts(item.content)) or None))
    return turns, artifacts


def _texts(content: str | list[_Part | str] | None) -> list[str]:
    """What `parts_texts` takes out of content."""
    if not isinstance(content, list):
        return parts_texts(content)
    told = [part if isinstance(part, str) else _told(part) for part in content]
    return [text for text in told if text is not None]


def _told(part: _Part) -> str | None:
    return part.text if part.type is None or part.type in TEXT_PARTS else None


def _answer(output: list[_Item]) -> tuple[str | None, str | None, list[str], bool]:
    """(output, reasoning, artifacts, whether it was refused)"""
    answers: list[str] = []
    calls: list[str] = []
    thoughts: list[str] = []
    artifacts: list[str] = []
    refused = False
    for item in output:
        kind = item.type
        if kind == "message":
            for part in item.content if isinstance(item.content, list) else ():
                if not isinstance(part, str) and part.refusal is not None:
                    refused = True
                    answers.append(part.refusal)
                else:
                    answers += _texts([part])
        elif kind == "reasoning":
            artifacts += [item.encrypted_content] if item.encrypted_content else []
            thoughts += _texts(item.summary)
            thoughts += _texts(item.content)
        elif kind in _responses.CALLS:
            calls.append(item.called())
    return "\n".join(answers or calls) or None, "\n".join(thoughts) or None, artifacts, refused


def responses(x: Exchanges, bodies: Sequence[_Response], ended: Sequence[bool | None]) -> None:
    """Fill from response bodies; settles the outcomes."""
    x.request = either(labels([body.id for body in bodies]), x.request)
    x.model = either(x.model, labels([body.model for body in bodies]))
    named = labels([body.conversation.id if body.conversation is not None else None for body in bodies])
    x.conversation = either(x.conversation, named)
    usages = [body.usage or _NOTHING_USED for body in bodies]
    x.input_tokens = [usage.input_tokens for usage in usages]
    x.output_tokens = [usage.output_tokens for usage in usages]
    x.reasoning_tokens = [(usage.output_tokens_details or _NOT_MADE).reasoning_tokens for usage in usages]
    x.cached_tokens = [(usage.input_tokens_details or _NOT_SENT).cached_tokens for usage in usages]
    x.output, x.reasoning, brought, refused = zip(*[_answer(body.output) for body in bodies], strict=True)
    returned_all(x, brought)
    why = [body.incomplete_details.reason or None if body.incomplete_details is not None else None for body in bodies]
    filtered = [reason == "content_filter" for reason in why]
    x.stop_reason = either(labels(why), labels([body.status for body in bodies]))
    x.refusal_category = ["content_filter" if one else None for one in filtered]
    streams(x, ended)
    x.outcome = [
        outcome(status, body.status == "failed", no or one, end is False or body.status in _BROKEN_OFF)
        for status, body, no, one, end in zip(x.http_status, bodies, refused, filtered, ended, strict=True)
    ]


_BROKEN_OFF = ("cancelled", "in_progress")

RESPONSES = PlainBodies(
    request_type=_Request,
    requests=requests,
    response_type=_Response,
    responses=responses,
    joined=joined_by(_responses.join, _Response),
)
"""Plain Responses bodies."""
