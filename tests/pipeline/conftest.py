"""One small day and its undisturbed scan, made once for the room."""

from __future__ import annotations

from pathlib import Path

import pytest

from stillwatch.engine import Workspace
from stillwatch.pipeline import Scanned

from .logs import Day, run, workspace, write_day


@pytest.fixture(scope="session")
def day(tmp_path_factory: pytest.TempPathFactory) -> Day:
    """A small day in three formats."""
    return write_day(tmp_path_factory.mktemp("day"))


@pytest.fixture(scope="session")
def scanned(day: Day, tmp_path_factory: pytest.TempPathFactory) -> tuple[Workspace, Scanned]:
    """Its scan, undisturbed; no test may write to its workspace."""
    space = workspace(tmp_path_factory.mktemp("scanned") / "w")
    return space, run(space, day.inputs())


@pytest.fixture
def space(tmp_path: Path) -> Workspace:
    """A fresh workspace with the key of all tests."""
    return workspace(tmp_path / "w")
