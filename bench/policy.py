"""Measure the decision step with a million accounts in standing: CPU time, memory, a reload, and a crowd of credentials that nobody knows.

    python bench/policy.py [--accounts 1000000] [--write]

CPU time alone is measured (of the thread, in blocks of 20 decisions), beside a reference in the same run: one look-up in a
small dict and one limit in plain floats, the least that any gate must do (0.25 us on a quiet machine). Prints JSON; --write puts it and a page into docs/benchmarks/.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from bars import bars_of
from figures import ROOT, bar, keep, redraw
from made_standing import made_standing

from stillwatch.policy import Asked, Dialect, Gatekeeper, Used, open_gate, read_policy, write_standing

AT = 1_780_000_000.0
BLOCK = 20
CROWD = """\
name = "crowd"
[people]
throttle = [{ requests = 30, window = "1m" }]
[[rules]]
name = "everybody"
step = "throttle"
throttle = [{ requests = 100, window = "1d" }]
"""


def rss() -> float:
    """Megabytes of this process that are in memory."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def timed(step: Callable[[Any], object], things: Sequence[Any]) -> dict[str, float]:
    """CPU microseconds of one step: the median and the 99th percentile over blocks."""
    blocks = []
    for first in range(0, len(things), BLOCK):
        some = things[first : first + BLOCK]
        begun = time.thread_time_ns()
        for thing in some:
            step(thing)
        blocks.append((time.thread_time_ns() - begun) / BLOCK / 1000)
    return {"p50_us": round(float(np.percentile(blocks, 50)), 2), "p99_us": round(float(np.percentile(blocks, 99)), 2)}


def asked(accounts: np.ndarray[Any, Any]) -> list[Asked]:
    """Requests of accounts, a thousand a second."""
    plain = {"dialect": Dialect.CHAT, "model": "large", "stream": True, "reasoning": True}
    return [Asked(at=AT + place / 1000, account=int(a), **plain) for place, a in enumerate(accounts)]  # type: ignore[arg-type]


def reference(keys: np.ndarray[Any, Any]) -> Callable[[Asked], bool]:
    """The least that a gate must do: one look-up and one limit."""
    table, arrivals = dict.fromkeys(keys.tolist(), 1), {}

    def step(request: Asked) -> bool:
        if table.get(request.account) is None:
            return False
        arrival = max(arrivals.get(request.account, 0.0), request.at)
        if arrival - request.at > 60.0:
            return True
        arrivals[request.account] = arrival + 1.0
        return False

    return step


