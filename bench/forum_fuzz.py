"""Send a hub requests that nobody sends in earnest, and say what it answered, what it lost and what memory it took.

    python bench/forum_fuzz.py hostile [--requests 100000]                  hand-made: wrong methods, headers and marks, hostile STIX
    python bench/forum_fuzz.py schemathesis --schemathesis FILE [--examples N]  drawn by schemathesis from the hub's OpenAPI document
    python bench/forum_fuzz.py                                              both

FILE is the command `schemathesis` (4.32) in an environment of its own. The hub of the second part listens on this machine; what it finds is held against
the list of argued findings, and anything else is a failure. A part that is not run keeps its figures.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import psutil
from bars import bars_of
from figures import ROOT, Figures, bar, keep

sys.path.insert(0, str(ROOT))

from tests.forum.taxii.fuzz import Kept, lost, requests
from tests.forum.taxii.hub import TOKENS, asking, indicator, settings
from tests.forum.taxii.running import running

from stillwatch.forum.taxii import Hub, Member
from stillwatch.forum.taxii.database import connector

FLAT = 32
"""MiB that memory may move by after the first tenth."""

_FILTERS = "a mark is what the last page gave with the same filters; days that no calendar has and lists of nothing are refused"
ARGUED = {
    ("ST202", "/log/consistency"): "the two sizes have to fit each other, which no schema says",
    ("ST202", "/log/inclusion"): "event and size have to fit each other, which no schema says",
    ("ST202", "objects/"): _FILTERS,
    ("ST202", "manifest/"): _FILTERS,
    ("ST202", "versions/"): _FILTERS,
    (
        "ST401",
        "",
    ): "after ten wrong passwords within a minute a name is closed to that address: 429, which is no way in either",
}
"""What schemathesis finds and why it stays, by its code and by where."""


def many(folder: Path) -> Hub:
    """The tests' hub with quotas that no run reaches."""
    most = 10**9
    plain = settings(folder)
    members = [
        Member(name=one.name, token_sha256=one.token_sha256, objects_per_day=most, reads_per_day=most)
        for one in plain.member
    ]
    return settings(folder, member=members)


