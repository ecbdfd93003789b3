"""A value is found in the table when it stands there, and at its place, however the values lie."""

from __future__ import annotations

import numpy as np
import pytest

from stillwatch.actors.anchor_index import AnchorIndex

RNG = np.random.default_rng(20)
HASHES = np.unique(RNG.integers(-(2**63), 2**63 - 1, 5_000, dtype=np.int64))
TABLES = {
    "none": np.empty(0, np.int64),
    "one": HASHES[:1],
    "hashes": HASHES,
    "neighbours that share their leading bits": np.arange(-500, 500, dtype=np.int64),
    "a few of these among hashes": np.unique(np.concatenate([HASHES, HASHES[70] + np.arange(9)])),
}


@pytest.mark.parametrize("name", TABLES)
def test_a_value_is_found_where_it_stands_and_nowhere_else(name: str) -> None:
    table = TABLES[name]
    asked = np.concatenate([table, table[::-1], HASHES[:50] ^ 1, np.arange(-600, 600), HASHES[70] + np.arange(-9, 19)])
    hit, place = AnchorIndex(table).find(asked.astype(np.int64))
    known = {int(value): at for at, value in enumerate(table)}
    expected = [(row, known[int(value)]) for row, value in enumerate(asked) if int(value) in known]
    assert list(zip(hit.tolist(), place.tolist(), strict=True)) == expected
