"""What the suite tries and waits for: a seeded sample in its long runs, all of it where `STILLWATCH_WHOLE=1` is set (`make whole`)."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import pytest
from hypothesis import HealthCheck, settings

WHOLE = os.environ.get("STILLWATCH_WHOLE") == "1"

# Beside other tests, an example takes as long as they leave it.
settings.register_profile("suite", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("suite")


@pytest.fixture(scope="session")
def tries() -> Callable[..., int]:
    """`tries(8, whole=20)` worlds are 8, or all 20; the test that asks says what its sample still finds."""
    return lambda sample, *, whole: whole if WHOLE else sample


@pytest.fixture(scope="session", autouse=True)
def _no_wait_for_the_disk() -> Iterator[None]:
    """In this process a file is flushed to the system alone: what is flushed shows when power fails, and here it is processes that die.

    A descriptor that is not open stays an error. The processes that tests start wait for the disk, and so does `make whole`.
    """
    with pytest.MonkeyPatch.context() as patched:
        if not WHOLE:
            patched.setattr(os, "fsync", _hand_over)
        yield


def _hand_over(descriptor: int) -> None:
    os.fstat(descriptor)
