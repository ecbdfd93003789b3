"""How lists of tags stand in objects: nothing in them can be read as words, and what is no tag is found."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

from stillwatch.forum.stix.ids import TAG_LIST, TAG_PART, TAGS_EXTENSION
from stillwatch.forum.stix.shape import Shape, instant, list_of, mapping, nested, one_of, same, text, whole

__all__ = ["LIST_FIELDS", "MOST_PARTS", "PART_FIELDS", "is_tag_text", "no_tags", "packed", "unpacked"]

MOST_PARTS = 2_048
"""Parts of one list: its head stays under a quarter of a megabyte."""

_MOST_TEXT = 240_000
_MOST_WORDS = 2
"""Tags of one part that may come out as text: of 8,192 random ones none does in 999 parts of 1,000, and three never do."""

_digest = text(r"[0-9a-f]{64}", "a SHA-256 in hex")
_extension = mapping({TAGS_EXTENSION: nested({"extension_type": same("new-sdo")})})
_tags_of: Shape = {
    "kind": one_of("email", "phone", "card", "device", "registration"),
    "epoch": text(r"\d{4}-\d\d-\d\d", "an epoch named by its first day"),
    "rules": whole(1, 99),
}

LIST_FIELDS: Shape = {
    **_tags_of,
    "role": one_of("list", "board"),
    "committee": _digest,
    "edition": whole(1, 999_999),
    "bits": whole(0, 11),
    "parts": list_of(_digest, most=MOST_PARTS),
    "valid_until": instant,
    "key": _digest,
    "signature": text(r"[A-Za-z0-9+/]{86}==", "a signature of 64 bytes in base64"),
    "extensions": _extension,
}
"""A list of one house, or the board made of all: which tags, of which custodians' keys, in which parts, signed."""

PART_FIELDS: Shape = {
    **_tags_of,
    "tags": text(r"[A-Za-z0-9+/]+={0,2}", "tags in base64", most=_MOST_TEXT),
    "support": text(r"[A-Za-z0-9+/]+={0,2}", "a byte a tag in base64", most=_MOST_TEXT),
    "extensions": _extension,
}
"""Some of a list's tags, sorted, and beside each by how many labs it was put there."""


def packed(data: bytes) -> str:
    """Bytes as an object holds them."""
    return base64.b64encode(data).decode()


def unpacked(value: str) -> bytes:
    """The bytes again.

    Raises:
        ValueError: when it is no base64.
    """
    try:
        return base64.b64decode(value, validate=True)
    except binascii.Error as error:
        raise ValueError("expected base64") from error


def no_tags(one: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What shows that a part holds something else than tags: random bytes of sixteen each, in order, and as many supports."""
    if one.get("type") != TAG_PART:
        return
    try:
        tags, support = (unpacked(str(one.get(name))) for name in ("tags", "support"))
    except ValueError:
        yield ".tags", "is not base64"
        return
    pieces = [tags[at : at + 16] for at in range(0, len(tags), 16)]
    if len(tags) % 16 or len(support) != len(pieces) or set(support) - {1, 2, 3}:
        yield ".tags", "is not tags of 16 bytes with a support of 1, 2 or 3 beside each"
    elif any(one >= other for one, other in pairwise(pieces)):
        yield ".tags", "are not distinct and in order"
    elif sum(all(32 <= byte < 127 for byte in piece) for piece in pieces) > _MOST_WORDS:
        yield ".tags", "reads as text, and tags are random bytes"


def is_tag_text(one: Mapping[str, Any], path: str) -> bool:
    """Whether a string of an object is tags or a signature, whose form R1 holds it to."""
    return (one.get("type") == TAG_PART and path in (".tags", ".support")) or (
        one.get("type") == TAG_LIST and path == ".signature"
    )
