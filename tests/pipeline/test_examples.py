"""Every log format's own example scans from end to end, with nothing known beside the logs."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest

from stillwatch.core import settings_from
from stillwatch.engine import Workspace
from stillwatch.pipeline import Inputs, scan

EXAMPLES = Path(__file__).parents[2] / "examples"
FORMATS: dict[str, dict[str, int]] = json.loads((EXAMPLES / "index.json").read_bytes())
ALONE = settings_from({"run": {"workers": 1, "memory_mb": 400}})
NOW = dt.datetime(2028, 1, 1, tzinfo=dt.UTC)


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_an_example_scans_without_account_facts(name: str, space: Workspace) -> None:
    logs = [EXAMPLES / name / file for file in FORMATS[name]]
    mapping = next((EXAMPLES / name).glob("*.toml"), None)
    done = scan(space, Inputs(logs=logs, mapping=mapping), ALONE, now=NOW)
    assert done.view.run.exchanges == done.read.exchanges > 0
    assert done.report.exists()