def hostile(wanted: argparse.Namespace) -> Figures:
    """Requests drawn from a seed, in process: nothing fails, all that was acknowledged is given out afterwards, memory stays."""
    process, answers, acknowledged, memory = psutil.Process(), Counter[int](), set[Kept](), []
    numbers: list[int] = []
    with tempfile.TemporaryDirectory() as folder:
        begun = time.process_time()
        with asking(many(Path(folder))) as ask:
            for number, one in enumerate(requests(random.Random(wanted.seed), ask, wanted.requests)):
                answers[one.answer.status] += 1
                acknowledged.update(one.acknowledged)
                numbers += [] if one.number is None else [one.number]
                if number % max(1, wanted.requests // 20) == 0:
                    memory.append(round(process.memory_info().rss / 2**20, 1))
            spent = time.process_time() - begun
            missing = lost(ask, acknowledged, numbers)
    failures = sum(count for status, count in answers.items() if status >= 500)
    moved = round(max(memory[2:]) - min(memory[2:]), 1) if len(memory) > 3 else None
    bars = [
        bar("hand-made requests", wanted.requests, "", "100,000", wanted.requests >= 100_000),
        bar("hand-made requests that made the hub fail (5xx)", failures, "", "0", failures == 0),
        bar("of these that pushed a fresh object and had it acknowledged", len(numbers), "", "no bar", None),
        bar("versions acknowledged and not read back", len(missing), f"of {len(acknowledged)}", "0", not missing),
        bar("memory moved by after the first tenth", moved, "MiB", f"<= {FLAT}", moved is not None and moved <= FLAT),
    ]
    told = {str(status): count for status, count in sorted(answers.items())}
    return bars, {
        "answers": told,
        "memory_mib": memory,
        "cpu_ms": round(1000 * spent / wanted.requests, 2),
    }


def schemathesis(wanted: argparse.Namespace) -> Figures:
    """Requests that schemathesis draws from the document that the hub serves, valid and not."""
    if wanted.schemathesis is None:
        return [bar("requests drawn by schemathesis", None, "", "no 5xx", None)], {
            "skipped": "name its command with --schemathesis"
        }
    process = psutil.Process()
    with tempfile.TemporaryDirectory() as name:
        folder, report = Path(name), Path(name) / "report.json"
        hub = many(folder)
        with asking(hub) as ask:
            acknowledged = [one["id"] for one in ask.push(*(indicator() for _ in range(20)), as_="lab-b")["successes"]]
        with running(hub) as port:
            url, before = f"http://127.0.0.1:{port}", process.memory_info().rss
            run = [
                wanted.schemathesis,
                "run",
                f"{url}/openapi.json",
                "--url",
                url,
                "--seed",
                str(wanted.seed),
                "--no-shrink",
            ]
            run += [
                "-H",
                f"Authorization: Bearer {TOKENS['lab-a'][0]}",
                "-n",
                str(wanted.examples),
                "--continue-on-failure",
            ]
            run += [
                "--generation-database",
                "none",
                "--report-json-path",
                str(report),
                "--suppress-health-check",
                "all",
            ]
            subprocess.run([*run, "--no-color", "--warnings", "off"], cwd=folder, capture_output=True, check=False)
            grown = round((process.memory_info().rss - before) / 2**20, 1)
        told = json.loads(report.read_text("utf-8"))
        held = connector(hub.database)()
        gone = set(acknowledged) - {one for (one,) in held.rows("SELECT id FROM objects")}
        held.close()
    found = [_finding(one, where) for one in told["failures"] for where in one["operations"]]
    failed = [one for one in found if "server error" in one["what"]]
    unargued = [one for one in found if not one["argued"]]
    drawn = told["test_cases"]["generated"]
    bars = [
        bar("requests drawn by schemathesis", drawn, "", "no bar", None),
        bar("of these that made the hub fail (5xx)", len(failed), "", "0", not failed),
        bar("findings of schemathesis that are not argued", len(unargued), f"of {len(found)}", "0", not unargued),
        bar("objects acknowledged before and lost meanwhile", len(gone), f"of {len(acknowledged)}", "0", not gone),
        bar("memory that the hub grew by meanwhile", grown, "MiB", f"<= {2 * FLAT}", grown <= 2 * FLAT),
    ]
    return bars, {"version": told["schemathesis_version"], "complete": told["complete"], "findings": found}


def _finding(one: dict[str, Any], where: str) -> dict[str, str]:
    """What is wrong, where, and why it stays, as far as it is argued."""
    argued = next((why for (code, place), why in ARGUED.items() if code == one["code"] and place in where), "")
    return {"code": one["code"], "what": one["title"].lower(), "where": where, "argued": argued}


def page(found: dict[str, Any]) -> dict[str, str]:
    """The page, from both parts."""
    lines = ["# The hub under hostile requests", "", *bars_of(found, "bench/forum_fuzz.py")]
    if told := found["raw"].get("hostile"):
        answers = ", ".join(f"{count:,} times {status}" for status, count in told["answers"].items())
        memory = ", ".join(map(str, told["memory_mib"]))
        lines += ["", f"Hand-made requests were answered {answers}; {told['cpu_ms']} ms of CPU each, sender included. Memory in twentieths of the run, MiB: {memory}."]  # fmt: skip
    if told := found["raw"].get("schemathesis"):
        if "skipped" in told:
            lines += ["", f"schemathesis was not run: {told['skipped']}."]
        else:
            lines += [
                "",
                f"schemathesis {told['version']}{'' if told['complete'] else ', stopped before its end'}. What it found:",
                "",
            ]
            counted = Counter((one["what"], one["where"], one["argued"]) for one in told["findings"])
            lines += [
                f"- {what} at `{where}`: {argued or '**not argued**'}." for what, where, argued in sorted(counted)
            ] or ["- nothing."]
    return {"forum-fuzz.md": "\n".join(lines) + "\n"}


PARTS = {"hostile": hostile, "schemathesis": schemathesis}


def main() -> None:
    asked = argparse.ArgumentParser()
    asked.add_argument("part", nargs="?", choices=list(PARTS))
    asked.add_argument("--requests", type=int, default=100_000)
    asked.add_argument("--schemathesis")
    asked.add_argument("--examples", type=int, default=1000, help="most that schemathesis draws for one operation")
    asked.add_argument("--seed", type=int, default=9)
    asked.add_argument("--out", type=Path, default=ROOT / "docs" / "benchmarks")
    wanted = asked.parse_args()
    for name in [wanted.part] if wanted.part else PARTS:
        keep(wanted.out, "forum-fuzz", name, PARTS[name](wanted), page)


if __name__ == "__main__":
    main()
