"""The names that other programs may build on: about a dozen, typed, opened only when they are asked for; and a notebook that uses them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import stillwatch

NOTEBOOK = Path(__file__).parents[1] / "docs" / "notebooks" / "a-day.ipynb"


def test_about_a_dozen_names_are_public_and_each_is_there() -> None:
    assert 10 <= len(stillwatch.__all__) <= 15
    assert sorted(stillwatch.__all__) == stillwatch.__all__
    for name in stillwatch.__all__:
        found = getattr(stillwatch, name)
        assert found.__doc__, name
        assert name in dir(stillwatch)
    with pytest.raises(AttributeError, match="no attribute 'scam'"):
        _ = getattr(stillwatch, "scam")  # noqa: B009 - as a program would that mistyped


def test_opening_the_package_opens_no_room() -> None:
    asked = "import sys, stillwatch; print(sorted(m for m in sys.modules if m.startswith('stillwatch.')))"
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_program_by_the_public_names_is_typed(tmp_path: Path) -> None:
    """This is the program: mypy reads it with the tests."""
    workspace: stillwatch.Workspace = stillwatch.Workspace(tmp_path / "w")
    inputs = stillwatch.Inputs(logs=[tmp_path / "none"])
    settings: stillwatch.Settings = stillwatch.read_settings(tmp_path / "stillwatch.toml")
    with pytest.raises(stillwatch.Error, match="no such file or folder"):
        stillwatch.scan(workspace, inputs, settings)
    watcher = stillwatch.Watcher(workspace, inputs, settings, stillwatch.Schedule(every=1.0))
    assert watcher.round().fresh == 0
    name: str = stillwatch.source_of("kafka://host:9092/calls").name
    assert name == "kafka://host:9092/calls"


@pytest.mark.slow
def test_the_notebook_runs_from_its_first_cell_to_its_last_and_shows_its_pictures() -> None:
    told: dict[str, Any] = json.loads(NOTEBOOK.read_text("utf-8"))
    names: dict[str, Any] = {}
    shown: list[Any] = []
    for cell in told["cells"]:
        if cell["cell_type"] != "code":
            continue
        assert cell["outputs"] == [], "outputs are made, not kept"
        lines = "".join(cell["source"]).split("\n")
        exec("\n".join(lines[:-1]), names)  # noqa: S102 - our own notebook
        try:
            shown.append(eval(lines[-1], names))  # noqa: S307 - our own notebook
        except SyntaxError:
            exec(lines[-1], names)  # noqa: S102
    drawn = [one._repr_html_() for one in shown if hasattr(one, "_repr_html_")]
    assert len(drawn) == 2
    assert all("<svg" in one and "<style>" in one for one in drawn)
    handles = [row[0] for one in shown if isinstance(one, list) for row in one if str(row[0]).startswith("X-")]
    assert handles == [actor.handle for actor in names["view"].for_review]
    assert shown[-1] > 10_000
