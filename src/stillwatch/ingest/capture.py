"""Request and response as they went over the wire: who asked, from where, with which key, and the bodies in whatever dialect."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import chain
from typing import Any
from urllib.parse import parse_qs, urlsplit

from .clean import BadField, Reading, billed, label, mapping, sequence, text
from .dialect import dialect_of_bodies, dialect_of_path, fill
from .exchange import Exchange, credential_id
from .exchanges import Column, Exchanges, by_distinct, either, labels, texts
from .log_format import Record
from .retention import retention_class
from .sse import open_body

__all__ = ["ENVELOPE_LACKS", "capture", "fit", "headers", "safe_path", "wire", "wires"]

ENVELOPE_LACKS = ("asn", "client_telemetry")
"""Columns that no capture has."""

_KEYS = ("authorization", "x-api-key", "api-key", "x-goog-api-key")
_ADDRESSES = ("x-forwarded-for", "x-real-ip", "cf-connecting-ip", "true-client-ip")
_ORGS = ("openai-organization", "anthropic-organization-id")
_FINGERPRINTS = ("x-ja4", "x-ja3", "cf-ja4")
_REQUEST_IDS = ("x-request-id", "request-id", "x-amzn-requestid", "apim-request-id")
_READ = frozenset((*_KEYS, *_ADDRESSES, *_REQUEST_IDS, *_ORGS, *_FINGERPRINTS, "user-agent"))


@lru_cache(maxsize=4096)
def _wanted(name: str) -> str | None:
    """A header's name in lower case if anything here reads it."""
    lowered = name.lower()
    return lowered if lowered in _READ else None


