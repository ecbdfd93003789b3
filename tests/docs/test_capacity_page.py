"""The capacity page says what the formula gives, and the formula promises no less than was measured, and not much more."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from stillwatch.pipeline import capacity as room
from stillwatch.pipeline import needs

DOCS = Path(__file__).parents[2] / "docs"
MEASURED = json.loads((DOCS / "benchmarks" / "scan.json").read_text())
PAGE = (DOCS / "capacity.md").read_text("utf-8")
LEAST, MOST = 0.95, 3.0


@pytest.mark.parametrize("size", MEASURED["raw"]["scale"])
def test_the_formula_promises_no_less_than_was_measured_and_at_most_three_times_as_much(size: str) -> None:
    took = MEASURED["raw"]["scale"][size]
    told = needs(took["exchanges"], cores=MEASURED["machine"]["cores"])
    for promised, got in (
        (told.disk, took["bytes_on_disk"]),
        (told.memory, took["peak_mib"] * 2**20),
        (told.seconds, took["seconds"]),
    ):
        assert LEAST <= promised / got <= MOST


def test_the_pages_table_is_the_formulas() -> None:
    rows = re.findall(
        r"^\| ([\d,]+) \| ([\d.]+) GiB \| ([\d.]+) GiB \| ([\d.]+) GiB \| ([\d,]+) s \|$", PAGE, re.MULTILINE
    )
    assert len(rows) == 4
    for exchanges, disk, spill, memory, seconds in rows:
        told = needs(int(exchanges.replace(",", "")))
        assert [round(one / 2**30, 1) for one in (told.disk, told.spill, told.memory)] == [
            float(disk),
            float(spill),
            float(memory),
        ]
        assert abs(told.seconds - float(seconds.replace(",", ""))) <= 5


def test_the_pages_formula_is_the_codes() -> None:
    for number in (room.BYTES_AN_EXCHANGE, room._MEMORY >> 20, room._MEMORY_EACH, int(room._START)):
        assert re.search(rf"= .*\b{number}\b", PAGE)
    assert f"({room._READ_EACH * 1e6:.0f} / c + {room._DETECT_EACH * 1e6:.0f}) / 1,000,000" in PAGE
