"""One small world and one full-size world, built once for all tests of the room."""

from __future__ import annotations

import pytest

from stillwatch.range.demo import DemoPaths, demo_recipe, write_demo
from stillwatch.range.world import World, build_world


@pytest.fixture(scope="session")
def world() -> World:
    """The demo's world of seed 11 at its full size, not written."""
    return build_world(demo_recipe(seed=11, accounts=5000, exchanges=120_000))


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> DemoPaths:
    """A small demo on disk."""
    return write_demo(tmp_path_factory.mktemp("demo"), seed=3, accounts=600, exchanges=9000)
