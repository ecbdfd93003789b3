"""Objects of a store, or files of a folder elsewhere: each one copied once. `s3://bucket/folder?match=*.parquet`, `gs://`, `abfss://`,
`hdfs://`, `file:///`

Opened by pyarrow where it knows the store, else by fsspec where that is installed. An object is told from others by its path, size and
time: one that was written anew is read again, and its exchanges count once. Names that begin with `.` or `_` are passed over, as those
who write there mean it.
"""

from __future__ import annotations

import fnmatch
import hashlib
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.fs as fs

from stillwatch.core.errors import Fault, SettingsError

from .source import Delivery, SourceAway, address_of, public

__all__ = ["Objects", "copied", "opened"]

_BLOCK = 8 << 20


class Objects:
    """What lies under a prefix."""

    def __init__(self, text: str) -> None:
        address = address_of(text, ("match",))
        self._uri, self._match = text.partition("?")[0], address.options.get("match", "*")
        self.name = public(self._uri) + (f"?match={self._match}" if self._match != "*" else "")

    def after(self, position: Mapping[str, Any], *, most: int) -> Iterator[Delivery]:
        """Objects that are not known yet, in the order of their paths."""
        store, base = opened(self._uri, self.name)
        try:
            found = store.get_file_info(fs.FileSelector(base, recursive=True, allow_not_found=True))
            listed = {
                _named(info): info for info in sorted(found, key=lambda one: str(one.path)) if self._wanted(info, base)
            }
            known = {name for name in position.get("known", ()) if name in listed}
            for name, info in listed.items():
                if name in known:
                    continue
                known.add(name)
                yield Delivery(
                    write=copied(store, info.path), position={"known": sorted(known)}, count=1, suffix=suffix(info.path)
                )
        except (OSError, pa.ArrowException) as error:
            raise SourceAway(f"{self.name}: no answer ({type(error).__name__}); the next look tries again") from error

    def _wanted(self, info: Any, base: str) -> bool:
        inside = info.path[len(base) :].strip("/").split("/")
        shown = not any(part.startswith((".", "_")) for part in inside)
        return bool(info.is_file and info.size and shown and fnmatch.fnmatch(inside[-1], self._match))


def opened(uri: str, name: str) -> tuple[Any, str]:
    """A store and a path in it.

    Raises:
        SettingsError: when nothing that is installed knows such a store.
    """
    try:
        store, base = fs.FileSystem.from_uri(uri)
        return store, base
    except (pa.ArrowException, NotImplementedError, ValueError):
        pass  # fsspec may know it
    try:
        from fsspec.core import url_to_fs

        store, base = url_to_fs(uri)
        return fs.PyFileSystem(fs.FSSpecHandler(store)), base
    except (ImportError, ValueError) as error:
        raise SettingsError(
            [
                Fault(
                    path=f"source {name}",
                    message="no store of that kind is known here; fsspec and its plug-ins know more",
                )
            ]
        ) from error


def copied(store: Any, path: str) -> Callable[[BinaryIO], object]:
    """Writes an object into a file."""

    def write(file: BinaryIO) -> None:
        with store.open_input_stream(path, compression=None) as stream:
            shutil.copyfileobj(stream, file, _BLOCK)

    return write


def suffix(path: str) -> str:
    """The end of a landed object's name: its own, readable and harmless.

    >>> suffix("bucket/day=1/part 7.parquet")
    '-part-7.parquet'
    """
    return "-" + re.sub("[^A-Za-z0-9.]+", "-", path.rpartition("/")[2]).strip("-.")[-80:]


def _named(info: Any) -> str:
    told = f"{info.path}\0{info.size}\0{info.mtime_ns}"
    return hashlib.blake2b(told.encode(), digest_size=8).hexdigest()
