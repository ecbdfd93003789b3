"""Types for what is plain: bodies and records as nearly all logs have them, decoded straight from a line's bytes.

A plain type holds what its reader looks at; all else is skipped while decoding. It takes no value that the tolerant reader would change
or refuse, and no field (`UnsetType`) of which only the tolerant reader knows the meaning. Decoding fails on those, and then the line is
decoded again as whatever it is: so both ways give the same rows, and every reason for a reject comes from the tolerant one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Generic, Protocol, TypedDict, TypeVar

import msgspec
from msgspec import Meta, UnsetType

from .clean import ABSURD_TOKENS
from .exchange import Exchange

__all__ = ["NOT_PLAIN", "PAGES", "Absent", "Asked", "Billed", "Few", "Number", "Plain", "PlainBodies", "line_decoder", "plain_line", "plain_record"]

Absent = UnsetType
"""Type of a field that a plain record does not have."""
Billed = Annotated[int, Meta(ge=0, le=ABSURD_TOKENS)] | None
Asked = Annotated[int, Meta(ge=0, le=2_147_483_647)] | None
Few = Annotated[int, Meta(ge=0, le=32_767)] | None
Number = Annotated[float, Meta(gt=-1e9, lt=1e9)] | None

PAGES = ("log", "data", "records", "entries", "items", "results")
"""Fields in which pages and archives keep records."""

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


def plain_record(*read: str, **typed: Any) -> Any:
    """Type of an object with fields of given types and fields that are `read` as they come; all others are skipped.

    Written as a call because the types of its fields are made at run time.
    """
    fields = {**dict.fromkeys(read, Any), **typed}
    return TypedDict("Record", fields, total=False)  # type: ignore[misc]


def plain_line(*read: str, **typed: Any) -> Any:
    """Type of a plain line: a record that is not a page of records, as `records.unwrap` tells them."""
    return plain_record(*read, **dict.fromkeys(PAGES, Absent), **typed)


def line_decoder(record: Any) -> Callable[[bytes], Any]:
    """A decoder of lines that are plain records; it raises one of `NOT_PLAIN` for any other line, also for invalid UTF-8 in what it skips."""
    decode = msgspec.json.Decoder(record).decode

    def decoded(line: bytes) -> Any:
        if not line.isascii():
            line.decode()
        return decode(line)

    return decoded
