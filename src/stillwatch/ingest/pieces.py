"""Pieces of a file of lines that is still being written, each known by its bytes and by where it begins.

What is in of such a file is found again by content alone: a piece of it whose digest the tables know was read. So a renamed file goes on
where it stood, and nothing but the tables says how far a file was read: there is no other state to lose, damage or contradict.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from .chunks import Chunk, cut_lines, line_ends
from .options import ReadOptions
from .sniff import Layout, Sniffed

__all__ = ["Ends", "Piece", "new_pieces", "pieces_in", "still"]

_BLOCK = 1 << 20
_MARK = "grown-"


@dataclass(frozen=True, slots=True)
class Piece:
    """A unit of work, where its bytes begin and end (lines too long to be read included), and the number of the line behind it."""

    chunk: Chunk
    begin: int
    stop: int
    next_line: int


class Ends:
    """Where pieces that are in begin and end, from their ids."""

    def __init__(self, done: Iterable[str]) -> None:
        self._stops: dict[tuple[str, int], set[int]] = {}
        self._done: set[str] = set()
        for chunk in done:
            if chunk.startswith(_MARK):
                _, name, place = chunk.split(":")
                begin, _, stop = place.partition("-")
                self._stops.setdefault((name, int(begin)), set()).add(int(stop))
                self._done.add(chunk)

    def stops(self, name: str, begin: int) -> list[int]:
        """Where pieces of a format that begin here end, in order."""
        return sorted(self._stops.get((name, begin), ()))

    def __contains__(self, chunk: str) -> bool:
        return chunk in self._done


def pieces_in(path: Path, sniffed: Sniffed, ends: Ends) -> list[Piece]:
    """The pieces of a file that are in, from its beginning on."""
    found: list[Piece] = []
    begin, line, source = 0, 1, None
    while (piece := _piece_in(path, sniffed, ends, begin, line, source)) is not None:
        found.append(piece)
        begin, line, source = piece.stop, piece.next_line, piece.chunk.source
    return found


def new_pieces(
    path: Path, sniffed: Sniffed, before: Piece | None, options: ReadOptions, *, ended: bool
) -> tuple[list[Piece], int]:
    """What stands behind `before`, cut at whole lines, and how many bytes are left because their line has no end yet.

    A last line without an end is taken when it is one whole JSON object, of which no beginning is one, or when the file has `ended`.
    """
    begin, line = (before.stop, before.next_line) if before else (0, 1)
    cuts = cut_lines(_blocks(path, begin), line_ends(sniffed.layout), options, start=begin, first_line=line)
    with path.open("rb") as file:
        file.seek(cuts.end)
        rest = file.read(options.max_line_bytes + 1)
    takes_rest = 0 < len(rest) <= options.max_line_bytes and (ended or _whole_object(rest, sniffed.layout))
    spans = [(start, stop, first) for start, stop, first in cuts.pieces]
    if takes_rest:
        spans.append((cuts.end, cuts.end + len(rest), cuts.line))
    last = spans[-1][1] if spans else begin
    if cuts.end > last:  # nothing but a line too long behind the last piece
        spans.append((cuts.end, cuts.end, cuts.line))
    too_long = list(cuts.too_long)
    found: list[Piece] = []
    source = before.chunk.source if before else None
    for place, (start, stop, first) in enumerate(spans):
        behind = spans[place + 1][2] if place + 1 < len(spans) else cuts.line
        told = tuple(one for one in too_long if one[0] < behind)
        too_long = too_long[len(told) :]
        name = _id(sniffed, begin, stop, _digest(path, sniffed, begin, stop))
        chunk = _chunk(path, sniffed, name, start, stop, first, source, told)
        found.append(Piece(chunk, begin, stop, behind))
        begin, source = stop, chunk.source
    return found, 0 if takes_rest else len(rest)


def still(chunk: Chunk) -> bool | None:
    """Whether the file still holds the bytes that a piece's id names; `None` when it names no piece of a growing file."""
    if not chunk.id.startswith(_MARK):
        return None
    told, _, place = chunk.id.removeprefix(_MARK).split(":")
    begin, _, stop = place.partition("-")
    return _hashed(Path(chunk.path), chunk.format, int(begin), [int(stop)]) == [(int(stop), told)]


def _piece_in(path: Path, sniffed: Sniffed, ends: Ends, begin: int, line: int, source: int | None) -> Piece | None:
    size = path.stat().st_size
    stops = [stop for stop in ends.stops(sniffed.format.name, begin) if stop <= size]
    for stop, digest in reversed(_hashed(path, sniffed.format.name, begin, stops)):
        name = _id(sniffed, begin, stop, digest)
        if name in ends:
            count = line_ends(sniffed.layout)
            lines = sum(count(block)[0] for block in _blocks(path, begin, stop))
            return Piece(_chunk(path, sniffed, name, begin, stop, line, source, ()), begin, stop, line + lines)
    return None


def _chunk(
    path: Path,
    sniffed: Sniffed,
    name: str,
    start: int,
    stop: int,
    first_line: int,
    source: int | None,
    too_long: tuple[tuple[int, int], ...],
) -> Chunk:
    """A piece as a unit of work. All pieces of a file have the source of its first one."""
    first = int(name.removeprefix(_MARK)[:16], 16)
    return Chunk(
        id=name,
        source=source if source is not None else (first - (1 << 64) if first >= 1 << 63 else first),
        path=str(path),
        format=sniffed.format.name,
        layout=sniffed.layout,
        start=start,
        stop=stop,
        first_line=first_line,
        weight=max(1, stop - start),
        too_long=too_long,
        header=sniffed.header,
        delimiter=sniffed.delimiter,
    )


def _id(sniffed: Sniffed, begin: int, stop: int, digest: str) -> str:
    return f"{_MARK}{digest}:{sniffed.format.name}:{begin}-{stop}"


def _digest(path: Path, sniffed: Sniffed, begin: int, stop: int) -> str:
    return _hashed(path, sniffed.format.name, begin, [stop])[-1][1]


def _hashed(path: Path, name: str, begin: int, stops: list[int]) -> list[tuple[int, str]]:
    """The digest of a file's bytes from `begin` to each of some places in order, those that the file reaches."""
    found: list[tuple[int, str]] = []
    digest = hashlib.blake2b(f"{name}:{begin}:".encode(), digest_size=16, person=b"piece")
    with path.open("rb") as file:
        file.seek(begin)
        at = begin
        for stop in stops:
            while at < stop and (block := file.read(min(_BLOCK, stop - at))):
                digest.update(block)
                at += len(block)
            if at != stop:
                break
            found.append((stop, digest.hexdigest()))
    return found


def _blocks(path: Path, begin: int, stop: int | None = None) -> Iterator[bytes]:
    """A file's bytes from a place on; never beyond what it holds when the reading begins, however fast it grows."""
    with path.open("rb") as file:
        left = (path.stat().st_size if stop is None else stop) - begin
        file.seek(begin)
        while left > 0 and (block := file.read(min(_BLOCK, left))):
            left -= len(block)
            yield block


def _whole_object(rest: bytes, layout: Layout) -> bool:
    bare = rest.strip().removesuffix(b",")
    if layout != "lines" or not bare.startswith(b"{"):
        return False
    try:
        msgspec.json.decode(bare, type=dict)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return False
    return True
