"""The head of a journal: how far it is acknowledged, signed by the collector, in one form only."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from stillwatch.cases.canonical import canonical
from stillwatch.cases.signing import PublicKey, Signer
from stillwatch.core.errors import TamperingFound

__all__ = ["Head", "head_bytes", "read_head"]

_DOMAIN = b"stillwatch journal head 1\n"


@dataclass(frozen=True, kw_only=True, slots=True)
class Head:
    """How far a journal is acknowledged: `seq` records in `size` bytes, the last with this hash. `journal` is its random name."""

    journal: str
    seq: int
    size: int
    hash: str
    key: str
    signature: str = ""


def head_bytes(head: Head, signer: Signer) -> bytes:
    """The head, signed, as it is kept."""
    return canonical(msgspec.to_builtins(replace(head, signature=signer.sign(_unsigned(head)).hex())))


def read_head(path: Path, *keys: PublicKey) -> Head:
    """The head in a file, if it is what one of these keys signed.

    Raises:
        TamperingFound: when it is not, or not there.
    """
    try:
        data = path.read_bytes()
        head = msgspec.json.decode(data, type=Head)
        whole = canonical(msgspec.to_builtins(head)) == data
        signature = bytes.fromhex(head.signature)
        whole = whole and signature.hex() == head.signature  # the same signature in capitals is another file
        whole = whole and any(head.key == one.id and one.signed(_unsigned(head), signature) for one in keys)
    except FileNotFoundError as error:
        raise TamperingFound([f"{path}: missing, so nothing says how far the journal is acknowledged"]) from error
    except (msgspec.DecodeError, ValueError):
        whole = False
    if not whole:
        raise TamperingFound([f"{path}: not what the collector's key {keys[0].id[:16]} signed"])
    return head


def _unsigned(head: Head) -> bytes:
    told = msgspec.to_builtins(head)
    del told["signature"]
    return _DOMAIN + canonical(told)
