"""Rows of one key are found whole, in the parts themselves and in a copy that keeps them together."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa

from stillwatch.engine import TABLES, Lookup, Workspace

SIGNALS = ("volume", "grading", "combined")


def _space(folder: Path, accounts: int) -> Workspace:
    """Every third account lacks the second signal; the parts are several row groups long."""
    made = Workspace(folder / "w")
    schema = TABLES["account_evidence"].schema

    def part(place: int) -> pa.Table:
        ids = np.arange(accounts, dtype=np.int64) * 1_000_003 - 10**11
        ids = ids[np.arange(accounts) % 3 > 0] if place == 1 else ids
        texts = {"signal": SIGNALS[place], "stratum": "chat", "null": "none"}
        columns: dict[str, object] = {name: [word] * len(ids) for name, word in texts.items()}
        columns |= {"account": ids, "n": ids % 97, "calibration_n": np.ones(len(ids), np.int64)}
        given = [
            pa.array(columns[one.name], one.type) if one.name in columns else pa.nulls(len(ids), one.type)
            for one in schema
        ]
        return pa.Table.from_arrays(given, schema=schema)

    made.store.put("account_evidence", map(part, range(3)))
    return made


def test_rows_of_a_key_are_the_same_in_the_parts_and_in_the_copy(tmp_path: Path) -> None:
    space = _space(tmp_path, 150_000)
    whole = space.store.read("account_evidence")
    plain = Lookup(space.store, "account_evidence")
    copied = Lookup(space.store, "account_evidence", copies=tmp_path / "copies")
    rng = np.random.default_rng(5)
    for place in (0, 1, 65_535, 65_536, 149_999, *rng.integers(0, 150_000, 12)):
        key = int(place) * 1_000_003 - 10**11
        wanted = whole.filter(pa.compute.equal(whole.column("account"), key)).sort_by("signal")
        assert wanted.num_rows == (2 if place % 3 == 0 else 3)
        assert plain.rows(key).sort_by("signal").equals(wanted)
        assert copied.rows(key).sort_by("signal").equals(wanted)
    assert copied.rows(5).num_rows == 0


def test_a_copy_is_made_once_for_a_state_and_replaced_for_the_next(tmp_path: Path) -> None:
    space, copies = _space(tmp_path, 100), tmp_path / "copies"
    Lookup(space.store, "account_evidence", copies=copies)
    (first,) = copies.iterdir()
    stamp = first.stat().st_mtime_ns
    Lookup(space.store, "account_evidence", copies=copies)
    assert first.stat().st_mtime_ns == stamp
    space.store.put("account_evidence", space.store.read("account_evidence").slice(0, 10))
    assert Lookup(space.store, "account_evidence", copies=copies).rows(-(10**11)).num_rows == 1
    (second,) = copies.iterdir()
    assert second != first


def test_nothing_is_found_in_a_table_that_was_never_written(tmp_path: Path) -> None:
    space = Workspace(tmp_path / "w")
    assert Lookup(space.store, "links").rows(1).num_rows == 0
    assert Lookup(space.store, "account_evidence", copies=tmp_path / "c").rows(1).num_rows == 0
