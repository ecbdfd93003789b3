"""All figures of the forum on one page: docs/benchmarks/forum.md and forum.json, from those that its benchmarks wrote.

    python bench/forum.py

Nothing is measured here. Run bench/forum_taxii.py, forum_tags.py, forum_rules.py, forum_fuzz.py, forum_held.py and forum_demo.py first; what of them
was not run is named on the page.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bars import bars_of
from figures import ROOT, surroundings


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """A page of figures: its name, what it is about, which parts it is made of, and the script that writes it."""

    name: str
    title: str
    script: str
    parts: tuple[str, ...]


PAGES = (
    Page(
        name="forum-taxii",
        title="The hub: beside others, a million objects, other people's tests and clients, kills",
        script="forum_taxii.py",
        parts=("beside", "million", "suite", "checkpoint", "kills"),
    ),
    Page(
        name="forum-fuzz",
        title="The hub under hostile requests",
        script="forum_fuzz.py",
        parts=("hostile", "schemathesis"),
    ),
    Page(
        name="forum-tags",
        title="Tags: what one costs, boards, custodians under hostile requests and kills, overlap",
        script="forum_tags.py",
        parts=("cost", "matching", "kills", "hostile", "overlap"),
    ),
    Page(
        name="forum_rules",
        title="What the sharing rules read, and everything that we emit under stix2-validator",
        script="forum_rules.py",
        parts=("emitted", "hidden"),
    ),
    Page(
        name="forum-held",
        title="Published vectors, replays of other clients, and attacks on privacy",
        script="forum_held.py",
        parts=("held",),
    ),
    Page(
        name="forum_demo",
        title="What each lab gained in the demo",
        script="forum_demo.py",
        parts=("seed 7", "seed 8", "seed 9"),
    ),
)


def gathered(folder: Path) -> tuple[dict[str, Any], list[str]]:
    """Every bar of every page as one list, each with its page, and the page of all."""
    whole: dict[str, Any] = {"bars": [], "raw": {"not measured": {}}, **surroundings()}
    lines = ["# The forum: every figure", "", "Written by `bench/forum.py` from the pages below, never by hand. What was tried on privacy, and what is left to attackers: [tags](../tags.md)."]  # fmt: skip
    for page in PAGES:
        path = folder / f"{page.name}.json"
        found = json.loads(path.read_text("utf-8")) if path.exists() else {}
        bars = found.get("bars", [])
        missing = [part for part in page.parts if part not in {one.get("part") for one in bars}]
        whole["bars"] += [{**one, "page": page.name} for one in bars]
        lines += ["", f"## {page.title}", "", f"[The page]({page.name}.md)." if path.exists() else "No page yet."]
        if missing:
            whole["raw"]["not measured"][page.name] = missing
            lines += ["", f"Not measured: {', '.join(missing)} (`python bench/{page.script}`)."]
        if bars:
            table = [line for line in bars_of(found, f"bench/{page.script}") if line.startswith("|")]
            lines += ["", *table]
    return whole, lines


def main() -> None:
    out = ROOT / "docs" / "benchmarks"
    whole, lines = gathered(out)
    (out / "forum.json").write_text(json.dumps(whole, indent=1) + "\n", "utf-8")
    (out / "forum.md").write_text("\n".join(lines) + "\n", "utf-8")


if __name__ == "__main__":
    main()
