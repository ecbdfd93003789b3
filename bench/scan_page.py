"""docs/benchmarks/scan.md and its plot, drawn from the figures in scan.json."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bars import bars_of
from chart import Line, Panel, chart

GIB = 1 << 30


def files(found: dict[str, Any]) -> dict[str, str]:
    """The page and its plot, by file name."""
    raw = found["raw"]
    plots = {"scan-scale.svg": plot(raw["scale"])} if "scale" in raw else {}
    return {"scan.md": page(found), **plots}


def page(found: dict[str, Any]) -> str:
    """The page for people, from all that scan.json holds; a part that was never measured is left out."""
    raw = found["raw"]
    lines = ["# Scan: what was measured", "", *bars_of(found, "bench/scan.py")]
    if "scale" in raw:
        lines += _sizes(raw["scale"])
    if "profile" in raw:
        lines += _steps(raw["profile"])
    if "demo" in raw:
        lines += _seeds(raw["demo"])
    if "again" in raw:
        lines += _kills(raw["again"])
    if "fresh" in raw:
        lines += _fresh(raw["fresh"])
    return "\n".join(lines) + "\n"


def _sizes(raw: dict[str, Any]) -> Iterator[str]:
    yield from ("", "## Whole scans by size", "", "![time against size](scan-scale.svg)", "")
    yield "| exchanges | accounts | seconds | peak memory | on disk | where the time goes |"
    yield "|---|---|---|---|---|---|"
    for size, r in raw.items():
        where = ", ".join(f"{stage} {seconds:.0f} s" for stage, seconds in r["stages"].items())
        taken = f"{r['seconds']:,} | {r['peak_mib']:,} MiB | {r['bytes_on_disk'] / GIB:.1f} GiB"
        yield f"| {int(size):,} | {r['accounts']:,} | {taken} | {where} |"
    yield from (
        "",
        "Memory is that of all processes together (proportional set size: a page that processes share counts once).",
    )


def _steps(raw: dict[str, Any]) -> Iterator[str]:
    yield from ("", "## Inside reading", "")
    yield "Microseconds of one core an exchange, one process, prompts of about 1 KB; two processes do this side by side:"
    yield ""
    for step, spent in raw["microseconds_of_a_core_an_exchange"].items():
        yield f"- {step}: {spent}"


def _fresh(raw: dict[str, Any]) -> Iterator[str]:
    yield from ("", "## From a clean clone", "", f"In {raw['system']}:", "")
    for name, run in raw.items():
        if isinstance(run, dict):
            yield f"- make {name}: {run['seconds']:.0f} s, {'worked' if run['exit'] == 0 else '**failed**'}"


def _seeds(raw: dict[str, Any]) -> Iterator[str]:
    yield from ("", "## The demo, seed by seed", "")
    yield "| seed | actor | found | member precision | member recall | pieces |"
    yield "|---|---|---|---|---|---|"
    for seed, r in raw.items():
        for name, a in r["actors"].items():
            found = "yes" if a["found"] else "**no**"
            yield f"| {seed} | {name} | {found} | {a['precision']} | {a['recall']} | {a['pieces']} |"
        if r["lookalikes_in_findings"]:
            yield f"| {seed} | innocent accounts in findings | {r['lookalikes_in_findings']} | | | |"


def _kills(raw: dict[str, Any]) -> Iterator[str]:
    yield from ("", "## Killed and started again", "")
    for k in raw["kills"]:
        yield f"- killed after {k['killed_after_s']} s: {'identical tables' if k['identical'] else '**different tables**'}"


def plot(raw: dict[str, Any]) -> str:
    """Time against size, both axes linear, with the line through the origin that linear growth would follow."""
    points = [(int(size), float(r["seconds"])) for size, r in raw.items()]
    (first, seconds), last = points[0], points[-1][0]
    panel = Panel(
        title="A whole scan",
        x="exchanges scanned (dashed: linear from the first point)",
        y="seconds",
        lines=[
            Line(points=points, dots=True, notes=[f"{seconds:,.0f} s" for _, seconds in points]),
            Line(points=[(0, 0), (last, seconds / first * last)], dashed=True),
        ],
    )
    return chart([panel], width=560, height=340)
