"""One record of the journal as one line: canonical JSON that names the hash of the line before and its own.

A record's hash covers everything in it but the hash itself. Whoever changes a byte of a line changes its hash or breaks its form, and
whoever writes the hash anew breaks the next line; the last hash is signed (`journal`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec

from stillwatch.cases.canonical import canonical

__all__ = ["Record", "SealedField", "line_of", "linked", "read_line"]

_DOMAIN = b"stillwatch journal record 1\n"
_NONE = "0" * 64


@dataclass(frozen=True, kw_only=True, slots=True)
class SealedField:
    """A personal field, encrypted under the key of the subject whom it is about (`subjects`); `nonce` and `sealed` are hex."""

    field: str
    subject: str
    nonce: str
    sealed: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Record:
    """One line of the journal: what happened (`kind`), when (UTC), to which case, by whom (a subject), and its links in the chain."""

    seq: int
    at: str
    kind: str
    case: str | None
    by: str
    body: dict[str, Any]
    private: tuple[SealedField, ...] = ()
    prev: str = field(default=_NONE)
    hash: str = field(default=_NONE)


def linked(record: Record, prev: str) -> Record:
    """The record with its place in the chain: the hash before it and its own."""
    placed = replace(record, prev=prev)
    return replace(placed, hash=_hash(_members(placed)))


def line_of(record: Record) -> bytes:
    """The record as a line, its end included."""
    return _line(_members(record))


def read_line(line: bytes) -> Record:
    """The record that a line (without its end) holds.

    Raises:
        ValueError: when the line is not exactly what `line_of` wrote, in words for a person.
    """
    try:
        record = msgspec.json.decode(line, type=Record)
    except (msgspec.DecodeError, RecursionError) as error:
        raise ValueError("no record of a journal") from error
    own = b'"hash":"%s",' % record.hash.encode()
    if line.count(own) == 1 and _digest(line.replace(own, b"") + b"\n") == record.hash:
        return record  # every byte but the hash is under the hash, and the hash is written in one way
    members = _members(record)
    if _line(members) != line + b"\n":
        raise ValueError("not in the form in which it was written")
    raise ValueError("its hash is not that of its content")


def _members(record: Record) -> dict[str, bytes]:
    """The members of the record's JSON in canonical order, each written out."""
    told = msgspec.to_builtins(record)
    return {name: canonical(name) + b":" + canonical(told[name]) for name in sorted(told)}


def _line(members: Mapping[str, bytes]) -> bytes:
    return b"{" + b",".join(members.values()) + b"}\n"


def _hash(members: Mapping[str, bytes]) -> str:
    return _digest(_line({name: told for name, told in members.items() if name != "hash"}))


def _digest(line: bytes) -> str:
    return hashlib.sha256(_DOMAIN + line).hexdigest()
