"""Azure API Management's rows in their plain shape, many at once: what `azure_apim_llm` makes of the rows of each request."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from operator import attrgetter
from typing import Annotated, Any, NamedTuple

import msgspec
from msgspec import UNSET, Meta, UnsetType

from ._chat_plain import Message, turns
from .clean import Reading, label
from .exchanges import Column, Exchanges, either, labels, texts
from .plain import Absent, Asked, Billed, PlainLine, When
from .plain_pieces import Piece, PlainPieces
from .turns import lay_out_all, outcome

__all__ = ["plain_rows"]


class _Said(Message):
    finish_reason: str | None = None
    choices: Absent = UNSET
    message: Absent = UNSET
    delta: Absent = UNSET


class _Row(PlainLine, kw_only=True):
    """A row of the gateway's log, or of the LLM log."""

    CorrelationId: str
    TimeGenerated: When | None = None
    SequenceNumber: Asked = None
    RequestMessages: list[Message] | UnsetType | None = UNSET
    ResponseMessages: list[_Said] | UnsetType | None = UNSET
    ModelName: str | UnsetType | None = UNSET
    DeploymentName: str | UnsetType | None = UNSET
    PromptTokens: Billed | UnsetType = UNSET
    CompletionTokens: Billed = None
    IsStreamCompletion: bool | None = None
    RequestId: str | None = None
    ApimSubscriptionId: str | None = None
    UserId: str | None = None
    CallerIpAddress: str | None = None
    ResponseCode: Annotated[int, Meta(ge=0, le=999)] | None = None
    RequestHeaders: Any = None
    BackendRequestHeaders: Any = None

    @property
    def of_llm(self) -> bool:
        """Whether this is a row of the LLM log."""
        return not (
            self.RequestMessages is UNSET
            and self.PromptTokens is UNSET
            and self.ResponseMessages is UNSET
            and self.ModelName is UNSET
            and self.DeploymentName is UNSET
        )


_READ = {name.lower(): name for name in _Row.__struct_fields__}
_NOT_PLAIN = frozenset(("properties", "time"))
_tops = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


@lru_cache(maxsize=4096)
def _as_ours(names: tuple[str, ...]) -> bool:
    """Whether of a row's names those that are read are spelled as here, for the tolerant reader takes them in any case."""
    return all(_READ.get(name.lower(), name) == name and name.lower() not in _NOT_PLAIN for name in names)


class _Call(NamedTuple):
    """The rows of one request: those of the LLM log by their numbers, the gateway's, and where the first of the LLM log stood."""

    llm: Sequence[_Row]
    gateway: Sequence[_Row]
    first: Piece

    def at(self) -> When | None:
        """When the gateway says it was, else the LLM log."""
        told = _last(self.gateway, "TimeGenerated") if self.gateway else None
        return told or self.llm[0].TimeGenerated or None

    def said(self, name: str) -> list[Any]:
        """The messages of all rows."""
        if len(self.llm) == 1:
            return getattr(self.llm[0], name) or []
        return [message for row in self.llm for message in getattr(row, name) or ()]


def _together(group: Sequence[Piece]) -> _Call | None:
    if len(group) == 1:
        return _Call([group[0].value], (), group[0]) if group[0].value.of_llm else None
    llm = [piece for piece in group if piece.value.of_llm]
    if not llm:
        return None
    first = min(llm, key=lambda piece: (piece.source != llm[0].source, piece.line))
    ordered = sorted([piece.value for piece in llm], key=lambda row: row.SequenceNumber or 0)
    return _Call(ordered, [piece.value for piece in group if not piece.value.of_llm], first)


_EMPTY = (None, UNSET, "")


def _last(rows: Sequence[_Row], name: str) -> Any:
    """What the last of the gateway's rows says that says anything."""
    return next((value for row in reversed(rows) if (value := getattr(row, name)) is not None), None)


def plain_rows(agent_of: Callable[[Any], str | None]) -> PlainPieces[_Row, _Call]:
    """How plain rows are read; `agent_of` finds the user agent in logged headers."""

    def read(calls: Sequence[_Call], _reading: Reading) -> Exchanges:
        x = Exchanges(len(calls))
        x.pathway = ["azure"] * x.count
        x.line = [call.first.line for call in calls]
        x.source = [call.first.source for call in calls]
        _gateway(x, [call.gateway for call in calls], agent_of)
        _llm(x, [call.llm for call in calls])
        _talk(x, calls)
        return x

    return PlainPieces(
        _Row,
        key=lambda row: label(row.CorrelationId),
        together=_together,
        at=_Call.at,
        field="TimeGenerated",
        read=read,
        spelled=lambda line: _as_ours(tuple(_tops(line))),
    )


def _gateway(x: Exchanges, rows: Sequence[Sequence[_Row]], agent_of: Callable[[Any], str | None]) -> None:
    if not any(rows):
        return

    def each(name: str) -> Column:
        return [_last(own, name) for own in rows]

    x.credential = labels(each("ApimSubscriptionId"))
    x.account = either(x.credential, labels(each("UserId")))
    x.ip = texts(each("CallerIpAddress"))
    x.http_status = each("ResponseCode")
    headers = [own or other for own, other in zip(each("RequestHeaders"), each("BackendRequestHeaders"), strict=True)]
    x.user_agent = [agent_of(one) if one else None for one in headers]


def _llm(x: Exchanges, rows: Sequence[Sequence[_Row]]) -> None:
    models, deployments, requests, keys, streams, asked, answered = zip(*map(_merged, rows), strict=True)
    x.model = either(labels(_known(models)), labels(_known(deployments)))
    x.request = either(labels(requests), labels(keys))
    x.stream = streams
    x.input_tokens = _known(asked)
    x.output_tokens = answered


_merging = attrgetter(
    *("ModelName", "DeploymentName", "RequestId", "CorrelationId", "IsStreamCompletion", "PromptTokens"),
    "CompletionTokens",
)


def _merged(rows: Sequence[_Row]) -> tuple[Any, ...]:
    """What the rows of one request say together: each field from the last of them that fills it."""
    if len(rows) == 1:
        return _merging(rows[0])
    return tuple(
        next((value for value in reversed(values) if value not in _EMPTY), None)
        for values in zip(*map(_merging, rows), strict=True)
    )


def _known(values: Column) -> Column:
    return [None if value is UNSET else value for value in values]


def _talk(x: Exchanges, calls: Sequence[_Call]) -> None:
    asked = [turns(call.said("RequestMessages")) for call in calls]
    lay_out_all(x, asked)
    x.turns = [count if said else None for count, said in zip(x.turns, asked, strict=True)]
    answers = [call.said("ResponseMessages") for call in calls]
    x.output = ["".join([said for _, said in turns(messages) if said]) or None for messages in answers]
    x.stop_reason = [
        next((stop for message in reversed(messages) if (stop := label(message.finish_reason))), None)
        for messages in answers
    ]
    filtered = [stop == "content_filter" for stop in x.stop_reason]
    x.refusal_category = ["content_filter" if one else None for one in filtered]
    x.outcome = [
        outcome(status, False, refused, False) for status, refused in zip(x.http_status, filtered, strict=True)
    ]
