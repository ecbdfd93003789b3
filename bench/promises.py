"""What a scan promises beside speed: it finds who is hidden, ends the same however often it is killed, works from a clean clone."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from figures import Figures, bar


def demo(seeds: list[int]) -> Figures:
    """The demo on seeds that nobody looked at: members' precision, recall, and who was accused."""
    from stillwatch.core import Settings
    from stillwatch.engine import Workspace
    from stillwatch.pipeline import Inputs, raw_names, scan
    from stillwatch.range import compare, write_demo

    raw: dict[str, Any] = {}
    for seed in seeds:
        with tempfile.TemporaryDirectory() as made:
            world = write_demo(Path(made), seed=seed)
            workspace = Workspace(Path(made) / "workspace")
            began = time.perf_counter()
            done = scan(
                workspace,
                Inputs(logs=[world.logs], accounts=world.accounts_file, releases=world.releases_file),
                Settings(),
            )
            seconds = time.perf_counter() - began
            found = {a.handle: [n for _, n in raw_names(workspace, [a.handle])] for a in done.view.for_review}
            accused = [n for _, n in raw_names(workspace, [a.handle for a in done.view.accounts_for_review])]
            told = compare(world.truth, found, accused)
        raw[str(seed)] = {
            "scan_seconds": round(seconds, 1),
            "rejects": done.read.rejects,
            "actors": {
                h.name: {"found": h.found, "precision": h.precision, "recall": round(h.recall, 4), "pieces": h.pieces}
                for h in told.hidden
            },
            "false_actors": len(told.false_actors),
            "lookalikes_in_findings": {
                f"{w.role}/{w.group}": w.in_actors + w.accused for w in told.wronged if w.in_actors + w.accused
            },
        }
        print(seed, json.dumps(raw[str(seed)]), flush=True)
    every = [a for r in raw.values() for a in r["actors"].values()]
    found_all = sum(a["found"] for a in every)
    precisions = [a["precision"] for a in every if a["precision"] is not None]
    wronged = sum(sum(r["lookalikes_in_findings"].values()) for r in raw.values())
    false = sum(r["false_actors"] for r in raw.values())
    return [
        bar("demo: hidden actors found", found_all, f"of {len(every)}", f"{len(every)}", found_all == len(every)),
        bar(
            "demo: least member precision",
            min(precisions, default=0.0),
            "share",
            ">= 0.95",
            min(precisions, default=0.0) >= 0.95,
        ),
        bar("demo: least member recall", min(a["recall"] for a in every), "share", "no bar", None),
        bar("demo: innocent accounts in findings", wronged, "accounts", "0 above the error budget", wronged == 0),
        bar("demo: actors that are mostly innocent", false, "actors", "0", false == 0),
    ], raw


def again(kills: int, seed: int) -> Figures:
    """The same scan a second time, and scans killed with SIGKILL at random points and started again."""
    from stillwatch.range import write_demo

    rng = random.Random(seed)
    with tempfile.TemporaryDirectory() as made:
        world = write_demo(Path(made) / "world", seed=9)
        key = Path(made) / "whole" / "keys" / "pseudonym.key"

        def command(name: str) -> list[str]:
            program = str(Path(sys.executable).with_name("stillwatch"))
            facts = ["--accounts", str(world.accounts_file), "--releases", str(world.releases_file)]
            return [program, "scan", str(world.logs), *facts, "--workspace", name]

        def run(name: str) -> float:
            began = time.perf_counter()
            subprocess.run(command(name), cwd=made, check=True, stdout=subprocess.DEVNULL)
            return time.perf_counter() - began

        seconds = run("whole")
        whole = digest(Path(made) / "whole", "tables", "reports")
        twice = run("whole")
        same = digest(Path(made) / "whole", "tables", "reports") == whole
        print(f"first {seconds:.1f} s, second {twice:.1f} s, unchanged {same}", flush=True)
        outcomes = []
        for number in range(kills):
            name = f"killed-{number}"
            (Path(made) / name / "keys").mkdir(parents=True, mode=0o700)
            shutil.copy(key, Path(made) / name / "keys")
            after = rng.uniform(0.03, 0.95) * seconds
            process = subprocess.Popen(command(name), cwd=made, stdout=subprocess.DEVNULL, start_new_session=True)
            time.sleep(after)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            run(name)
            # The command line names the workspace's folder, so reports are compared without it.
            equal = digest(Path(made) / name, "tables") == digest(Path(made) / "whole", "tables")
            outcomes.append({"killed_after_s": round(after, 1), "exit": process.returncode, "identical": equal})
            print(outcomes[-1], flush=True)
            shutil.rmtree(Path(made) / name)
    identical = sum(o["identical"] for o in outcomes)
    return [
        bar("second scan of the same logs changes nothing", float(same), "", "1", same),
        bar("second scan takes", round(twice, 1), "s", "no bar", None),
        bar(
            "scans killed with SIGKILL and restarted end with identical tables",
            identical,
            f"of {kills}",
            f"{kills}",
            identical == kills,
        ),
    ], {"first_seconds": round(seconds, 1), "second_seconds": round(twice, 1), "kills": outcomes}


