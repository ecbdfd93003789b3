"""The kinds of identifiers that travel as tags, and what a tag is."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["TAG_BYTES", "Kind", "Tag", "input_of", "key_info"]

TAG_BYTES = 16
"""Bytes of a tag, the first of 64: on a board of 10 million, two values share one with a chance below 1e-24."""


class Kind(StrEnum):
    """What an identifier is of. Each kind has keys of its own, so a quota of one kind cannot be spent on another."""

    EMAIL = "email"
    PHONE = "phone"
    CARD = "card"
    DEVICE = "device"
    REGISTRATION = "registration"


@dataclass(frozen=True, kw_only=True, slots=True, order=True)
class Tag:
    """A blinded identifier: comparable with tags of the same kind and epoch, and with nothing else."""

    kind: Kind
    epoch: str
    value: bytes

    def __str__(self) -> str:
        return f"{self.kind}:{self.epoch}:{self.value.hex()}"


def input_of(kind: Kind, canonical: str) -> bytes:
    """What the function is computed of: kind, a zero byte, the canonical value in UTF-8."""
    return kind.value.encode() + b"\0" + canonical.encode()


def key_info(custodian: str, epoch: str, kind: Kind) -> bytes:
    """What a custodian's key is bound to when it is derived from the epoch's seed (`info` of RFC 9497)."""
    return "\0".join(("stillwatch tags", custodian, epoch, kind)).encode()
