"""Lists cut nothing off: piped, a row is a line; on a terminal however narrow, every letter of an id is there."""

from __future__ import annotations

import io
import sys
from collections import Counter

import pytest
from rich.console import Console

from stillwatch.cli.listing import listing, show_list

NAMES = ("case", "about", "why", "opened")
LONG = ["C-0ANHDJ50S35YD", "X-D9VVW2XQTH27Q", "w " * 200, "2026-11-23T09:18"]


def test_piped_each_row_stands_on_one_line_and_nothing_is_cut(capsys: pytest.CaptureFixture[str]) -> None:
    table = listing(*NAMES)
    for _ in range(2):
        table.add_row(*LONG)
    show_list(table)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert all(word.strip() in line for word in LONG for line in lines[1:])
    assert "…" not in "".join(lines)


@pytest.mark.parametrize("width", [20, 40, 80])
def test_on_a_narrow_terminal_cells_are_folded_and_never_cut(monkeypatch: pytest.MonkeyPatch, width: int) -> None:
    table = listing(*NAMES)
    table.add_row(*LONG)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    out = io.StringIO()
    show_list(table, Console(file=out, width=width, highlight=False, force_terminal=True, color_system=None))
    letters = Counter("".join([*NAMES, *LONG]).replace(" ", ""))
    assert Counter("".join(out.getvalue().split())) == letters
