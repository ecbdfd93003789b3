"""The window protocol of arXiv 2606.05725 on pairs at hand, with every window peer, next to the published figures."""

from __future__ import annotations

from stillwatch.range.windows.limit import LimitResult, LimitRow, in_distribution_limit
from stillwatch.range.windows.protocol import FRACTIONS, SEEDS, SIZES, Scored, run_windows
from stillwatch.range.windows.results import Cell, Summary, WindowsResult, joined

__all__ = [
    "FRACTIONS",
    "SEEDS",
    "SIZES",
    "Cell",
    "LimitResult",
    "LimitRow",
    "Scored",
    "Summary",
    "WindowsResult",
    "in_distribution_limit",
    "joined",
    "run_windows",
]
