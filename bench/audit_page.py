"""docs/benchmarks/audit.md, drawn from the figures in audit.json."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bars import bars_of

WHOLE = 20_000
"""Audits of a test that its figures rest on where nothing is short."""


def files(found: dict[str, Any]) -> dict[str, str]:
    """The page, by file name."""
    return {"audit.md": page(found)}


def page(found: dict[str, Any]) -> str:
    """The page for people."""
    lines = ["# Audit: what was measured", "", *bars_of(found, "bench/audit.py"), *_errors(found["raw"])]
    return "\n".join(lines) + "\n"


def _errors(raw: dict[str, Any]) -> Iterator[str]:
    yield from ("", "## Tier 0: how often a test errs", "")
    yield (
        "Count models of word pairs. For tests of exposure the suspect is a student of the same teacher, trained on its responses to somebody "
        "else; for resemblance our model is one of twenty by one author; weights are drawn anew by one recipe; which of four strings is "
        "ours, and the order of training, are drawn by lot; for clearing a fifth of the answers is marked. Rates with their "
        "95 % Clopper-Pearson interval, over audits; a bar fails where the whole interval lies above it, and is left open "
        "where the audits are too few to say that it holds. These models prove validity and "
        "nothing about power: what a large model remembers of one response, they cannot show."
    )
    few = [name.removeprefix("tier0 ") for name, told in raw.items() if told["nulls"] < WHOLE]
    if few:
        yield ""
        yield (
            f"Not yet the whole measurement of {WHOLE:,} audits, for want of processor time: {', '.join(few)}. A thousand audits can find a "
            "test that errs grossly; they say little at 0.01 and nothing at 0.001."
        )
    yield from (
        "",
        "| test | audits | undecided | kind | level | rate | interval | CPU s |",
        "|---|---|---|---|---|---|---|---|",
    )
    for part, told in raw.items():
        for row in told["rows"]:
            interval = f"{row['low']:.5f} to {row['high']:.5f}"
            counted = f"{told['nulls']:,} | {told['undecided']} | {row['kind']} | {row['level']}"
            yield f"| {part.removeprefix('tier0 ')} | {counted} | {row['rate']:.5f} | {interval} | {told['cpu_seconds']} |"
