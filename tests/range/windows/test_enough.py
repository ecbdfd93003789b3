"""Windows are enough where four times their queries are held out, and stored cells give the same tables."""

from __future__ import annotations

import json
from pathlib import Path

from stillwatch.range.windows.results import ENOUGH, shrunk
from stillwatch.range.windows.stored import restored

STORED = Path(__file__).parents[3] / "docs" / "benchmarks" / "range-windows.json"


def test_the_multiple_is_the_smallest_at_which_half_of_the_level_is_left() -> None:
    assert shrunk(ENOUGH) >= 0.025 > shrunk(ENOUGH - 1)


def test_stored_cells_give_back_the_run_that_wrote_them() -> None:
    plain = json.loads(STORED.read_text(encoding="utf-8"))["runs"]["hashed-words-0.8"]
    assert restored(plain).to_dict() == plain


def test_pairs_with_enough_hold_out_four_windows() -> None:
    run = restored(json.loads(STORED.read_text(encoding="utf-8"))["runs"]["hashed-words-0.8"])
    assert {cell.enough for cell in run.cells if cell.size == 100} == {True}
    assert {cell.enough for cell in run.cells if cell.size == 1500} == {False}
    for cell in run.cells:
        assert cell.enough == (cell.held_out >= 4 * cell.size and not cell.null_overlaps)
