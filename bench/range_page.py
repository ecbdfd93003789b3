"""docs/benchmarks/range.md and its plots, drawn from the figures in range.json; a part that was never measured is left out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bars import bars_of
from chart import Line, Panel, chart
from range_realism_page import address_plot, realism, repeat_plot, trace_plot
from range_studies import STUDIES, commit_of, headlines, told_of
from range_windows_page import window_plot, windows


def files(found: dict[str, Any]) -> dict[str, str]:
    """The page and its plots, by file name."""
    raw, plots = found["raw"], {}
    if "limit" in raw:
        plots["range-limit.svg"] = limit_plot(raw)
    if "windows" in raw:
        plots["range-windows.svg"] = window_plot(raw["windows"])
    if "realism" in raw:
        plots["range-traces.svg"] = trace_plot(raw["realism"]["traces"])
        plots["range-repeats.svg"] = repeat_plot(raw["realism"]["repeats"])
        plots["range-addresses.svg"] = address_plot(raw["realism"]["addresses"])
    return {"range.md": page(found), **plots}


def page(found: dict[str, Any]) -> str:
    """The page for people."""
    raw = found["raw"]
    before = list(limit(raw)) if "limit" in raw else []
    lines = ["# The range: what was measured", ""]
    lines += bars_of(
        {**found, "bars": glance(found)}, "bench/range.py", before=[*before, *_reading(), "", "## At a glance"]
    )
    lines += missing(raw)
    if "windows" in raw:
        lines += windows(raw["windows"])
    if "realism" in raw:
        lines += realism(raw["realism"])
    if "generate" in raw:
        lines += generate(raw["generate"])
    lines += costs(found)
    for name in STUDIES:
        if f"study {name}" in raw:
            lines += told_of(raw[f"study {name}"], commit=commit_of(found, f"study {name}"))
    return "\n".join([*lines, *_unsaid()]) + "\n"


def glance(found: dict[str, Any]) -> list[dict[str, Any]]:
    """The bars that stand before all others: those of parts that are no study, and each study's few first figures."""
    raw = found["raw"]
    first = {name for study in STUDIES if f"study {study}" in raw for name in headlines(raw[f"study {study}"])}
    return [bar for bar in found["bars"] if not bar["part"].startswith("study ") or bar["name"] in first]


def missing(raw: dict[str, Any]) -> Iterator[str]:
    """What nobody has run yet, so that a gap is not taken for a result."""
    wanted = {
        "limit": "limit --data DIR",
        "windows": "windows --data DIR",
        "realism": "realism --data DIR",
        "generate": "generate",
        **{f"study {name}": "rounds" for name in STUDIES},
    }
    gaps = [f"{part} (`python bench/range.py {command}`)" for part, command in wanted.items() if part not in raw]
    yield ""
    yield "These are a few of the figures; all of them, with their intervals, are in [range.json](range.json) and below."
    if gaps:
        yield from ("", f"**Not measured yet:** {', '.join(gaps)}.")


def costs(found: dict[str, Any]) -> Iterator[str]:
    """What a study costs, from those that were run."""
    raw = found["raw"]
    told = [(name, raw[f"study {name}"]) for name in STUDIES if f"study {name}" in raw]
    if not told:
        return
    yield from ("", "## What a study costs", "")
    yield (
        "One innocent background a seed is featurised once and kept; campaigns are featurised by themselves and spliced in, for features of an exchange depend on that exchange alone. "
        "Campaigns of more than 10 million exchanges keep their accounts and rates, and their window is shortened. Processor time is of one core, with everything in it: building, featurising, every method and the truth."
    )
    yield from (
        "",
        "| study | commit | seeds | accounts, exchanges and days of a background | exchanges looked at | processor time | exchanges looked at a second of a core |",
        "|---|---|---:|---|---:|---:|---:|",
    )
    for name, one in told:
        at, settings = one["provenance"], one["provenance"]["settings"]
        rate = one["exchanges"] / at["cpu_seconds"] if at["cpu_seconds"] else 0.0
        size = f"{settings['accounts']:,}, {settings['exchanges']:,}, {settings['days']}"
        yield f"| {name} | {commit_of(found, f'study {name}')} | {settings['worlds']} | {size} | {one['exchanges']:,} | {at['cpu_seconds']:,.0f} s | {rate:,.0f} |"
    if "study null" in raw:
        yield from ("", _night(raw["study null"]))


def _night(one: dict[str, Any]) -> str:
    """What the null preset's own size would take, from the one that was run."""
    at = one["provenance"]
    each = at["cpu_seconds"] / one["exchanges"]
    hours = 100 * 2_500_000 * each / 3600
    return (
        f"At {1e6 * each:.0f} microseconds of a core an exchange, the 100 worlds of 100,000 accounts and 2.5 million exchanges that the preset `null` builds by itself would take about {hours:.0f} hours of one core; "
        "they were not run for this page, and a large world may cost more or less an exchange than these small ones."
    )


def _reading() -> Iterator[str]:
    yield from ("", "## How to read this page", "")
    yield (
        "Every world is made, and its truth is sealed: detectors see features, account facts and launches, and what they say is held against the truth afterwards. Each study says the size that it was run at and the command that runs it again; "
        "without `--accounts`, `--exchanges`, `--days` and `--worlds` that command runs it at its whole size. Intervals are 95 % and over seeds: worlds of one seed share their innocent customers and count as one. "
        "*Stillwatch* is the detector of the people who made the range. Thresholds and constants were chosen on other prompt sources and other seeds (fold *develop*); what stands here is of the fold *test*. "
        "A figure without a bar has none that anybody set."
    )


