"""A data set as a suspect: read once, and asked how much of a text it holds. Nothing of the data set is kept."""

from __future__ import annotations

import gzip
import hashlib
import io
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from stillwatch.audit.records import Capability, Served
from stillwatch.core import FormatError
from stillwatch.text import shingles, words

__all__ = ["RUN", "Corpus", "read_corpus"]

RUN = 8
"""Words of a run: eight in a row are seldom anybody else's."""

_AT_ONCE = 4 << 20
_LONGEST_LINE = 256 << 20


class Corpus:
    """What a data set holds of some texts. `sha256` is that of its files, in their order.

    >>> kept = Corpus(name="dump", texts=["so much depends upon a red wheel barrow glazed"], looked_for=["upon a red wheel barrow"])
    >>> kept.held("upon a red wheel barrow"), sorted(kept.capabilities)
    (0.0, [<Capability.CORPUS: 'corpus'>])
    """

    def __init__(
        self, *, name: str, texts: Iterable[str], looked_for: Sequence[str], run: int = RUN, sha256: str | None = None
    ) -> None:
        self.name = name
        self.sha256 = sha256
        runs, ends = _runs(looked_for, run)
        wanted = np.unique(runs)
        there = np.zeros(wanted.size, np.bool_)
        for batch in _batched(texts):
            place = np.minimum(np.searchsorted(wanted, found := _runs(batch, run)[0]), max(wanted.size - 1, 0))
            if wanted.size:
                there[place[wanted[place] == found]] = True
        seen = there[np.searchsorted(wanted, runs)] if wanted.size else np.zeros(0, np.bool_)
        self._held = {
            text: float(seen[low:high].mean()) if high > low else 0.0
            for text, low, high in zip(looked_for, ends[:-1].tolist(), ends[1:].tolist(), strict=True)
        }

    @property
    def capabilities(self) -> frozenset[Capability]:
        """A data set can be looked into."""
        return frozenset({Capability.CORPUS})

    def held(self, text: str) -> float:
        """The share of the text's runs of `RUN` words that the data set holds; of a shorter text, whether it is a record of its own."""
        return self._held[text]


def read_corpus(paths: Sequence[Path], served: Sequence[Served], *, name: str) -> Corpus:
    """Look for every candidate answer of the items in text files, JSON lines (every string in them), or Parquet, also with gzip.

    Raises:
        FormatError: no files, a damaged one, or a line longer than is read.
    """
    files = [one for path in paths for one in (sorted(path.rglob("*")) if path.is_dir() else [path]) if one.is_file()]
    if not files:
        raise FormatError(f"{', '.join(map(str, paths))}: no data set here")
    digest = hashlib.sha256()
    for one in files:
        with one.open("rb") as data:
            digest.update(hashlib.file_digest(data, "sha256").digest())
    candidates = list(dict.fromkeys(text for item in served for text in item.candidates))
    texts = (text for one in files for text in _texts(one))
    return Corpus(name=name, texts=texts, looked_for=candidates, sha256=digest.hexdigest())


def _runs(texts: Sequence[str], run: int) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.int64]]:
    told = words(pa.array(texts, pa.large_string()))
    return shingles(told.hash, told.offset, width=run)


def _batched(texts: Iterable[str]) -> Iterator[list[str]]:
    batch: list[str] = []
    size = 0
    for text in texts:
        batch.append(text)
        size += len(text)
        if size >= _AT_ONCE:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _texts(path: Path) -> Iterator[str]:
    """The texts of a file, one a record."""
    with path.open("rb") as file:
        head = file.read(4)
    try:
        if head == b"PAR1":
            yield from _parquet(path)
        else:
            with gzip.open(path) if head[:2] == b"\x1f\x8b" else path.open("rb") as lines:
                yield from _lines(path, lines)
    except (EOFError, gzip.BadGzipFile, pa.ArrowException) as error:
        raise FormatError(f"{path}: damaged, or cut off ({type(error).__name__})") from None


def _lines(path: Path, lines: io.BufferedIOBase | gzip.GzipFile) -> Iterator[str]:
    number = 0
    while raw := lines.readline(_LONGEST_LINE):
        number += 1
        if len(raw) == _LONGEST_LINE:
            raise FormatError(f"{path}:{number}: a line of more than {_LONGEST_LINE >> 20} MiB")
        if raw.lstrip()[:1] in (b"{", b"["):
            try:
                yield from _strings(msgspec.json.decode(raw))
                continue
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                pass
        yield raw.decode("utf-8", "replace")


def _parquet(path: Path) -> Iterator[str]:
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(4096):
            for row in batch.to_pylist():
                yield from _strings(row)


def _strings(value: Any) -> Iterator[str]:
    """Every string within a decoded value."""
    open_ = [value]
    while open_:
        one = open_.pop()
        if isinstance(one, str):
            yield one
        elif isinstance(one, dict):
            open_.extend(one.values())
        elif isinstance(one, list):
            open_.extend(one)
