"""Fresh grounds on the prompt pack, which is read once."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from stillwatch.range.ground import Ground
from stillwatch.range.pack import read_pack
from stillwatch.range.rhythm import Clock
from stillwatch.range.seeds import stream

NewGround = Callable[..., Ground]


@pytest.fixture(scope="session")
def new_ground() -> NewGround:
    """Makes a ground of one day, or of `days`, with nothing on it."""
    pack = read_pack()

    def make(**settings: int) -> Ground:
        return Ground(pack=pack, clock=Clock(stream(1, "clock")), texts=pack.names(), **settings)  # type: ignore[arg-type]

    return make
