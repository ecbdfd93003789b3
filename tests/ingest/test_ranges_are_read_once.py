"""Ranges of a compressed file: read in order it is unpacked once, and a file that was read to its end is not held open."""

import bz2
import gzip
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pyarrow as pa
import pytest

from stillwatch.ingest import open_source
from stillwatch.ingest.open_source import read_range

DATA = b"".join(b"%07d\n" % number for number in range(200_000))
PACKED: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "bz2": bz2.compress,
    "zstd": lambda data: pa.compress(data, "zstd", asbytes=True),
}


@pytest.mark.parametrize("kind", list(PACKED))
def test_ranges_in_order_are_the_whole_file_which_is_closed_at_its_end(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "log"
    path.write_bytes(PACKED[kind](DATA))
    held = open_source._cursors
    before = len(held)
    cuts = [0, 3, 700_000, 700_000, 1_599_999, len(DATA)]
    told = []
    for start, stop in pairwise(cuts):
        told.append(read_range(path, start, stop))
        assert any(str(path) in key for key in held) == (stop < len(DATA))
    assert b"".join(data for data, _ in told) == DATA
    assert not any(early for _, early in told)
    assert len(held) == before


def test_a_range_before_the_last_one_is_read_from_the_beginning(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(gzip.compress(DATA))
    later, _ = read_range(path, 800_000, 800_008)
    sooner, _ = read_range(path, 8, 16)
    assert (later, sooner) == (DATA[800_000:800_008], DATA[8:16])


def test_a_file_that_ends_early_says_so_with_its_last_range(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(gzip.compress(DATA)[:-40])
    data, early = read_range(path, 0, len(DATA))
    assert early
    assert data == DATA[: len(data)]
