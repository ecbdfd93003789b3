"""What other labs told us, from every server: a page and how far we are commit together, so a crash costs one page fetched again.

A version of an object is kept once for each server that told it. A server that tells one version in two ways is not believed the second
time, and that is kept too. An object belongs to the house that it was first told of: what comes later in another's name, from whatever
server, is kept and never given out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from stillwatch.forum.taxii.database import Connection, connector
from stillwatch.forum.taxii.envelope import Incoming

__all__ = ["Checkpoint", "Held", "Inbox", "Merged"]

_TABLES = (
    """CREATE TABLE IF NOT EXISTS held (
      source TEXT, id TEXT, version TEXT, type TEXT NOT NULL, spec TEXT NOT NULL, revoked INTEGER NOT NULL,
      digest BLOB NOT NULL, body BLOB NOT NULL, PRIMARY KEY (source, id, version))""",
    "CREATE INDEX IF NOT EXISTS held_id ON held (id, version)",
    """CREATE TABLE IF NOT EXISTS refused (
      source TEXT, id TEXT, version TEXT, code TEXT NOT NULL, message TEXT NOT NULL,
      PRIMARY KEY (source, id, version, code))""",
    """CREATE TABLE IF NOT EXISTS checkpoints (
      source TEXT PRIMARY KEY, after TEXT NOT NULL, reached TEXT NOT NULL, next TEXT, at TEXT NOT NULL)""",
    "CREATE TABLE IF NOT EXISTS sent (source TEXT, id TEXT, version TEXT, PRIMARY KEY (source, id, version))",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Checkpoint:
    """How far we are with a server: a walk from `after` has reached `reached`; `next` is its mark while it is not at its end."""

    after: str = ""
    reached: str = ""
    next: str | None = None
    at: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Merged:
    """What a page brought."""

    new: int = 0
    known: int = 0
    refused: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Held:
    """An object in its newest version; `disputed` when two servers tell that version differently."""

    stix: dict[str, Any]
    sources: tuple[str, ...]
    disputed: bool


class Inbox:
    """One file."""

    def __init__(self, path: Path) -> None:
        self._open: Connection = connector(str(path))()
        self._open.begin()
        for one in _TABLES:
            self._open.do(one)
        self._open.do("COMMIT")

    def close(self) -> None:
        """Close the file."""
        self._open.close()

    def checkpoint(self, source: str) -> Checkpoint:
        """How far we are with a server."""
        found = self._open.rows("SELECT after, reached, next, at FROM checkpoints WHERE source = ?", source)
        return (
            Checkpoint(after=found[0][0], reached=found[0][1], next=found[0][2], at=found[0][3])
            if found
            else Checkpoint()
        )

    def sources(self) -> list[tuple[str, Checkpoint, int, int]]:
        """Every server with how far we are, how many versions it told us, and how many of its objects we refused."""
        asked = (
            "SELECT source, after, reached, next, at, (SELECT COUNT(*) FROM held h WHERE h.source = c.source), "
            "(SELECT COUNT(*) FROM refused r WHERE r.source = c.source) FROM checkpoints c ORDER BY source"
        )
        return [
            (source, Checkpoint(after=after, reached=reached, next=mark, at=at), held, refused)
            for source, after, reached, mark, at, held, refused in self._open.rows(asked)
        ]

    def merge(self, source: str, incoming: Sequence[Incoming], checkpoint: Checkpoint) -> Merged:
        """Take in a page and how far we are after it: both or neither."""
        new = known = refused = 0
        self._open.begin()
        try:
            for one in incoming:
                version, fault, code = one.version, one.fault, one.code
                if not fault:
                    asked = "SELECT digest FROM held WHERE source = ? AND id = ? AND version = ?"
                    held = self._open.rows(asked, source, one.id, version)
                    if held and held[0][0] != one.digest:
                        fault, code = "the server told this version differently before", "changed"
                    elif held:
                        known += 1
                    else:
                        new += 1
                        put = "INSERT INTO held (source, id, version, type, spec, revoked, digest, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
                        self._open.do(
                            put, source, one.id, version, one.type, one.spec, int(one.revoked), one.digest, one.body
                        )
                if fault:
                    refused += 1
                    put = "INSERT INTO refused (source, id, version, code, message) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"
                    self._open.do(put, source, one.id, version or one.shown_version, code, fault)
            put = (
                "INSERT INTO checkpoints (source, after, reached, next, at) VALUES (?, ?, ?, ?, ?) ON CONFLICT (source) DO UPDATE SET "
                "after = excluded.after, reached = excluded.reached, next = excluded.next, at = excluded.at"
            )
            self._open.do(put, source, checkpoint.after, checkpoint.reached, checkpoint.next, checkpoint.at)
        except BaseException:
            self._open.do("ROLLBACK")
            raise
        self._open.do("COMMIT")
        return Merged(new=new, known=known, refused=refused)

    def objects(self, *, batch: int = 500) -> Iterator[Held]:
        """Every object in the newest version of the house that made it, in the order of ids; withdrawn ones among them."""
        last = ""
        asked = "SELECT DISTINCT id FROM held WHERE id > ? ORDER BY id LIMIT ?"
        while names := self._open.rows(asked, last, batch):
            for (name,) in names:
                told = self._open.rows(
                    "SELECT source, version, digest, body FROM held WHERE id = ? ORDER BY rowid", name
                )
                maker = _maker(told[0][3])
                own = sorted(one for one in told if _maker(one[3]) == maker)
                last_told = max(one[1] for one in own)
                newest = [one for one in own if one[1] == last_told]
                yield Held(
                    stix=msgspec.json.decode(newest[0][3]),
                    sources=tuple(one[0] for one in newest),
                    disputed=len({one[2] for one in newest}) > 1,
                )
            last = names[-1][0]

    def unsent(self, source: str, named: Sequence[tuple[str, str]]) -> list[int]:
        """Which of these ids and versions a server has not acknowledged yet, by place."""
        asked = "SELECT 1 FROM sent WHERE source = ? AND id = ? AND version = ?"
        return [place for place, one in enumerate(named) if not self._open.rows(asked, source, *one)]

    def acknowledge(self, source: str, named: Sequence[tuple[str, str]]) -> None:
        """Note what a server acknowledged."""
        self._open.begin()
        put = "INSERT INTO sent (source, id, version) VALUES (?, ?, ?) ON CONFLICT DO NOTHING"
        self._open.each(put, [(source, *one) for one in named])
        self._open.do("COMMIT")


class _Made(msgspec.Struct):
    created_by_ref: Any = None


def _maker(body: bytes) -> Any:
    """Whose an object says that it is."""
    return msgspec.json.decode(body, type=_Made).created_by_ref
