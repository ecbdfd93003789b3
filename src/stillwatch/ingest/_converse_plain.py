"""Bedrock Converse bodies in their plain shape, many at once: what `_converse` makes of each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec import UNSET

from . import _converse
from .exchanges import Exchanges, either, labels
from .plain import Absent, Asked, Billed, Number, Plain
from .turns import lay_out_all, outcome, returned_all, sent_all

__all__ = ["ConverseRequest", "ConverseResponse", "requests", "responses"]


class _Config(Plain):
    maxTokens: Asked = None
    temperature: Number = None
    topP: Number = None
    topK: Asked = None
    max_new_tokens: Absent = UNSET


class _More(Plain):
    top_k: Asked = None


class ConverseRequest(Plain):
    """A request with messages."""

    messages: list[Any]
    inferenceConfig: _Config | None = None
    additionalModelRequestFields: _More | None = None
    toolConfig: Any = None
    system: Any = None


class _Counts(Plain):
    inputTokens: Billed = None
    outputTokens: Billed = None
    cacheReadInputTokens: Billed = None
    cacheReadInputTokenCount: Billed = None


class _Message(Plain):
    content: list[Any]


class _Output(Plain):
    message: _Message


class ConverseResponse(Plain):
    """An answer without an error."""

    output: _Output
    usage: _Counts | None = None
    stopReason: str | None = None
    error: None = None


_NO_CONFIG = _Config()
_NO_MORE = _More()
_NOTHING_USED = _Counts()


def requests(x: Exchanges, bodies: Sequence[ConverseRequest]) -> None:
    """Fill from request bodies."""
    configs = [body.inferenceConfig or _NO_CONFIG for body in bodies]
    x.max_tokens = [config.maxTokens for config in configs]
    x.temperature = [config.temperature for config in configs]
    x.top_p = [config.topP for config in configs]
    more = [(body.additionalModelRequestFields or _NO_MORE).top_k for body in bodies]
    x.top_k = either([config.topK for config in configs], more)
    x.tools = [_converse.tool_names(body.toolConfig) if body.toolConfig else None for body in bodies]
    carried: list[list[str]] = [[] for _ in bodies]
    turns = [
        [_converse.turn(message, found) for message in body.messages]
        for body, found in zip(bodies, carried, strict=True)
    ]
    lay_out_all(x, turns, [_converse.system_texts(body.system) for body in bodies])
    sent_all(x, carried)


def responses(x: Exchanges, bodies: Sequence[ConverseResponse]) -> None:
    """Fill from response bodies; settles the outcomes."""
    usages = [body.usage or _NOTHING_USED for body in bodies]
    x.input_tokens = [usage.inputTokens for usage in usages]
    x.output_tokens = [usage.outputTokens for usage in usages]
    cached = [usage.cacheReadInputTokens for usage in usages]
    x.cached_tokens = either(cached, [usage.cacheReadInputTokenCount for usage in usages])
    x.output, x.reasoning, brought = zip(
        *[_converse.answer(body.output.message.content) for body in bodies], strict=True
    )
    returned_all(x, brought)
    x.stop_reason = labels([body.stopReason for body in bodies])
    refused = [stop in _converse.REFUSALS for stop in x.stop_reason]
    x.refusal_category = [stop if no else None for stop, no in zip(x.stop_reason, refused, strict=True)]
    x.outcome = [outcome(status, False, no, False) for status, no in zip(x.http_status, refused, strict=True)]
