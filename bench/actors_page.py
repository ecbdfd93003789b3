"""The page docs/benchmarks/actors.md from its figures."""

from __future__ import annotations

from typing import Any

from bars import bars_of
from range_studies import told_of

_LEAD = (
    "Bars speak of a million customers; the population that a figure was measured among stands in its name. The range says how worlds are made "
    "([the range](../range.md)); campaigns ask from sources of prompts that nothing was developed on."
)


def files(found: dict[str, Any]) -> dict[str, str]:
    """The page by its name."""
    return {"actors.md": "\n".join(_lines(found)) + "\n"}


def _lines(found: dict[str, Any]) -> list[str]:
    lines = ["# Actors", ""]
    lines += bars_of(found, "bench/actors.py", before=("", _LEAD))
    if "graph" in found["raw"]:
        lines += ["", "## The graph pass", "", _graph(found["raw"]["graph"])]
    if "heads" in found["raw"]:
        lines += told_of(found["raw"]["heads"])
    return lines


def _graph(told: dict[str, Any]) -> str:
    return (
        f"Links of {told['accounts']:,} accounts to popular and rare things, passed through once: pairs of things whose accounts overlap above chance, "
        f"components, the dense part of each. {told['links']:,} links in {told['seconds']:.0f} s; the process held {told['before_mib']:,.0f} MiB before "
        f"and {told['peak_mib']:,.0f} MiB at most; {told['candidates']} candidates came out."
    )
