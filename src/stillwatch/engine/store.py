"""The tables of a workspace on disk: Parquet parts under a manifest that is replaced atomically.

    tables/<name>/manifest.json        what counts: parts, rows, and what they were made from
    tables/<name>/<day>/<part>.parquet immutable parts

A part is written under a temporary name, flushed to disk, renamed, and only then named by a new manifest, itself flushed and renamed.
A crash at any point leaves the last manifest whole; parts that no manifest names are swept at the next start. A part's name comes from
its content or from the piece of input it was made from, so the same work done twice gives the same files.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import secrets
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from stillwatch.core.errors import ContractError, DiskFull, WorkspaceError
from stillwatch.engine.tables import CONTRACT_VERSION, TABLES, Table

__all__ = ["Manifest", "Part", "Store", "by_day", "check", "durable_create", "durable_write", "full_disk_is_an_error"]

_UNDATED = "all"
"""The folder of parts that were not split by day."""

_ENCODED = frozenset(
    {
        "format",
        "pathway",
        "outcome",
        "model",
        "client_claimed",
        "retention_class",
        "stop_reason",
        "kind",
        "signal",
        "stratum",
        "null",
    }
)
"""Columns of few distinct values, stored by dictionary."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """One immutable Parquet file: where it is below the table's folder, its rows and bytes, and the piece of input it was made from.

    A part that was joined of others has `pieces` instead: each piece of input with its rows, in the order in which they lie.
    """

    path: str
    rows: int
    bytes: int
    made_from: str
    pieces: tuple[tuple[str, int], ...] = ()

    @property
    def origins(self) -> tuple[tuple[str, int], ...]:
        """Every piece of input that it was made from, with its rows."""
        return self.pieces or ((self.made_from, self.rows),)


@dataclass(frozen=True, kw_only=True, slots=True)
class Manifest:
    """What a table consists of. `done` remembers the pieces of input that were worked off, those that gave no rows included."""

    table: str
    contract: int = CONTRACT_VERSION
    parts: tuple[Part, ...] = ()
    done: Mapping[str, Any] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        """Rows of all parts."""
        return sum(part.rows for part in self.parts)


@contextlib.contextmanager
def full_disk_is_an_error(place: Path) -> Iterator[None]:
    """Turn the system's "no space left" into an error that says what is safe and what to do.

    Raises:
        DiskFull: when the disk, a quota or a file-size limit is exhausted.
    """
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise DiskFull(
                f"{place}: no room left on the disk; everything committed before is whole. Free some room and run the same command again"
            ) from error
        raise


def durable_write(path: Path, data: bytes, *, mode: int = 0o644) -> None:
    """Replace a file's content atomically and flush it to the disk: after a crash it holds the old content or the new, never a mix."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with full_disk_is_an_error(path.parent):
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        except BaseException:
            with contextlib.suppress(OSError):
                temporary.unlink()
            raise
        _flush_folder(path.parent)


