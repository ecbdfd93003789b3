"""OpenTelemetry's JSON taken apart into spans and events: OTLP 1.x, and spans one a line as console exporters and Phoenix write them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .clean import asked_count, label, mapping, sequence, text
from .exchange import Exchange
from .log_format import Record
from .turns import settle

__all__ = ["Span", "attributes", "carries", "conclude", "identify", "nested", "pieces", "value"]

MAX_DIGITS = 5
MAX_DEPTH = 32


class Span:
    """A span or a log event, its attributes as plain values; `body` is set for events only."""

    __slots__ = ("attributes", "body", "events", "key", "name", "resource", "start", "status")

    def __init__(self, key: str, name: Any, start: Any, found: dict[str, Any], resource: dict[str, Any]) -> None:
        self.key = key
        self.name = name if isinstance(name, str) else ""
        self.start = start
        self.attributes = found
        self.resource = resource
        self.events: list[tuple[str, dict[str, Any]]] = []
        self.status: dict[str, Any] = {}
        self.body: Any = None

    @property
    def is_event(self) -> bool:
        """Whether this is a log event that belongs to a span."""
        return self.start is None


def value(given: Any, depth: int = 0) -> Any:
    """A plain value from OTLP's typed one."""
    if not isinstance(given, dict) or depth > MAX_DEPTH:
        return None
    for kind, inner in given.items():
        if kind in ("stringValue", "string_value"):
            return inner
        if kind in ("intValue", "int_value"):
            try:
                return int(inner)
            except (TypeError, ValueError, OverflowError):
                return inner
        if kind in ("doubleValue", "double_value", "boolValue", "bool_value", "bytesValue"):
            return inner
        if kind in ("arrayValue", "array_value"):
            return [value(element, depth + 1) for element in sequence(mapping(inner).get("values"))]
        if kind in ("kvlistValue", "kvlist_value"):
            return attributes(mapping(inner).get("values"), depth + 1)
    return None


def attributes(given: Any, depth: int = 0) -> dict[str, Any]:
    """Attributes by key, from OTLP's list or from an object that is plain already."""
    if isinstance(given, dict):
        return given
    found: dict[str, Any] = {}
    for pair in sequence(given):
        if isinstance(pair, dict):
            key = pair.get("key")
            if isinstance(key, str):
                typed = pair.get("value")
                plain = typed.get("stringValue") if type(typed) is dict else None
                found[key] = value(typed, depth) if plain is None else plain
    return found


def _either(found: dict[str, Any], camel: str, snake: str) -> Any:
    given = found.get(camel)
    return found.get(snake) if given is None else given


def pieces(record: Record) -> Iterator[tuple[str, Span]]:
    """Every span and log event of a record with the key that ties an event to its span."""
    for holder in sequence(record.get("resourceSpans")):
        resource = attributes(mapping(mapping(holder).get("resource")).get("attributes"))
        for scope in sequence(_either(mapping(holder), "scopeSpans", "instrumentationLibrarySpans")):
            for span in sequence(mapping(scope).get("spans")):
                if isinstance(span, dict):
                    yield _span(span, resource)
    for holder in sequence(record.get("resourceLogs")):
        resource = attributes(mapping(mapping(holder).get("resource")).get("attributes"))
        for scope in sequence(mapping(holder).get("scopeLogs")):
            for log in sequence(mapping(scope).get("logRecords")):
                if isinstance(log, dict):
                    yield _event(log, resource)
    if isinstance(record.get("attributes"), dict) and (
        "context" in record or "span_id" in record or "start_time" in record
    ):
        yield _flat(record)


def _span(span: dict[str, Any], resource: dict[str, Any]) -> tuple[str, Span]:
    key = f"{span.get('traceId')}:{span.get('spanId')}"
    one = Span(key, span.get("name"), span.get("startTimeUnixNano") or 0, attributes(span.get("attributes")), resource)
    one.status = mapping(span.get("status"))
    events = span.get("events")
    if isinstance(events, list):
        for event in events:
            if isinstance(event, dict):
                one.events.append((str(event.get("name")), attributes(event.get("attributes"))))
    return key, one


