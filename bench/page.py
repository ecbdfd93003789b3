"""docs/benchmarks/scan.md and its plot, drawn from the figures in scan.json."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

GIB = 1 << 30


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


def bars_of(found: dict[str, Any], script: str) -> Iterator[str]:
    """The figures beside their bars, and the machine they were measured on."""
    machine = found["machine"]
    yield (
        f"Written by `{script}`, never by hand. Machine: "
        f"{machine['cores']} cores, {machine['memory_gib']} GiB, Python {machine['python']}; "
        + ", ".join(f"{k} {v}" for k, v in found["versions"].items())
        + "."
    )
    yield from ("", "| figure | value | bar | holds | commit | command |", "|---|---|---|---|---|---|")
    marks = {True: "yes", False: "**no**", None: "-"}
    for b in found["bars"]:
        holds = marks[b["holds"]]
        yield f"| {b['name']} | {b['value']:,} {b['unit']} | {b['bar']} | {holds} | {b['commit']} | `{b['command']}` |"


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
    width, height, left, low = 560, 340, 70, 290
    right, top = max(x for x, _ in points), max(y for _, y in points) * 1.1

    def at(x: float, y: float) -> tuple[float, float]:
        return left + x / right * (width - left - 20), low - y / top * (low - 20)

    first = points[0]
    end = at(right, min(first[1] / first[0] * right, top))
    origin = at(0, 0)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="12">',
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
        f'<line x1="{left}" y1="{low}" x2="{width - 20}" y2="{low}" stroke="#333"/><line x1="{left}" y1="20" x2="{left}" y2="{low}" stroke="#333"/>',
        f'<line x1="{origin[0]:.0f}" y1="{origin[1]:.0f}" x2="{end[0]:.0f}" y2="{end[1]:.0f}" stroke="#999" stroke-dasharray="4 4"/>',
    ]
    path = " ".join(f"{x:.0f},{y:.0f}" for x, y in (at(*p) for p in points))
    parts.append(f'<polyline points="{path}" fill="none" stroke="#0b6e99" stroke-width="2"/>')
    for size, seconds in points:
        x, y = at(size, seconds)
        parts.append(f'<circle cx="{x:.0f}" cy="{y:.0f}" r="4" fill="#0b6e99"/>')
        parts.append(f'<text x="{x - 6:.0f}" y="{y - 10:.0f}" text-anchor="end">{seconds:,.0f} s</text>')
        parts.append(f'<text x="{x:.0f}" y="{low + 18}" text-anchor="middle">{size / 1e6:g} M</text>')
    parts.append(
        f'<text x="{(left + width) / 2:.0f}" y="{height - 10}" text-anchor="middle">exchanges scanned (dashed: linear from the first point)</text>'
    )
    parts.append(
        f'<text x="16" y="{low / 2:.0f}" transform="rotate(-90 16 {low / 2:.0f})" text-anchor="middle">seconds, whole scan</text></svg>'
    )
    return "\n".join(parts) + "\n"
