"""The soak: a gateway with 100,000 accounts for an hour, faults injected, every answer hashed against the model API's own.

    python bench/gateway_soak.py run [--minutes 60] [--rate 40] [--accounts 100000] [--seed 1]     the soak
    python bench/gateway_soak.py steady [--minutes 30] [...]     the same by 2,000 accounts: what grows then grows with calls
    python bench/gateway_soak.py page                                                             draw the page anew, nothing is measured

Two of a hundred accounts are clamped, one is blocked by a person; everybody else passes. Beside what single calls do wrong (see
`gateway_soak_kinds.py`), every twenty seconds one thing goes wrong for all: the model API is gone or frozen for two seconds, the capture
writer is killed, the policy becomes unreadable, the standing is damaged, or renewed. What was captured is deleted as it comes.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import datetime as dt
import math
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from pathlib import Path
from typing import Any

import psutil
import pyarrow as pa
from bars import bars_of
from figures import ROOT, Figures, bar, keep, redraw
from gateway_soak_kinds import KINDS, Got, Kind, ask
from gateway_stands import COMMAND, free_port, running

from stillwatch.engine import Workspace, table
from stillwatch.gateway.who import stand_in
from stillwatch.ingest import account_id
from stillwatch.policy import Standing, write_standing

POLICY = (ROOT / "src" / "stillwatch" / "policy" / "default.toml").read_text()
EVERY = 20.0
"""Seconds between faults that concern all."""
CALM = 12.0
"""Seconds after the model API answers again in which a call may fail with 502, 504 or break off."""
FAULTS = (
    "model API gone",
    "model API frozen",
    "capture writer killed",
    "policy unreadable",
    "standing damaged",
    "standing renewed",
)


class Soak:
    """One run and what it counts."""

    def __init__(self, folder: Path, accounts: int, seed: int) -> None:
        self.rng = random.Random(seed)
        self.folder, self.workspace = folder, Workspace(folder / "ws")
        self.keys = [f"sk-soak-{seed}-{number:06d}" for number in range(accounts)]
        self.blocked = {key for number, key in enumerate(self.keys) if number % 100 == 7}
        self.policy, self.standing = folder / "policy.toml", folder / "standing.arrow"
        self.mock_port, self.port, self.admin = free_port(), free_port(), free_port()
        self.expected: dict[str, Got] = {}
        self.outcomes: Counter[tuple[str, str]] = Counter()
        self.faults: Counter[str] = Counter()
        self.wrong: list[str] = []
        self.corrupted = self.compared = 0
        self.samples: list[dict[str, float]] = []
        self.disturbed = 0.0
        self.mock: subprocess.Popen[bytes] | None = None
        self._serial = 0

    def publish(self) -> None:
        """A new standing of all accounts."""
        self._serial += 1
        ids = [self.workspace.names.name("account", account_id(stand_in(key))) for key in self.keys]
        seen = dt.datetime.now(dt.UTC)
        rows = [
            {"account": account, "proposed": "clamp" if number % 50 == 3 else "allow", "kinds": 1, "evidence": 30,
                "seen": seen, "ticket": account,
             "decided": "block" if number % 100 == 7 else None, "appeal": "C-0000000000001/1" if number % 100 == 7 else None}
            for number, account in enumerate(ids)
        ]  # fmt: skip
        rows.sort(key=lambda row: row["account"])
        schema = table("standing").schema
        columns = [
            pa.array([row.get(one.name, [] if pa.types.is_list(one.type) else None) for row in rows], one.type)
            for one in schema
        ]
        write_standing(
            self.standing,
            Standing(rows=pa.Table.from_arrays(columns, schema=schema), serial=self._serial, made=time.time()),
        )

    def start_mock(self) -> None:
        """The model API, on its port."""
        words = [sys.executable, "bench/gateway_mock.py", str(self.mock_port)]
        self.mock = subprocess.Popen(words, cwd=ROOT, stderr=subprocess.DEVNULL)

    async def one(self) -> None:
        """One call, and what is made of its answer."""
        kind = self.rng.choices(KINDS, [kind.weight for kind in KINDS])[0]
        key = self.rng.choice(self.keys)
        begun = time.monotonic()
        got = await ask(self.port, kind, key)
        self.judge(kind, key, got, disturbed=begun < self.disturbed + CALM)

    def judge(self, kind: Kind, key: str, got: Got, *, disturbed: bool) -> None:
        """Whether an answer is as it must be."""
        self.outcomes[(kind.name, str(got.status))] += 1
        if key in self.blocked and got.status == 403:
            return
        direct = self.expected[kind.name]
        if kind.same and got.status == direct.status and got.whole and got.whole == direct.whole:
            self.compared += 1
            if got.digest != direct.digest:
                self.corrupted += 1
                self.wrong.append(f"{kind.name}: another body")
        elif kind.same and not direct.whole and got.status == direct.status:
            # What broke off upstream must break off here, with no byte more.
            self.compared += 1
            if got.whole or got.size > direct.size or (got.size == direct.size and got.digest != direct.digest):
                self.corrupted += 1
                self.wrong.append(f"{kind.name}: passed as whole, or with other bytes")
        elif got.status not in kind.statuses and not (disturbed and got.status in (0, 502, 504)):
            self.wrong.append(f"{kind.name}: {got.status}, expected {kind.statuses}")
        elif kind.same and not got.whole and not disturbed:
            self.wrong.append(f"{kind.name}: broke off")

    async def disturb(self, gateway: int) -> None:
        """One thing goes wrong for all."""
        fault = FAULTS[sum(self.faults.values()) % len(FAULTS)]
        self.faults[fault] += 1
        mock = self.mock
        assert mock is not None
        if fault.startswith("model API"):
            self.disturbed = math.inf
            if fault == "model API gone":
                mock.kill()
                mock.wait()
                await asyncio.sleep(2)
                self.start_mock()
            else:
                mock.send_signal(signal.SIGSTOP)
                await asyncio.sleep(2)
                mock.send_signal(signal.SIGCONT)
            await self._answers()
            self.disturbed = time.monotonic()
        elif fault == "capture writer killed":
            for child in psutil.Process(gateway).children():
                child.kill()
        elif fault == "policy unreadable":
            self.policy.write_text("rules = nonsense")
            await asyncio.sleep(7)
            self.policy.write_text(POLICY)
        elif fault == "standing damaged":
            self.standing.write_bytes(self.standing.read_bytes()[:1000])
        else:
            await asyncio.to_thread(self.publish)

    async def _answers(self) -> None:
        """Wait until the model API answers again."""
        while True:
            with contextlib.suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", self.mock_port)
                writer.close()
                return
            await asyncio.sleep(0.1)

    def sample(self, gateway: int) -> None:
        """How the gateway is; what was captured is deleted."""
        process = psutil.Process(gateway)
        with contextlib.suppress(OSError):
            said = urllib.request.urlopen(f"http://127.0.0.1:{self.admin}/metrics", timeout=20).read().decode()
            values = {
                line.split(" ")[0]: float(line.split(" ")[1])
                for line in said.splitlines()
                if not line.startswith("#") and "{" not in line
            }
            self.samples.append(
                {
                    "at": time.monotonic(),
                    "rss_mb": process.memory_info().rss / (1 << 20),
                    "files": process.num_fds(),
                    "writer_mb": sum(child.memory_info().rss for child in process.children()) / (1 << 20),
                    "underway": values.get("stillwatch_underway", 0),
                    "captured": values.get("stillwatch_captured_total", 0),
                    "dropped": values.get("stillwatch_capture_dropped_total", 0),
                }
            )
        for file in (self.workspace.root / "inbox").glob("*.parquet"):
            file.unlink()

    async def run(self, gateway: int, minutes: float, rate: float) -> None:
        """Send calls at an even rate for so long."""
        for kind in KINDS:
            self.expected[kind.name] = await ask(self.mock_port, kind, self.keys[0])
        begun = time.monotonic()
        end, due, fault_due, sample_due = begun + minutes * 60, begun, begun + EVERY, begun
        under: set[asyncio.Task[None]] = set()
        disturbing: asyncio.Task[None] | None = None
        while (now := time.monotonic()) < end:
            if now >= sample_due:
                await asyncio.to_thread(self.sample, gateway)
                sample_due = now + min(10.0, minutes * 3)
            if now >= fault_due and (disturbing is None or disturbing.done()):
                disturbing = asyncio.create_task(self.disturb(gateway))
                fault_due = now + EVERY
            if len(under) < 400:
                under.add(task := asyncio.create_task(self.one()))
                task.add_done_callback(under.discard)
            due = max(due + 1 / rate, now - 1)
            await asyncio.sleep(max(0.0, due - time.monotonic()))
        await asyncio.gather(*under, *([disturbing] if disturbing else []))
        await asyncio.sleep(6)
        await asyncio.to_thread(self.sample, gateway)


def soak(minutes: float, rate: float, accounts: int, seed: int) -> Figures:
    """Run it and weigh what it counted."""
    with tempfile.TemporaryDirectory() as name:
        one = Soak(Path(name), accounts, seed)
        one.policy.write_text(POLICY)
        one.publish()
        one.start_mock()
        arguments = [sys.executable, "-c", COMMAND, "gateway", "--upstream", f"http://127.0.0.1:{one.mock_port}", "--workspace",
                     str(one.workspace.root), "--policy", str(one.policy), "--standing", str(one.standing), "--port", str(one.port),
                     "--admin-port", str(one.admin), "--roll-seconds", "5"]  # fmt: skip
        try:
            with running(arguments, one.port, core=0, yielding=False, patience=400.0) as gateway:
                asyncio.run(one.run(gateway, minutes, rate))
                left = psutil.Process(gateway).num_fds()
        finally:
            if one.mock is not None:
                one.mock.kill()
        return _weighed(one, minutes, left, accounts, seed)


def _weighed(one: Soak, minutes: float, left: int, accounts: int, seed: int) -> Figures:
    memory = [sample["rss_mb"] for sample in one.samples]
    third = max(1, len(memory) // 3)
    warm, last = statistics.median(memory[third : 2 * third] or memory), statistics.median(memory[-third:])
    files = [sample["files"] for sample in one.samples]
    sent = sum(one.outcomes.values())
    bars = [
        bar(
            "Streams and answers that differ, direct against proxied",
            one.corrupted,
            f"of {one.compared:,}",
            "0",
            one.corrupted == 0,
        ),
        bar("Answers that were not as documented", len(one.wrong), f"of {sent:,}", "0", not one.wrong),
        bar("Memory of the worker at most", round(max(memory), 1), "MB", "<= 200 MB", max(memory) <= 200),
        bar(
            "Memory, median of the last third against the middle third",
            round(last - warm, 1),
            "MB",
            "<= 5 MB",
            last - warm <= 5,
        ),
        bar(
            "Open files at the end against the beginning",
            left - int(files[0]),
            "",
            "<= 20 (kept connections)",
            left - files[0] <= 20,
        ),
    ]
    raw = {
        "minutes": minutes, "accounts": accounts, "seed": seed, "sent": sent, "faults": dict(one.faults), "files_most": max(files),
        "outcomes": [{"kind": kind, "status": status, "count": count} for (kind, status), count in sorted(one.outcomes.items())],
        "wrong": dict(Counter(one.wrong).most_common(20)),
        "captured": one.samples[-1]["captured"], "dropped": one.samples[-1]["dropped"],
        "memory": [round(value, 1) for value in memory][:: max(1, len(memory) // 30)],
        "writer_mb": round(max(sample["writer_mb"] for sample in one.samples), 1),
    }  # fmt: skip
    return bars, raw


def steady(minutes: float, rate: float, accounts: int, seed: int) -> Figures:
    """The soak by so few accounts that a worker soon knows them all: its tables of callers and limits have stopped to fill."""
    bars, raw = soak(minutes, rate, accounts, seed)
    for one in bars:
        one["name"] = f"{accounts:,} accounts: {one['name'][0].lower()}{one['name'][1:]}"
    return bars, raw


def files(found: dict[str, Any]) -> dict[str, str]:
    """The page, by file name."""
    lines = ["# Soak of the gateway", "", *bars_of(found, "bench/gateway_soak.py")]
    lines += [
        "",
        (
            "A worker remembers callers and their limits up to bounds that [the gateway's page](../gateway.md) names, so its memory grows while new accounts come. "
            "Where all are known, whatever grows would grow with calls."
        ),
    ]
    for part, title in (("run", "An hour"), ("steady", "By accounts that are known")):
        if part in found["raw"]:
            lines += _section(title, found["raw"][part])
    return {"gateway-soak.md": "\n".join(lines) + "\n"}


def _section(title: str, told: dict[str, Any]) -> list[str]:
    lines = ["", f"## {title}"]
    lines += ["", f"{told['minutes']:g} minutes, {told['accounts']:,} accounts in standing, seed {told['seed']}, {told['sent']:,} calls. For all at once went wrong: "
              + ", ".join(f"{name} {count}" for name, count in told["faults"].items()) + ". Until 12 seconds after the model API answers again 502, 504 and streams that break off are as documented. "
              f"Captured {told['captured']:,.0f} exchanges, dropped and counted {told['dropped']:,.0f} (with the writers that were killed). Open files at most {told['files_most']:,.0f}; the capture writer took {told['writer_mb']} MB at most.",
              "", "Memory of the worker over time, MB: " + ", ".join(map(str, told["memory"])) + ".", "", "| call | status | count |", "|---|---|---|"]  # fmt: skip
    lines += [f"| {one['kind']} | {one['status']} | {one['count']:,} |" for one in told["outcomes"]]
    if told["wrong"]:
        lines += [
            "",
            "Not as documented: " + "; ".join(f"{what} ({count})" for what, count in told["wrong"].items()) + ".",
        ]
    return lines


def main() -> None:
    """Measure and write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=["run", "steady", "page"])
    parser.add_argument("--minutes", type=float, help="60, and 30 for steady")
    parser.add_argument("--rate", type=float, default=40.0, help="calls a second")
    parser.add_argument("--accounts", type=int, help="100,000, and 2,000 for steady")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "benchmarks")
    chosen = parser.parse_args()
    if chosen.part == "page":
        redraw(chosen.out, "gateway-soak", files)
        return
    measure, minutes, accounts = (soak, 60.0, 100_000) if chosen.part == "run" else (steady, 30.0, 2_000)
    figures = measure(chosen.minutes or minutes, chosen.rate, chosen.accounts or accounts, chosen.seed)
    keep(chosen.out, "gateway-soak", chosen.part, figures, files)


if __name__ == "__main__":
    main()
