"""docs/benchmarks/gateway_adapters.md, drawn from the figures in gateway_adapters.json."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bars import bars_of


def files(found: dict[str, Any]) -> dict[str, str]:
    """The page, by file name."""
    return {"gateway_adapters.md": page(found)}


def page(found: dict[str, Any]) -> str:
    """The page for people."""
    lines = ["# Within other gateways: what was measured", "", *bars_of(found, "bench/gateway_adapters.py")]
    raw = found["raw"]
    for name, section in (("cost", _cost), ("calls", _calls), ("webhook", _webhook), ("real", _real)):
        if name in raw:
            lines += section(raw[name])
    return "\n".join(lines) + "\n"


def _cost(told: dict[str, Any]) -> Iterator[str]:
    yield from ("", "## The plug-in within LiteLLM", "")
    yield (
        f"Medians of {told['rounds']} interleaved rounds of {told['count']:,} calls of 1 KB, and a sixth as many streams of 50 events, by 200 keys; default "
        "policy, 100,000 accounts in standing, capture on and its writer counted. Extra is the median of the differences within a round."
    )
    yield from ("", "| | plug-in | CPU ms | extra % | extra % each round |", "|---|---|---|---|---|")
    for row in told["rows"]:
        each = ", ".join(f"{one:+}" for one in row["extra_each"]) if row["plug_in"] != "none" else ""
        yield f"| {row['shape']} | {row['plug_in']} | {row['cpu_ms']} | {row['extra_percent']} | {each} |"


def _calls(told: dict[str, Any]) -> Iterator[str]:
    yield from ("", "## The same in function calls", "")
    yield (
        f"Calls of Python and C functions in all threads of LiteLLM's process, a request, over {told['count']} requests one after another: the model API, the "
        "capture writer's process and what a call costs are not in it, and no other load moves it. Tracked objects are what each full garbage collection passes over."
    )
    yield from ("", "| | plug-in | calls a request | extra % | tracked objects |", "|---|---|---|---|---|")
    for row in told["rows"]:
        yield f"| {row['shape']} | {row['plug_in']} | {row['calls']:,} | {row['extra_percent']} | {row['tracked_objects']:,} |"


def _webhook(told: dict[str, Any]) -> Iterator[str]:
    yield from ("", "## The webhook", "")
    yield f"Medians of {told['rounds']} rounds of {told['count']:,} calls a dialect; default policy, 100,000 accounts in standing."
    yield from ("", "| dialect | CPU us a call |", "|---|---|")
    for row in told["rows"]:
        yield f"| {row['dialect']} | {row['cpu_us']} |"


def _real(told: dict[str, Any]) -> Iterator[str]:
    yield from ("", "## In the real gateways", "", "| gateway | test | outcome |", "|---|---|---|")
    for row in told["rows"]:
        yield f"| {row['gateway']} | {row['test']} | {row['outcome']} |"
