"""The forum demo, played on a seeded day: labs find what they could not see alone, and nothing left of anybody who is no suspect."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from rich.console import Console

from stillwatch.cli.forum_demo import played
from stillwatch.range.labs import LABS, SMALL

WHOLE = os.environ.get("STILLWATCH_WHOLE") == "1"


@pytest.mark.skipif(not WHOLE, reason="a minute of CPU or more: STILLWATCH_WHOLE=1 plays it")
@pytest.mark.parametrize("shares", [SMALL, LABS], ids=["two labs", "five labs"])
def test_labs_find_what_they_could_not_see_alone_and_nobody_else_is_told(tmp_path: Path, shares: tuple) -> None:  # type: ignore[type-arg]
    pytest.importorskip("voprf")
    told = played(
        tmp_path / "demo",
        seed=7,
        shares=shares,
        accounts=300,
        exchanges=3600,
        prompts=None,
        console=Console(quiet=True),
    )
    assert json.loads((tmp_path / "demo" / "report.json").read_text()) == told
    labs, audits = told["labs"], told["audit"]
    assert isinstance(labs, list)
    assert isinstance(audits, list)
    assert sum(one["after"] for one in labs) > sum(one["before"] for one in labs)
    assert all(one["after"] >= one["before"] for one in labs)
    assert all(one["pointed_honest_shown"] == 0 for one in labs), "a tag makes nobody guilty"
    assert all(one["clean"] for one in audits)
    assert sum(sum(one["control"].values()) for one in audits) > 0, "the same search finds what was shared"
    page = (tmp_path / "demo" / "report.html").read_text()
    assert "Nobody learned anything about a customer who was not a suspect." in page
