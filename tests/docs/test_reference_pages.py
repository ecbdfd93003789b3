"""The reference pages say what the code says, and name everything that there is."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from cyclopts import App

from stillwatch.actors.held_out_tests import TESTS
from stillwatch.actors.lookalikes import LOOKALIKES
from stillwatch.audit import TESTS as AUDIT_TESTS
from stillwatch.cli import app
from stillwatch.core import Settings, Technique
from stillwatch.engine import TABLES
from stillwatch.ingest import FORMATS
from stillwatch.signals import SIGNALS

ROOT = Path(__file__).parents[2]
PAGES = (
    "tables.md",
    "signals.md",
    "settings.md",
    "cli.md",
    "formats.md",
    "tests-of-actors.md",
    "range-parts.md",
    "audit-tests.md",
)


@pytest.fixture(scope="module")
def maker() -> ModuleType:
    spec = importlib.util.spec_from_file_location("docs_make", ROOT / "docs" / "make.py")
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


def page(name: str) -> str:
    return (ROOT / "docs" / name).read_text("utf-8")


def test_every_generated_page_is_known(maker: ModuleType) -> None:
    assert tuple(maker.PAGES) == PAGES


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_what_the_code_says(maker: ModuleType, name: str) -> None:
    assert page(name) == maker.PAGES[name](), "out of date; run: make docs"


def test_every_table_and_column_is_on_its_page() -> None:
    sections = page("tables.md").split("\n## ")[1:]
    told = {section.partition("\n")[0]: section for section in sections}
    assert set(told) == set(TABLES)
    for name, contract in TABLES.items():
        for column in contract.columns:
            assert f"| `{column.name}` |" in told[name], f"{name}.{column.name}"
            assert column.meaning in told[name]


def test_every_signal_is_on_its_page_with_its_doubts() -> None:
    sections = page("signals.md").split("\n### ")[1:]
    told = {section.partition("\n")[0]: section for section in sections}
    assert set(told) == set(SIGNALS)
    for name, one in SIGNALS.items():
        assert one.misled_by in told[name]
        quiet, loud = (
            float(value.replace(",", ""))
            for value in told[name].partition("quiet and loud: ")[2].splitlines()[0].split(" and ")
        )
        assert loud > quiet, name


def test_every_setting_is_on_its_page() -> None:
    told = page("settings.md")
    for path in Settings().values():
        room, _, name = path.rpartition(".")
        group = told.partition(f"## [{room}]")[2].partition("\n## ")[0]
        assert f"| `{name}` |" in group, path


def test_every_format_is_on_its_page_with_its_sample() -> None:
    sections = page("formats.md").split("\n## ")[1:]
    told = {section.partition("\n")[0]: section for section in sections}
    assert set(FORMATS) <= set(told)
    for name, one in FORMATS.items():
        assert one.title in told[name]
        assert (ROOT / "examples" / one.sample / "README.md").exists()
        assert f"(../examples/{one.sample}/)" in told[name]


def commands(of: App, path: str = "") -> Iterator[tuple[str, App]]:
    """Every command that does something, by its whole name: those of groups of commands too."""
    for name in of:
        if not name.startswith("-"):
            inner = [one for one in of[name] if not one.startswith("-")]
            yield from commands(of[name], f"{path}{name} ") if inner else [(f"{path}{name}", of[name])]


def test_every_command_is_on_its_page_with_its_options() -> None:
    told = page("cli.md")
    known = dict(commands(app))
    assert {
        "scan",
        "explain",
        "names",
        "demo",
        "range run",
        "range list",
        "range show",
        "audit plan",
        "audit run",
        "audit report",
    } <= known.keys()
    for name, command in known.items():
        section = re.split(r"\n##+ ", re.split(rf"\n##+ stillwatch {name}\n", told)[1])[0]
        for argument in command.assemble_argument_collection():
            if argument.children:  # a record: its fields are the options
                continue
            told_of = re.search(rf"^\* `{argument.name}\b[^`]*`:(.*)$", section, flags=re.MULTILINE)
            assert told_of is not None, f"{name} {argument.name}"
            assert re.sub(r"\*+\[.*?\]\*+", "", told_of[1]).strip(), f"{name} {argument.name} does not say what it is"


def test_every_test_of_a_suspect_is_on_its_page_with_its_null() -> None:
    told = page("audit-tests.md")
    for one in AUDIT_TESTS.values():
        section = told.partition(f"\n## {one.title}\n")[2].partition("\n## ")[0]
        assert one.null in section
        assert one.misled_by in section


def test_every_test_explanation_and_technique_of_actors_is_on_its_page() -> None:
    told = page("tests-of-actors.md")
    for name in (*TESTS, *LOOKALIKES):
        assert f"\n### {name}\n" in told, name
    for one in Technique:
        assert f"| `{one.value}` |" in told, one
