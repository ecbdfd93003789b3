"""Files found, opened and fingerprinted by their content: folders and globs resolved, gzip and zstd told by magic, never by name."""

from __future__ import annotations

import bz2
import glob
import hashlib
import lzma
import zlib
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import pyarrow as pa

from stillwatch.core.errors import FormatError

__all__ = ["Stream", "compression", "find_files", "fingerprint", "open_stream", "read_range"]

BLOCK = 1 << 20
XZ_MEMORY = 256 << 20
"""An xz file that wants more than this to be unpacked (`xz -9` wants 65 MiB) counts as damaged."""
_MAGIC = ((b"\x1f\x8b", "gzip"), (b"\x28\xb5\x2f\xfd", "zstd"), (b"BZh", "bz2"), (b"\xfd7zXZ\x00", "xz"))


def find_files(paths: Iterable[str | Path]) -> tuple[list[Path], list[Path]]:
    """Resolve files, folders (recursively) and globs to (files that were named, files found in folders), each sorted, none twice.

    Hidden files and folders are passed over.

    Raises:
        FormatError: when a path names nothing.
    """
    named: dict[Path, None] = {}
    found: dict[Path, None] = {}
    for given in paths:
        path = Path(given)
        if path.is_file():
            named[path] = None
        elif path.is_dir():
            found.update(dict.fromkeys(_walk(path)))
        else:
            matches = sorted(Path(match) for match in glob.glob(str(given), recursive=True))  # noqa: PTH207 - patterns may be absolute
            if not matches:
                raise FormatError(f"{given}: no such file or folder, and no file matches it as a pattern")
            for match in matches:
                if match.is_dir():
                    found.update(dict.fromkeys(_walk(match)))
                else:
                    named[match] = None
    return sorted(named), sorted(path for path in found if path not in named)


