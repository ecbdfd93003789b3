"""Two scanned workspaces, made once: one with plain words in it and one whose every field is hostile."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from stillwatch.console import House

from .browser import house_in
from .hostile import HOSTILE, LEAKED
from .world import made


@pytest.fixture(scope="session")
def _plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("console") / "w"
    house_in(made(root))
    return root


@pytest.fixture(scope="session")
def _hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("hostile") / "w"
    house_in(made(root, text=f"{HOSTILE} {LEAKED}"))
    return root


@pytest.fixture
def house(_plain: Path, tmp_path: Path) -> House:
    """A fresh copy of the plain one."""
    return house_in(shutil.copytree(_plain, tmp_path / "w"))


@pytest.fixture
def hostile_house(_hostile: Path, tmp_path: Path) -> House:
    """A fresh copy of the hostile one."""
    return house_in(shutil.copytree(_hostile, tmp_path / "w"))
