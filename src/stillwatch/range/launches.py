"""Models and their launches: which model an account's request names on which day.

A world begins with three sizes of one generation. New generations come at days that hang on the seed only, so that all shards agree.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from stillwatch.range.facts import stamp
from stillwatch.range.rhythm import DAY
from stillwatch.range.seeds import Dice

__all__ = ["SIZES", "Launches", "launches", "write_releases"]

SIZES = ("mini", "main", "large")
"""Sizes of a generation, cheap to dear."""

_NAMES = (("atlas-4-mini", "atlas-5-mini"), ("atlas-4", "atlas-5"), ("atlas-4-large", "atlas-5-large"))
_HOUR = 3_600_000_000
NEVER = 1 << 60
_AGES = (210, 120, 120)
"""Days before the window on which the first generation was launched, by size."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Launches:
    """Every model by number; `at[size]` is when the next generation of that size is launched, in microseconds, or never."""

    models: tuple[str, ...]
    at: tuple[int, ...]

    def model(self, size: NDArray[np.int64], lag: NDArray[np.int64], at: NDArray[np.int64]) -> NDArray[np.int64]:
        """The model of each request: the newest of its size that the account has moved to, `lag` microseconds after the launch."""
        moved = at >= np.asarray(self.at, np.int64)[size] + lag
        found: NDArray[np.int64] = 2 * size + moved
        return found

    def released(self) -> list[tuple[str, int]]:
        """Every model that is launched before or within the window, with its time; those of before have a time below zero."""
        old = [(self.models[2 * size], -days * DAY + 13 * _HOUR) for size, days in enumerate(_AGES)]
        return old + [(self.models[2 * size + 1], at) for size, at in enumerate(self.at) if at < NEVER]


def launches(seed: int, days: int) -> Launches:
    """The launches of a world of `days` days: main in the middle third, mini one to two weeks later, large after that if there is time."""
    dice = Dice(seed, "launches")
    first = days // 3 + int(dice.below(max(1, days // 3), 1)[0])
    steps = [int(v) for v in dice.below(7, 2)]
    when = {1: first, 0: first + 7 + steps[0], 2: first + 14 + steps[0] + steps[1]}
    at = tuple(when[size] * DAY + 13 * _HOUR if when[size] < days else NEVER for size in range(len(SIZES)))
    return Launches(models=tuple(name for pair in _NAMES for name in pair), at=at)


def write_releases(launched: Launches, path: Path) -> None:
    """Write the models with their launches as a provider keeps them."""
    lines = [f"{model},{stamp(at)}\n" for model, at in launched.released()]
    path.write_text("".join(["model,at\n", *lines]), encoding="utf-8")
