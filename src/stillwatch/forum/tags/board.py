"""The tag board: all tags of one kind and epoch, sorted, in one file that every member has whole, so that nobody sees who looks for what.

    line 1    `stillwatch.tags.board/1`
    line 2    JSON: kind, epoch, rules of canonical spelling, how many
    then      the tags, 16 bytes each, sorted; then one byte a tag: by how many labs (1 seed, 2 corroborated, 3 established)

One's own tags are kept in the same form, so that matching is one pass over two sorted lists.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from stillwatch.engine import durable_write
from stillwatch.forum.tags._merge import places_in_both
from stillwatch.forum.tags.canonical import RULES
from stillwatch.forum.tags.kinds import TAG_BYTES, Kind, Tag
from stillwatch.forum.tags.refusals import TagError

__all__ = ["Board", "Match", "Support", "board_of", "merged", "read_board", "write_board"]

_FORM = b"stillwatch.tags.board/1\n"
_HEAD = re.compile(rb"[^\n]{2,4096}\n")


class Support(IntEnum):
    """By how many labs a tag was put on the board; who they are is not on it."""

    SEED = 1
    CORROBORATED = 2
    ESTABLISHED = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class Match:
    """A tag of one's own that is on the board."""

    tag: Tag
    support: Support


class _Head(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    kind: Kind
    epoch: str
    rules: int
    tags: int


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Board:
    """Distinct tags in order: `high` and `low` are their halves as whole numbers, `support` stands beside each."""

    kind: Kind
    epoch: str
    high: NDArray[np.uint64]
    low: NDArray[np.uint64]
    support: NDArray[np.uint8]
    rules: int = RULES

    def __len__(self) -> int:
        return len(self.high)

    def rows(self) -> NDArray[np.uint8]:
        """The tags as they are written, n x 16."""
        return np.stack([self.high, self.low], axis=1).astype(">u8").view(np.uint8).reshape(-1, TAG_BYTES)

    def places(self, own: Board) -> NDArray[np.intp]:
        """Where in this board the tags stand that are in both, in order.

        Raises:
            TagError: when the two are of different kinds, epochs or rules: they have nothing to compare.
        """
        for what in ("kind", "epoch", "rules"):
            if getattr(self, what) != getattr(own, what):
                raise TagError(
                    f"board of {what} {getattr(self, what)}, own tags of {what} {getattr(own, what)}: tags compare only within one"
                )
        return places_in_both(self.high, self.low, own.high, own.low)

    def matches(self, own: Board) -> list[Match]:
        """One's own tags that are on this board, with how many labs support each."""
        at = self.places(own)
        rows = np.stack([self.high[at], self.low[at]], axis=1).astype(">u8")
        return [
            Match(tag=Tag(kind=self.kind, epoch=self.epoch, value=row.tobytes()), support=Support(int(support)))
            for row, support in zip(rows, self.support[at], strict=True)
        ]


def board_of(kind: Kind, epoch: str, tags: Iterable[bytes], labs: Sequence[str] | None = None) -> Board:
    """A board of tags; `labs` says beside each, by pseudonym, who put it there: one lab counts once, however often it does.

    Raises:
        TagError: when one is no tag.
    """
    values = list(tags)
    if any(len(value) != TAG_BYTES for value in values):
        raise TagError(f"a tag has {TAG_BYTES} bytes")
    if labs is not None:
        by = Counter(value for value, _ in set(zip(values, labs, strict=True)))
        values, counts = list(by), np.minimum(np.fromiter(by.values(), np.int64, len(by)), Support.ESTABLISHED)
    else:
        values = list(dict.fromkeys(values))
        counts = np.ones(len(values), np.int64)
    halves = np.frombuffer(b"".join(values), ">u8").astype(np.uint64).reshape(-1, 2)
    order = np.lexsort((halves[:, 1], halves[:, 0]))
    return Board(
        kind=kind,
        epoch=epoch,
        high=np.ascontiguousarray(halves[order, 0]),
        low=np.ascontiguousarray(halves[order, 1]),
        support=counts[order].astype(np.uint8),
    )


def merged(whole: Board, parts: Iterable[Board]) -> Board:
    """A board with the tags of others of its kind and epoch, such as buckets, taken in; of one tag the greater support counts."""
    boards = [whole, *parts]
    high, low, support = (
        np.concatenate([getattr(board, name) for board in boards]) for name in ("high", "low", "support")
    )
    order = np.lexsort((-support.astype(np.int64), low, high))
    high, low, support = high[order], low[order], support[order]
    first = np.ones(len(high), bool)
    first[1:] = (high[1:] != high[:-1]) | (low[1:] != low[:-1])
    return Board(kind=whole.kind, epoch=whole.epoch, high=high[first], low=low[first], support=support[first])


def write_board(board: Board, path: Path, *, mode: int = 0o644) -> None:
    """Write a board; a reader sees the old file or the new one, whole. A house's own tags are for its owner alone (0600)."""
    head = msgspec.json.encode(_Head(kind=board.kind, epoch=board.epoch, rules=board.rules, tags=len(board)))
    durable_write(path, b"".join((_FORM, head, b"\n", board.rows().tobytes(), board.support.tobytes())), mode=mode)


def read_board(path: Path) -> Board:
    """A board from its file.

    Raises:
        TagError: when it is none, is cut short, or its tags are not distinct and in order.
    """
    data = path.read_bytes()
    line = _HEAD.match(data, len(_FORM)) if data.startswith(_FORM) else None
    if line is None:
        raise TagError(f"{path}: no tag board: expected it to begin with {_FORM.decode().strip()}")
    try:
        head = msgspec.json.decode(line[0], type=_Head)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise TagError(f"{path}:2: {error}") from error
    begins, size = line.end(), head.tags * (TAG_BYTES + 1)
    if head.tags < 0 or len(data) - begins != size:
        raise TagError(f"{path}: got {len(data) - begins} bytes of tags, expected {max(size, 0)}")
    halves = np.frombuffer(data, ">u8", 2 * head.tags, begins).reshape(-1, 2)
    high, low = (halves[:, half].astype(np.uint64) for half in (0, 1))
    support = np.frombuffer(data, np.uint8, head.tags, begins + head.tags * TAG_BYTES)
    if len(support) and not (support.min() >= Support.SEED and support.max() <= Support.ESTABLISHED):
        raise TagError(f"{path}: a tag has a support that is none of 1, 2, 3")
    if not np.all((high[1:] > high[:-1]) | ((high[1:] == high[:-1]) & (low[1:] > low[:-1]))):
        raise TagError(f"{path}: its tags are not distinct and in order")
    return Board(kind=head.kind, epoch=head.epoch, high=high, low=low, support=support, rules=head.rules)
