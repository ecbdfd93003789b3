"""Anthropic Messages bodies in their plain shape, many at once: what `_anthropic` makes of each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from msgspec import UNSET, Meta, UnsetType

from . import _anthropic
from ._chat import tool_names
from .clean import ABSURD_TOKENS
from .exchanges import Exchanges, either, labels
from .plain import Asked, Billed, Number, Plain, PlainBodies, joined_by, streams
from .turns import lay_out_all, outcome, parts_texts, returned_all, sent_all

__all__ = ["ANTHROPIC"]


class _Metadata(Plain):
    user_id: str | None = None


class _Request(Plain):
    messages: list[Any]
    model: str | None = None
    metadata: _Metadata | None = None
    system: str | list[Any] | None = None
    max_tokens: Asked = None
    temperature: Number = None
    top_p: Number = None
    top_k: Asked = None
    stream: bool | None = None
    tools: list[Any] | None = None


class _Details(Plain):
    thinking_tokens: Annotated[int, Meta(ge=0, le=ABSURD_TOKENS)] | UnsetType = UNSET
    reasoning_tokens: Billed = None


class _Usage(Plain):
    input_tokens: Billed = None
    output_tokens: Billed = None
    cache_read_input_tokens: Billed = None
    cache_creation_input_tokens: Billed = None
    output_tokens_details: _Details | None = None


class _Stop(Plain):
    category: str | None = None


class _Response(Plain):
    content: list[Any]
    type: str | None = None
    id: str | None = None
    request_id: str | None = None
    model: str | None = None
    usage: _Usage | None = None
    stop_reason: str | None = None
    stop_details: _Stop | None = None
    error: None = None


_NOTHING_USED = _Usage()


def requests(x: Exchanges, bodies: Sequence[_Request]) -> None:
    """Fill from request bodies."""
    x.model = either(labels([body.model for body in bodies]), x.model)
    users = labels([body.metadata.user_id if body.metadata is not None else None for body in bodies])
    x.end_user = either(users, x.end_user)
    sessions = [user.partition("_session_")[1:] if user is not None else ("", "") for user in users]
    x.conversation = either([session if marked else None for marked, session in sessions], x.conversation)
    x.max_tokens = [body.max_tokens for body in bodies]
    x.temperature = [body.temperature for body in bodies]
    x.top_p = [body.top_p for body in bodies]
    x.top_k = [body.top_k for body in bodies]
    x.stream = [bool(body.stream) for body in bodies]
    x.tools = [tool_names(body.tools) if body.tools else None for body in bodies]
    carried: list[list[str]] = [[] for _ in bodies]
    turns = [
        [_anthropic.turn(message, found) for message in body.messages]
        for body, found in zip(bodies, carried, strict=True)
    ]
    lay_out_all(x, turns, [parts_texts(body.system) for body in bodies])
    sent_all(x, carried)


def responses(x: Exchanges, bodies: Sequence[_Response], ended: Sequence[bool | None]) -> None:
    """Fill from response bodies; settles the outcomes."""
    x.request = either(
        either(labels([body.id for body in bodies]), x.request), labels([body.request_id for body in bodies])
    )
    x.model = either(x.model, labels([body.model for body in bodies]))
    usages = [body.usage or _NOTHING_USED for body in bodies]
    x.cached_tokens = [usage.cache_read_input_tokens for usage in usages]
    x.input_tokens = [
        None
        if usage.input_tokens is None
        else usage.input_tokens + (usage.cache_read_input_tokens or 0) + (usage.cache_creation_input_tokens or 0)
        for usage in usages
    ]
    x.output_tokens = [usage.output_tokens for usage in usages]
    x.reasoning_tokens = [_thinking(usage.output_tokens_details) for usage in usages]
    x.output, x.reasoning, brought = zip(*[_anthropic.answer(body.content) for body in bodies], strict=True)
    returned_all(x, brought)
    streams(x, ended)
    x.stop_reason = labels([body.stop_reason for body in bodies])
    refused = [stop == "refusal" for stop in x.stop_reason]
    categories = labels([body.stop_details.category if body.stop_details is not None else None for body in bodies])
    x.refusal_category = [category if no else None for category, no in zip(categories, refused, strict=True)]
    x.outcome = [
        outcome(status, body.type == "error", no, end is False)
        for status, body, no, end in zip(x.http_status, bodies, refused, ended, strict=True)
    ]


def _thinking(details: _Details | None) -> int | None:
    if details is None:
        return None
    return details.reasoning_tokens if details.thinking_tokens is UNSET else details.thinking_tokens


ANTHROPIC = PlainBodies(
    request_type=_Request,
    requests=requests,
    response_type=_Response,
    responses=responses,
    joined=joined_by(_anthropic.join, _Response),
)
"""Plain Messages bodies."""
