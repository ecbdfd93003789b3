"""Who was given what: one row for each walk through a collection, however many pages it took, so that a retraction finds every holder.

A row says that a member was given everything that matched `filters` and was added after `after` and up to `through`, between two moments.
Whether an object was among it follows from the object; where a walk lasted longer than the object was current, it counts as given.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from stillwatch.forum.taxii.database import Connection
from stillwatch.forum.taxii.wanted import Wanted

__all__ = ["Holder", "holders", "note_read"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Holder:
    """A member that was given an object; `told` is when it fetched the retraction, None while it has not or there is none.

    Moments are in microseconds since 1970.
    """

    member: str
    given: int
    told: int | None


def note_read(tx: Connection, collection: str, member: str, wanted: Wanted, *, through: int, at: int) -> None:
    """Note one page; when it goes on where another of the same filters ended, that row grows instead."""
    key = (collection, member, wanted.match)
    held = tx.rows(
        "SELECT begun FROM reads WHERE collection = ? AND member = ? AND filters = ? AND through = ?",
        *key,
        wanted.after,
    )
    if held and not tx.rows(
        "SELECT 1 FROM reads WHERE collection = ? AND member = ? AND filters = ? AND through = ?", *key, through
    ):
        grow = "UPDATE reads SET through = ?, ended = ? WHERE collection = ? AND member = ? AND filters = ? AND through = ?"
        tx.do(grow, through, at, *key, wanted.after)
        return
    tx.do(
        "INSERT INTO reads (collection, member, filters, after, through, begun, ended) VALUES (?, ?, ?, ?, ?, ?, ?) "
        "ON CONFLICT (collection, member, filters, through) DO UPDATE SET "
        "after = CASE WHEN excluded.after < reads.after THEN excluded.after ELSE reads.after END, ended = excluded.ended",
        *key, wanted.after, through, at, at,
    )  # fmt: skip


def holders(read: Connection, collection: str, name: str) -> list[Holder]:
    """Every member that was given any version of an object, and whether it has fetched the retraction.

    The member that shared it holds it anyway and is left out.
    """
    found = read.rows(
        "SELECT added, version, type, spec, flags, superseded, revoked, owner FROM objects WHERE collection = ? AND id = ? ORDER BY added",
        collection,
        name,
    )
    given: dict[str, int] = {}
    told: dict[str, int] = {}
    for added, version, kind, spec, _, superseded, revoked, owner in found:
        for member, at in _given(read, collection, name, added, version, kind, spec, superseded):
            if member != owner:
                given[member] = min(at, given.get(member, at))
                if revoked:
                    told[member] = min(at, told.get(member, at))
    return [Holder(member=one, given=given[one], told=told.get(one)) for one in sorted(given)]


def _given(
    read: Connection, collection: str, name: str, added: int, version: str, kind: str, spec: str, superseded: int | None
) -> Iterator[tuple[str, int]]:
    walks = read.rows(
        "SELECT member, filters, begun, ended FROM reads WHERE collection = ? AND after < ? AND through >= ?",
        collection,
        added,
        added,
    )
    for member, filters, begun, ended in walks:
        ids, types, specs, versions = (set(one.split(",")) - {""} for one in filters.split("|"))
        current = superseded is None or begun < superseded
        of_version = "all" in versions or "first" in versions or version in versions or ("last" in versions and current)
        of_spec = "*" in specs or spec in specs
        if ended >= added and of_version and of_spec and (not ids or name in ids) and (not types or kind in types):
            yield member, max(begun, added)
