"""The range: worlds with known truth, to rehearse on and to be measured by.

`write_demo` writes a day of traffic as logs of three formats with the truth sealed apart; `compare` holds findings against that truth;
`write_world` writes worlds of many days and any size from a `Recipe`, shard by shard, with lookalikes and campaigns as its parts;
`run_preset` runs a study of `PRESETS`, and `read_result` opens what it wrote.
"""

from __future__ import annotations

from stillwatch.range.demo import DemoPaths, write_demo
from stillwatch.range.generate import WorldPaths, write_world
from stillwatch.range.measure import Comparison, compare
from stillwatch.range.presets import PRESETS, run_preset
from stillwatch.range.recipe import Part, Recipe
from stillwatch.range.results import read_result

__all__ = [
    "PRESETS",
    "Comparison",
    "DemoPaths",
    "Part",
    "Recipe",
    "WorldPaths",
    "compare",
    "read_result",
    "run_preset",
    "write_demo",
    "write_world",
]
