"""How much the suite tries: a seeded sample in its long runs, and all of it where `STILLWATCH_WHOLE=1` is set (`make whole`)."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest


@pytest.fixture(scope="session")
def tries() -> Callable[..., int]:
    """`tries(8, whole=20)` worlds are 8, or all 20; the test that asks says what its sample still finds."""
    everything = os.environ.get("STILLWATCH_WHOLE") == "1"
    return lambda sample, *, whole: whole if everything else sample
