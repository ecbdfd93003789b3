"""Which exchange carries which family: two shingles at least, most of them win, and unknown lists carry nothing."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.actors.carry import CARRIED, _best, _best_of_system, _Carry, carried
from stillwatch.actors.families import Mined

from .worlds import at_hand, features, lists


def family(scope: str, marks: dict[int, list[int]]) -> Mined:
    """Families by id with their shingles."""
    pairs = sorted((anchor, place) for place, anchors in enumerate(marks.values()) for anchor in anchors)
    count = len(marks)
    return Mined(
        scope=scope,
        anchors=np.array([a for a, _ in pairs], np.int64),
        family=np.array([p for _, p in pairs], np.int64),
        ids=np.array(list(marks), np.int64),
        size=np.array([len(a) for a in marks.values()], np.int64),
        fragments=np.ones(count, np.int64),
        by_senders=np.zeros(count, np.bool_),
    )


PROMPT = family("prompt", {70: [1, 2, 3], -60: [11, 12, 13], 50: [21, 22]})
SYSTEM = family("system", {90: [1, 2]})


def told(rows: pa.Table, *mined: Mined) -> list[tuple[object, ...]]:
    with at_hand(rows) as (engine, (relation,)):
        made = engine.to_arrow(carried(engine, relation, mined)).cast(CARRIED)
    return sorted(zip(*(made.column(c).to_pylist() for c in ("exchange_id", "scope", "family")), strict=True))


def test_two_shingles_carry_a_family_and_one_does_not() -> None:
    rows = features(account=[1] * 4, anchors=lists([[1, 5], [1, 2], [1, 11], [2, 3, 99]]))
    assert told(rows, PROMPT) == [(1, "prompt", 70), (3, "prompt", 70)]


def test_the_family_with_most_shingles_is_carried_and_of_equals_the_smaller_id() -> None:
    rows = features(account=[1] * 3, anchors=lists([[1, 2, 11, 12], [1, 2, 3, 11, 12], [1, 2, 21, 22]]))
    assert told(rows, PROMPT) == [(0, "prompt", -60), (1, "prompt", 70), (2, "prompt", 50)]


def test_an_exchange_may_carry_one_family_in_each_scope() -> None:
    rows = features(account=[1, 2], anchors=lists([[1, 2], None]), system_anchors=lists([[1, 2], [1, 2]]))
    assert told(rows, PROMPT, SYSTEM) == [(0, "prompt", 70), (0, "system", 90), (1, "system", 90)]
    assert told(rows, SYSTEM) == [(0, "system", 90), (1, "system", 90)]


def test_both_slices_are_read_and_rows_without_an_account_are_not() -> None:
    rows = features(account=[1, 1, None], slice=[0, 1, 0], anchors=lists([[1, 2]] * 3))
    assert told(rows, PROMPT) == [(0, "prompt", 70), (1, "prompt", 70)]


def test_unknown_and_empty_lists_and_no_families_carry_nothing() -> None:
    nothing = family("prompt", {})
    assert told(features(account=[1, 2, 3], anchors=lists([None, [], [8, 9]])), PROMPT) == []
    assert told(features(account=[1], anchors=lists([[1, 2]])), nothing) == []
    assert told(features(account=[1], anchors=pa.nulls(1, pa.list_(pa.int64()))), PROMPT) == []


row = st.none() | st.lists(st.sampled_from([1, 2, 3, 11, 12, 13, 21, 22, 99]), max_size=6, unique=True)


@given(st.lists(row, max_size=12), st.integers(0, 12), st.integers(0, 12))
def test_a_slice_of_a_column_is_read_like_its_copy(rows: list[list[int] | None], start: int, length: int) -> None:
    column = lists(rows).slice(start, length)
    copy = pa.array(column.to_pylist(), pa.list_(pa.int64()))
    for one, other in zip(_best(column, PROMPT), _best(copy, PROMPT), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_null_that_hides_values_carries_nothing() -> None:
    hidden = pa.ListArray.from_arrays(
        pa.array([0, 2, 4], pa.int32()), pa.array([1, 2, 11, 12], pa.int64()), mask=pa.array([True, False])
    )
    places, ids = _best(hidden, PROMPT)
    assert (places.tolist(), ids.tolist()) == ([1], [-60])


@given(st.lists(row, max_size=12))
def test_the_family_carried_is_the_one_counting_would_choose(rows: list[list[int] | None]) -> None:
    marks = {70: {1, 2, 3}, -60: {11, 12, 13}, 50: {21, 22}}
    expected = []
    for place, anchors in enumerate(rows):
        counts = sorted((-len(own & set(anchors or [])), name) for name, own in marks.items())
        if -counts[0][0] >= 2:
            expected.append((place, counts[0][1]))
    places, ids = _best(lists(rows), PROMPT)
    assert list(zip(places.tolist(), ids.tolist(), strict=True)) == expected


@given(st.lists(st.tuples(st.sampled_from([None, 5, 6, 7]), st.booleans()), max_size=12))
def test_a_system_text_read_once_carries_what_each_of_its_requests_carries(rows: list[tuple[int | None, bool]]) -> None:
    texts: dict[int | None, list[int] | None] = {None: None, 5: [1, 2], 6: [2], 7: [2, 1, 40]}
    said = lists([texts[name] for name, _ in rows])
    hashed = pa.array([name if known else None for name, known in rows], pa.int64())
    batch = pa.RecordBatch.from_arrays([hashed, said], names=["system_hash", "system_anchors"])
    places, ids = _best_of_system(batch, SYSTEM)
    one_by_one = _best(said, SYSTEM)
    assert (places.tolist(), ids.tolist()) == (one_by_one[0].tolist(), one_by_one[1].tolist())


def test_the_kernel_keeps_its_schema_on_a_batch_without_hits() -> None:
    names = [n for n in CARRIED.names if n not in ("scope", "family")]
    rows = features(account=[1], anchors=lists([[8]])).select([*names, "anchors", "system_anchors", "system_hash"])
    for mined in ((PROMPT,), (PROMPT, SYSTEM)):
        made = _Carry(mined)(rows.to_batches()[0])
        assert made.num_rows == 0
        assert made.schema.equals(CARRIED)
