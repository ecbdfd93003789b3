"""What happened at the hub, one event after the other, each a salted leaf of a tree that cannot be rewritten unseen.

A leaf is the SHA-256 of 32 random bytes and the event: who knows both can prove the event, and nobody can guess an event from its leaf,
however few values it might have. Event and salt may be erased when the law asks for it; the leaf stays and so does every proof.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import msgspec

from stillwatch.forum.log import tree

__all__ = ["LEDGER_TABLES", "Event", "Ledger", "Rows", "salted"]

_SALT_BYTES = 32

LEDGER_TABLES = (
    "CREATE TABLE IF NOT EXISTS log_events (seq {big} PRIMARY KEY, at {big} NOT NULL, salt {blob}, event {blob})",
    "CREATE TABLE IF NOT EXISTS log_nodes (level {big}, place {big}, hash {blob} NOT NULL, PRIMARY KEY (level, place))",
    "CREATE TABLE IF NOT EXISTS log_checkpoints (size {big} PRIMARY KEY, at {big} NOT NULL, note TEXT NOT NULL)",
)
"""The tables of a log; `{blob}` and `{big}` are the database's own words for bytes and whole numbers."""


class Rows(Protocol):
    """An open connection: question marks stand for values."""

    def rows(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """What a statement finds."""
        ...

    def do(self, sql: str, *values: Any) -> None:
        """Carry out a statement."""
        ...

    def each(self, sql: str, values: Sequence[tuple[Any, ...]]) -> None:
        """Carry out a statement once for each tuple of values."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """One leaf with what it vouches for; `facts` and `salt` are None once they were erased.

    `at` is in microseconds since 1970; the facts hold it too, so that the leaf vouches for it until they are erased.
    """

    seq: int
    at: int
    leaf: bytes
    salt: bytes | None
    facts: dict[str, Any] | None
    told: bytes | None
    """The very bytes of the facts that the leaf covers."""


def salted(salt: bytes, told: bytes) -> bytes:
    """The hash of the leaf for an event's bytes under its salt."""
    return tree.leaf_hash(hashlib.sha256(salt + told).digest())


class Ledger:
    """The log within an open transaction of the hub's database: what is written with it is logged with it, or neither is."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    @property
    def size(self) -> int:
        """How many events there are."""
        return int(self._rows.rows("SELECT COALESCE(MAX(seq) + 1, 0) FROM log_events")[0][0])

    def add(self, events: Sequence[Mapping[str, Any]], *, at: int) -> int:
        """Add events in their order; the size of the log after them."""
        size, fresh, kept = self.size, _Fresh(self._rows), []
        for facts in events:
            salt, told = (
                secrets.token_bytes(_SALT_BYTES),
                msgspec.json.encode({**facts, "at": at}, order="deterministic"),
            )
            tree.append(fresh, size, salted(salt, told))
            kept.append((size, at, salt, told))
            size += 1
        self._rows.each("INSERT INTO log_events (seq, at, salt, event) VALUES (?, ?, ?, ?)", kept)
        self._rows.each(
            "INSERT INTO log_nodes (level, place, hash) VALUES (?, ?, ?)",
            [(level, place, value) for (level, place), value in fresh.new.items()],
        )
        return size

    def root(self, size: int) -> bytes:
        """The root over the first `size` events."""
        return tree.root(_Fresh(self._rows), size)

    def inclusion(self, seq: int, size: int) -> list[bytes]:
        """The proof that event `seq` is among the first `size`."""
        return tree.inclusion(_Fresh(self._rows), seq, size)

    def consistency(self, first: int, second: int) -> list[bytes]:
        """The proof that the log at `second` only adds to the log at `first`."""
        return tree.consistency(_Fresh(self._rows), first, second)

    def leaves(self, start: int, end: int) -> list[bytes]:
        """The hashes of leaves `start` to `end`, the latter excluded."""
        asked = "SELECT hash FROM log_nodes WHERE level = 0 AND place >= ? AND place < ? ORDER BY place"
        return [bytes(one) for (one,) in self._rows.rows(asked, start, end)]

    def events(self, start: int = 0, *, batch: int = 1000) -> Iterator[Event]:
        """Every event from `start` on, a batch at a time."""
        asked = (
            "SELECT e.seq, e.at, n.hash, e.salt, e.event FROM log_events e JOIN log_nodes n ON n.level = 0 AND n.place = e.seq "
            "WHERE e.seq >= ? ORDER BY e.seq LIMIT ?"
        )
        while found := self._rows.rows(asked, start, batch):
            for seq, at, leaf, salt, told in found:
                yield Event(
                    seq=seq,
                    at=at,
                    leaf=bytes(leaf),
                    salt=None if salt is None else bytes(salt),
                    facts=None if told is None else msgspec.json.decode(bytes(told)),
                    told=None if told is None else bytes(told),
                )
            start = found[-1][0] + 1

    def erase(self, seq: int) -> None:
        """Forget what an event said; its leaf and every proof stay."""
        self._rows.do("UPDATE log_events SET salt = NULL, event = NULL WHERE seq = ?", seq)

    def checkpoint(self, size: int) -> str | None:
        """The signed note that is kept for this size, which is one that a member cosigned."""
        found = self._rows.rows("SELECT note FROM log_checkpoints WHERE size = ?", size)
        return str(found[0][0]) if found else None

    def checkpoints(self) -> list[tuple[int, str]]:
        """Every note that is kept, smallest first, with when (microseconds since 1970): those that a member cosigned.

        Others are signed anew when somebody asks, and kept by whoever asked.
        """
        return [(at, note) for at, note in self._rows.rows("SELECT at, note FROM log_checkpoints ORDER BY size")]

    def keep_checkpoint(self, size: int, note: str, *, at: int) -> None:
        """Keep a note, in place of one of its size with fewer signatures."""
        self._rows.do(
            "INSERT INTO log_checkpoints (size, at, note) VALUES (?, ?, ?) ON CONFLICT (size) DO UPDATE SET note = excluded.note",
            size,
            at,
            note,
        )


class _Fresh:
    """Nodes of the database, and those that this transaction adds."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self.new: dict[tuple[int, int], bytes] = {}

    def node(self, level: int, place: int) -> bytes:
        if (level, place) in self.new:
            return self.new[level, place]
        found = self._rows.rows("SELECT hash FROM log_nodes WHERE level = ? AND place = ?", level, place)
        return bytes(found[0][0])

    def keep(self, level: int, place: int, value: bytes) -> None:
        self.new[level, place] = value
