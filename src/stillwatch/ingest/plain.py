"""Types for what is plain: records as nearly all logs have them, decoded straight from a line's bytes and read many at once.

A plain type holds what its reader looks at; all else is skipped while decoding. It takes no value that the tolerant reader would change
or refuse, and no field (`Absent`) of which only the tolerant reader knows the meaning. Decoding fails on those, and then the line is
decoded again as whatever it is: so both ways give the same rows, and every reason for a reject comes from the tolerant one. A plain
record has but one fault to it, a time that cannot be used.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Any, Generic, TypeVar

import msgspec
from msgspec import UNSET, Meta, UnsetType

from .clean import ABSURD_TOKENS, Reading
from .exchanges import Exchanges
from .sse import open_body

__all__ = [
    "NOT_PLAIN",
    "Absent",
    "Asked",
    "Billed",
    "Few",
    "Number",
    "Plain",
    "PlainBodies",
    "PlainLine",
    "PlainLines",
    "When",
    "joined_by",
    "streams",
]

Absent = UnsetType
"""Type of a field that a plain record does not have."""
Billed = Annotated[int, Meta(ge=0, le=ABSURD_TOKENS)] | None
Asked = Annotated[int, Meta(ge=0, le=2_147_483_647)] | None
Few = Annotated[int, Meta(ge=0, le=32_767)] | None
Number = Annotated[float, Meta(gt=-1e9, lt=1e9)] | None
When = str | int | float

NOT_PLAIN = (msgspec.DecodeError, UnicodeError, RecursionError)
"""What decoding raises where something is not plain, or is no JSON at all."""


class Plain(msgspec.Struct, gc=False):
    """Base of plain types that stand for bodies and parts of them."""


class PlainLine(Plain):
    """Base of plain records: lines that may be a page of records are none, as `records.unwrap` tells them."""

    log: Absent = UNSET
    data: Absent = UNSET
    records: Absent = UNSET
    entries: Absent = UNSET
    items: Absent = UNSET
    results: Absent = UNSET


Line = TypeVar("Line", bound=PlainLine)
Item = TypeVar("Item")
RequestType = TypeVar("RequestType", bound=Plain)
ResponseType = TypeVar("ResponseType", bound=Plain)


class PlainLines(Generic[Line, Item]):
    """How a format's plain lines are decoded one by one and read many at once, an exchange for each item on them.

    `opened` gives the items of a decoded line, or `None` where it is not plain after all; `at` tells an item's time and `field` what
    that is called; `read` makes columns of many items, all but the times.
    """

    def __init__(
        self,
        line_type: type[Line],
        *,
        opened: Callable[[Line], tuple[Item, ...] | None],
        at: Callable[[Item], Any],
        field: str,
        read: Callable[[Sequence[Item], Reading], Exchanges],
    ) -> None:
        self.at = at
        self.field = field
        self.read = read
        self._opened = opened
        self._decode = msgspec.json.Decoder(line_type).decode

    def decoded(self, line: bytes) -> tuple[Item, ...] | None:
        """The items on a line, `None` where it is not plain: that is for what is no JSON too, and for invalid UTF-8 in what is skipped."""
        try:
            if not line.isascii():
                line.decode()
            return self._opened(self._decode(line))
        except NOT_PLAIN:
            return None


def joined_by(
    join: Callable[[list[dict[str, Any]]], tuple[dict[str, Any], bool]], response_type: type[ResponseType]
) -> Callable[[str], tuple[ResponseType, bool] | None]:
    """How a dialect's stream becomes a plain response: joined as the tolerant reader does it, and plain if that is."""

    def joined(stream: str) -> tuple[ResponseType, bool] | None:
        found = open_body(stream).events
        if found is None:
            return None
        whole, complete = join(found)
        return msgspec.convert(whole, response_type), complete

    return joined


def streams(x: Exchanges, ended: Sequence[bool | None]) -> None:
    """Mark as streamed what was answered by a stream, whatever was asked for."""
    if ended.count(None) < len(ended):
        x.stream = [
            True if end is not None and stream is False else stream for stream, end in zip(x.stream, ended, strict=True)
        ]


class PlainBodies(Generic[RequestType, ResponseType]):
    """How the plain bodies of one dialect are decoded and read into columns.

    `joined` makes a response of a plain stream of events, and tells whether it reached its end.
    """

    def __init__(
        self,
        *,
        request_type: type[RequestType],
        requests: Callable[[Exchanges, Sequence[RequestType]], None],
        response_type: type[ResponseType],
        responses: Callable[[Exchanges, Sequence[ResponseType], Sequence[bool | None]], None],
        joined: Callable[[str], tuple[ResponseType, bool] | None] = lambda _stream: None,
    ) -> None:
        self.request_type = request_type
        self.requests = requests
        self.response_type = response_type
        self.responses = responses
        self._joined = joined
        self._decode_request = msgspec.json.Decoder(request_type).decode
        self._decode_response = msgspec.json.Decoder(response_type).decode

    def asked(self, body: RequestType | str) -> RequestType | None:
        """A request as it is or kept as JSON text, `None` where it is not plain."""
        if type(body) is not str:
            return body  # type: ignore[return-value]
        try:
            return self._decode_request(body) if body.startswith("{") else None
        except NOT_PLAIN:
            return None

    def answered(self, body: ResponseType | str) -> tuple[ResponseType, bool | None] | None:
        """A response as it is, kept as JSON text or streamed, and whether a streamed one reached its end; `None` where it is not plain."""
        if type(body) is not str:
            return body, None  # type: ignore[return-value]
        try:
            return (self._decode_response(body), None) if body.startswith("{") else self._joined(body)
        except NOT_PLAIN:
            return None
