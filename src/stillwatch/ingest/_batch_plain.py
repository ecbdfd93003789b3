"""A batch's requests and answers in their plain shape with chat bodies, many at once: what `openai_batch` makes of each two."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, NamedTuple

from msgspec import UNSET, Meta, UnsetType

from . import _chat_plain
from ._chat_plain import ChatRequest, ChatResponse
from .clean import BadField, Reading, instant, label
from .dialect import dialect_of_path
from .exchanges import Exchanges, either, labels
from .plain import Absent, Plain, PlainLine, When
from .plain_pieces import Piece, PlainPieces

__all__ = ["PLAIN", "told"]


class _Answer(ChatResponse):
    created: When | None = None
    created_at: When | None = None


class _Response(Plain):
    body: _Answer
    status_code: Annotated[int, Meta(ge=0, le=999)] | None = None
    request_id: str | None = None


class _Line(PlainLine, kw_only=True):
    """A request, which has a body, or an answer, which has a response."""

    custom_id: str
    url: str = ""
    body: ChatRequest | UnsetType = UNSET
    response: _Response | None = None
    id: str | None = None
    error: None = None
    object: Absent = UNSET


class _Call(NamedTuple):
    request: ChatRequest
    answer: _Line
    response: _Response
    piece: Piece


def _key(line: _Line) -> str | None:
    """The request's id; a line that is neither a chat request nor an answer with its time is not plain."""
    if line.body is UNSET:
        plain = line.response is not None and _created(line.response)
    else:
        plain = line.response is None and dialect_of_path(line.url) == "openai_chat"
    return label(line.custom_id) if plain else None


def _created(response: _Response) -> When | None:
    return response.body.created or response.body.created_at


def told(given: Any) -> int | None:
    """A time that stands in a batch's files, if it is one."""
    try:
        return instant(given, "created")[0] if given is not None else None
    except BadField:
        return None


def _moment(line: _Line) -> int | None:
    return None if line.response is None else told(_created(line.response))


def _together(group: Sequence[Piece]) -> _Call | None:
    if len(group) != 2:
        return None
    asked, answered = group if group[1].value.response is not None else reversed(group)
    request, answer = asked.value.body, answered.value
    return None if request is UNSET or answer.response is None else _Call(request, answer, answer.response, answered)


def _read(calls: Sequence[_Call], _reading: Reading) -> Exchanges:
    x = Exchanges(len(calls))
    x.pathway = ["batch"] * x.count
    x.line = [call.piece.line for call in calls]
    x.source = [call.piece.source for call in calls]
    x.http_status = [call.response.status_code for call in calls]
    x.request = either(labels([call.response.request_id for call in calls]), labels([call.answer.id for call in calls]))
    _chat_plain.requests(x, [call.request for call in calls])
    _chat_plain.responses(x, [call.response.body for call in calls], [None] * x.count)
    return x


PLAIN: PlainPieces[_Line, _Call] = PlainPieces(
    _Line,
    key=_key,
    together=_together,
    at=lambda call: _created(call.response),
    field="response.body.created",
    read=_read,
    moment=_moment,
)
"""How plain lines are read."""
