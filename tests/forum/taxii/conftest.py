"""A hub to ask."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.forum.taxii.hub import Asking, asking, settings


@pytest.fixture
def ask(tmp_path: Path) -> Iterator[Asking]:
    with asking(settings(tmp_path)) as one:
        yield one