def _walk(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not any(part.startswith(".") for part in path.relative_to(folder).parts):
            yield path


def compression(head: bytes) -> str | None:
    """Tell a compression from a file's first bytes."""
    for magic, name in _MAGIC:
        if head.startswith(magic):
            return name
    return None


def fingerprint(path: Path) -> int:
    """Name a file by its content, not by its name or date: size, first and last MiB, and 16 evenly spaced blocks of 64 KiB.

    Two files that differ only between the sampled blocks of a file larger than 3 MiB share a fingerprint; logs grow at their end.
    """
    size = path.stat().st_size
    digest = hashlib.blake2b(size.to_bytes(8, "little"), digest_size=8, person=b"source")
    with path.open("rb") as file:
        if size <= 3 * BLOCK:
            digest.update(file.read())
        else:
            digest.update(file.read(BLOCK))
            for step in range(1, 17):
                file.seek(size * step // 17)
                digest.update(file.read(1 << 16))
            file.seek(size - BLOCK)
            digest.update(file.read(BLOCK))
    return int.from_bytes(digest.digest(), "little", signed=True)


class _Decompressor(Protocol):
    def decompress(self, data: bytes, /, max_length: int) -> bytes: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...


class Stream:
    """A file read forward in blocks, decompressed. `ended_early` is set when the compressed data stop before their end."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.ended_early = False
        self.offset = 0
        self._file: BinaryIO = path.open("rb")
        self._kind = compression(self._file.read(8))
        self._file.seek(0)
        self._inner: _Decompressor | None = _decompressor(self._kind)
        self._zstd: Any = pa.CompressedInputStream(self._file, "zstd") if self._kind == "zstd" else None
        self._held = b""
        self._raw = b""
        self._fed = False
        self._given = 0

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def block(self) -> bytes:
        """The next bytes, or none at the end."""
        if self._held:
            data, self._held = self._held, b""
        else:
            data = self._next()
        self.offset += len(data)
        return data

    def spent(self) -> bool:
        """Whether nothing is left to read."""
        self._held = self._held or self._next()
        return not self._held

    def take(self, count: int) -> bytes:
        """Exactly `count` bytes, fewer only at the end."""
        pieces: list[bytes] = []
        missing = count
        while missing > 0:
            data = self.block()
            if not data:
                break
            if len(data) > missing:
                self._held = data[missing:]
                self.offset -= len(self._held)
                data = data[:missing]
            pieces.append(data)
            missing -= len(data)
        return b"".join(pieces)

    def skip(self, count: int) -> None:
        """Pass over `count` bytes."""
        if self._kind is None and not self._held:
            self._file.seek(count, 1)
            self.offset += count
            return
        while count > 0:
            passed = len(self.take(min(count, BLOCK)))
            if not passed:
                return
            count -= passed

    def _next(self) -> bytes:
        if self.ended_early:
            return b""
        if self._kind is None:
            return self._file.read(BLOCK)
        if self._zstd is not None:
            try:
                data = bytes(self._zstd.read(BLOCK))
            except (OSError, pa.ArrowInvalid):
                data = self._zstd_rest()
                self.ended_early = True
            self._given += len(data)
            return data
        return self._inflate()

    def _zstd_rest(self) -> bytes:
        """What stands between the last whole block read and the place where the data break off, in small steps."""
        self._file.seek(0)
        again = pa.CompressedInputStream(self._file, "zstd")
        pieces: list[bytes] = []
        try:
            passed = 0
            while passed < self._given:
                passed += len(again.read(min(BLOCK, self._given - passed)))
            while piece := bytes(again.read(1024)):
                pieces.append(piece)
        except (OSError, pa.ArrowInvalid):
            pass
        return b"".join(pieces)

    def _inflate(self) -> bytes:
        """The next bytes, at most a block of them however far the data expand. Members that follow one another are one file."""
        while (inner := self._inner) is not None:
            if inner.eof:
                self._begin_next(inner.unused_data)
                continue
            if not self._raw and inner.needs_input:
                self._raw = self._file.read(BLOCK // 4)
                if not self._raw:
                    self.ended_early = self._fed
                    return b""
            raw, self._raw = self._raw, b""
            try:
                data = inner.decompress(raw, BLOCK)
            except (zlib.error, lzma.LZMAError, OSError, EOFError):
                self.ended_early = True
                return b""
            self._fed = True
            if data:
                return data
        return b""

    def _begin_next(self, rest: bytes) -> None:
        """Go on with the member that follows, past zeros that pad; anything else that follows is no part of the file."""
        rest = rest.lstrip(b"\x00")
        while len(rest) < 8 and (more := self._file.read(BLOCK // 4)):
            rest = (rest + more).lstrip(b"\x00")
        self._raw = rest
        self._inner = _decompressor(self._kind) if rest and compression(rest[:8]) == self._kind else None


class _Gzip:
    """zlib with the manner of the other two: what did not fit into the limit is kept here and comes with the next call."""

    def __init__(self) -> None:
        self._inner = zlib.decompressobj(wbits=31)
        self._full = False

    def decompress(self, data: bytes, max_length: int) -> bytes:
        found = self._inner.decompress(self._inner.unconsumed_tail + data, max_length)
        self._full = len(found) == max_length
        return found

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def needs_input(self) -> bool:
        return not self._inner.unconsumed_tail and not self._full

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data


def _decompressor(kind: str | None) -> _Decompressor | None:
    if kind == "gzip":
        return _Gzip()
    if kind == "bz2":
        return bz2.BZ2Decompressor()
    if kind == "xz":
        return lzma.LZMADecompressor(memlimit=XZ_MEMORY)
    return None


def open_stream(path: Path) -> Stream:
    """Open a file for reading forward, decompressed."""
    return Stream(path)


_cursors: OrderedDict[tuple[str, int, int], Stream] = OrderedDict()
MAX_CURSORS = 2


def read_range(path: Path, start: int, stop: int) -> tuple[bytes, bool]:
    """Bytes `start` to `stop` of the decompressed file, and whether it ended early.

    A process that reads the ranges of a compressed file in order decompresses it once: the stream it stopped at is kept.
    """
    with path.open("rb") as file:
        if compression(file.read(8)) is None:
            file.seek(start)
            return file.read(stop - start), False
    status = path.stat()
    key = (str(path), status.st_size, status.st_mtime_ns)
    stream = _cursors.pop(key, None)
    if stream is None or stream.offset > start:
        if stream is not None:
            stream.close()
        stream = Stream(path)
    stream.skip(start - stream.offset)
    data = stream.take(stop - start)
    if stream.spent():
        stream.close()
    else:
        _cursors[key] = stream
    while len(_cursors) > MAX_CURSORS:
        _cursors.popitem(last=False)[1].close()
    return data, stream.ended_early
