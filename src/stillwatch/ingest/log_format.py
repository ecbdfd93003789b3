"""What a log format is, and the list of those that are known. Adding one is adding a file with one decorated function.

A format is a function from one parsed record to the exchanges in it, and a cheap test of a record that says how well it fits. Where an
exchange lies in several records (a batch's input and output, a body cut in pieces), the format says how to take the records apart into
keyed pieces and how to put the pieces of one key together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from .clean import Reading
from .exchange import Exchange
from .plain import PlainLines
from .plain_pieces import Piece, PlainPieces

__all__ = ["FORMATS", "SHAPE_ERRORS", "Joined", "LogFormat", "Piece", "Record", "log_format"]

SHAPE_ERRORS = (AttributeError, TypeError, KeyError, IndexError, ValueError, OverflowError, RecursionError)
"""What a reader stumbles with over a record that has another shape than its format's."""

Record = dict[str, Any]
Reader = Callable[[Record, Reading], Iterable[Exchange]]
Sniffer = Callable[[Record], int]


@dataclass(frozen=True, kw_only=True, slots=True)
class Joined:
    """How exchanges that lie in several records come together.

    `pieces` takes a record apart into (key, piece value); `assemble` makes exchanges of all pieces of one key, in file order;
    `needed` tells from sampled records whether joining over records is needed at all (else each record is whole); `moment` gives a time
    that a record tells, of which the earliest stands in where an exchange has none; `group` takes from a file's stem what the stems of
    files that belong together share (all files of a folder belong together where it is not given, or where it leaves a file alone).

    `glance` reads of a raw line no more than its one key and its moment, which must be what the whole record gives. It answers `None`,
    or raises as a decoder does, where only the whole line can tell.

    `plain` says how plain lines are read, faster and to the same rows; a format works without.
    """

    pieces: Callable[[Record], Iterable[tuple[str, Any]]]
    assemble: Callable[[Sequence[Piece], Reading], Iterable[Exchange]]
    needed: Callable[[Sequence[Record]], bool] = lambda _records: True
    moment: Callable[[Record], int | None] | None = None
    group: Callable[[str], str] | None = None
    glance: Callable[[bytes], tuple[str, int | None] | None] | None = None
    plain: PlainPieces[Any, Any] | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class LogFormat:
    """One log format: its name, its title for people, its sample folder, the columns it can never fill, and how it is told and read."""

    name: str
    title: str
    sample: str
    lacks: frozenset[str]
    wants: str
    sniff: Sniffer
    read: Reader
    joined: Joined | None = None
    plain: PlainLines[Any, Any] | None = None


FORMATS: dict[str, LogFormat] = {}
"""Every known format by name, in the order of registration."""


def log_format(
    *,
    name: str,
    title: str,
    sample: str,
    wants: str,
    sniff: Sniffer,
    lacks: Iterable[str] = (),
    joined: Joined | None = None,
    plain: PlainLines[Any, Any] | None = None,
) -> Callable[[Reader], Reader]:
    """Register the decorated reader as a log format.

    Args:
        name: what `--format` calls it and what stands in `exchanges.format`.
        title: its name for people.
        sample: folder under `examples/` with a sample.
        wants: what a record of it must have, as the end of the sentence "no ...".
        sniff: fit of a record, 0 (not this) to 100 (nothing else looks like it).
        lacks: columns of `exchanges` that this format cannot have.
        joined: how exchanges over several records come together, where they do.
        plain: how its plain lines are read, faster and to the same rows; a format works without.
    """

    def register(read: Reader) -> Reader:
        if name in FORMATS:
            raise ValueError(f"log format {name!r} is registered twice")
        FORMATS[name] = LogFormat(
            name=name,
            title=title,
            sample=sample,
            lacks=frozenset(lacks),
            wants=wants,
            sniff=sniff,
            read=read,
            joined=joined,
            plain=plain,
        )
        return read

    return register
