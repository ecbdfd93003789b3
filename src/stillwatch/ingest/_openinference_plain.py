"""Exports of OpenInference spans in their plain shape, many at once: what `openinference.read_span` makes of each model call."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec

from ._chat_plain import ChatParameters, asked_for
from ._openinference import refusal_category, request_id, talk, tools_of
from ._otlp import Span
from ._spans_plain import Attributes, Export, failed, identify_all, spans_of
from .clean import ABSURD_TOKENS, Reading, label
from .exchanges import Exchanges, either, labels
from .plain import PlainLines
from .turns import lay_out_all, outcome, returned_all, sent_all

__all__ = ["PLAIN"]


class _Parameters(ChatParameters, kw_only=True):
    model: str | None = None


class _Call(NamedTuple):
    """A span, and what its answer was asked for with."""

    span: Span
    parameters: _Parameters | None


_parameters = msgspec.json.Decoder(_Parameters).decode
_COUNTS = {
    "input_tokens": "llm.token_count.prompt",
    "output_tokens": "llm.token_count.completion",
    "reasoning_tokens": "llm.token_count.completion_details.reasoning",
    "cached_tokens": "llm.token_count.prompt_details.cache_read",
}
_BILLED = tuple(_COUNTS.values())


def _is_call(found: dict[str, Any]) -> bool:
    """Whether a span is a model's call, with counts and parameters that need no second look."""
    for key in _BILLED:
        count = found.get(key, 0)
        if type(count) is not int or not 0 <= count <= ABSURD_TOKENS:
            return False
    given = found.get("llm.invocation_parameters")
    return found.get("openinference.span.kind") == "LLM" and (given is None or _is_object(given))


def _opened(export: Export) -> tuple[_Call, ...] | None:
    spans = spans_of(export, _is_call, whatever_events=True)
    return None if spans is None else tuple(map(_call, spans))


def _call(span: Span) -> _Call:
    given = span.attributes.get("llm.invocation_parameters")
    return _Call(span, None if given is None else _parameters(given))


def _read(calls: Sequence[_Call], _reading: Reading) -> Exchanges:
    x = Exchanges(len(calls))
    spans = [call.span for call in calls]
    founds = [span.attributes for span in spans]
    found = Attributes(founds)
    x.format, x.pathway = ["openinference"] * x.count, ["api"] * x.count
    identify_all(x, found)
    _asked(x, calls, found)
    x.request = either(list(map(request_id, founds)), [span.key for span in spans])
    for column, key in _COUNTS.items():
        setattr(x, column, found.column(key))
    if found.has("llm.tools."):
        x.tools = list(map(tools_of, founds))
    _talk(x, spans, founds)
    return x


def _talk(x: Exchanges, spans: Sequence[Span], founds: Sequence[dict[str, Any]]) -> None:
    turns, x.output, x.reasoning, carried, brought, x.stop_reason, refused = zip(*map(talk, founds), strict=True)
    lay_out_all(x, turns)
    x.turns = [count if told else None for count, told in zip(x.turns, turns, strict=True)]
    sent_all(x, carried)
    returned_all(x, brought)
    x.refusal_category = [
        refusal_category(found, stop) if no else None
        for found, stop, no in zip(founds, x.stop_reason, refused, strict=True)
    ]
    x.outcome = [
        outcome(status, error, no, not error and stop == "error")
        for status, error, no, stop in zip(x.http_status, map(failed, spans), refused, x.stop_reason, strict=True)
    ]


def _is_object(given: Any) -> bool:
    """Whether this is the text of an object that is not empty."""
    return type(given) is str and given.startswith("{") and '"' in given


def _asked(x: Exchanges, calls: Sequence[_Call], found: Attributes) -> None:
    asked_for(x, [call.parameters or _UNASKED for call in calls])
    for name in ("logprobs", "logit_bias", "stream"):
        values = zip(getattr(x, name), calls, strict=True)
        setattr(x, name, [None if call.parameters is None else value for value, call in values])
    named = labels([None if call.parameters is None else call.parameters.model for call in calls])
    x.model = either(either(found.first(label, "llm.request.model_name"), named), found.first(label, "llm.model_name"))


_UNASKED = _Parameters()

PLAIN: PlainLines[Export, _Call] = PlainLines(
    Export, opened=_opened, at=lambda call: call.span.start, field="startTimeUnixNano", read=_read
)
"""How plain lines are read."""