def digest(workspace: Path, *folders: str) -> str:
    """One hash over every file below these folders of a workspace: names and contents."""
    total = hashlib.blake2b(digest_size=16)
    for folder in folders:
        for path in sorted(p for p in (workspace / folder).rglob("*") if p.is_file()):
            total.update(str(path.relative_to(workspace)).encode())
            total.update(hashlib.blake2b(path.read_bytes(), digest_size=16).digest())
    return total.hexdigest()


def fresh(clone: str, root: Path | None = None) -> Figures:
    """`make demo` and `make test` from a clean clone with an empty environment of its own, set-up apart.

    Args:
        root: the root of a system to do it in, such as `debootstrap --variant=minbase --include=python3,python3-venv,make,git` makes;
            what pip needs to reach its index must be there. This system by default.
    """
    raw: dict[str, Any] = {"system": "a root with Python, make and git alone" if root else "this system"}
    inside = ["chroot", str(root)] if root else []
    kept = {name: value for name, value in os.environ.items() if name.startswith(("PIP_", "SSL_", "REQUESTS_"))}
    with tempfile.TemporaryDirectory(dir=root / "tmp" if root else None) as made:
        here = Path("/", Path(made).relative_to(root)) if root else Path(made)
        subprocess.run(["git", "clone", "--quiet", "--no-local", clone, str(Path(made) / "stillwatch")], check=True)
        clean = {
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": str(here),
            "LANG": "C.UTF-8",
        }
        for target, run in (("demo", "with set-up"), ("demo", "set up already"), ("test", "with set-up")):
            began = time.perf_counter()
            done = subprocess.run(
                [*inside, "make", "-C", str(here / "stillwatch"), target],
                env={**kept, **clean},
                capture_output=True,
                text=True,
            )
            raw[f"{target}, {run}"] = {"seconds": round(time.perf_counter() - began, 1), "exit": done.returncode}
            told = [line for line in done.stdout.splitlines() if re.search(r"^(FAILED|ERROR) | passed", line)]
            raw[f"{target}, {run}"]["last"] = told
            print(target, run, raw[f"{target}, {run}"], flush=True)
    worked = {
        target: all(r["exit"] == 0 for run, r in raw.items() if run.startswith(target)) for target in ("demo", "test")
    }
    demo_seconds, test_seconds = (raw[run]["seconds"] for run in ("demo, set up already", "test, with set-up"))
    return [
        bar(
            "make demo from a clean clone, downloads aside",
            demo_seconds,
            "s",
            "<= 180",
            demo_seconds <= 180 and worked["demo"],
        ),
        bar("make demo with set-up", raw["demo, with set-up"]["seconds"], "s", "no bar", None),
        bar(
            "make test from a clean clone, with set-up",
            test_seconds,
            "s",
            "<= 900",
            test_seconds <= 900 and worked["test"],
        ),
    ], raw
