"""A small day and its scan, made once a module, and a terminal that tests can read."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from stillwatch.core import settings_from
from stillwatch.engine import Workspace
from stillwatch.pipeline import Inputs, scan

from .calling import Done
from .day import SMALL, day, key


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Done:
    folder = tmp_path_factory.mktemp("cli")
    log = day(folder / "logs" / "day.jsonl")
    space = Workspace(key(folder / "w"))
    return space, scan(space, Inputs(logs=[log]), settings_from(tomllib.loads(SMALL))), log


@pytest.fixture(autouse=True)
def _plain(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A terminal of a fixed width without colours, in a folder of its own."""
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.chdir(tmp_path)
