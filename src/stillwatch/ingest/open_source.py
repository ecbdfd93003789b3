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
    def decompress(self, data: bytes, /) -> bytes: ...
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
        inner = self._inner
        while inner is not None:
            raw = self._file.read(BLOCK // 4)
            if not raw:
                self.ended_early = self._fed and not inner.eof
                return b""
            data = b""
            while raw:
                try:
                    data += inner.decompress(raw)
                except (zlib.error, lzma.LZMAError, OSError, EOFError):
                    self.ended_early = True
                    return data
                self._fed = True
                raw = b""
                if inner.eof:
                    raw = inner.unused_data.lstrip(b"\x00")
                    if not raw and not (rest := self._peek()):
                        return data
                    elif not raw:
                        raw = rest
                    if compression(raw[:8]) != self._kind:
                        return data
                    self._inner = inner = _decompressor(self._kind)
                    if inner is None:
                        return data
            if data:
                return data
        return b""

    def _peek(self) -> bytes:
        return self._file.read(BLOCK // 4).lstrip(b"\x00")


def _decompressor(kind: str | None) -> _Decompressor | None:
    if kind == "gzip":
        return zlib.decompressobj(wbits=31)
    if kind == "bz2":
        return bz2.BZ2Decompressor()
    if kind == "xz":
        return lzma.LZMADecompressor()
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
    _cursors[key] = stream
    while len(_cursors) > MAX_CURSORS:
        _cursors.popitem(last=False)[1].close()
    return data, stream.ended_early
