"""What docs/range.md names is there: presets, options, files, and the words for what can be added."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

from stillwatch.cli.range import range_run
from stillwatch.range.presets import PRESETS
from stillwatch.range.products import PRODUCTS

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "range.md").read_text("utf-8")
ADDED = PAGE.partition("## Adding to it")[2].partition("\n## ")[0]
ROWS = [row.strip("| ").split(" | ") for row in ADDED.splitlines() if row.startswith("| a")]


def test_every_preset_is_told_with_what_it_needs() -> None:
    told = PAGE.partition("## Running a preset")[2].partition("\n## ")[0]
    rows = dict(re.findall(r"^\| `([\w-]+)` \| (.*) \|$", told, re.MULTILINE))
    assert list(rows) == list(PRESETS)
    for name, needs in rows.items():
        assert ("--data" in needs) == PRESETS[name].needs_data, name
        assert ("--unmimic-python" in needs) == PRESETS[name].guests, name


def test_every_option_that_it_names_is_one_of_the_command() -> None:
    there = {"--" + name.replace("_", "-") for name in inspect.signature(range_run).parameters}
    named = set(re.findall(r"`(--[a-z-]+)", PAGE)) | set(re.findall(r"stillwatch range run .*?(--[a-z-]+)", PAGE))
    assert named
    assert named <= there


def test_every_file_and_page_that_it_names_is_there() -> None:
    files = re.findall(r"`(src/[\w./]+)`", PAGE)
    pages = re.findall(r"\]\(([\w./-]+\.md)\)", PAGE)
    assert len(files) > 15
    assert [path for path in files if not (ROOT / path).is_file()] == []
    assert [path for path in pages if not (ROOT / "docs" / path).is_file()] == []


@pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])
def test_the_example_of_what_to_add_is_known_where_its_line_goes(row: list[str]) -> None:
    _, example, roster = row
    model = Path(re.findall(r"`(src/[\w./]+)`", example)[0])
    line = (ROOT / roster.strip("`")).read_text("utf-8")
    assert re.search(rf"\b{model.stem}\b", line), f"{roster} does not name {model.stem}"


def test_the_words_for_what_is_added_are_those_of_the_code() -> None:
    source = "\n".join(path.read_text("utf-8") for path in (ROOT / "src" / "stillwatch" / "range").rglob("*.py"))
    for word in ("Knobs", "CampaignProfile", "Move", "WindowPeer", "ActorPeer", "AccountPeer", "Product"):
        assert f"`{word}`" in ADDED
        assert re.search(rf"^class {word}\b", source, re.MULTILINE), word


def test_it_counts_the_products_right() -> None:
    assert "nine kinds of product" in PAGE
    assert len(PRODUCTS) == 9