def decisions(accounts: int, count: int) -> dict[str, Any]:
    standing = made_standing(accounts, at=AT)
    keys = standing.rows.column("account").to_numpy()
    throttled = keys[np.array(standing.rows.column("proposed").to_pylist()) == "throttle"]
    begun = time.process_time()
    gate = Gatekeeper(read_policy(), standing)
    reload_s = time.process_time() - begun
    rng = np.random.default_rng(3)
    few = keys[:: max(1, accounts // 1000)]
    bare = timed(reference(few), asked(rng.choice(few, count)))
    strangers = rng.integers(-(2**62), 2**62, count)
    mixes = {
        "accounts in standing, as they come": rng.choice(keys, count),
        "one of ten in standing": np.where(rng.random(count) < 0.1, rng.choice(keys, count), strangers),
        "accounts without standing": strangers,
        "throttled accounts, six limits each": rng.choice(throttled, count),
    }
    found = {name: timed(gate.decide, asked(some)) for name, some in mixes.items()}
    some = [(a, gate.decide(a), Used(at=a.at, input_tokens=300, output_tokens=200)) for a in asked(throttled[:count])]
    found["settling one request of a throttled account"] = timed(lambda one: gate.settle(*one), some)
    found["reference: a dict and one limit"] = bare
    return {
        "step": found,
        "reload_cpu_s": round(reload_s, 2),
        "bytes": gate.health(AT).bytes,
        "verdicts": len(gate._now.verdicts),
    }


def memory(path: Path) -> dict[str, float]:
    """Resident memory of a process of its own before and after it has taken up a standing from its file, and at most meanwhile."""
    watched = open_gate(None, None)
    empty = rss()
    watched = open_gate(None, path)
    watched.gate.health(AT)
    peak = int(next(x for x in Path("/proc/self/status").read_text().splitlines() if x.startswith("VmHWM")).split()[1])
    return {"empty_mb": round(empty, 1), "held_mb": round(rss() - empty, 1), "peak_mb": round(peak / 1e3 - empty, 1)}


def crowd(count: int) -> dict[str, Any]:
    """So many credentials that were never seen, against a limit that everybody has."""
    import tomllib

    from stillwatch.policy.policy_file import policy_from

    gate = Gatekeeper(policy_from(tomllib.loads(CROWD)), made_standing(1000, at=AT))
    known = asked(np.arange(1, 2))[0]
    refused = [gate.decide(known).refused for _ in range(101)][-1]
    gc.collect()
    before = rss()
    begun = time.process_time()
    for account in range(10**12, 10**12 + count):
        gate.decide(Asked(at=AT + 1, account=account, dialect=Dialect.CHAT))
    cpu = time.process_time() - begun
    gc.collect()
    return {
        "credentials": count,
        "cpu_us_each": round(cpu / count * 1e6, 2),
        "kept": gate.health(AT).counted,
        "grown_mb": round(rss() - before, 1),
        "limit_held_before": refused,
    }


PAGE = """\
# The decision step

{bars}

| one decision, CPU of the thread | p50 | p99 | times the reference |
|---|---|---|---|
{steps}

The machine is shared, and other work ran beside this on the same core: the last column, against a reference in the same run, is the one to compare.
Taking up a standing of {accounts:,} accounts takes {reload_cpu_s} s of CPU in a thread beside the gate, which tells {verdicts} classes of accounts apart.
A process of its own grew by {held_mb} MB ({peak_mb} MB while it took the file up); the look-up itself holds {mb:.1f} MB. {credentials:,} credentials that nobody knows, each under a limit that
everybody has, cost {cpu_us_each} us each and leave {kept:,} of them counted ({grown_mb} MB).
"""


def files(found: dict[str, Any]) -> dict[str, str]:
    """The page, by file name."""
    told = found["raw"]["step"]
    bare = told["step"]["reference: a dict and one limit"]["p50_us"]
    steps = "\n".join(
        f"| {name} | {one['p50_us']} us | {one['p99_us']} us | {one['p50_us'] / bare:.1f} |"
        for name, one in told["step"].items()
    )
    told = {**told, **told["memory"], **told["crowd"], "mb": told["bytes"] / 1e6}
    bars = "\n".join(bars_of(found, "python bench/policy.py --write"))
    return {"policy.md": PAGE.format(**{**told, "bars": bars, "steps": steps})}


def main() -> None:
    wanted = argparse.ArgumentParser()
    wanted.add_argument("--accounts", type=int, default=1_000_000)
    wanted.add_argument("--count", type=int, default=40_000)
    wanted.add_argument("--memory", type=Path, help="measure the memory that this standing takes, in this process")
    wanted.add_argument("--write", action="store_true")
    wanted.add_argument("--page", action="store_true", help="draw the page anew, nothing is measured")
    chosen = wanted.parse_args()
    pages = ROOT / "docs" / "benchmarks"
    if chosen.page:
        redraw(pages, "policy", files)
        return
    if chosen.memory is not None:
        print(json.dumps(memory(chosen.memory)))
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "standing.arrow"
        write_standing(path, made_standing(chosen.accounts, at=AT))
        child = [sys.executable, __file__, "--memory", str(path)]
        held = json.loads(subprocess.run(child, capture_output=True, text=True, check=True).stdout)
    found = {
        "accounts": chosen.accounts,
        **decisions(chosen.accounts, chosen.count),
        "memory": held,
        "crowd": crowd(chosen.accounts),
    }
    print(json.dumps(found, indent=1))
    if chosen.write:
        keep(pages, "policy", "step", (framed(found), found), files)


def framed(found: dict[str, Any]) -> list[dict[str, Any]]:
    """Each figure beside its bar."""
    step = found["step"]
    mix = step["accounts in standing, as they come"]["p50_us"]
    bare = step["reference: a dict and one limit"]["p50_us"]
    return [
        bar(name, value, unit, f"<= {most:g} {unit}".strip(), value <= most)
        for name, value, unit, most in (
            ("decision step, p50, accounts in standing", mix, "us", 3.0),
            ("the same, times the reference (3 us are 12 times 0.25 us)", round(mix / bare, 1), "", 12.0),
            ("memory of the look-up", round(found["bytes"] / 1e6, 1), "MB", 80.0),
            ("memory for a crowd of unknown credentials", found["crowd"]["grown_mb"], "MB", 80.0),
        )
    ]


if __name__ == "__main__":
    main()
