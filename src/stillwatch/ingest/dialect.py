"""Which provider's dialect a pair of bodies is written in, and filling an exchange from them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol

from . import _anthropic, _chat, _converse, _gemini, _responses
from .clean import mapping
from .exchange import Exchange
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


DIALECTS = {
    "openai_chat": Dialect(name="openai_chat", request=_chat.request, response=_chat.response, join=_chat.join),
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

    Returns the dialect's name, or `None` when the bodies are in none that is known (then only the outcome is set).
    """
    asked = request if isinstance(request, dict) else open_body(request).whole or {}
    answered = open_body(response)
    whole = answered.whole
    if name is None:
        first = whole if whole is not None else (answered.events or [{}])[0]
        name = dialect_of_bodies(asked, first)
    if name is None:
        settle(x, error=bool(mapping(whole).get("error")), cancelled=answered.broken)
        return None
    dialect = DIALECTS[name]
    dialect.request(x, asked)
    _answer(x, dialect, answered)
    return name


def _answer(x: Exchange, dialect: Dialect, answered: Body) -> None:
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
