"""The range: worlds with known truth, to rehearse on and to be measured by.

`write_demo` writes a day of traffic as logs of three formats with the truth sealed apart; `compare` holds findings against that truth;
`write_world` writes worlds of many days and any size from a `Recipe`, shard by shard; `write_parquet` writes the single large day that the
speed of scans is measured on.
"""

from __future__ import annotations

from stillwatch.range.demo import DemoPaths, write_demo
from stillwatch.range.generate import WorldPaths, write_world
from stillwatch.range.measure import Comparison, compare
from stillwatch.range.parquet import ParquetPaths, write_parquet
from stillwatch.range.recipe import Part, Recipe

__all__ = [
    "Comparison",
    "DemoPaths",
    "ParquetPaths",
    "Part",
    "Recipe",
    "WorldPaths",
    "compare",
    "write_demo",
    "write_parquet",
    "write_world",
]
