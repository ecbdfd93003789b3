"""Folders of logs that are still being written: what of them can be read now, no half line among it, and what waits and why.

A file of lines is read up to its last whole line, piece by piece (`pieces`). Everything else (Parquet, compressed files, JSON documents,
files whose records are joined) is read whole, once it has kept its size for a while; a Parquet file as soon as its end is there. That while
is measured by a clock that nobody can set.

Misled by: a log that is written to and then cut off at its beginning between two looks. What was cut off was never seen.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from stillwatch.core.errors import FormatError

from .chunks import Chunk, Plan, SourceFile, plan
from .open_source import compression, find_files, fingerprint
from .options import ReadOptions
from .pieces import Ends, Piece, new_pieces, pieces_in, still
from .sniff import Sniffed, sniff

__all__ = ["Growing", "Unread"]

_HEAD = 1 << 20
_ENDED_AFTER = 3600.0
"""Seconds without a change after which a last line without an end counts as all that will come."""


_SETTLING = "it may still be written"


@dataclass(frozen=True, kw_only=True, slots=True)
class Unread:
    """A file of which something is not in yet, for how many seconds that has been known, and what it waits for, if it does."""

    path: str
    seconds: float
    waits: str


@dataclass(slots=True)
class _Log:
    """What is remembered of a file between two looks: nothing that could not be found out again."""

    path: Path
    size: int = -1
    modified: int = -1
    kept_since: float = 0.0
    unread_since: float | None = None
    sniffed: Sniffed | None = None
    by_lines: bool = False
    pieces: list[Piece] = field(default_factory=list)
    rest: int | None = None
    chunks: tuple[Chunk, ...] = ()
    notes: tuple[str, ...] = ()
    waits: str = ""
    read: int = 0


class Growing:
    """Folders and files that are looked at again and again.

    Args:
        paths: files, folders and globs; one that names nothing yet is waited for.
        settle_seconds: for how long a file that is read whole must have kept its size.
        clock: seconds that only ever go forward.
    """

    def __init__(
        self, paths: Iterable[Path], *, settle_seconds: float = 10.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._paths, self._settle, self._clock = tuple(paths), settle_seconds, clock
        self._logs: dict[tuple[int, int], _Log] = {}
        self._joined: tuple[tuple[str, ...], Plan] = ((), Plan(chunks=(), files=(), notes=()))

    def look(self, done: Collection[str], options: ReadOptions) -> Plan:
        """Every piece that can be read now, those that are in already included, none twice.

        Args:
            done: ids of the pieces that are in.
        """
        notes: list[str] = []
        logs: dict[tuple[int, int], _Log] = {}
        ends: list[Ends] = []
        for path in self._found(notes):
            try:
                status = path.stat()
                key = (status.st_dev, status.st_ino)
                one = logs[key] = self._logs.get(key) or _Log(path)
                one.path = path
                self._look_at(one, status, options, done, ends)
            except FileNotFoundError:
                continue  # renamed between two breaths; it is found under its new name
        self._logs = logs
        together = self._together(options)
        chunks: dict[str, Chunk] = {}
        for one in logs.values():
            chunks.update((chunk.id, chunk) for chunk in one.chunks)
            notes += one.notes
            self._mark(one, done)
        chunks.update((chunk.id, chunk) for chunk in together.chunks)
        files = [_source(one) for one in logs.values() if one.sniffed is not None]
        return Plan(chunks=tuple(chunks.values()), files=tuple(files), notes=(*notes, *together.notes))

    def unread(self, done: Collection[str]) -> list[Unread]:
        """Files of the last look of which something is not in, the longest known first."""
        now = self._clock()
        for one in self._logs.values():
            self._mark(one, done)
        waiting = [one for one in self._logs.values() if one.unread_since is not None]
        found = [
            Unread(path=str(one.path), seconds=now - (one.unread_since or now), waits=one.waits) for one in waiting
        ]
        return sorted(found, key=lambda one: (-one.seconds, one.path))

    def settling(self) -> bool:
        """Whether a file of the last look will be read as soon as it has kept its size long enough."""
        return any(one.waits == _SETTLING for one in self._logs.values())

    @staticmethod
    def holds(chunk: Chunk) -> bool:
        """Whether a piece's file still holds what was planned: a log that was rotated while it was read holds something else."""
        try:
            grown = still(chunk)
            files = [(file.path, file.source) for file in chunk.files] or [(chunk.path, chunk.source)]
            return grown if grown is not None else all(fingerprint(Path(path)) == source for path, source in files)
        except OSError:
            return False

    def _found(self, notes: list[str]) -> Iterator[Path]:
        for given in self._paths:
            try:
                named, found = find_files([given])
            except FormatError:
                notes.append(f"{given}: nothing there yet")
                continue
            yield from (*named, *found)

    def _look_at(
        self, one: _Log, status: os.stat_result, options: ReadOptions, done: Collection[str], ends: list[Ends]
    ) -> None:
        """Bring what is known of one file up to date."""
        now = self._clock()
        changed = (one.size, one.modified) != (status.st_size, status.st_mtime_ns)
        if changed:
            one.kept_since = now
        if status.st_size < one.size:
            one.sniffed, one.pieces, one.chunks, one.rest = None, [], (), None
        one.size, one.modified = status.st_size, status.st_mtime_ns
        settled = now - one.kept_since >= self._settle
        one.waits, one.notes = "", ()
        try:
            if one.sniffed is None and status.st_size:
                one.sniffed = _recognised(one.path, options, settled=settled)
                one.by_lines = _by_lines(one.path, one.sniffed)
            if one.sniffed is None:
                one.waits = "its format cannot be told yet" if status.st_size else ""
            elif one.by_lines:
                _read_on(one, options, done, ends, changed=changed, ended=now - one.kept_since >= _ENDED_AFTER)
            elif not settled and not _whole_parquet(one.path):
                one.chunks, one.waits = (), _SETTLING
            elif _alone(one.sniffed) and (changed or not one.chunks):
                one.chunks = plan([one.path], options).chunks
        except (FormatError, PermissionError) as error:
            one.chunks = ()
            one.waits = "" if settled else "its format cannot be told yet"
            one.notes = (f"left out: {error}",) if settled else ()

    def _together(self, options: ReadOptions) -> Plan:
        """Files whose records are joined, all that have settled; planned anew only when one of them is new or has changed."""
        ready = [
            one for one in self._logs.values() if one.sniffed and not (one.by_lines or one.waits or _alone(one.sniffed))
        ]
        told = tuple(f"{one.path} {one.size} {one.modified}" for one in ready)
        if told != self._joined[0]:
            planned = plan([one.path for one in ready], options) if ready else Plan(chunks=(), files=(), notes=())
            self._joined = (told, planned)
        for one in ready:
            mine = str(one.path)
            one.chunks = tuple(
                chunk
                for chunk in self._joined[1].chunks
                if mine == chunk.path or any(file.path == mine for file in chunk.files)
            )
        return self._joined[1]

    def _mark(self, one: _Log, done: Collection[str]) -> None:
        """Keep since when something of a file is known and not in; what came while the rest was read counts from now."""
        read = sum(chunk.id in done for chunk in one.chunks)
        unread = bool(one.waits) or read < len(one.chunks)
        if not unread or read > one.read:
            one.unread_since = None
        if unread and one.unread_since is None:
            one.unread_since = self._clock()
        one.read = read


