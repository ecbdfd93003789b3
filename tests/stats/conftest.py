"""What the statistics' own tests share: a fair allowance for chance when a promised error rate is checked by simulation."""

from collections.abc import Callable

import pytest
from scipy import stats

AtMost = Callable[[int, int, float], bool]


@pytest.fixture
def at_most() -> AtMost:
    """Whether so many hits in so many worlds could come from a rate no higher than promised (chance of refusal 1 in 100,000)."""

    def allowed(hits: int, worlds: int, rate: float) -> bool:
        return bool(stats.binom.sf(hits - 1, worlds, rate) > 1e-5)

    return allowed
