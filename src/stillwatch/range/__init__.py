"""The range: worlds with known truth, to rehearse on and to be measured by.

`write_demo` writes a day of traffic as logs of three formats with the truth sealed apart; `compare` holds findings against that truth;
`write_parquet` writes large worlds for measuring speed.
"""

from __future__ import annotations

from stillwatch.range.demo import DemoPaths, write_demo
from stillwatch.range.measure import Comparison, compare
from stillwatch.range.parquet import ParquetPaths, write_parquet

__all__ = ["Comparison", "DemoPaths", "ParquetPaths", "compare", "write_demo", "write_parquet"]
