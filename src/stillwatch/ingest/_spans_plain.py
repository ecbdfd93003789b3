"""Exports of spans in their plain shape, whatever conventions their attributes follow, and who asked in them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from msgspec import UNSET, Raw, UnsetType
from msgspec.structs import astuple

from ._otlp import Span, value
from .clean import asked_count, label, text
from .exchanges import Column, Exchanges, either, labels
from .plain import Absent, Plain, PlainLine

__all__ = ["Attributes", "Export", "failed", "identify_all", "spans_of"]


class _Value(Plain):
    """An attribute's value, of one of these kinds."""

    stringValue: str | UnsetType = UNSET
    intValue: int | str | UnsetType = UNSET
    doubleValue: Any = UNSET
    boolValue: Any = UNSET
    arrayValue: Any = UNSET
    kvlistValue: Any = UNSET
    bytesValue: Any = UNSET
    string_value: Absent = UNSET
    int_value: Absent = UNSET
    double_value: Absent = UNSET
    bool_value: Absent = UNSET
    array_value: Absent = UNSET
    kvlist_value: Absent = UNSET


class _Attribute(Plain):
    key: str
    value: _Value


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
        one.key: _other(one.value) if (said := one.value.stringValue) is UNSET else said for one in span.attributes
    }
    one = Span(f"{span.traceId}:{span.spanId}", span.name, span.startTimeUnixNano or 0, found, {})
    if span.status is not None:
        one.status["code"] = span.status.code
    return one


def _other(given: _Value) -> Any:
    """A value that is no text. Of one with two kinds the tolerant reader takes the first, and which that is is lost here."""
    if given.boolValue is UNSET and given.kvlistValue is UNSET and given.bytesValue is UNSET:
        number, fraction, many = given.intValue, given.doubleValue, given.arrayValue
        if many is UNSET and fraction is UNSET:
            if type(number) is int or (type(number) is str and len(number) < 19 and number.isdecimal()):
                return int(number)
        elif number is UNSET and (many is UNSET or fraction is UNSET):
            return fraction if many is UNSET else value({"arrayValue": many})
    told = {kind: inner for kind, inner in zip(_KINDS, astuple(given), strict=True) if inner is not UNSET}
    if len(told) > 1:
        raise msgspec.ValidationError("a value of two kinds")
    return value(told)


class Attributes:
    """The attributes of many spans as columns. One that no span has costs nothing, and of all that are known that is most."""

    def __init__(self, founds: Sequence[dict[str, Any]]) -> None:
        self._founds = founds
        self._there: set[str] = set().union(*founds)

    def has(self, begin: str) -> bool:
        """Whether some span has an attribute that begins so."""
        return any(key.startswith(begin) for key in self._there)

    def column(self, key: str) -> Column:
        """This attribute of each span."""
        return [found.get(key) for found in self._founds] if key in self._there else [None] * len(self._founds)

    def asked(self, key: str, clean: Callable[[Any], Any]) -> Column:
        """This attribute of each span, cleaned; `clean` leaves what is unknown so."""
        values = self.column(key)
        return list(map(clean, values)) if key in self._there else values

    def first(self, clean: Callable[[Any], Any], *keys: str) -> Column:
        """The first of these attributes that says anything, cleaned, for each span."""
        known: Column = [None] * len(self._founds)
        for key in keys:
            values = self.column(key)
            if any(values):
                quick = clean is label and set(map(type, values)) <= _TEXTS
                known = either(known, labels(values) if quick else list(map(clean, values)))
        return known

    def statuses(self) -> Column:
        """The HTTP status that each span tells."""
        if self._there.isdisjoint(_STATUSES):
            return [None] * len(self._founds)
        return list(map(_status, self._founds))


def identify_all(x: Exchanges, found: Attributes) -> None:
    """Fill who asked and from where, as `identify` does for one span."""
    x.account = found.first(label, "account.id", "tenant.id", "user.id")
    x.org = found.first(label, "organization.id", "org.id")
    x.end_user = found.first(label, "enduser.id", "enduser.pseudo.id")
    x.ip = found.first(text, "client.address", "http.client_ip")
    x.user_agent = found.first(text, "user_agent.original", "http.user_agent")
    x.tls_fingerprint = found.first(text, "tls.client.ja4", "tls.client.ja3")
    x.conversation = found.first(label, "gen_ai.conversation.id", "session.id")
    x.http_status = found.statuses()


def failed(span: Span) -> bool:
    """Whether a span says that its call failed."""
    return span.status.get("code") in (2, "STATUS_CODE_ERROR") or "error.type" in span.attributes


def _status(found: dict[str, Any]) -> int | None:
    given = found.get("http.response.status_code", found.get("http.status_code"))
    given = found.get("error.type") if given is None else given
    return None if given is None else asked_count(given, limit=999)


_TEXTS = {str, type(None)}
_STATUSES = ("http.response.status_code", "http.status_code", "error.type")
_KINDS = _Value.__struct_fields__
