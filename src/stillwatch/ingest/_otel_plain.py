"""Exports of GenAI spans in their plain shape, many at once: what `otel_genai.read_span` makes of each span without events."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from msgspec import UNSET

from ._genai import CALLS, pathway_of, talk, tools_of
from ._otlp import Span, value
from .clean import ABSURD_TOKENS, Reading, asked_count, asked_flag, asked_number, label, text
from .exchanges import Column, Exchanges, either, labels
from .plain import Absent, Plain, PlainLine, PlainLines
from .turns import lay_out_all, outcome, returned_all, sent_all

__all__ = ["PLAIN"]


class _Attribute(Plain):
    key: str
    value: dict[str, Any]


class _Status(Plain):
    code: int | str | None = None


class _Span(Plain):
    traceId: str
    spanId: str
    startTimeUnixNano: str | int
    attributes: list[_Attribute]
    name: str | None = None
    status: _Status | None = None
    events: Absent = UNSET


class _Scope(Plain):
    spans: list[_Span]


class _Resource(Plain):
    scopeSpans: list[_Scope]
    instrumentationLibrarySpans: Absent = UNSET


class _Export(PlainLine, kw_only=True):
    resourceSpans: list[_Resource]
    resourceLogs: Absent = UNSET
    attributes: Absent = UNSET


_COUNTS = {
    "input_tokens": ("gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens"),
    "output_tokens": ("gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens"),
    "reasoning_tokens": ("gen_ai.usage.reasoning.output_tokens", "gen_ai.usage.reasoning_tokens"),
    "cached_tokens": ("gen_ai.usage.cache_read.input_tokens", "gen_ai.usage.cache_read_input_tokens"),
}
_BILLED = tuple(key for keys in _COUNTS.values() for key in keys)


def _opened(export: _Export) -> tuple[Span, ...] | None:
    found: list[Span] = []
    for resource in export.resourceSpans:
        for scope in resource.scopeSpans:
            for span in scope.spans:
                one = _span(span)
                if not _is_plain(one.attributes):
                    return None
                found.append(one)
    return tuple(found) if len({one.key for one in found}) == len(found) else None


def _span(span: _Span) -> Span:
    found = {
        one.key: value(one.value) if (said := one.value.get("stringValue")) is None else said for one in span.attributes
    }
    one = Span(f"{span.traceId}:{span.spanId}", span.name, span.startTimeUnixNano or 0, found, {})
    if span.status is not None:
        one.status["code"] = span.status.code
    return one


def _is_plain(found: dict[str, Any]) -> bool:
    """Whether a span is a model's call in these conventions, with counts that need no second look."""
    operation = found.get("gen_ai.operation.name")
    if type(operation) is not str or operation not in CALLS or "openinference.span.kind" in found:
        return False
    counts = [found[key] for key in _BILLED if key in found]
    return all(type(count) is int and 0 <= count <= ABSURD_TOKENS for count in counts)


def _read(spans: Sequence[Span], reading: Reading) -> Exchanges:
    x = Exchanges(len(spans))
    founds = [span.attributes for span in spans]

    def each(clean: Callable[[Any], Any], *keys: str) -> Column:
        known: Column = [None] * len(founds)
        for key in keys:
            values = [found.get(key) for found in founds]
            if any(values):
                known = either(
                    known,
                    labels(values) if clean is label and set(map(type, values)) <= _TEXTS else list(map(clean, values)),
                )
        return known

    x.format = ["otel_genai"] * x.count
    x.account = each(label, "account.id", "tenant.id", "user.id")
    x.org = each(label, "organization.id", "org.id")
    x.end_user = each(label, "enduser.id", "enduser.pseudo.id")
    x.ip = each(text, "client.address", "http.client_ip")
    x.user_agent = each(text, "user_agent.original", "http.user_agent")
    x.tls_fingerprint = each(text, "tls.client.ja4", "tls.client.ja3")
    x.conversation = each(label, "gen_ai.conversation.id", "session.id")
    x.http_status = [_status(found) for found in founds]
    x.model = each(label, "gen_ai.request.model", "gen_ai.response.model")
    x.pathway = [pathway_of(found.get("gen_ai.provider.name") or found.get("gen_ai.system")) for found in founds]
    x.request = either(each(label, "gen_ai.response.id"), [span.key for span in spans])
    for column, (now, before) in _COUNTS.items():
        setattr(x, column, either([found.get(now) for found in founds], [found.get(before) for found in founds]))
    x.max_tokens = [_asked(found, "gen_ai.request.max_tokens", asked_count) for found in founds]
    x.temperature = [_asked(found, "gen_ai.request.temperature", asked_number) for found in founds]
    x.top_p = [_asked(found, "gen_ai.request.top_p", asked_number) for found in founds]
    x.top_k = [_asked(found, "gen_ai.request.top_k", asked_count) for found in founds]
    x.n = [_asked(found, "gen_ai.request.choice.count", _few) for found in founds]
    streams = either(
        [found.get("gen_ai.request.stream") for found in founds], [found.get("llm.is_streaming") for found in founds]
    )
    x.stream = [None if given is None else asked_flag(given) for given in streams]
    x.tools = [tools_of(found) for found in founds]
    _talk(x, spans)
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
    failed = [span.status.get("code") in (2, "STATUS_CODE_ERROR") or "error.type" in span.attributes for span in spans]
    x.outcome = [
        outcome(status, error, one.refused, not error and one.stop == "error")
        for status, error, one in zip(x.http_status, failed, said, strict=True)
    ]


def _status(found: dict[str, Any]) -> int | None:
    given = found.get("http.response.status_code", found.get("http.status_code"))
    return _asked(found, "error.type", _code) if given is None else _code(given)


def _code(given: Any) -> int | None:
    return asked_count(given, limit=999)


def _few(given: Any) -> int | None:
    return asked_count(given, limit=32_767)


def _asked(found: dict[str, Any], key: str, clean: Callable[[Any], Any]) -> Any:
    return clean(found[key]) if key in found else None


_TEXTS = {str, type(None)}

PLAIN: PlainLines[_Export, Span] = PlainLines(
    _Export, opened=_opened, at=lambda span: span.start, field="startTimeUnixNano", read=_read
)
"""How plain lines are read."""
