"""docs/benchmarks/gateway.md, drawn from the figures in gateway.json."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bars import bars_of

NAMES = {
    "bare": "bare uvicorn + aiohttp relay",
    "observe": "gateway, no rules, no capture",
    "full": "gateway, default policy, 100,000 accounts in standing, capture on",
    "hide": "gateway, hiding reasoning for everybody",
    "litellm": "LiteLLM proxy, no database, no callbacks",
}
SHARED = (
    "",
    (
        "Proxies ran on the first core, load and the model API on the second, all at the lowest priority. Other work on the machine, and cores "
        "that are threads of one, inflate CPU time, and wall-clock time more so: the comparisons within a run are what counts."
    ),
)


ELSEWHERE = (
    "",
    "## What was measured elsewhere",
    "",
    "| what | page | command |",
    "|---|---|---|",
    "| the decision step with a million accounts in standing, and its memory | [policy](policy.md) | `python bench/policy.py --write` |",
    "| an hour with faults injected, every answer hashed | [gateway-soak](gateway-soak.md) | `python bench/gateway_soak.py run` |",
    "| campaigns against the policy, harm to customers, students within budgets, checks of identity | [gateway-loop](gateway-loop.md) | `python bench/gateway_loop.py day` and its other parts |",
    "| the plug-in within LiteLLM, and the other hosts | [gateway_adapters](gateway_adapters.md) | `python bench/gateway_adapters.py cost --litellm COMMAND` |",
    "| marks where tokens are chosen | [decoder](decoder.md) | `python bench/decoder.py` |",
)
"""Other pages on which figures of the gateway stand."""


def files(found: dict[str, Any]) -> dict[str, str]:
    """The page, by file name."""
    return {"gateway.md": page(found)}


def page(found: dict[str, Any]) -> str:
    """The page for people."""
    lines = ["# Gateway: what was measured", "", *bars_of(found, "bench/gateway.py", before=SHARED)]
    raw = found["raw"]
    for name, section in (
        ("cost", _cost), ("streams", _streams), ("own", _own), ("stacks", _stacks), ("clients", _clients), ("sdks", _sdks),
    ):  # fmt: skip
        if name in raw:
            lines += section(raw[name])
    lines += ELSEWHERE
    return "\n".join(lines) + "\n"


def _missing(told: dict[str, Any]) -> Iterator[str]:
    for name, why in told["missing"].items():
        yield f"{NAMES.get(name, name)}: not measured, {why.splitlines()[0][:200]}."


def _cost(told: dict[str, Any]) -> Iterator[str]:
    yield from ("", "## A call of 1 KB", "")
    yield (
        f"Medians of {told['rounds']} interleaved rounds of {told['count']:,} calls (LiteLLM: a twelfth of them) by 1,000 accounts. CPU is that of "
        "the proxy's processes, the capture writer included. Added latency is at one connection, against the model API without a proxy in the same round."
    )
    yield from (
        "",
        "| proxy | CPU us, 64 connections | CPU us, one connection | added p50 ms | added p99 ms | memory MB |",
        "|---|---|---|---|---|---|",
    )
    for row in told["rows"]:
        yield f"| {NAMES[row['proxy']]} | {row['cpu_us_64']:,} | {row['cpu_us_1']:,} | {row['added_ms_p50']} | {row['added_ms_p99']} | {row['memory_mb']} |"
    yield from ("", *_missing(told))


def _streams(told: dict[str, Any]) -> Iterator[str]:
    yield from ("", "## Streams", "")
    yield (
        f"Medians of {told['rounds']} interleaved rounds. Paced: 100 events 10 ms apart, 20 streams at once; burst: 50 events at once, CPU a stream. "
        "Half of the events carry reasoning. The cost of a call is part of both."
    )
    yield from ("", "| proxy | CPU us a paced event | CPU us a burst of 50 |", "|---|---|---|")
    for row in told["rows"]:
        yield f"| {NAMES[row['proxy']]} | {row['us_per_paced_event']} | {row['us_per_burst']:,} |"
    yield from ("", *_missing(told))


def _own(told: dict[str, Any]) -> Iterator[str]:
    yield from ("", "## Our own code in a call", "")
    yield (
        f"CPU us of 1 KB calls through the gateway between a server and a client that do nothing, the least of {told['rounds']} rounds of {told['count']:,} calls, and of the capture writer's work an exchange. "
        "The rest of a call is the server's, the client's and the kernel's, as in the bare relay."
    )
    yield from ("", "| part | CPU us |", "|---|---|")
    for row in told["rows"]:
        yield f"| {row['what']} | {row['us']} |"


def _stacks(told: dict[str, Any]) -> Iterator[str]:
    yield from ("", "## Servers and clients", "")
    yield (
        f"The same gateway, no rules, no capture, on each pair of server and upstream client; medians of {told['rounds']} interleaved rounds of {told['count']:,} calls of 1 KB, and of streams as above. "
        "uvicorn + aiohttp is the default, `--server granian` the choice; pyreqwest is measured and not offered."
    )
    yield from ("", "| server-client | CPU us a call, 64 connections | one connection | CPU us a paced event | CPU us a burst of 50 | memory MB |", "|---|---|---|---|---|---|")  # fmt: skip
    for row in told["rows"]:
        yield f"| {row['proxy']} | {row['call']:,} | {row['alone']:,} | {row['event']} | {row['burst']:,} | {row['memory_mb']} |"
    yield from ("", *_missing(told))


def _clients(told: dict[str, Any]) -> Iterator[str]:
    names = list(told["versions"])
    yield from ("", "## What the upstream's client must do", "")
    yield "Each question is asked of each client, before a server that says bytes by hand. [Why pyreqwest is not offered](../decisions/2026-11-23-pyreqwest-is-not-offered.md)."
    yield from (
        "",
        f"| | {' | '.join(f'{name} {of}' for name, of in told['versions'].items())} |",
        f"|---|{'---|' * len(names)}",
    )
    for row in told["rows"]:
        yield f"| {row['question'].rstrip('.')} | {' | '.join('yes' if row[name] else '**no**' for name in names)} |"


def _sdks(told: dict[str, Any]) -> Iterator[str]:
    yield from ("", "## The SDKs of the providers", "", "| SDK | version | path | outcome |", "|---|---|---|---|")
    for row in told["rows"]:
        yield f"| {row['sdk']} | {row['version']} | {row['path']} | {row['outcome']} |"
