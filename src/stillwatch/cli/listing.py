"""Lists on the command line: nothing in them is ever cut off, least of all an id that somebody has to type again."""

from __future__ import annotations

import sys

from rich.console import Console
from rich.table import Table

__all__ = ["listing", "show_list"]

_WHOLE_LINES = 10_000
"""Columns of a list that no terminal shows: a row a line, whatever its length."""


def listing(*names: str) -> Table:
    """An empty list with these columns. On a narrow terminal the longest cells are folded."""
    table = Table(box=None, padding=(0, 2, 0, 0))
    for name in names:
        table.add_column(name, overflow="fold")
    return table


def show_list(table: Table, console: Console | None = None) -> None:
    """Print it; where standard output is no terminal, each row stands on one line."""
    if sys.stdout.isatty():
        (console or Console(highlight=False)).print(table)
    else:
        Console(highlight=False, width=_WHOLE_LINES).print(table)