def durable_create(path: Path, data: bytes, *, mode: int = 0o644) -> None:
    """Put a file where there is none, whole and flushed to the disk, or not at all; of several at once only one succeeds.

    Raises:
        FileExistsError: when something is there already.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}.tmp")
    durable_write(temporary, data, mode=mode)
    try:
        os.link(temporary, path)
    finally:
        temporary.unlink()
    _flush_folder(path.parent)


def check(rows: pa.Table | pa.RecordBatch, contract: Table) -> None:
    """Compare rows with a table's contract.

    Raises:
        ContractError: on the first column that is missing, superfluous, of another type, or unknown where it is required.
    """
    if rows.schema.names != contract.names():
        raise ContractError(f"{contract.name}: got columns {rows.schema.names}, expected {contract.names()}")
    for column, got in zip(contract.columns, rows.schema, strict=True):
        if got.type != column.type:
            raise ContractError(f"{contract.name}.{column.name}: got {got.type}, expected {column.type}")
        if column.required and rows.column(column.name).null_count:
            raise ContractError(
                f"{contract.name}.{column.name}: unknown in {rows.column(column.name).null_count} rows, expected a value in each"
            )


class Store:
    """Reads and commits the tables below one folder. One writer at a time; readers need no lock."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._manifests: dict[str, Manifest] = {}

    def manifest(self, table: str) -> Manifest:
        """The committed state of a table; empty when nothing was committed yet.

        Raises:
            WorkspaceError: when the manifest is damaged or of a newer version.
        """
        known = self._manifests  # another thread's reload puts another in its place
        found = known.get(table)
        if found is None:
            found = known[table] = self._read(table)
        return found

    def reload(self) -> None:
        """Forget what was read, so that the next look sees what others committed."""
        self._manifests = {}

    def _read(self, table: str) -> Manifest:
        path = self.folder(table) / "manifest.json"
        try:
            raw = json.loads(path.read_bytes())
            if raw["contract"] > CONTRACT_VERSION:
                raise WorkspaceError(
                    f"{path}: written by a newer Stillwatch (contract {raw['contract']}, this one knows {CONTRACT_VERSION}); "
                    "update Stillwatch"
                )
            return Manifest(
                table=raw["table"],
                contract=raw["contract"],
                parts=tuple(_part(part) for part in raw["parts"]),
                done=raw["done"],
            )
        except FileNotFoundError:
            return Manifest(table=table)
        except (ValueError, KeyError, TypeError) as error:
            raise WorkspaceError(
                f"{path}: damaged manifest ({error.__class__.__name__}); restore it or remove the table's folder"
            ) from error

    def folder(self, table: str) -> Path:
        """Where a table's manifest and parts are."""
        return self.root / "tables" / TABLES[table].name

    def files(self, table: str, *, days: Collection[str] | None = None) -> list[Path]:
        """Parquet files of a table, in the order of the manifest; with `days`, those alone that can hold rows of these."""
        folder, parts = self.folder(table), self.manifest(table).parts
        wanted = None if days is None else {*days, _UNDATED}
        return [folder / part.path for part in parts if wanted is None or part.path.partition("/")[0] in wanted]

    def read(self, table: str, columns: Sequence[str] | None = None) -> pa.Table:
        """Read a whole table, or some columns of it. For small tables: large ones are read by an engine."""
        schema = TABLES[table].schema
        wanted = list(columns) if columns is not None else schema.names
        parts = [pq.ParquetFile(path).read(columns=wanted) for path in self.files(table)]
        narrowed = pa.schema([schema.field(name) for name in wanted])
        return pa.concat_tables([_whole(part, narrowed) for part in parts]) if parts else narrowed.empty_table()

    def write_part(
        self,
        table: str,
        rows: pa.Table | pa.RecordBatch,
        *,
        made_from: str,
        day: str = _UNDATED,
        name: str | None = None,
    ) -> Part:
        """Write one part, durable but not yet committed. Without a name it is named by its content."""
        contract = TABLES[table]
        check(rows, contract)
        folder = self.folder(table) / day
        folder.mkdir(parents=True, exist_ok=True)
        temporary = folder / f".{os.getpid()}-{name or 'part'}.tmp"
        as_table = pa.Table.from_batches([rows]) if isinstance(rows, pa.RecordBatch) else rows
        with full_disk_is_an_error(folder):
            try:
                pq.write_table(
                    as_table,
                    temporary,
                    compression="zstd",
                    compression_level=1,
                    use_dictionary=[c for c in contract.names() if c in _ENCODED],
                    write_statistics=["at"] if "at" in contract.names() else False,
                    store_schema=True,
                    row_group_size=65_536,
                )
                with temporary.open("rb") as file:
                    digest = (
                        "" if name else hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=12)).hexdigest()
                    )
                    os.fsync(file.fileno())
                final = folder / f"{name or digest}.parquet"
                size = temporary.stat().st_size
                temporary.replace(final)
            except BaseException:
                with contextlib.suppress(OSError):
                    temporary.unlink()
                raise
        return Part(path=f"{day}/{final.name}", rows=as_table.num_rows, bytes=size, made_from=made_from)

    def append(self, table: str, parts: Iterable[Part], done: Mapping[str, Any]) -> Manifest:
        """Commit parts and the pieces of input they came from, beside what is there."""
        old = self.manifest(table)
        return self._commit(replace(old, parts=(*old.parts, *parts), done={**old.done, **done}))

    def forget(self, table: str, pieces: Collection[str]) -> Manifest:
        """Take the parts made from some pieces of input out of a table, so that the pieces can be worked off again.

        Their files stay until the next `sweep`; pieces that the table does not know change nothing.
        """
        old = self.manifest(table)
        rests = (self._without(table, part, pieces) for part in old.parts)
        parts = tuple(part for part in rests if part is not None)
        done = {piece: told for piece, told in old.done.items() if piece not in pieces}
        if parts == old.parts and len(done) == len(old.done):
            return old
        return self._commit(replace(old, parts=parts, done=done))

    def _without(self, table: str, part: Part, pieces: Collection[str]) -> Part | None:
        """A part without the rows of some pieces: itself, nothing, or what is left of a joined one."""
        gone = [name in pieces for name, _ in part.origins]
        if not any(gone):
            return part
        counts = [rows for _, rows in part.origins]
        kept = np.repeat(np.logical_not(gone), counts)
        return self.narrowed(table, part, kept)

    def as_today(self, table: str, part: pa.Table) -> pa.Table:
        """The rows of a part in the shape of today's contract."""
        return _whole(part, TABLES[table].schema)

    def narrowed(self, table: str, part: Part, kept: npt.NDArray[np.bool_]) -> Part | None:
        """A part with the rows that are `kept` alone, durable but not yet committed; nothing where none is left."""
        if not kept.any():
            return None
        path = self.folder(table) / part.path
        rows = self.as_today(table, pq.ParquetFile(path).read()).filter(pa.array(kept))
        ends = np.cumsum([count for _, count in part.origins])
        left = [int(one.sum()) for one in np.split(kept, ends[:-1])]
        pieces = tuple((name, count) for (name, _), count in zip(part.origins, left, strict=True) if count)
        made = self.write_part(table, rows, made_from=pieces[0][0], day=path.parent.name)
        return replace(made, pieces=pieces if part.pieces else ())

    def exchange(self, table: str, parts: Mapping[str, Part | None]) -> Manifest:
        """Commit other parts, or none, in the place of some, by their paths; the pieces of input stay worked off."""
        old = self.manifest(table)
        changed = (parts.get(part.path, part) for part in old.parts)
        distinct = dict.fromkeys(part for part in changed if part is not None)
        return self._commit(replace(old, parts=tuple(distinct)))

    def put(self, table: str, rows: pa.Table | Iterable[pa.Table], *, made_from: str = "") -> Manifest:
        """Commit rows as the whole content of a table; the same rows again change nothing on disk.

        Several tables become several parts, so that a large content need not be held at once.
        """
        pieces = (rows,) if isinstance(rows, pa.Table) else rows
        parts = tuple(self.write_part(table, piece, made_from=made_from) for piece in pieces if piece.num_rows)
        fresh = Manifest(table=TABLES[table].name, parts=parts)
        old = self.manifest(table)
        unchanged = fresh == old and (self.folder(table) / "manifest.json").exists()
        committed = old if unchanged else self._commit(fresh)
        self.sweep(table)
        return committed

    def _commit(self, manifest: Manifest) -> Manifest:
        folder = self.folder(manifest.table)
        folder.mkdir(parents=True, exist_ok=True)
        known = {part.path for part in self.manifest(manifest.table).parts}
        for day in {Path(part.path).parent for part in manifest.parts if part.path not in known}:
            _flush_folder(folder / day)
        told = msgspec.to_builtins(manifest)
        for part in told["parts"]:
            if not part["pieces"]:
                del part["pieces"]
        durable_write(folder / "manifest.json", msgspec.json.encode(told, order="sorted"))
        self._manifests[manifest.table] = manifest
        return manifest

    def sweep(self, table: str) -> int:
        """Remove files that no manifest names: leftovers of a crash or of an older content. Only the writer may call this."""
        folder = self.folder(table)
        named = {folder / part.path for part in self.manifest(table).parts}
        swept = 0
        for path in sorted(folder.glob("*/*")):
            if path not in named and path.suffix in (".parquet", ".tmp"):
                path.unlink()
                swept += 1
        for path in folder.glob(".*.tmp"):
            path.unlink()
        return swept


def _part(raw: Mapping[str, Any]) -> Part:
    return Part(**{**raw, "pieces": tuple((str(name), int(rows)) for name, rows in raw.get("pieces", ()))})


def _whole(part: pa.Table, schema: pa.Schema) -> pa.Table:
    """A part in the shape of today's contract: columns that are younger than it are unknown."""
    for one in schema:
        if one.name not in part.column_names:
            part = part.append_column(one, pa.nulls(part.num_rows, one.type))
    return part.select(schema.names).cast(schema)


def by_day(rows: pa.RecordBatch) -> list[tuple[str, pa.RecordBatch]]:
    """Split rows by the day of `at` in UTC: `("2026-07-24", rows)` in order of day.

    Raises:
        ContractError: when the rows have no `at`.
    """
    if "at" not in rows.schema.names:
        raise ContractError(f"by_day: got columns {rows.schema.names}, expected one named at")
    days = pc.cast(rows.column("at"), pa.date32(), safe=False)
    distinct = sorted(pc.unique(days).to_pylist())
    if len(distinct) == 1:
        return [(distinct[0].isoformat(), rows)]
    return [(day.isoformat(), rows.filter(pc.equal(days, pa.scalar(day, pa.date32())))) for day in distinct]


def _flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
