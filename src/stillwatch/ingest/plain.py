"""Types for what is plain: bodies and records as nearly all logs have them, decoded straight from a line's bytes.

A plain type holds what its reader looks at; all else is skipped while decoding. It takes no value that the tolerant reader would change
or refuse, and no field (`UnsetType`) of which only the tolerant reader knows the meaning. Decoding fails on those, and then the line is
decoded again as whatever it is: so both ways give the same rows, and every reason for a reject comes from the tolerant one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Generic, Protocol, TypeVar

import msgspec
from msgspec import UNSET, Meta, UnsetType

from .clean import ABSURD_TOKENS, Reading
from .exchange import Exchange

__all__ = ["NOT_PLAIN", "Absent", "Asked", "Billed", "Few", "Number", "Plain", "PlainBodies", "PlainLine", "PlainLines"]

Absent = UnsetType
"""Type of a field that a plain record does not have."""
Billed = Annotated[int, Meta(ge=0, le=ABSURD_TOKENS)] | None
Asked = Annotated[int, Meta(ge=0, le=2_147_483_647)] | None
Few = Annotated[int, Meta(ge=0, le=32_767)] | None
Number = Annotated[float, Meta(gt=-1e9, lt=1e9)] | None

NOT_PLAIN = (msgspec.DecodeError, UnicodeError, RecursionError)
"""What decoding raises where something is not plain, or is no JSON at all."""


class Plain(msgspec.Struct, gc=False):
    """Base of plain types that stand for bodies and parts of them."""


RequestType = TypeVar("RequestType", bound=Plain)
ResponseType = TypeVar("ResponseType", bound=Plain)
_Answer = TypeVar("_Answer", bound=Plain, contravariant=True)


class PlainResponse(Protocol[_Answer]):
    """Fills an exchange from a plain response body."""

    def __call__(self, x: Exchange, body: _Answer, *, complete: bool = True) -> None: ...


class PlainBodies(Generic[RequestType, ResponseType]):
    """How the plain bodies of one dialect are decoded and read; `joined_stream` makes a response of a plain stream of events."""

    def __init__(
        self,
        *,
        request_type: type[RequestType],
        request: Callable[[Exchange, RequestType], None],
        response_type: type[ResponseType],
        response: PlainResponse[ResponseType],
        joined_stream: Callable[[str], tuple[ResponseType, bool] | None] | None = None,
    ) -> None:
        self.request_type = request_type
        self.request = request
        self.response_type = response_type
        self.response = response
        self.joined_stream = joined_stream
        self.decode_request = msgspec.json.Decoder(request_type).decode
        self.decode_response = msgspec.json.Decoder(response_type).decode


class PlainLine(Plain):
    """Base of plain records: lines that may be a page of records are none, as `records.unwrap` tells them."""

    log: Absent = UNSET
    data: Absent = UNSET
    records: Absent = UNSET
    entries: Absent = UNSET
    items: Absent = UNSET
    results: Absent = UNSET


Line = TypeVar("Line", bound=PlainLine)


class PlainLines(Generic[Line]):
    """How a format's plain lines are decoded and read, an exchange each; `fits` tells whether a decoded one is plain after all."""

    def __init__(
        self,
        line_type: type[Line],
        read: Callable[[Line, Reading], Exchange],
        fits: Callable[[Line], bool] = lambda _line: True,
    ) -> None:
        self.read = read
        self._decode = msgspec.json.Decoder(line_type).decode
        self._fits = fits

    def decoded(self, line: bytes) -> Line | None:
        """The record on a line, `None` where it is not plain: that is for what is no JSON too, and for invalid UTF-8 in what is skipped."""
        try:
            if not line.isascii():
                line.decode()
            record = self._decode(line)
        except NOT_PLAIN:
            return None
        return record if self._fits(record) else None
