"""The pieces of the corridor: what was seen, features without text, and two slices that depend on nothing but account and hour."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.core import Pseudonymiser
from stillwatch.engine import table
from stillwatch.pipeline.seen import Seen
from stillwatch.pipeline.stage import featurise

NAMES = Pseudonymiser(bytes(range(32)))
HOUR = 3_600_000_000
EPOCH = 1_780_000_000_000_000 // HOUR * HOUR


def batch(count: int, *, accounts: int = 50, hours: int = 24, seed: int = 3, unknown: float = 0.0) -> pa.RecordBatch:
    """Rows of `exchanges` with random accounts and hours."""
    rng = np.random.default_rng(seed)
    who = np.array([NAMES.name("account", str(i)) for i in range(accounts)])[rng.integers(accounts, size=count)]
    missing = rng.random(count) < unknown
    at = EPOCH + rng.integers(hours * HOUR, size=count)
    known = {
        "exchange_id": pa.array(np.arange(1, count + 1)),
        "at": pa.array(at, pa.timestamp("us", tz="UTC")),
        "account": pa.array(who, mask=missing),
        "prompt": pa.array([f"tell me about thing {i}" for i in range(count)]),
        "output": pa.array(["fine words"] * count),
        "client_claimed": pa.array([("cli", "web", None)[i % 3] for i in range(count)]),
        "retention_class": pa.array(["standard"] * count),
        "format": pa.array(["columns"] * count),
        "source": pa.array([1] * count),
        "line": pa.array(np.arange(1, count + 1)),
    }
    schema = table("exchanges").schema
    return pa.RecordBatch.from_arrays(
        [known[f.name].cast(f.type) if f.name in known else pa.nulls(count, f.type) for f in schema], schema=schema
    )


ids = st.lists(st.lists(st.integers(-5, 20) | st.integers(-(1 << 63), (1 << 63) - 1), max_size=12), max_size=10)


@given(ids)
def test_an_id_is_admitted_the_first_time_and_never_again(batches: list[list[int]]) -> None:
    seen, known = Seen(), set[int]()
    for one in batches:
        expected = []
        for value in one:
            expected.append(value not in known)
            known.add(value)
        assert seen.admit(np.array(one, np.int64)).tolist() == expected
        assert len(seen) == len(known)


def test_what_was_seen_stays_in_few_runs() -> None:
    seen = Seen()
    ids = np.random.default_rng(1).permutation(np.arange(-50_000, 50_000)) << 47
    for start in range(0, ids.size, 500):
        assert seen.admit(ids[start : start + 500]).all()
    assert len(seen) == ids.size
    assert max(map(len, seen._shelves)) <= 12
    assert sum(map(bool, seen._shelves)) > 8
    assert not seen.admit(ids[[0, 99_999, 50_000]]).any()


def test_features_keep_their_contract_and_carry_the_rest_over() -> None:
    rows = batch(500)
    made = featurise(rows, NAMES)
    assert made.schema.equals(table("features").schema)
    for name in ("exchange_id", "at", "account", "client_claimed"):
        assert made.column(name).equals(rows.column(name))
    assert not any(pa.types.is_string(f.type) and f.name in ("prompt", "system", "output") for f in made.schema)
    assert made.column("prompt_hash").null_count == 0
    assert set(made.column("reasoning_returned").to_pylist()) == {False}


def test_a_missing_answer_is_unknown_and_not_an_answer_without_reasoning() -> None:
    rows = batch(4)
    place = rows.schema.names.index("output")
    silent = rows.set_column(place, "output", pa.array(["a", None, "b", None]))
    assert featurise(silent, NAMES).column("reasoning_returned").to_pylist() == [False, None, False, None]


@pytest.mark.parametrize("size", [1, 7, 333])
def test_features_do_not_depend_on_how_rows_are_cut_into_batches(size: int) -> None:
    rows = batch(400, unknown=0.1)
    whole = pa.Table.from_batches([featurise(rows, NAMES)])
    cut = pa.Table.from_batches([featurise(rows.slice(i, size), NAMES) for i in range(0, 400, size)])
    assert cut.combine_chunks().equals(whole.combine_chunks())


def test_one_account_in_one_hour_stands_in_one_slice() -> None:
    rows = featurise(batch(20_000, accounts=20), NAMES).to_pydict()
    slices: dict[tuple[int, int], set[int]] = {}
    for account, at, part in zip(rows["account"], rows["at"], rows["slice"], strict=True):
        slices.setdefault((account, int(at.timestamp()) // 3600), set()).add(part)
    assert all(len(parts) == 1 for parts in slices.values())
    assert {next(iter(parts)) for parts in slices.values()} == {0, 1}


@pytest.mark.parametrize("unknown", [0.0, 1.0])
def test_both_slices_hold_about_half(unknown: float) -> None:
    parts = np.array(featurise(batch(8000, accounts=4000, unknown=unknown), NAMES).column("slice"))
    # 8000 fair coins: five standard deviations are 0.028.
    assert set(parts) == {0, 1}
    assert abs(parts.mean() - 0.5) < 0.028


def test_slices_of_one_account_over_hours_are_balanced_and_move_with_the_key() -> None:
    rows = batch(5000, accounts=1, hours=5000)
    one = np.array(featurise(rows, NAMES).column("slice"))
    other = np.array(featurise(rows, Pseudonymiser(b"another key, also long enough")).column("slice"))
    assert abs(one.mean() - 0.5) < 0.05
    assert abs((one == other).mean() - 0.5) < 0.05


def test_hours_next_to_each_other_fall_independently() -> None:
    account = NAMES.name("account", "steady")
    count = 6000
    rows = batch(count, accounts=1, hours=1)
    at = pa.array(EPOCH + np.arange(count) * HOUR, pa.timestamp("us", tz="UTC"))
    rows = rows.set_column(rows.schema.names.index("at"), "at", at)
    rows = rows.set_column(rows.schema.names.index("account"), "account", pa.array([account] * count))
    parts = np.array(featurise(rows, NAMES).column("slice"))
    assert abs((parts[1:] == parts[:-1]).mean() - 0.5) < 5 * 0.5 / np.sqrt(count)


def test_telemetry_is_true_false_or_unknown_but_never_guessed() -> None:
    rows = batch(60, accounts=2, unknown=0.2)
    account = next(one for one in rows.column("account").to_pylist() if one is not None)
    told = featurise(rows, NAMES, frozenset({(account, "cli")})).to_pylist()
    for row in told:
        known = row["account"] is not None and row["client_claimed"] is not None
        assert row["client_telemetry"] == (
            (row["account"], row["client_claimed"]) == (account, "cli") if known else None
        )
    assert {row["client_telemetry"] for row in told} == {True, False, None}
    assert set(featurise(rows, NAMES).column("client_telemetry").to_pylist()) == {None}
