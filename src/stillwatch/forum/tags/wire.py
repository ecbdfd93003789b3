"""What goes between a member and a custodian: MessagePack maps of a few fields, closed, with points as concatenated bytes."""

from __future__ import annotations

import hashlib

import msgspec

from stillwatch.forum.tags.kinds import Kind
from stillwatch.forum.tags.oprf import BATCH
from stillwatch.forum.tags.refusals import Refusal, RequestRefused, TagError

__all__ = [
    "MEDIA_TYPE",
    "MOST_BYTES",
    "Answer",
    "Asked",
    "Refused",
    "decode_answer",
    "decode_asked",
    "digest_of",
    "encode",
]

MEDIA_TYPE = "application/vnd.stillwatch.tags+msgpack"
MOST_BYTES = 32 * BATCH + 1024
"""A request of more bytes is refused unread."""


class Asked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Blinded points of one kind, to be evaluated in one epoch."""

    epoch: str
    kind: Kind
    elements: bytes


class Answer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The points times the custodian's key, in the order asked, and one proof for all."""

    elements: bytes
    proof: bytes


class Refused(msgspec.Struct, frozen=True, kw_only=True):
    """The JSON body of every refusal."""

    refusal: Refusal
    message: str


def encode(message: Asked | Answer) -> bytes:
    """A message as bytes."""
    return msgspec.msgpack.encode(message)


def decode_asked(data: bytes) -> tuple[Asked, tuple[bytes, ...]]:
    """A request and its points, apart and not yet checked.

    Raises:
        RequestRefused: when it is none, is empty, or asks for more than one batch.
    """
    if len(data) > MOST_BYTES:
        raise RequestRefused(Refusal.TOO_LARGE, f"got {len(data)} bytes, expected at most {MOST_BYTES}")
    try:
        asked = msgspec.msgpack.decode(data, type=Asked)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise RequestRefused(
            Refusal.MALFORMED, "expected a map of epoch, kind and elements, and nothing else"
        ) from error
    size = len(asked.elements)
    if size == 0 or size % 32:
        raise RequestRefused(
            Refusal.MALFORMED, f"elements: got {size} bytes, expected 32 for each point, and one at least"
        )
    if size > 32 * BATCH:
        raise RequestRefused(Refusal.TOO_LARGE, f"elements: got {size // 32} points, expected at most {BATCH}")
    return asked, tuple(asked.elements[at : at + 32] for at in range(0, size, 32))


def decode_answer(data: bytes) -> Answer:
    """An answer; it is not checked.

    Raises:
        TagError: when it is none.
    """
    try:
        return msgspec.msgpack.decode(data, type=Answer)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise TagError("the answer is no map of elements and proof") from error


def digest_of(member: str, asked: Asked) -> bytes:
    """What a custodian knows a batch by when it is asked again."""
    return hashlib.sha256(
        b"\0".join((member.encode(), asked.epoch.encode(), asked.kind.encode(), asked.elements))
    ).digest()