@lru_cache(maxsize=4096)
def _all_wanted(names: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """Those of one request's headers that are read here, as (name as written, name in lower case): clients send the same ones each time."""
    return tuple((name, wanted) for name in names if (wanted := _wanted(name)) is not None)


def headers(value: Any) -> dict[str, str]:
    """Headers that are read here, by lower-case name, from an object or a list of pairs or of {name, value}."""
    found: dict[str, str] = {}
    if isinstance(value, dict):
        for written, lowered in _all_wanted(tuple(value)):
            entry = value[written]
            if isinstance(entry, str):
                found[lowered] = entry
            elif isinstance(entry, list) and entry and isinstance(entry[0], str):
                found[lowered] = entry[0]
        return found
    for entry in sequence(value):
        if isinstance(entry, dict):
            key, content = entry.get("name"), entry.get("value")
        elif isinstance(entry, list) and len(entry) == 2:
            key, content = entry
        else:
            continue
        name = _wanted(key) if isinstance(key, str) else None
        if name is not None and isinstance(content, str):
            found.setdefault(name, content)
    return found


def _first(found: dict[str, str], names: Iterable[str]) -> str | None:
    if found:
        for name in names:
            if name in found and (value := found[name]):
                return value
    return None


def wire(
    x: Exchange,
    reading: Reading,
    *,
    path: str,
    asked: dict[str, str],
    answered: dict[str, str],
    request: Any,
    response: Any,
) -> str | None:
    """Fill an exchange from one HTTP exchange; returns the dialect, or `None` when this asks for no model's answer."""
    dialect = dialect_of_path(path)
    if dialect is None and path and path != "/":
        return None
    key = _key(path, asked)
    if key:
        x.credential = credential_id(key) or None
    if x.ip is None:
        x.ip = _forwarded(asked)
    if x.user_agent is None:
        x.user_agent = text(asked.get("user-agent"))
    if x.tls_fingerprint is None:
        x.tls_fingerprint = _first(asked, _FINGERPRINTS)
    if x.org is None:
        x.org = label(_first(asked, _ORGS) or _first(answered, _ORGS))
    x.request = label(_first(answered, _REQUEST_IDS) or _first(asked, _REQUEST_IDS))
    if dialect is not None:
        x.model = _model_in(path, dialect)
    if dialect == "gemini_generate":
        x.stream = _streams(path)
    return fill(x, request, response, name=dialect)


def _key(path: str, asked: dict[str, str]) -> str | None:
    key = _first(asked, _KEYS)
    if key is None and "key=" in path:
        return (parse_qs(urlsplit(path).query).get("key") or [None])[0]  # type: ignore[list-item]
    return key


def safe_path(path: str) -> bool:
    """Whether a path can be taken apart for a key, which an odd host in it forbids."""
    return "key=" not in path or (path.isascii() and "[" not in path and "]" not in path)


def _forwarded(asked: dict[str, str]) -> str | None:
    forwarded = _first(asked, _ADDRESSES)
    return forwarded.partition(",")[0].strip() if forwarded else None


@lru_cache(maxsize=4096)
def _model_in(path: str, dialect: str) -> str | None:
    """The model that a path names."""
    if dialect == "gemini_generate":
        return label(path.partition("?")[0].rpartition("models/")[2].partition(":")[0])
    if dialect == "anthropic_messages" and "models/" in path:
        return label(path.rpartition("models/")[2].partition(":")[0])
    return None


def _streams(path: str) -> bool:
    return "streamgeneratecontent" in path.lower()


class _HeadersOfMany:
    """The headers of many requests or answers by lower-case name, as `headers` gives those of each."""

    def __init__(self, raw: Sequence[Any]) -> None:
        self._count = len(raw)
        self._columns = _columns_of(raw)

    def first(self, names: Iterable[str]) -> Column:
        """The first of these headers that says anything, for each."""
        found: Column = [None] * self._count
        for name in names:
            if name in self._columns:
                found = either(found, texts(self._columns[name]))
        return found


def _columns_of(raw: Sequence[Any]) -> dict[str, Column]:
    if set(map(type, raw)) == {dict}:
        written = [(name, wanted) for name in set(chain.from_iterable(raw)) if (wanted := _wanted(name)) is not None]
        columns: dict[str, Column] = {wanted: [one.get(name) for one in raw] for name, wanted in written}
        if len(columns) == len(written) and all(set(map(type, values)) <= _TEXT_OR_NONE for values in columns.values()):
            return columns
    found = [headers(one) for one in raw]
    return {name: [one.get(name) for one in found] for name in set(chain.from_iterable(found))}


_TEXT_OR_NONE = {str, type(None)}


def wires(x: Exchanges, dialect: str, *, paths: Sequence[str], asked: Sequence[Any], answered: Sequence[Any]) -> None:
    """Fill many exchanges from their HTTP exchanges in one dialect, all but the bodies, as `wire` fills each."""
    sent, got = _HeadersOfMany(asked), _HeadersOfMany(answered)
    keys = either(sent.first(_KEYS), [_key(path, {}) if "key=" in path else None for path in paths])
    x.credential = by_distinct(keys, lambda key: credential_id(key) or None)
    x.ip = either(x.ip, by_distinct(sent.first(_ADDRESSES), lambda value: value.partition(",")[0].strip()))
    x.user_agent = either(x.user_agent, sent.first(("user-agent",)))
    x.tls_fingerprint = either(x.tls_fingerprint, sent.first(_FINGERPRINTS))
    x.org = either(x.org, labels(either(sent.first(_ORGS), got.first(_ORGS))))
    x.request = labels(either(got.first(_REQUEST_IDS), sent.first(_REQUEST_IDS)))
    x.model = [_model_in(path, dialect) for path in paths]
    if dialect == "gemini_generate":
        x.stream = list(map(_streams, paths))


def _at(reading: Reading, record: Record) -> int:
    for field in ("started_at", "timestamp", "time", "at", "ts"):
        value = record.get(field)
        if value is not None:
            return reading.at(value, field)
    raise BadField("started_at", "got nothing, expected the time the request began")


def capture(record: Record, reading: Reading) -> list[Exchange]:
    """Read one request/response capture. A call that asks for no model's answer (a list of models, a file) is passed over and counted."""
    request = mapping(record.get("request"))
    response = mapping(record.get("response"))
    client = mapping(record.get("client"))
    x = Exchange()
    x.at = _at(reading, record)
    x.http_status = billed(response.get("status", response.get("status_code")), "response.status", limit=999)
    x.ip = text(client.get("ip"))
    x.user_agent = text(client.get("user_agent"))
    if "ja4" in client or "ja3" in client:
        x.tls_fingerprint = text(client.get("ja4")) or text(client.get("ja3"))
    if "org" in record or "org" in client:
        x.org = label(record.get("org")) or label(client.get("org"))
    path = text(request.get("path")) or text(request.get("url")) or ""
    spoken = wire(
        x,
        reading,
        path=path,
        asked=headers(request.get("headers")),
        answered=headers(response.get("headers")),
        request=request.get("body"),
        response=response.get("body"),
    )
    if spoken is None:
        reading.notes["requests that ask for no model's answer, passed over"] += 1
        return []
    x.format = spoken
    x.pathway = label(record.get("pathway")) or "api"
    if x.conversation is None:
        x.conversation = label(record.get("conversation"))
    said = record.get("retention")
    x.retention_class = retention_class(client.get("retention") if said is None else said, reading.notes)
    if "account" in record or "account" in client:
        x.account = label(record.get("account")) or label(client.get("account"))
    x.account = x.account or x.credential
    return [x]


def fit(record: Record, dialect: str) -> int:
    """How well a record fits as a capture of `dialect`: by its path, else by its bodies."""
    request = record.get("request")
    if not isinstance(request, dict) or not isinstance(record.get("response", {}), (dict, type(None))):
        return 0
    if "body" not in request or "startedDateTime" in record:
        return 0
    path = text(request.get("path")) or text(request.get("url")) or ""
    spoken = dialect_of_path(path)
    if spoken is None and path not in ("", "/"):
        return 0
    if spoken is None:
        asked = open_body(request.get("body")).whole or {}
        answer = open_body(mapping(record.get("response")).get("body"))
        spoken = dialect_of_bodies(asked, answer.whole or (answer.events or [{}])[0])
    return 90 if spoken == dialect else 0
