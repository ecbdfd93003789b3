"""Keys are found where they are, and nowhere else, however they lie."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from stillwatch.policy.packed import Keys

_KEY = st.integers(-(2**63), 2**63 - 1).filter(bool) | st.integers(1, 300) | st.integers(1, 40).map(lambda n: n << 40)


@settings(max_examples=60)
@given(keys=st.lists(_KEY, unique=True, max_size=300), others=st.lists(_KEY, max_size=30))
def test_every_key_is_found_in_its_place_and_no_other_key_is(keys: list[int], others: list[int]) -> None:
    made = Keys(np.array(keys, dtype=np.int64))
    assert [made.array[made.find(key)] for key in keys] == keys
    assert np.array(keys, dtype=np.int64)[made.order].tolist() == made.array.tolist()
    assert all(made.find(other) == -1 for other in others if other not in keys)
    assert made.find(0) == -1


def test_a_million_accounts_fit_in_forty_megabytes() -> None:
    keys = np.unique(np.random.default_rng(1).integers(-(2**63), 2**63 - 1, 1_000_000))
    assert Keys(keys).nbytes <= 40e6