def _read_on(
    one: _Log, options: ReadOptions, done: Collection[str], ends: list[Ends], *, changed: bool, ended: bool
) -> None:
    """Cut what is new in a file of lines, behind the pieces that are in."""
    assert one.sniffed is not None  # noqa: S101 - told before
    kept = [piece for piece in one.pieces if piece.chunk.id in done]
    if not changed and one.rest is not None and len(kept) == len(one.pieces) and not (one.rest and ended):
        one.waits = _HALF if one.rest else ""
        return
    last = kept[-1] if kept else None
    if last is not None and (one.size < last.stop or not still(replace(last.chunk, path=str(one.path)))):
        kept = []  # another log stands in its place, perhaps of another format
        one.sniffed = sniff(one.path, options)
        one.by_lines = _by_lines(one.path, one.sniffed)
        if one.sniffed is None or not one.by_lines:
            one.pieces, one.chunks, one.rest, one.waits = [], (), None, "it may still be written"
            return
    if not kept:
        if not ends:
            ends.append(Ends(done))
        kept = pieces_in(one.path, one.sniffed, ends[0])
    fresh, one.rest = new_pieces(one.path, one.sniffed, kept[-1] if kept else None, options, ended=ended)
    one.pieces = [*kept, *fresh]
    one.chunks = tuple(replace(piece.chunk, path=str(one.path)) for piece in one.pieces)
    one.waits = _HALF if one.rest else ""


_HALF = "its last line has no end yet"


def _recognised(path: Path, options: ReadOptions, *, settled: bool) -> Sniffed | None:
    """The format, once the file has a whole line, or is of a kind that is read whole, or has settled."""
    with path.open("rb") as file:
        head = file.read(_HEAD)
    tells = b"\n" in head or len(head) == _HEAD or compression(head) is not None or head.startswith(b"PAR1")
    if head.startswith(b"PAR1") and not (settled or _whole_parquet(path)):
        return None
    return sniff(path, options) if tells or settled else None


def _by_lines(path: Path, sniffed: Sniffed | None) -> bool:
    if sniffed is None or sniffed.layout not in ("lines", "csv") or not _alone(sniffed):
        return False
    with path.open("rb") as file:
        return compression(file.read(8)) is None


def _alone(sniffed: Sniffed) -> bool:
    """Whether a file is read by itself."""
    return sniffed.format.joined is None or not sniffed.format.joined.needed(list(sniffed.records))


def _source(one: _Log) -> SourceFile:
    assert one.sniffed is not None  # noqa: S101 - told before
    source = one.chunks[0].source if one.chunks else 0
    return SourceFile(
        path=str(one.path), source=source, format=one.sniffed.format.name, layout=one.sniffed.layout, bytes=one.size
    )


def _whole_parquet(path: Path) -> bool:
    """Whether a Parquet file has its end."""
    with path.open("rb") as file:
        begins = file.read(4)
        if begins != b"PAR1" or file.seek(0, os.SEEK_END) < 12:
            return False
        file.seek(-4, os.SEEK_END)
        return file.read(4) == b"PAR1"
