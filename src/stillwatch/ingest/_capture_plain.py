"""Captures in their plain shape: the envelope that `capture` reads, with bodies of one dialect."""

from __future__ import annotations

from typing import Annotated, Any, Generic

import msgspec
from msgspec import UNSET, Meta

from .capture import headers, wire
from .clean import Reading, label
from .dialect import dialect_of_path
from .exchange import Exchange
from .plain import Absent, Plain, PlainLine, PlainLines, RequestType, ResponseType
from .retention import retention_class

__all__ = ["plain_captures"]

_Headers = dict[str, Any] | list[Any] | None


class _Client(Plain):
    ip: str | None = None
    user_agent: str | None = None
    ja4: str | None = None
    ja3: str | None = None
    org: str | None = None
    account: str | None = None
    retention: str | None = None


class _Asked(Plain, Generic[RequestType]):
    path: str
    body: RequestType
    headers: _Headers = None


class _Answered(Plain, Generic[ResponseType]):
    body: ResponseType | str | None = None
    headers: _Headers = None
    status: Annotated[int, Meta(ge=0, le=999)] | None = None
    status_code: Absent = UNSET


class _Capture(PlainLine, Generic[RequestType, ResponseType], kw_only=True):
    started_at: str | int | float
    request: _Asked[RequestType]
    response: _Answered[ResponseType]
    client: _Client = msgspec.field(default_factory=_Client)
    org: str | None = None
    account: str | None = None
    conversation: str | None = None
    pathway: str | None = None
    retention: str | None = None


def plain_captures(
    dialect: str, request: type[RequestType], response: type[ResponseType]
) -> PlainLines[_Capture[RequestType, ResponseType]]:
    """How captures with a dialect's path and its plain bodies are read; a streamed answer stands there as text."""
    return PlainLines(
        _Capture[request, response],  # type: ignore[valid-type]
        _read,
        lambda record: dialect_of_path(record.request.path) == dialect,
    )


def _read(record: _Capture[Any, Any], reading: Reading) -> Exchange:
    """The exchange of a plain capture, as `capture.capture` reads it."""
    client, request, response = record.client, record.request, record.response
    x = Exchange(
        at=reading.at(record.started_at, "started_at"),
        http_status=response.status,
        ip=client.ip or None,
        user_agent=client.user_agent or None,
        tls_fingerprint=client.ja4 or client.ja3 or None,
        org=label(record.org) or label(client.org),
    )
    x.format = wire(
        x,
        reading,
        path=request.path,
        asked=headers(request.headers),
        answered=headers(response.headers),
        request=request.body,
        response=response.body,
    )
    x.pathway = label(record.pathway) or "api"
    if x.conversation is None:
        x.conversation = label(record.conversation)
    x.retention_class = retention_class(
        client.retention if record.retention is None else record.retention, reading.notes
    )
    x.account = label(record.account) or label(client.account) or x.credential
    return x
