"""Exports of spans in their plain shape, whatever conventions their attributes follow, and who asked in them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from msgspec import UNSET, Raw, UnsetType

from ._otlp import Span, value
from .clean import asked_count, label, text
from .exchanges import Column, Exchanges, either, labels
from .plain import Absent, Plain, PlainLine

__all__ = ["Export", "each", "failed", "identify_all", "spans_of"]


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
    events: Raw | UnsetType = UNSET


class _Scope(Plain):
    spans: list[_Span]


class _Resource(Plain):
    scopeSpans: list[_Scope]
    instrumentationLibrarySpans: Absent = UNSET


class Export(PlainLine, kw_only=True):
    resourceSpans: list[_Resource]
    resourceLogs: Absent = UNSET
    attributes: Absent = UNSET


def spans_of(
    export: Export, is_plain: Callable[[dict[str, Any]], bool], *, whatever_events: bool = False
) -> tuple[Span, ...] | None:
    """The spans of an export, `None` where the attributes of one are not plain, two have the same ids, or one has events that matter."""
    found: list[Span] = []
    for resource in export.resourceSpans:
        for scope in resource.scopeSpans:
            for span in scope.spans:
                one = _span(span)
                if not (whatever_events or span.events is UNSET) or not is_plain(one.attributes):
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


def each(founds: Sequence[dict[str, Any]], clean: Callable[[Any], Any], *keys: str) -> Column:
    """The first of these attributes that says anything, cleaned, for each span."""
    known: Column = [None] * len(founds)
    for key in keys:
        values = [found.get(key) for found in founds]
        if any(values):
            quick = clean is label and set(map(type, values)) <= _TEXTS
            known = either(known, labels(values) if quick else list(map(clean, values)))
    return known


def identify_all(x: Exchanges, founds: Sequence[dict[str, Any]]) -> None:
    """Fill who asked and from where, as `identify` does for one span."""
    x.account = each(founds, label, "account.id", "tenant.id", "user.id")
    x.org = each(founds, label, "organization.id", "org.id")
    x.end_user = each(founds, label, "enduser.id", "enduser.pseudo.id")
    x.ip = each(founds, text, "client.address", "http.client_ip")
    x.user_agent = each(founds, text, "user_agent.original", "http.user_agent")
    x.tls_fingerprint = each(founds, text, "tls.client.ja4", "tls.client.ja3")
    x.conversation = each(founds, label, "gen_ai.conversation.id", "session.id")
    x.http_status = [_status(found) for found in founds]


def failed(span: Span) -> bool:
    """Whether a span says that its call failed."""
    return span.status.get("code") in (2, "STATUS_CODE_ERROR") or "error.type" in span.attributes


def _status(found: dict[str, Any]) -> int | None:
    given = found.get("http.response.status_code", found.get("http.status_code"))
    given = found.get("error.type") if given is None else given
    return None if given is None else asked_count(given, limit=999)


_TEXTS = {str, type(None)}
