"""What counts of shingles may leave out, and what they may not."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from stillwatch.actors.families import Mined, mine
from stillwatch.actors.sightings import BUCKETS, Counts, count_prompts

from .worlds import SALT, Crowd, at_hand, features, lists, world

SUPPORT = 20
FIRST, SECOND = 7 << 40, -(9 << 40)
"""Two shingles of one template, in buckets of their own."""


def mined(rows: pa.Table, counts: Counts | None = None) -> Mined:
    with at_hand(rows) as (engine, (told,)):
        return mine(engine, told, scope="prompt", support=SUPPORT, salt=SALT, counts=counts)


def counted(rows: pa.Table) -> Counts:
    with at_hand(rows) as (engine, (told,)):
        return count_prompts(engine, told)


@pytest.mark.parametrize(("senders", "families"), [(SUPPORT - 1, 0), (SUPPORT, 1), (SUPPORT + 1, 1)])
def test_a_shingle_that_just_enough_accounts_sent_counts(senders: int, families: int) -> None:
    rows = features(account=np.arange(senders), anchors=lists([[SECOND, FIRST]] * senders))
    assert mined(rows).ids.size == families
    assert mined(rows, counted(rows)).ids.size == families


def test_counts_hold_the_discovery_slice_of_known_accounts_alone() -> None:
    rows = features(
        account=[1, 1, None, 2], slice=[0, 1, 0, 0], anchors=lists([[SECOND, FIRST], [FIRST], [FIRST], [FIRST]])
    )
    found = counted(rows)
    assert found.shape == (BUCKETS,)
    assert {int(bucket): int(found[bucket]) for bucket in np.flatnonzero(found)} == {7: 2, BUCKETS - 9: 1}


def test_counts_that_are_too_high_change_no_family() -> None:
    crowds = [Crowd(name="customers", size=300), Crowd(name="operator", size=60, template="op", spread=0, wordings=2)]
    rows = world(crowds, seed=11).features
    alone = mined(rows)
    assert alone.ids.size
    exact = counted(rows)
    for counts in (exact, exact + np.uint32(5), np.full(BUCKETS, 255, np.uint8)):
        same = mined(rows, counts)
        assert same.ids.tolist() == alone.ids.tolist()
        assert same.anchors.tolist() == alone.anchors.tolist()


def test_counts_that_are_too_low_would_lose_a_family() -> None:
    """Which is why a file of them is held to its digest."""
    rows = features(account=np.arange(SUPPORT), anchors=lists([[SECOND, FIRST]] * SUPPORT))
    assert mined(rows, counted(rows) - np.minimum(counted(rows), 1)).ids.size == 0
