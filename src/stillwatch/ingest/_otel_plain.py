"""Exports of GenAI spans in their plain shape, many at once: what `otel_genai.read_span` makes of each span without events."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ._genai import CALLS, pathway_of, talk, tools_of
from ._otlp import Span
from ._spans_plain import Attributes, Export, failed, identify_all, spans_of
from .clean import ABSURD_TOKENS, Reading, asked_count, asked_flag, asked_number, label
from .exchanges import Exchanges, either
from .plain import PlainLines
from .retention import retention_class
from .turns import lay_out_all, outcome, returned_all, sent_all

__all__ = ["OWN", "OWN_CLEAN", "PLAIN"]

OWN_CLEAN: dict[str, Callable[[Any, Reading], Any]] = {
    "credential": lambda given, _: label(given),
    "pathway": lambda given, _: label(given),
    "retention_class": lambda given, reading: retention_class(given, reading.notes),
    "refusal_category": lambda given, _: label(given),
    "turns": lambda given, _: asked_count(given),
    "logprobs": lambda given, _: asked_flag(given),
    "top_logprobs": lambda given, _: asked_count(given, limit=32_767),
    "logit_bias": lambda given, _: asked_flag(given),
}
"""Columns that no convention has a word for, which the gateway's own spans carry, and what makes sense of each."""

OWN = {column: f"stillwatch.{column}" for column in OWN_CLEAN}
"""Their attributes."""

_COUNTS = {
    "input_tokens": ("gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens"),
    "output_tokens": ("gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens"),
    "reasoning_tokens": ("gen_ai.usage.reasoning.output_tokens", "gen_ai.usage.reasoning_tokens"),
    "cached_tokens": ("gen_ai.usage.cache_read.input_tokens", "gen_ai.usage.cache_read_input_tokens"),
}
_BILLED = tuple(key for keys in _COUNTS.values() for key in keys)


def _opened(export: Export) -> tuple[Span, ...] | None:
    return spans_of(export, _is_plain)


def _is_plain(found: dict[str, Any]) -> bool:
    """Whether a span is a model's call in these conventions, with counts that need no second look."""
    operation = found.get("gen_ai.operation.name")
    if type(operation) is not str or operation not in CALLS or "openinference.span.kind" in found:
        return False
    for key in _BILLED:
        count = found.get(key, 0)
        if type(count) is not int or not 0 <= count <= ABSURD_TOKENS:
            return False
    return True


def _read(spans: Sequence[Span], reading: Reading) -> Exchanges:
    x = Exchanges(len(spans))
    found = Attributes([span.attributes for span in spans])
    x.format = ["otel_genai"] * x.count
    identify_all(x, found)
    x.model = found.first(label, "gen_ai.request.model", "gen_ai.response.model")
    providers = zip(found.column("gen_ai.provider.name"), found.column("gen_ai.system"), strict=True)
    x.pathway = [pathway_of(now or before) for now, before in providers]
    x.request = either(found.first(label, "gen_ai.response.id"), [span.key for span in spans])
    for column, (now, before) in _COUNTS.items():
        setattr(x, column, either(found.column(now), found.column(before)))
    x.max_tokens = found.asked("gen_ai.request.max_tokens", asked_count)
    x.temperature = found.asked("gen_ai.request.temperature", asked_number)
    x.top_p = found.asked("gen_ai.request.top_p", asked_number)
    x.top_k = found.asked("gen_ai.request.top_k", asked_count)
    x.n = found.asked("gen_ai.request.choice.count", _few)
    streams = either(found.column("gen_ai.request.stream"), found.column("llm.is_streaming"))
    x.stream = [None if given is None else asked_flag(given) for given in streams]
    if found.has("gen_ai.tool.definitions") or found.has("llm.request.functions."):
        x.tools = [tools_of(span.attributes) for span in spans]
    _talk(x, spans)
    for column, key in OWN.items():
        if found.has(key):
            before = getattr(x, column)
            told = [
                OWN_CLEAN[column](span.attributes[key], reading) if key in span.attributes else old
                for span, old in zip(spans, before, strict=True)
            ]
            setattr(x, column, told)
    return x


def _talk(x: Exchanges, spans: Sequence[Span]) -> None:
    said = [talk(span, ()) for span in spans]
    lay_out_all(x, [one.turns or [] for one in said], [one.system for one in said])
    x.turns = [None if one.turns is None else turns for one, turns in zip(said, x.turns, strict=True)]
    x.output = [one.output for one in said]
    x.reasoning = [one.reasoning for one in said]
    sent_all(x, [one.carried for one in said])
    returned_all(x, [one.brought for one in said])
    x.stop_reason = [one.stop for one in said]
    x.refusal_category = ["content_filter" if one.stop == "content_filter" else None for one in said]
    errors = list(map(failed, spans))
    x.outcome = [
        outcome(status, error, one.refused, not error and one.stop == "error")
        for status, error, one in zip(x.http_status, errors, said, strict=True)
    ]


def _few(given: Any) -> int | None:
    return asked_count(given, limit=32_767)


PLAIN: PlainLines[Export, Span] = PlainLines(
    Export, opened=_opened, at=lambda span: span.start, field="startTimeUnixNano", read=_read
)
"""How plain lines are read."""
