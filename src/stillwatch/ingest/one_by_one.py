"""Records read one by one by a format's tolerant reader: its exchanges, and a fault for each that cannot be read."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from .clean import BadField, Reading
from .exchange import Exchange
from .log_format import SHAPE_ERRORS, LogFormat, Piece, Record
from .table_rows import Reject

__all__ = ["exchanges_of", "keep", "misshapen", "read_out"]

_Given = TypeVar("_Given")


def exchanges_of(
    one: LogFormat, record: Record, reading: Reading, line: int = 1, source: int = 0
) -> list[Exchange | BadField]:
    """Everything one record holds: exchanges, and a fault for each that cannot be read."""
    if one.joined is None:
        return read_out(one, one.read, record, reading)
    pieces: dict[str, list[Piece]] = {}
    try:
        for key, value in one.joined.pieces(record):
            pieces.setdefault(key, []).append(Piece(value, line, source))
    except BadField as fault:
        return [fault]
    except SHAPE_ERRORS as error:
        return [BadField("row", misshapen(one, error))]
    return [x for group in pieces.values() for x in read_out(one, one.joined.assemble, group, reading)]


def misshapen(one: LogFormat, error: Exception) -> str:
    """The reason for a record over which its reader stumbled."""
    return f"got a record whose shape {one.name} does not have ({type(error).__name__})"


def read_out(
    one: LogFormat, reader: Callable[[_Given, Reading], Iterable[Exchange]], given: _Given, reading: Reading
) -> list[Exchange | BadField]:
    """What a reader gives for a record, or for the pieces of one key; what it gave before a fault stays."""
    found: list[Exchange | BadField] = []
    try:
        for x in reader(given, reading):
            found.append(x)  # noqa: PERF402 - one by one, so that what came before a fault is kept
    except BadField as fault:
        found.append(fault)
    except SHAPE_ERRORS as error:
        found.append(BadField("row", misshapen(one, error)))
    return found


def keep(
    found: Iterable[Exchange | BadField], line: int, source: int, rows: list[Exchange], rejects: list[Reject]
) -> None:
    """Put what was found with the rows and the rejects, each with where it stood."""
    for x in found:
        if isinstance(x, BadField):
            rejects.append((source, line, x.field, x.reason))
            continue
        if not x.line:
            x.line = line
        if x.source is None:
            x.source = source
        rows.append(x)
