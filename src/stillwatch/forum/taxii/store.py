"""Objects of a hub, page by page in the order of their addition, and everything that is written with them.

Reading wants only a connection; writing happens inside a transaction that `Writer` opens. The hub's clock decides when an object was
added: never twice the same microsecond and never before an earlier one, so a client that goes on after the last time it saw misses
nothing.
"""

from __future__ import annotations

import secrets
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from stillwatch.forum.taxii.database import Connection
from stillwatch.forum.taxii.envelope import Incoming
from stillwatch.forum.taxii.flags import FIRST, FIRST_OF_SPEC, LAST, LAST_OF_SPEC, TOP_SPEC, Version, flagged
from stillwatch.forum.taxii.wanted import Wanted
from stillwatch.forum.taxii.wire import stamp, version_key, version_text

__all__ = [
    "Page",
    "Row",
    "add_objects",
    "delete_object",
    "drop_statuses",
    "exists",
    "hub_clock",
    "page",
    "read_status",
    "secret",
    "spend",
]

_CHUNK = 250
_LOOKUP = 100
_DAY = 86_400_000_000


class Row(msgspec.Struct, frozen=True, gc=False):
    """One version of one object; `body` is its JSON, empty when only the manifest was asked for. A struct, since a page makes thousands."""

    added: int
    id: str
    version: str
    spec: str
    body: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """What is served at once, and whether there is more behind it."""

    rows: list[Row]
    more: bool


def page(read: Connection, collection: str, wanted: Wanted, *, bodies: bool, most_bytes: int) -> Page:
    """One page in the order of addition; it ends early before its bodies exceed `most_bytes`, never before the first."""
    rows: list[Row] = []
    taken, after = 0, wanted.after
    if wanted.specs == ():
        return Page(rows=rows, more=False)
    while len(rows) < wanted.limit:
        asked = min(_CHUNK, wanted.limit - len(rows) + 1)
        found = read.rows(*_statement(collection, wanted, after, asked, bodies=bodies))
        for added, name, version, spec, size, body in found:
            taken += size if bodies else 0
            if len(rows) == wanted.limit or (taken > most_bytes and rows):
                return Page(rows=rows, more=True)
            rows.append(Row(added, name, version, spec, bytes(body) if bodies else b""))
        if len(found) < asked:
            return Page(rows=rows, more=False)
        after = found[-1][0]
    return Page(rows=rows, more=bool(read.rows(*_statement(collection, wanted, after, 1, bodies=False))))


def exists(read: Connection, collection: str, name: str) -> bool:
    """Whether there is any version of an object."""
    return bool(read.rows("SELECT 1 FROM objects WHERE collection = ? AND id = ? LIMIT 1", collection, name))


def _statement(collection: str, wanted: Wanted, after: int, limit: int, *, bodies: bool) -> tuple[Any, ...]:
    """One statement for a page; several types are walked each in its own order and merged, so a rare one costs no scan."""
    columns = f"added, id, version, spec, size, {'body' if bodies else chr(39) * 2} AS body"
    where, values = ["collection = ?", "added > ?"], [collection, after]
    if wanted.ids:
        where.append(f"id IN ({', '.join('?' * len(wanted.ids))})")
        values += wanted.ids
    last, first = (LAST, FIRST) if wanted.specs is not None and len(wanted.specs) > 1 else (LAST_OF_SPEC, FIRST_OF_SPEC)
    if wanted.specs is None:
        where.append(f"flags & {TOP_SPEC} <> 0")
    elif len(wanted.specs) == 1:
        where.append("spec = ?")
        values.append(wanted.specs[0])
    if "all" not in wanted.versions:
        exact = [one for one in wanted.versions if one not in ("first", "last")]
        ways = [f"flags & {flag} <> 0" for word, flag in (("first", first), ("last", last)) if word in wanted.versions]
        if exact:
            ways.append(f"version IN ({', '.join('?' * len(exact))})")
            values += exact
        where.append(f"({' OR '.join(ways)})")
    if not wanted.types:
        return f"SELECT {columns} FROM objects WHERE {' AND '.join(where)} ORDER BY added LIMIT {limit}", *values
    one = f"SELECT * FROM (SELECT {columns} FROM objects WHERE type = ? AND {' AND '.join(where)} ORDER BY added LIMIT {limit}) AS t"
    whole = " UNION ALL ".join(one.replace("AS t", f"AS t{number}") for number in range(len(wanted.types)))
    return f"{whole} ORDER BY added LIMIT {limit}", *(value for kind in wanted.types for value in (kind, *values))


