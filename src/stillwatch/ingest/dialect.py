"""Which provider's dialect a pair of bodies is written in, and filling an exchange from them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol

from . import _anthropic, _chat, _chat_plain, _converse, _gemini, _responses
from .clean import mapping
from .exchange import Exchange
from .plain import NOT_PLAIN, PlainBodies
from .sse import Body, open_body
from .turns import settle

__all__ = ["DIALECTS", "Dialect", "dialect_of_bodies", "dialect_of_path", "fill"]


class _Response(Protocol):
    def __call__(self, x: Exchange, body: dict[str, Any], *, complete: bool = True) -> None: ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Dialect:
    """How one provider's bodies are read; `name` is that of the captures' log format."""

    name: str
    request: Callable[[Exchange, dict[str, Any]], None]
    response: _Response
    join: Callable[[list[dict[str, Any]]], tuple[dict[str, Any], bool]]
    plain: PlainBodies[Any, Any] | None = None


_PLAIN_CHAT = PlainBodies(
    request_type=_chat_plain.ChatRequest,
    request=_chat_plain.request,
    response_type=_chat_plain.ChatResponse,
    response=_chat_plain.response,
    joined_stream=_chat_plain.joined_stream,
)

DIALECTS = {
    "openai_chat": Dialect(
        name="openai_chat", request=_chat.request, response=_chat.response, join=_chat.join, plain=_PLAIN_CHAT
    ),
    "openai_responses": Dialect(
        name="openai_responses", request=_responses.request, response=_responses.response, join=_responses.join
    ),
    "anthropic_messages": Dialect(
        name="anthropic_messages", request=_anthropic.request, response=_anthropic.response, join=_anthropic.join
    ),
    "gemini_generate": Dialect(
        name="gemini_generate", request=_gemini.request, response=_gemini.response, join=_gemini.join
    ),
    "bedrock_converse": Dialect(
        name="bedrock_converse", request=_converse.request, response=_converse.response, join=_converse.join
    ),
}
"""Every dialect by name."""

_ENDINGS = (
    ("/completions", "openai_chat"),
    ("/responses", "openai_responses"),
    ("/messages", "anthropic_messages"),
    ("/complete", "openai_chat"),
    (":generatecontent", "gemini_generate"),
    (":streamgeneratecontent", "gemini_generate"),
    ("/converse", "bedrock_converse"),
    ("/converse-stream", "bedrock_converse"),
    (":rawpredict", "anthropic_messages"),
    (":streamrawpredict", "anthropic_messages"),
)


@lru_cache(maxsize=4096)
def dialect_of_path(path: str) -> str | None:
    """Tell the dialect from a request path, or that it asks for no answer of a model (`None`)."""
    bare = path.partition("?")[0].rstrip("/").lower()
    for ending, name in _ENDINGS:
        if bare.endswith(ending):
            return name
    return None


def dialect_of_bodies(request: dict[str, Any], response: dict[str, Any]) -> str | None:
    """Tell the dialect from the bodies' own keys; none fits is `None`."""
    if "contents" in request or "candidates" in response or "usageMetadata" in response or "promptFeedback" in response:
        return "gemini_generate"
    if (
        "inferenceConfig" in request
        or "stopReason" in response
        or "messageStart" in response
        or "toolConfig" in request
    ):
        return "bedrock_converse"
    if response.get("type") in ("message", "message_start") or "anthropic_version" in request:
        return "anthropic_messages"
    if response.get("object") == "response" or "input" in request or "previous_response_id" in request:
        return "openai_responses"
    if "choices" in response:
        return "openai_chat"
    if "messages" in request:
        anthropic = (
            isinstance(request.get("system"), (str, list)) or "thinking" in request or "stop_sequences" in request
        )
        return "anthropic_messages" if anthropic else "openai_chat"
    return "openai_chat" if "prompt" in request else None


def fill(x: Exchange, request: Any, response: Any, *, name: str | None = None) -> str | None:
    """Fill an exchange from a request and a response body, however they were kept, and settle its outcome.

    Plain bodies are of the dialect that is named, and one is.
    Returns the dialect's name, or `None` when the bodies are in none that is known (then only the outcome is set).
    """
    if name is None:
        request = request if isinstance(request, dict) else open_body(request).whole or {}
        response = open_body(response)
        whole = response.whole
        first = whole if whole is not None else (response.events or [{}])[0]
        name = dialect_of_bodies(request, first)
        if name is None:
            settle(x, error=bool(mapping(whole).get("error")), cancelled=response.broken)
            return None
    dialect = DIALECTS[name]
    _ask(x, dialect, request)
    _answer(x, dialect, response)
    return name


def _ask(x: Exchange, dialect: Dialect, body: Any) -> None:
    plain = dialect.plain
    if plain is not None:
        body = _decoded(body, plain.decode_request)
        if isinstance(body, plain.request_type):
            plain.request(x, body)
            return
    dialect.request(x, body if isinstance(body, dict) else open_body(body).whole or {})


def _answer(x: Exchange, dialect: Dialect, body: Any) -> None:
    plain = dialect.plain
    if plain is not None:
        body = _decoded(body, plain.decode_response)
        if isinstance(body, plain.response_type):
            plain.response(x, body)
            return
        joined = plain.joined_stream(body) if plain.joined_stream is not None and type(body) is str else None
        if joined is not None:
            if x.stream is False:
                x.stream = True
            plain.response(x, joined[0], complete=joined[1])
            return
    answered = body if isinstance(body, Body) else open_body(body)
    if answered.whole is not None:
        dialect.response(x, answered.whole)
        return
    if answered.events is None:
        settle(x, cancelled=x.http_status is None or answered.broken)
        return
    if x.stream is False:
        x.stream = True
    whole, complete = dialect.join(answered.events)
    dialect.response(x, whole, complete=complete)


def _decoded(body: Any, decode: Callable[[str], Any]) -> Any:
    """A body kept as JSON text, decoded if it is a plain one."""
    if type(body) is str and body.startswith("{"):
        try:
            return decode(body)
        except NOT_PLAIN:
            pass
    return body
