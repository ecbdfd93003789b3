"""Captures in their plain shape, many at once: the envelope that `capture` reads, with bodies of one dialect."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Generic, NamedTuple

import msgspec
from msgspec import UNSET, Meta

from .capture import safe_path, wires
from .clean import Reading
from .dialect import dialect_of_path
from .exchanges import Exchanges, either, labels, texts
from .plain import Absent, Plain, PlainBodies, PlainLine, PlainLines, RequestType, ResponseType, When
from .retention import retention_classes

__all__ = ["plain_captures"]


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
    headers: dict[str, Any] | list[Any] | None = None


class _Answered(Plain, Generic[ResponseType]):
    body: ResponseType | str
    headers: dict[str, Any] | list[Any] | None = None
    status: Annotated[int, Meta(ge=0, le=999)] | None = None
    status_code: Absent = UNSET


class _Capture(PlainLine, Generic[RequestType, ResponseType], kw_only=True):
    started_at: When
    request: _Asked[RequestType]
    response: _Answered[ResponseType]
    client: _Client = msgspec.field(default_factory=_Client)
    org: str | None = None
    account: str | None = None
    conversation: str | None = None
    pathway: str | None = None
    retention: str | None = None


class _Call(NamedTuple):
    """A capture whose answer is opened; `ended` tells of a streamed one whether it reached its end."""

    capture: _Capture[Any, Any]
    answer: Any
    ended: bool | None


def plain_captures(dialect: str, bodies: PlainBodies[RequestType, ResponseType]) -> PlainLines[Any, _Call]:
    """How captures with a dialect's path and its plain bodies are read; a streamed answer stands there as text."""

    def opened(capture: _Capture[Any, Any]) -> tuple[_Call, ...] | None:
        path = capture.request.path
        if dialect_of_path(path) != dialect or not safe_path(path):
            return None
        answer = bodies.answered(capture.response.body)
        return None if answer is None else (_Call(capture, *answer),)

    def read(calls: Sequence[_Call], reading: Reading) -> Exchanges:
        captures, answers, ended = zip(*calls, strict=True)
        x = _enveloped(dialect, captures, reading)
        bodies.requests(x, [one.request.body for one in captures])
        bodies.responses(x, answers, ended)
        x.conversation = either(x.conversation, labels([one.conversation for one in captures]))
        return x

    return PlainLines(
        _Capture[bodies.request_type, bodies.response_type],  # type: ignore[name-defined]
        opened=opened,
        at=lambda call: call.capture.started_at,
        field="started_at",
        read=read,
    )


def _enveloped(dialect: str, captures: Sequence[_Capture[Any, Any]], reading: Reading) -> Exchanges:
    """All of plain captures but their bodies, as `capture.capture` reads it."""
    x = Exchanges(len(captures))
    clients = [one.client for one in captures]
    x.format = [dialect] * x.count
    x.http_status = [one.response.status for one in captures]
    x.ip = texts([one.ip for one in clients])
    x.user_agent = texts([one.user_agent for one in clients])
    x.tls_fingerprint = texts([one.ja4 or one.ja3 for one in clients])
    x.org = either(labels([one.org for one in captures]), labels([one.org for one in clients]))
    wires(
        x,
        dialect,
        paths=[one.request.path for one in captures],
        asked=[one.request.headers for one in captures],
        answered=[one.response.headers for one in captures],
    )
    x.pathway = [pathway or "api" for pathway in labels([one.pathway for one in captures])]
    said = [
        client.retention if one.retention is None else one.retention
        for one, client in zip(captures, clients, strict=True)
    ]
    x.retention_class = retention_classes(said, reading.notes)
    named = either(labels([one.account for one in captures]), labels([one.account for one in clients]))
    x.account = either(named, x.credential)
    return x