def add_objects(
    tx: Connection,
    collection: str,
    incoming: Sequence[Incoming],
    *,
    api_root: str,
    member: str,
    clock: Callable[[], int],
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Store what is new, in order; the TAXII status resource, kept for its member, and what to tell the log."""
    known = _known(tx, collection, {one.id for one in incoming if not one.fault})
    last = _last_added(tx)
    fresh: list[tuple[Any, ...]] = []
    told: list[dict[str, Any]] = []
    done, failed, touched = [], [], set()
    for one in incoming:
        versions = known.setdefault(one.id, [])
        code, fault = (one.code, one.fault) if one.fault else _refused(one, versions, member)
        if fault:
            failed.append(
                _detail(one.id, one.shown_version or _shown(one), f"{code}: {fault}" if not one.fault else fault)
            )
            told.append({"kind": "refusal", "member": member, "collection": collection, "id": one.id, "code": code})
            continue
        version = _same(one, versions)
        if version is None:
            last = max(clock(), last + 1)
            version = one.version or version_key(stamp(last))
            versions.append(
                Version(
                    added=last, version=version, spec=one.spec, owner=member, revoked=one.revoked, digest=one.digest
                )
            )
            touched.add(one.id)
            fresh.append(
                (
                    last,
                    collection,
                    one.id,
                    version,
                    one.type,
                    one.spec,
                    member,
                    int(one.revoked),
                    one.digest,
                    len(one.body),
                    one.body,
                )
            )
            kind = "retraction" if one.revoked else "write"
            told.append(
                {
                    "kind": kind,
                    "member": member,
                    "collection": collection,
                    "id": one.id,
                    "version": version,
                    "added": last,
                }
            )
        done.append(_detail(one.id, version_text(version), ""))
    _insert(tx, fresh, known, touched)
    at = clock()
    status = _status(done, failed, at)
    tx.do(
        "INSERT INTO statuses (id, api_root, member, at, body) VALUES (?, ?, ?, ?, ?)",
        status["id"], api_root, member, at, msgspec.json.encode(status),
    )  # fmt: skip
    return status, told


def delete_object(tx: Connection, collection: str, name: str, wanted: Wanted, *, member: str) -> list[int] | None:
    """Erase the versions that match, as the law may ask; when they were added. None when another member's are among them."""
    rows = page(tx, collection, wanted, bodies=False, most_bytes=0).rows
    known = _known(tx, collection, {name})[name]
    gone = {one.added for one in rows}
    reached = _last_added(tx)
    if any(one.owner != member for one in known if one.added in gone):
        return None
    for added in gone:
        tx.do("DELETE FROM objects WHERE added = ?", added)
    tx.do(
        "INSERT INTO marks (name, value) VALUES ('added', ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        reached,
    )
    rest = [one for one in known if one.added not in gone]
    _flag(tx, rest)
    return sorted(gone)


def read_status(read: Connection, api_root: str, member: str, name: str) -> bytes | None:
    """What became of a push, for whoever pushed it and nobody else."""
    asked = "SELECT body FROM statuses WHERE id = ? AND api_root = ? AND member = ?"
    found = read.rows(asked, name, api_root, member)
    return bytes(found[0][0]) if found else None


def drop_statuses(tx: Connection, *, before: int) -> None:
    """Forget what nobody asks for any more."""
    tx.do("DELETE FROM statuses WHERE at < ?", before)


def spend(tx: Connection, member: str, kind: str, amount: int, most: int, *, at: int) -> bool:
    """Count against a member's quota of the day (UTC); False when it would be exceeded, and then nothing is counted."""
    day = at // _DAY
    found = tx.rows("SELECT used FROM quotas WHERE member = ? AND day = ? AND kind = ?", member, day, kind)
    if (found[0][0] if found else 0) + amount > most:
        return False
    tx.do(
        "INSERT INTO quotas (member, day, kind, used) VALUES (?, ?, ?, ?) "
        "ON CONFLICT (member, day, kind) DO UPDATE SET used = quotas.used + excluded.used",
        member, day, kind, amount,
    )  # fmt: skip
    return True


def secret(tx: Connection, name: str) -> bytes:
    """A random key that all servers of this database share, made when it is first asked for."""
    found = tx.rows("SELECT value FROM keys WHERE name = ?", name)
    if found:
        return bytes(found[0][0])
    value = secrets.token_bytes(32)
    tx.do("INSERT INTO keys (name, value) VALUES (?, ?)", name, value)
    return value


def hub_clock() -> int:
    """Microseconds since 1970 by this machine's clock."""
    return time.time_ns() // 1000


def _last_added(read: Connection) -> int:
    """The last time of addition that was given out, if only to what was erased since."""
    asked = (
        "SELECT COALESCE(MAX(last), 0) FROM (SELECT MAX(added) AS last FROM objects "
        "UNION ALL SELECT value FROM marks WHERE name = 'added') AS t"
    )
    return int(read.rows(asked)[0][0])


def _known(read: Connection, collection: str, names: set[str]) -> dict[str, list[Version]]:
    known: dict[str, list[Version]] = {name: [] for name in names}
    for some in _chunks(sorted(names)):
        asked = (
            "SELECT id, added, version, spec, owner, revoked, digest, flags, superseded FROM objects "
            f"WHERE collection = ? AND id IN ({', '.join('?' * len(some))}) ORDER BY added"
        )
        for name, added, version, spec, owner, revoked, digest, flags, superseded in read.rows(
            asked, collection, *some
        ):
            known[name].append(
                Version(
                    added=added,
                    version=version,
                    spec=spec,
                    owner=owner,
                    revoked=bool(revoked),
                    digest=bytes(digest),
                    flags=flags,
                    superseded=superseded,
                )
            )
    return known


def _chunks(names: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(names), _LOOKUP):
        yield names[start : start + _LOOKUP]


def _refused(one: Incoming, versions: list[Version], member: str) -> tuple[str, str]:
    """Why an object does not fit those that are there: a code and a sentence, both empty when it does."""
    if not versions or any(_equal(one, old) and one.digest == old.digest for old in versions):
        return "", ""
    if not one.version or any(_equal(one, old) for old in versions):
        return "collision", "another object has this id and version; a changed object needs a later modified"
    if versions[0].owner != member:
        return "not_yours", "only the member that first shared this id may share another version of it"
    if any(old.revoked for old in versions):
        return "revoked", "it was revoked, and nothing follows that"
    return "", ""


def _equal(one: Incoming, old: Version) -> bool:
    """Whether it claims to be the version that is there; without a version of its own, any version is the same."""
    return not one.version or one.version == old.version


def _same(one: Incoming, versions: list[Version]) -> str | None:
    return next((old.version for old in versions if _equal(one, old)), None)


def _insert(tx: Connection, fresh: list[tuple[Any, ...]], known: dict[str, list[Version]], touched: set[str]) -> None:
    tx.each(
        "INSERT INTO objects (added, collection, id, version, type, spec, owner, revoked, digest, size, body, flags) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0)",
        fresh,
    )
    for name in sorted(touched):
        _flag(tx, known[name])


def _flag(tx: Connection, versions: list[Version]) -> None:
    for one in flagged(versions):
        tx.do("UPDATE objects SET flags = ?, superseded = ? WHERE added = ?", one.flags, one.superseded, one.added)


def _detail(name: str, version: str, message: str) -> dict[str, str]:
    return {"id": name, "version": version} | ({"message": message} if message else {})


def _shown(one: Incoming) -> str:
    return version_text(one.version) if one.version else ""


def _status(done: list[dict[str, str]], failed: list[dict[str, str]], at: int) -> dict[str, Any]:
    told: dict[str, Any] = {
        "id": str(uuid.uuid4()),
        "status": "complete",
        "request_timestamp": stamp(at),
        "total_count": len(done) + len(failed),
        "success_count": len(done),
        "failure_count": len(failed),
        "pending_count": 0,
    }
    return told | ({"successes": done} if done else {}) | ({"failures": failed} if failed else {})