def limit(raw: dict[str, Any]) -> Iterator[str]:
    """The limit first: what nobody can see."""
    told, settings = raw["limit"]["pooled"], raw["limit"]["settings"]
    names = ", ".join(f"{one['benign']} ({one['queries']:,})" for one in raw["limit"]["sets"])
    yield from (
        "",
        "## Where every method ends",
        "",
        "![power of every method against the share of attacking queries](range-limit.svg)",
        "",
    )
    yield (
        "**An attacker who asks only what customers ask is found exactly as often as customers are accused, by every method, ours included.** On the left, attacking queries "
        "are drawn from the honest ones: whatever share of a window they are, its power stays at the method's false-positive rate. No function of the queries alone can do better there, "
        "and what claims to uses something else or leaks the truth. On the right, the same methods, window and shares when attackers ask what they are after. Between the two lies "
        "what this benchmark measures; where a real campaign lies between them, nobody outside the labs knows."
    )
    yield from (
        "",
        "| method | tail | nominal | false positives | power at 5 % | at 25 % | at 100 % | power less false positives, 95 % |",
        "|---|---|---|---|---|---|---|---|",
    )
    for one in told:
        at = " | ".join(f"{one['power'][share]:.1%}" for share in ("0.05", "0.25", "1"))
        yield f"| {one['peer']} | {one['tail']} | {one['nominal']:.0%} | {one['fpr']:.1%} | {at} | {100 * one['excess']:+.1f} ({100 * one['low']:+.1f} to {100 * one['high']:+.1f}) points |"
    yield from (
        "",
        (
            f"Sets of honest queries: {names}; each split at random {settings['splits']} times into pool, held-out queries and the attacker's; windows of {settings['window']}, {settings['windows']} of each share a split, "
            f"thresholds from {settings['null_draws']} null windows. Intervals draw splits again; one in twenty need not hold 0. "
            + _again(raw["limit"])
            + "`python bench/range.py limit --data DIR`."
        ),
    )


def _again(raw: dict[str, Any]) -> str:
    """What became of the intervals that miss 0 even when all are read together."""
    told = [
        f"{one['peer']} ({one['tail']}): {100 * one['excess']:+.1f} ({100 * one['low']:+.1f} to {100 * one['high']:+.1f}) points"
        for one in raw["again"]
    ]
    if not told:
        return "Read together, all hold it. "
    return f"Those that miss it even when all are read together were run again on {raw['settings']['again']} other splits: {', '.join(told)}. "


def _power_panel(title: str, lines: list[Line]) -> Panel:
    return Panel(
        title=title,
        x="share of the window that attacks",
        y="windows flagged",
        x_log=True,
        x_ticks=_SHARES,
        top=1.0,
        lines=lines,
        level=0.05,
    )


def limit_plot(raw: dict[str, Any]) -> str:
    """Left the in-distribution attacker, right real ones at the same window; main tails only."""
    told, size = raw["limit"]["pooled"], raw["limit"]["settings"]["window"]
    shown = [one for one in told if one["tail"] == "upper"]
    lines = [
        Line(name=one["peer"], points=[(float(x), y) for x, y in one["power"].items()], dots=True) for one in shown
    ]
    panels = [_power_panel("attackers ask what customers ask", lines)]
    real = [
        one
        for one in raw.get("windows", {}).get("summaries", [])
        if one["size"] == size and one["over"] == "all" and one["tail"] == "upper"
    ]
    if real:
        lines = [
            Line(
                name=one["peer"],
                points=[(float(x), y) for x, y in one["tpr"].items() if float(x) >= 0.05],
                dots=True,
            )
            for one in real
        ]
        panels.append(_power_panel("attackers ask what they are after (ten pairs)", lines))
    return chart(panels, columns=2, width=420, height=320)


_SHARES = ((0.05, "5 %"), (0.1, "10 %"), (0.25, "25 %"), (0.5, "50 %"), (1.0, "100 %"))


def generate(raw: dict[str, Any]) -> Iterator[str]:
    """How fast worlds are written."""
    yield from ("", "## How fast worlds are written", "")
    yield (
        f"{raw['exchanges']:,} exchanges of {raw['accounts']:,} accounts over {raw['days']} days: {raw['seconds']:,} s with {raw['workers']} processes, {raw['cpu_us_per_exchange']} microseconds of a core an exchange, "
        f"{raw['bytes_per_exchange']} bytes an exchange on disk, at most {raw['peak_mib_of_a_process']} MiB a process. Content {raw['hash']}. `python bench/range.py generate`."
    )
    yield (
        "The speed is with the prompt pack opened once in each process, without the history of conversations (`--history` writes every earlier turn out again) and without campaigns. A small world of the same seed, written by one, two and three processes, "
        f"has the content {' and '.join(raw.get('small', ['(not tried)']))}: sampling tables are whole numbers, and a test pins them on every machine."
    )


def _unsaid() -> Iterator[str]:
    yield from ("", "## What this cannot say", "")
    yield (
        "Nobody has published telemetry of a real campaign: the attackers of the range are made after public reports, by us, who also made what looks for them. Pairs are rebuilt and approximate the paper's. "
        "Few corpora make every interval too short. Studies were run at the sizes that stand with each; few worlds make wide intervals. [The range](../range.md) says how to run and read it."
    )
