"""Hidden actors, one file each. `CAMPAIGNS` lists them; adding one is a file and a line."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from stillwatch.range.campaigns import grading, harvest, scaffold
from stillwatch.range.ground import Ground

__all__ = ["CAMPAIGNS"]

CAMPAIGNS: dict[str, Callable[[Ground, np.random.Generator, float], None]] = {
    "scaffold": scaffold.build,
    "harvest": harvest.build,
    "grading": grading.build,
}
"""Builders by name of the actor: `build(ground, rng, scale)`; `scale` under 1 shrinks the number of accounts in proportion."""
