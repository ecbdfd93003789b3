"""Gemini generateContent bodies in their plain shape and camelCase names, many at once: what `_gemini` makes of each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec import UNSET

from . import _gemini
from .exchanges import Exchanges, by_distinct, either, labels
from .plain import Absent, Asked, Billed, Few, Number, Plain, PlainBodies, joined_by, streams
from .turns import lay_out_all, outcome, returned_all, sent_all

__all__ = ["GEMINI"]


class _Config(Plain):
    maxOutputTokens: Asked = None
    temperature: Number = None
    topP: Number = None
    topK: Asked = None
    candidateCount: Few = None
    responseLogprobs: bool | None = None
    logprobs: Few = None
    max_output_tokens: Absent = UNSET
    top_p: Absent = UNSET
    top_k: Absent = UNSET
    candidate_count: Absent = UNSET
    response_logprobs: Absent = UNSET


class _Request(Plain):
    contents: list[Any]
    model: str | None = None
    generationConfig: _Config | None = None
    systemInstruction: Any = None
    tools: list[Any] | None = None
    generation_config: Absent = UNSET
    system_instruction: Absent = UNSET


class _Counts(Plain):
    promptTokenCount: Billed = None
    candidatesTokenCount: Billed = None
    thoughtsTokenCount: Billed = None
    cachedContentTokenCount: Billed = None
    prompt_token_count: Absent = UNSET
    candidates_token_count: Absent = UNSET
    thoughts_token_count: Absent = UNSET
    cached_content_token_count: Absent = UNSET


class _Feedback(Plain):
    blockReason: str | None = None
    block_reason: Absent = UNSET


class _Response(Plain):
    candidates: list[Any] | None = None
    responseId: str | None = None
    modelVersion: str | None = None
    usageMetadata: _Counts | None = None
    promptFeedback: _Feedback | None = None
    error: None = None
    response_id: Absent = UNSET
    model_version: Absent = UNSET
    usage_metadata: Absent = UNSET
    prompt_feedback: Absent = UNSET


_NO_CONFIG = _Config()
_NOTHING_USED = _Counts()


def requests(x: Exchanges, bodies: Sequence[_Request]) -> None:
    """Fill from request bodies; the models usually stand in the paths and are set by the caller."""
    x.model = either(x.model, by_distinct(labels([body.model for body in bodies]), _gemini.bare_model))
    configs = [body.generationConfig or _NO_CONFIG for body in bodies]
    x.max_tokens = [config.maxOutputTokens for config in configs]
    x.temperature = [config.temperature for config in configs]
    x.top_p = [config.topP for config in configs]
    x.top_k = [config.topK for config in configs]
    x.n = [config.candidateCount for config in configs]
    x.logprobs = [bool(config.responseLogprobs) for config in configs]
    x.top_logprobs = [config.logprobs for config in configs]
    x.tools = [_gemini.tool_names(body.tools) if body.tools else None for body in bodies]
    carried: list[list[str]] = [[] for _ in bodies]
    turns = [
        [_gemini.turn(content, found) for content in body.contents] for body, found in zip(bodies, carried, strict=True)
    ]
    lay_out_all(x, turns, [_gemini.system_texts(body.systemInstruction) for body in bodies])
    sent_all(x, carried)


def responses(x: Exchanges, bodies: Sequence[_Response], ended: Sequence[bool | None]) -> None:
    """Fill from response bodies; settles the outcomes."""
    x.request = either(labels([body.responseId for body in bodies]), x.request)
    x.model = either(x.model, by_distinct(labels([body.modelVersion for body in bodies]), _gemini.bare_model))
    usages = [body.usageMetadata or _NOTHING_USED for body in bodies]
    x.input_tokens = [usage.promptTokenCount for usage in usages]
    x.output_tokens = [usage.candidatesTokenCount for usage in usages]
    x.reasoning_tokens = [usage.thoughtsTokenCount for usage in usages]
    x.cached_tokens = [usage.cachedContentTokenCount for usage in usages]
    answers = [_gemini.answer(body.candidates) for body in bodies]
    x.output, x.reasoning, brought, stops, refusals = zip(*answers, strict=True)
    returned_all(x, brought)
    blocks = [body.promptFeedback.blockReason or None if body.promptFeedback is not None else None for body in bodies]
    blocked = either(blocks, refusals)
    x.refusal_category = labels(blocked)
    x.stop_reason = either(stops, x.refusal_category)
    streams(x, ended)
    x.outcome = [
        outcome(status, False, bool(why), end is False)
        for status, why, end in zip(x.http_status, blocked, ended, strict=True)
    ]


GEMINI = PlainBodies(
    request_type=_Request,
    requests=requests,
    response_type=_Response,
    responses=responses,
    joined=joined_by(_gemini.join, _Response),
)
"""Plain generateContent bodies."""
