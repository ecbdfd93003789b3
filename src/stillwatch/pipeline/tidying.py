"""What is older than it may be kept goes, and small parts are joined. Legal hold overrides both periods.

Every step can be cut off: a table is exchanged by one replacement of its manifest, what is left to do is told anew from the tables, and the
same call again finishes it. What will be taken is recorded first, in the journal where there is one, so that nothing vanishes unrecorded.

Misled by: the clock, against which days are told; one that is ahead takes too much. Back-ups and the logs themselves are not reached.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from stillwatch.cases import Desk, Entry, holds
from stillwatch.core import Settings, unhandle
from stillwatch.core.errors import WorkspaceError
from stillwatch.engine import Part, Store, Workspace, durable_write, join_small, joinable
from stillwatch.pipeline.stage import TEXT_COLUMNS, part_name

__all__ = ["TIDIED", "Due", "Tidied", "due", "tidy"]

TIDIED = Path("state") / "tidied.json"
"""When a workspace was tidied last, and what that did."""
_BLANK = ".textless"
_DATED = ("exchanges", "features")
_JOINED = ("exchanges", "features", "rejects")


@dataclass(frozen=True, kw_only=True, slots=True)
class Due:
    """What a call of `tidy` would look at: parts whose text is too old, parts that are too old, and parts that can be joined."""

    text: int
    whole: int
    small: int

    @property
    def anything(self) -> bool:
        """Whether there is anything to do."""
        return bool(self.text or self.whole or self.small)


@dataclass(frozen=True, kw_only=True, slots=True)
class Tidied:
    """What was done: exchanges whose text was blanked, exchanges that were dropped, parts that became fewer, and accounts on hold."""

    at: dt.datetime
    blanked: int
    dropped: int
    joined: int
    held: int


def due(store: Store, settings: Settings, now: dt.datetime) -> Due:
    """What is due, told by the manifests alone. Parts with rows under legal hold are counted as due as long as the hold stands."""
    return Due(
        text=len(_old_text(store, settings, now)),
        whole=sum(len(_old(store, name, settings.keep.days, now)) for name in _DATED),
        small=sum(len(group) for name in _JOINED for group in joinable(store, name)),
    )


def tidy(workspace: Workspace, settings: Settings, *, by: str, now: dt.datetime | None = None) -> Tidied:
    """Blank old text, drop old exchanges, forget the names behind them, join small parts. The same again changes nothing.

    Args:
        by: who is recorded as having asked for it.
        now: the clock against which days are told; the system's by default.

    Raises:
        WorkspaceError: when text would be kept longer than its exchanges, or somebody else writes to the workspace.
        TamperingFound: when the journal is not as it was written: then it cannot say what is under hold, and nothing is taken.
    """
    clock = now or dt.datetime.now(dt.UTC)
    if 0 < settings.keep.days < settings.keep.text_days:
        raise WorkspaceError(
            f"keep.text_days is {settings.keep.text_days} and keep.days is {settings.keep.days}: text cannot outlive its exchange"
        )
    with workspace.writing():
        store = workspace.store
        held = _held(workspace)
        for name in _JOINED:
            store.sweep(name)
        _record(workspace, due(store, settings, clock), by)
        blanked = _blank(store, _old_text(store, settings, clock), held)
        dropped = sum(_drop(store, name, settings.keep.days, clock, held) for name in _DATED[::-1])
        if settings.keep.days:
            _forget_names(workspace, held)
        joined = sum(join_small(store, name) for name in _JOINED)
        for name in _JOINED:
            store.sweep(name)
        done = Tidied(at=clock, blanked=blanked, dropped=dropped, joined=joined, held=len(held))
        durable_write(workspace.root / TIDIED, msgspec.json.encode(done))
    return done


def _old(store: Store, table: str, days: int, now: dt.datetime) -> list[Part]:
    """Parts of days that ended more than so many days ago; none when they are kept for good."""
    if not days:
        return []
    last = (now - dt.timedelta(days=days)).date().isoformat()
    return [part for part in store.manifest(table).parts if part.path[:1].isdigit() and part.path[:10] < last]


def _old_text(store: Store, settings: Settings, now: dt.datetime) -> list[Part]:
    old = _old(store, "exchanges", settings.keep.text_days, now)
    return [part for part in old if PurePosixPath(PurePosixPath(part.path).stem).suffix != _BLANK]


def _held(workspace: Workspace) -> frozenset[int]:
    """Accounts under legal hold: by their own handle, as members of an actor, or of a case. An unreadable journal stops everything."""
    if not (workspace.root / "desk" / "journal.head").exists():
        return frozenset()
    desk = Desk(workspace)
    cases, found = desk.cases(), set[int]()
    members = workspace.store.read("actor_members", ["actor", "account"])
    for name in holds(desk):
        handles = [name]
        if name in cases:
            handles = [cases[name].handle, *(member.handle for member in cases[name].members)]
        for kind, pseudonym in _subjects(handles):
            if kind == "account":
                found.add(pseudonym)
            else:
                found.update(members.filter(pc.equal(members["actor"], pseudonym))["account"].to_pylist())
    return frozenset(found)


def _subjects(handles: list[str]) -> Iterator[tuple[str, int]]:
    for handle in handles:
        try:
            yield unhandle(handle)
        except ValueError:  # a person or an organisation, of whom no table speaks by this name
            continue


def _record(workspace: Workspace, what: Due, by: str) -> None:
    """What will be taken, in the journal, where one was begun."""
    if (what.text or what.whole) and (workspace.root / "desk" / "journal.head").exists():
        with Desk(workspace).journal.writing() as append:
            append([Entry(kind="tables.expired", by=by, body={"text_parts": what.text, "parts": what.whole})])


def _blank(store: Store, parts: list[Part], held: frozenset[int]) -> int:
    """Write parts again without text; rows on hold keep theirs, and their part is looked at again the next time."""
    total, exchanged = 0, dict[str, Part | None]()
    for part in parts:
        path = store.folder("exchanges") / part.path
        rows = store.as_today("exchanges", pq.ParquetFile(path).read())
        spared = _among(rows, held)
        told = np.zeros(rows.num_rows, np.bool_)
        for name in TEXT_COLUMNS:
            told |= pc.is_valid(rows[name]).to_numpy()
        gone = told & ~spared
        if spared.any() and not gone.any():
            continue
        for name in TEXT_COLUMNS:
            place = rows.schema.get_field_index(name)
            kept = pc.if_else(pa.array(gone), pa.scalar(None, rows[name].type), rows[name])
            rows = rows.set_column(place, rows.schema.field(name), kept)
        name = f"{path.stem}-held" if spared.any() else f"{path.stem}{_BLANK}"
        made = store.write_part("exchanges", rows, made_from=part.made_from, day=path.parent.name, name=name)
        exchanged[part.path] = replace(made, pieces=part.pieces)
        total += int(gone.sum())
    if exchanged:
        store.exchange("exchanges", exchanged)
        store.sweep("exchanges")
    return total


def _drop(store: Store, table: str, days: int, now: dt.datetime, held: frozenset[int]) -> int:
    """Take old parts out of a table but for their rows on hold; how many exchanges went."""
    total, exchanged = 0, dict[str, Part | None]()
    for part in _old(store, table, days, now):
        rows = pq.ParquetFile(store.folder(table) / part.path).read(columns=["account"])
        spared = _among(rows, held)
        if not spared.all():
            exchanged[part.path] = store.narrowed(table, part, spared)
            total += int((~spared).sum())
    if exchanged:
        store.exchange(table, exchanged)
        store.sweep(table)
    return total if table == "exchanges" else 0


def _among(rows: pa.Table, accounts: frozenset[int]) -> npt.NDArray[np.bool_]:
    found = pc.is_in(rows["account"], pa.array(sorted(accounts), pa.int64()))
    return np.asarray(found.to_numpy(), np.bool_)


def _forget_names(workspace: Workspace, held: frozenset[int]) -> None:
    """Take the raw names of logs of which nothing is left out of the vault, but for those of accounts on hold or in a case."""
    manifest = workspace.store.manifest("features")
    left = {piece for part in manifest.parts for piece, _ in part.origins}
    wanted = set(held)
    if (workspace.root / "desk" / "journal.head").exists():
        every = [member.handle for case in Desk(workspace).cases().values() for member in case.members]
        wanted |= {pseudonym for kind, pseudonym in _subjects(every) if kind == "account"}
    for chunk in manifest.done:
        path = workspace.root / "vault" / f"{part_name(chunk)}.parquet"
        if chunk in left or not path.exists():
            continue
        names = pq.ParquetFile(path).read()
        kept = names.filter(
            pc.and_(
                pc.equal(names["kind"], "account"), pc.is_in(names["pseudonym"], pa.array(sorted(wanted), pa.int64()))
            )
        )
        if not kept.num_rows:
            path.unlink()
        elif kept.num_rows < names.num_rows:
            written = pa.BufferOutputStream()
            pq.write_table(kept, written, compression="zstd")
            durable_write(path, written.getvalue().to_pybytes(), mode=0o600)
