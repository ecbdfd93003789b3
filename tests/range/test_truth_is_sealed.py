"""No detector can reach the truth: no room that detects imports the range, and inside it only those who write or judge import the truth."""

from __future__ import annotations

import ast
from pathlib import Path

import stillwatch

ROOT = Path(stillwatch.__file__).parent

WRITES = {
    "rolls",
    "shards",
    "generate",
    "demo",
    "world",
    "logs.write",
    "labs.write",
    "studies.parts",
    "studies.featured",
}
"""Parts of the range that make worlds and seal their truth."""
JUDGES = {"measure", "metrics.cost", "metrics.known", "studies.unsealed", "labs.outcome", "labs.audit", "labs.shares"}
"""Parts of the range that hold findings against the truth after they were made."""
LOOKS = ("peers", "windows", "studies.look", "studies.roster")
"""Parts of the range in which detectors look at a world."""


def importers(*, of: str) -> dict[str, set[str]]:
    """Every module of the package by the modules under `of` that it imports by itself, wherever in the file."""
    out: dict[str, set[str]] = {}
    for path in sorted(ROOT.rglob("*.py")):
        name = ".".join(("stillwatch", *path.relative_to(ROOT).with_suffix("").parts)).removesuffix(".__init__")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            found: list[str] = []
            if isinstance(node, ast.Import):
                found = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
            out.setdefault(name, set()).update(one for one in found if one == of or one.startswith(f"{of}."))
    return {name: found for name, found in out.items() if found}


def test_no_room_that_detects_knows_the_range() -> None:
    rooms = {name.split(".")[1] for name in importers(of="stillwatch.range")}
    assert rooms <= {"cli", "range"}


def test_only_who_writes_or_judges_knows_the_truth() -> None:
    known = {name.removeprefix("stillwatch.range.") for name in importers(of="stillwatch.range.truth")}
    assert known, "the truth has moved: this test looks at nothing"
    assert not {name for name in known if name.startswith(LOOKS)}
    assert known <= WRITES | JUDGES | {"stillwatch.cli.demo"}


def test_where_detectors_look_nothing_that_opens_the_truth_is_at_hand() -> None:
    for opened in ("stillwatch.range.truth", "stillwatch.range.studies.unsealed", "stillwatch.range.measure"):
        assert not [name for name in importers(of=opened) if name.removeprefix("stillwatch.range.").startswith(LOOKS)]
