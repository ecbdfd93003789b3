"""Tables of a lake: the data files of the newest version, each one copied once. `delta+s3://bucket/table`,
`iceberg+s3://bucket/table/metadata/v7.metadata.json`

Read by the formats' own libraries (deltalake, pyiceberg), which know what is in force. Files that a compaction rewrote come again and
count once. A table with deleted rows that still stand in its files (deletion vectors, delete files) is refused: copying the file would
bring back what somebody deleted.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from stillwatch.core.errors import Fault, FormatError, SettingsError

from .objects import copied, opened, suffix
from .source import Delivery, SourceAway, address_of, public

__all__ = ["DeltaTable", "IcebergTable"]

Listed = dict[str, dict[str, Any]]
"""Addresses of data files, and the values of partition columns that do not stand in them."""


class _Lake:
    """What both have in common: a list of data files."""

    kind = ""

    def __init__(self, text: str) -> None:
        address = address_of(text, ())
        _, plus, store = address.scheme.partition("+")
        rest = text.partition("://")[2]
        self._uri = f"{store}://{rest}" if plus else f"file://{rest if rest.startswith('/') else '/' + rest}"
        self.name = public(f"{self.kind}+{self._uri}")

    def after(self, position: Mapping[str, Any], *, most: int) -> Iterator[Delivery]:
        """Data files that are not known yet."""
        try:
            listed = self._listed()
            names = {_named(uri): uri for uri in listed}
            known = {name for name in position.get("known", ()) if name in names}
            for name, uri in names.items():
                if name in known:
                    continue
                known.add(name)
                yield Delivery(
                    write=self._writes(uri, listed[uri]), position={"known": sorted(known)}, count=1, suffix=suffix(uri)
                )
        except ImportError as error:
            raise SettingsError([Fault(path=f"source {self.name}", message="install stillwatch[lakes]")]) from error
        except (OSError, pa.ArrowException) as error:
            raise SourceAway(f"{self.name}: no answer ({type(error).__name__}); the next look tries again") from error

    def _writes(self, uri: str, partition: dict[str, Any]) -> Callable[[BinaryIO], object]:
        store, path = opened(uri, self.name)
        if not partition:
            return copied(store, path)

        def write(file: BinaryIO) -> None:
            with store.open_input_file(path) as source:
                read = pq.ParquetFile(source)
                schema = read.schema_arrow
                for name, value in partition.items():
                    schema = schema.append(pa.field(name, pa.scalar(value).type))
                with pq.ParquetWriter(file, schema, compression="zstd") as writer:
                    for batch in read.iter_batches():
                        added = [pa.array([value] * len(batch)) for value in partition.values()]
                        writer.write_batch(pa.RecordBatch.from_arrays([*batch.columns, *added], schema=schema))

        return write

    def _listed(self) -> Listed:
        raise NotImplementedError


class DeltaTable(_Lake):
    """A Delta table at its newest version."""

    kind = "delta"

    def _listed(self) -> Listed:
        import deltalake
        from deltalake.exceptions import DeltaError

        try:
            table = deltalake.DeltaTable(self._uri)
            features = table.protocol().reader_features or []
            if "deletionVectors" in features:
                raise FormatError(f"{self.name}: has deletion vectors; rewrite its files (purge) first")
            told = pa.table(table.get_add_actions(flatten=True)).to_pylist()
        except DeltaError as error:
            raise SourceAway(f"{self.name}: not read ({type(error).__name__})") from error
        return {
            f"{self._uri.rstrip('/')}/{one['path']}": {
                key.removeprefix("partition."): value for key, value in one.items() if key.startswith("partition.")
            }
            for one in sorted(told, key=lambda one: (one["modification_time"], one["path"]))
        }


class IcebergTable(_Lake):
    """An Iceberg table by its metadata file, at that version."""

    kind = "iceberg"

    def _listed(self) -> Listed:
        from pyiceberg.table import StaticTable

        tasks = list(StaticTable.from_metadata(self._uri).scan().plan_files())
        if any(task.delete_files for task in tasks):
            raise FormatError(f"{self.name}: has delete files; rewrite its data files first")
        return {_with_scheme(task.file.file_path): {} for task in tasks}


def _with_scheme(path: str) -> str:
    return path if "://" in path else f"file://{path}"


def _named(uri: str) -> str:
    return hashlib.blake2b(uri.encode(), digest_size=8).hexdigest()
