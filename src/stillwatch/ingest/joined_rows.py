"""Files whose records are joined: every line's pieces gathered by key, then the exchanges of each key."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from .chunks import Chunk, JoinedFile
from .clean import BadField, Reading
from .exchange import Exchange
from .exchanges import Exchanges, of_rows
from .log_format import SHAPE_ERRORS, Joined, LogFormat, Piece, Record
from .one_by_one import keep, misshapen, read_out
from .open_source import open_stream
from .options import ReadOptions
from .part_of import Share, glances_at, owns
from .plain_rows import BLOCK, read_block
from .records import Fault, document_records, line_records, parse
from .table_rows import Reject

__all__ = ["read_joined"]

_Group = list[Piece]


def read_joined(
    chunk: Chunk, one: LogFormat, joined: Joined, reading: Reading, rejects: list[Reject], options: ReadOptions
) -> Exchanges:
    """Every exchange of a part of joined files, in the order in which their keys are first met."""
    groups = list(_gathered(chunk, one, joined, reading, rejects, options).values())
    x = Exchanges(0)
    order: list[int] = []
    others = _read_plain(groups, joined, reading, rejects, x, order)
    if others:
        _tell_earliest(groups, joined, reading)
    rows: list[Exchange] = []
    for place in others:
        first = groups[place][0]
        try:
            group = [_tolerant(piece, joined) for piece in groups[place]]
        except SHAPE_ERRORS as error:
            rejects.append((first.source, first.line, "row", misshapen(one, error)))
            continue
        keep(read_out(one, joined.assemble, group, reading), first.line, first.source, rows, rejects)
        order += [place] * (len(rows) - (len(order) - x.count))
    if not x.count:
        return of_rows(rows)
    if rows:
        x.extend(of_rows(rows))
        return x.ordered(sorted(range(x.count), key=order.__getitem__))
    return x


def _read_plain(
    groups: Sequence[_Group], joined: Joined, reading: Reading, rejects: list[Reject], x: Exchanges, order: list[int]
) -> Sequence[int]:
    """Read into `x` the groups that are plain, with the place of each one's group in `order`; returns the places of all others."""
    plain = joined.plain
    if plain is None:
        return range(len(groups))
    others: list[int] = []
    items = []
    places: list[int] = []
    for place, group in enumerate(groups):
        item = plain.together(group) if all(piece.raw for piece in group) else None
        if item is None:
            others.append(place)
        else:
            items.append(item)
            places.append(place)
    for start in range(0, len(items), BLOCK):
        told, own = Counter(reading.notes), places[start : start + BLOCK]
        try:
            block, good, faults = read_block(plain, items[start : start + BLOCK], reading)
        except SHAPE_ERRORS:
            reading.notes = told
            others += own
            continue
        for place, fault in faults:
            first = groups[own[place]][0]
            rejects.append((first.source, first.line, fault.field, fault.reason))
        x.extend(block)
        order += [own[place] for place in good]
    return sorted(others)


def _tell_earliest(groups: Sequence[_Group], joined: Joined, reading: Reading) -> None:
    """Count in the times that plain lines tell, for an exchange that has none."""
    plain = joined.plain
    if plain is None or joined.moment is None:
        return
    told = [
        moment for group in groups for piece in group if piece.raw and (moment := plain.moment(piece.value)) is not None
    ]
    if told and (reading.earliest is None or min(told) < reading.earliest):
        reading.earliest = min(told)


def _tolerant(piece: Piece, joined: Joined) -> Piece:
    """The piece as the tolerant reader takes it."""
    if not piece.raw:
        return piece
    ((_, value),) = joined.pieces(parse(piece.raw)[0])
    return Piece(value, piece.line, piece.source)


