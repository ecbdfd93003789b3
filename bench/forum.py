"""All figures of the forum on one page: docs/benchmarks/forum.md and forum.json, from those that its benchmarks wrote.

    python bench/forum.py

Nothing is measured here. Run bench/forum_taxii.py, forum_tags.py, forum_rules.py, forum_fuzz.py and forum_demo.py first.
"""

from __future__ import annotations

import json
from typing import Any

from bars import bars_of
from figures import ROOT, surroundings

PAGES = {
    "forum-taxii": "The hub: beside others, a million objects, other people's tests and clients, kills",
    "forum-fuzz": "The hub under hostile requests",
    "forum-tags": "Tags: what one costs, boards, custodians under hostile requests and kills, overlap",
    "forum_rules": "What the sharing rules read, and everything that we emit under stix2-validator",
    "forum_demo": "What each lab gained in the demo",
}


def gathered() -> tuple[dict[str, Any], list[str]]:
    """Every bar of every page that has bars, and the page."""
    whole: dict[str, Any] = {"bars": {}, **surroundings()}
    lines = ["# The forum: every figure", "", "Written by `bench/forum.py` from the pages below, never by hand. What was tried on privacy, and what is left to attackers: [tags](../tags.md)."]  # fmt: skip
    for name, title in PAGES.items():
        path = ROOT / "docs" / "benchmarks" / f"{name}.json"
        found = json.loads(path.read_text("utf-8")) if path.exists() else {}
        bars = found.get("bars", [])
        whole["bars"][name] = bars
        lines += ["", f"## {title}", "", f"[The page]({name}.md)." if path.exists() else "Not measured yet."]
        if bars:
            lines += [line for line in list(bars_of(found, f"bench/{name.replace('-', '_')}.py"))[1:] if line]
            lines.insert(-len(bars) - 2, "")
    return whole, lines


def main() -> None:
    whole, lines = gathered()
    out = ROOT / "docs" / "benchmarks"
    (out / "forum.json").write_text(json.dumps(whole, indent=1) + "\n", "utf-8")
    (out / "forum.md").write_text("\n".join(lines) + "\n", "utf-8")


if __name__ == "__main__":
    main()