def _event(log: dict[str, Any], resource: dict[str, Any]) -> tuple[str, Span]:
    found = attributes(log.get("attributes"))
    name = log.get("eventName") or found.get("event.name")
    key = f"{log.get('traceId')}:{log.get('spanId')}"
    one = Span(key, name, None, found, resource)
    one.body = value(log.get("body"))
    return key, one


def _flat(record: Record) -> tuple[str, Span]:
    context = mapping(record.get("context"))
    trace = context.get("trace_id") or record.get("trace_id")
    span = context.get("span_id") or record.get("span_id")
    key = f"{trace}:{span}"
    one = Span(
        key, record.get("name"), record.get("start_time") or 0, record["attributes"], mapping(record.get("resource"))
    )
    status = record.get("status")
    code = status.get("status_code") if isinstance(status, dict) else record.get("status_code")
    one.status = {"code": 2 if isinstance(code, str) and code.upper().endswith("ERROR") else 0}
    for event in sequence(record.get("events")):
        if isinstance(event, dict):
            one.events.append((str(event.get("name")), attributes(event.get("attributes"))))
    return key, one


def nested(found: dict[str, Any], prefix: str) -> list[Any]:
    """Indexed attributes as a list of objects: `prefix.0.a.b` becomes element 0's `{"a": {"b": ...}}`."""
    dotted = prefix + "."
    start = len(dotted)
    elements: dict[int, dict[str, Any]] = {}
    indexed = False
    for key, given in found.items():
        if not key.startswith(dotted):
            continue
        index, _, rest = key[start:].partition(".")
        if not index.isdecimal() or len(index) > MAX_DIGITS:
            continue
        number = int(index)
        here: dict[str, Any] = elements.setdefault(number, {})
        steps = rest.split(".", MAX_DEPTH)
        indexed = indexed or any(step.isdecimal() for step in steps)
        for step in steps[:-1]:
            inner = here.setdefault(step, {})
            if not isinstance(inner, dict):
                break
            here = inner
        else:
            here[steps[-1]] = given
    ordered = [elements[number] for number in sorted(elements)]
    return [_listed(element) for element in ordered] if indexed else list(ordered)


def _listed(given: Any) -> Any:
    if not isinstance(given, dict):
        return given
    if given and all(key.isdecimal() and len(key) < 6 for key in given):
        return [_listed(given[key]) for key in sorted(given, key=int)]
    return {key: _listed(inner) for key, inner in given.items()}


def carries(record: Record, prefix: str) -> int:
    """How many of a record's first spans and events carry an attribute that begins so, in percent."""
    seen = hits = 0
    try:
        for _, span in pieces(record):
            seen += 1
            hits += any(key.startswith(prefix) for key in span.attributes) or span.name.startswith(prefix)
            if seen >= 20:
                break
    except (AttributeError, TypeError, ValueError, KeyError):
        return 0
    return 100 * hits // seen if seen else 0


def identify(x: Exchange, span: Span) -> None:
    """Who asked and from where, by the general attributes of spans."""
    get = span.attributes.get
    x.account = label(get("account.id")) or label(get("tenant.id")) or label(get("user.id"))
    x.org = label(get("organization.id")) or label(get("org.id"))
    x.end_user = label(get("enduser.id")) or label(get("enduser.pseudo.id"))
    x.ip = text(get("client.address")) or text(get("http.client_ip"))
    x.user_agent = text(get("user_agent.original")) or text(get("http.user_agent"))
    x.tls_fingerprint = text(get("tls.client.ja4")) or text(get("tls.client.ja3"))
    x.conversation = label(get("gen_ai.conversation.id")) or label(get("session.id"))
    status = get("http.response.status_code", get("http.status_code"))
    error = get("error.type")
    x.http_status = asked_count(status if status is not None else error, limit=999)


def conclude(x: Exchange, span: Span, *, refused: bool) -> None:
    """Settle the outcome by the span's status."""
    failed = span.status.get("code") in (2, "STATUS_CODE_ERROR") or "error.type" in span.attributes
    settle(x, error=failed, refused=refused, cancelled=not failed and x.stop_reason == "error")