def _gathered(
    chunk: Chunk, one: LogFormat, joined: Joined, reading: Reading, rejects: list[Reject], options: ReadOptions
) -> dict[str, _Group]:
    """The pieces of this part's keys; what is wrong with a line goes to the rejects of the part that tells of it."""
    groups: dict[str, _Group] = {}
    glances = glances_at(chunk, one, joined)
    for file in chunk.files:
        share = Share(chunk, file, glances)
        wanted = _wanted(chunk, file, share, joined, groups)
        for line, record, repaired in _joined_records(file, share, options, rejects if chunk.part == 0 else [], wanted):
            if repaired and share.tells(line):
                reading.notes["lines with invalid UTF-8, replaced"] += 1
            if isinstance(record, Fault):
                if share.tells(line):
                    rejects.append((file.source, line, "row", record.reason))
                continue
            try:
                told = joined.moment(record) if joined.moment is not None else None
                if told is not None and (reading.earliest is None or told < reading.earliest):
                    reading.earliest = told
                for key, value in joined.pieces(record):
                    if owns(chunk, key):
                        groups.setdefault(key, []).append(Piece(value, line, file.source))
            except BadField as fault:
                if share.tells(line):
                    rejects.append((file.source, line, fault.field, fault.reason))
            except SHAPE_ERRORS as error:
                if share.tells(line):
                    rejects.append((file.source, line, "row", misshapen(one, error)))
    if glances.earliest is not None and (reading.earliest is None or glances.earliest < reading.earliest):
        reading.earliest = glances.earliest
    return groups


def _wanted(
    chunk: Chunk, file: JoinedFile, share: Share, joined: Joined, groups: dict[str, _Group]
) -> Callable[[int, bytes], bool]:
    """Whether a line is for the tolerant reader: not one of another part's, nor a plain one, which is put with its key's pieces at once."""
    plain, source, takes = joined.plain, file.source, share.takes

    def wanted(number: int, line: bytes) -> bool:
        mine = takes(number, line)
        if mine is False:
            return False
        found = plain.decoded(line) if plain is not None else None
        if found is None:
            return True
        key, value = found
        if mine or owns(chunk, key):
            groups.setdefault(key, []).append(Piece(value, number, source, line))
        return False

    return wanted


def _joined_records(
    file: JoinedFile, share: Share, options: ReadOptions, rejects: list[Reject], wanted: Callable[[int, bytes], bool]
) -> Iterator[tuple[int, Record | Fault, bool]]:
    """The records on a file's lines, but for those of lines that are not `wanted`."""
    source = file.source
    own = share.own_lines()
    if own is not None:
        for number, alone in own:
            if wanted(number, alone):
                yield from line_records(alone, number)
        return
    stream = open_stream(Path(file.path))
    try:
        if file.layout == "document":
            pieces: list[bytes] = []
            size = 0
            while block := stream.block():
                pieces.append(block)
                size += len(block)
                if size > (limit := options.max_document_bytes):
                    rejects.append((source, 1, "row", f"got one JSON document of more than {limit} bytes"))
                    return
            yield from document_records(b"".join(pieces))
            return
        held = b""
        line = 1
        passing = 0
        while block := stream.block():
            head, newline, tail = block.rpartition(b"\n")
            if not newline:
                passing, held = (passing + len(block), b"") if passing else (0, held + block)
                if len(held) > options.max_line_bytes:
                    passing, held = len(held), b""
                continue
            if passing:
                first, _, head = head.partition(b"\n")
                size = passing + len(first)
                rejects.append(
                    (source, line, "row", f"got a line of {size} bytes, expected at most {options.max_line_bytes}")
                )
                passing, line = 0, line + 1
                data = head
            else:
                data = held + head
            yield from line_records(data, line, wanted)
            line += data.count(b"\n") + 1
            held = tail
        if stream.ended_early:
            rejects.append((source, line, "row", "the compressed file ends early; what stood before was read"))
        elif passing:
            rejects.append(
                (source, line, "row", f"got a line of {passing} bytes, expected at most {options.max_line_bytes}")
            )
        elif held:
            yield from line_records(held, line, wanted)
        share.seen_all()
    finally:
        stream.close()
