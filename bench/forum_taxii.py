"""The hub beside medallion and OpenTAXII, with a million objects in it, and under kills: what `docs/benchmarks/forum-taxii.md` says.

    python bench/forum_taxii.py beside --medallion PYTHON [--opentaxii PYTHON]     CPU a request, all servers in one run
    python bench/forum_taxii.py million [--objects N]                              a walk through a million objects
    python bench/forum_taxii.py suite --medallion PYTHON --medallion-tests FOLDER  medallion's own backend tests, and other clients
    python bench/forum_taxii.py checkpoint --sigstore PYTHON                       sigstore's parser on our checkpoint
    python bench/forum_taxii.py kills [--kills N]                                  kill -9 during pushes
    python bench/forum_taxii.py                                                    all of them

PYTHON is an interpreter with medallion (for the suite also taxii2-client, cytaxii2, cc-taxii2-client and pytest), or with opentaxii and
gunicorn. FOLDER holds medallion's own tests: its repository has them, laid as medallion/test into where that medallion is installed. Servers run
as processes of their own and answer the same requests over HTTP; what is compared is the CPU time of the server's process. A part that is not
run keeps the figures that it had.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
from bars import bars_of
from figures import Figures, bar, keep
from forum_taxii_servers import PATH, PEERS, ROOT, filled, medallion, opentaxii, ours, seeded

sys.path.insert(0, str(ROOT))

from tests.forum.taxii.hub import SHARED, SIGNER, indicator

from stillwatch.forum.log import Checkpoint, cosigned, signed

DIFFERENCES = {
    "test_get_collections": "a collection that a member may neither read nor write is not listed",
    "test_get_object_manifest_403": "such a collection answers 404, as if it were not there",
    "test_get_object_403": "such a collection answers 404, as if it were not there",
    "test_get_or_add_objects_422": "the status is 422 too; the words of the error are our own",
    "test_object_pagination_changing_params_400": "the status is 400 too; the words of the error are our own",
    "test_object_already_present": "another object under an id and version that are taken is told as a failure, not as a success",
}


WITHOUT_OPENTAXII = "not measured: name an interpreter that has opentaxii and gunicorn with --opentaxii"


def beside(wanted: argparse.Namespace) -> Figures:
    """CPU milliseconds a request, ours and theirs, with the same objects."""
    one, held, times = quote(indicator(wanted.held // 2)["id"]), wanted.held, wanted.times
    requests = {
        "discovery": "/taxii2/",
        f"objects, page of {held:,}": f"{PATH}?limit={held}",
        "objects, page of 100": f"{PATH}?limit=100",
        "objects, one type": f"{PATH}?match[type]=indicator&limit=100",
        "one object": f"{PATH}{one}/",
        "manifest, page of 100": f"/forum/collections/{SHARED}/manifest/?limit=100",
    }
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        seeded(folder, held)
        us = stack.enter_context(ours(folder))
        them = {"medallion 3.0.0": stack.enter_context(medallion(wanted.medallion, folder, held))}
        if wanted.opentaxii:
            them["OpenTAXII"] = stack.enter_context(opentaxii(wanted.opentaxii, folder, held))
        for what, path in requests.items():
            mine = us.each(path, times)
            theirs = {peer: round(asked.each(path, max(2, times // 20)), 1) for peer, asked in them.items()}
            rows.append({"what": what, "ours_ms": round(mine, 2), **theirs})
    bars = []
    for row in rows:
        for peer in them:
            ratio = round(row[peer] / row["ours_ms"], 1)
            bound = peer.startswith("medallion") and row["what"] != "discovery"
            holds = ratio >= 20 if bound else None
            bars.append(
                bar(f"{row['what']}: CPU of {peer} over ours", ratio, "times", ">= 20" if bound else "no bar", holds)
            )
    return bars, {
        "held": held,
        "rows": rows,
        "peers": list(them),
        "without": "" if wanted.opentaxii else WITHOUT_OPENTAXII,
    }


def walked(objects: int) -> dict[str, Any]:
    """Walk a collection of many objects, a thousand at a time."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        filled(folder, objects)
        size = (folder / "hub.sqlite").stat().st_size
        with ours(folder) as us:
            memory, took, spent, seen, mark = [], [], [], 0, ""
            begun = us.cpu
            while True:
                before = us.cpu
                body, seconds = us.raw(f"{PATH}?limit=1000{mark}")
                spent.append(us.cpu - before)
                took.append(seconds)
                memory.append(us.mib)
                head = body[:200].decode()
                seen += body.count(b'"type"')
                if not head.startswith('{"more":true'):
                    break
                mark = "&next=" + head.split('"next":"')[1].split('"')[0]
            cpu = us.cpu - begun
    later = memory[len(memory) // 10 :]
    return {
        "objects": seen,
        "database_mib": round(size / 2**20),
        "pages": len(took),
        "page_p50_ms": round(1000 * float(np.quantile(took, 0.5)), 1),
        "page_p99_ms": round(1000 * float(np.quantile(took, 0.99)), 1),
        "page_cpu_ms": round(1000 * cpu / len(took), 2),
        "page_cpu_p99_ms": round(1000 * float(np.quantile(spent, 0.99)), 1),
        "memory_mib_first_tenth": round(max(memory[: len(memory) // 10 + 1]), 1),
        "memory_mib_most": round(max(memory), 1),
        "memory_mib_growth": round(max(later) - min(later), 1),
    }


def million(wanted: argparse.Namespace) -> Figures:
    """What that walk came to, beside its bars."""
    found, objects = walked(wanted.objects), wanted.objects
    bars = [
        bar(f"objects served of {objects:,}", found["objects"], "", f"{objects:,}", found["objects"] == objects),
        bar("a page of 1,000 objects, p99 by the clock", found["page_p99_ms"], "ms", "< 50", found["page_p99_ms"] < 50),
        bar("a page of 1,000 objects, p99 of the server's CPU", found["page_cpu_p99_ms"], "ms", "< 50", found["page_cpu_p99_ms"] < 50),
        bar("memory that the server grew by after the first tenth", found["memory_mib_growth"], "MiB", "<= 16", found["memory_mib_growth"] <= 16),
    ]  # fmt: skip
    return bars, found


def backend_tests(python: str, tests: str) -> dict[str, Any]:
    """medallion's own backend tests over HTTP; each difference must still be there, or it is none any more."""
    env = os.environ | {"HUB_PYTHON": sys.executable, "PYTHONPATH": f"{PEERS}:{ROOT / 'src'}"}
    command = [python, "-m", "pytest", "-p", "medallion_shim", "test_backends.py", "--backends", "memory", "-q", "-rA"]
    done = subprocess.run(command, cwd=tests, env=env, capture_output=True, text=True, timeout=1700, check=False)
    outcome: dict[str, list[str]] = {"PASSED": [], "FAILED": []}
    for line in done.stdout.splitlines():
        kind, _, rest = line.partition(" ")
        if kind in outcome:
            outcome[kind].append(rest.split("::")[1].split("[")[0].split(" ")[0])
    return {
        "passed": len(outcome["PASSED"]),
        "differ": sorted(outcome["FAILED"]),
        "unexpected": sorted(set(outcome["FAILED"]) - set(DIFFERENCES)),
    }


def clients(python: str, tests: str) -> list[dict[str, Any]]:
    """Other people's clients."""
    data = str(Path(tests) / "data" / "default_data.json")
    hub = subprocess.Popen(
        [sys.executable, str(PEERS / "seeded_hub.py"), data, "Password0", "here"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert hub.stdin is not None
    assert hub.stdout is not None
    port = hub.stdout.readline().strip()
    command = [python, str(PEERS / "walk.py"), port, "Password0", "365fed99-08fa-fdcd-a1b3-fb247eb41d01"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=1000, check=False)
    hub.stdin.close()
    hub.wait(200)
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def suite(wanted: argparse.Namespace) -> Figures:
    """Other people's tests and clients."""
    tests = backend_tests(wanted.medallion, wanted.medallion_tests)
    found = clients(wanted.medallion, wanted.medallion_tests)
    walked_it = sum(one["ok"] for one in found)
    bars = [
        bar("medallion's backend tests that pass", tests["passed"], "", "80 less those argued", not tests["unexpected"]),
        bar("medallion's backend tests that differ and are not argued", len(tests["unexpected"]), "", "0", not tests["unexpected"]),
        bar("other clients that walk the hub", walked_it, f"of {len(found)}", "all", walked_it == len(found)),
    ]  # fmt: skip
    return bars, {**tests, "clients": found}


def checkpoint(wanted: argparse.Namespace) -> Figures:
    """A checkpoint of a hub, cosigned by a member, read by sigstore's parser."""
    if wanted.sigstore is None:
        return [bar("our checkpoint as sigstore's parser reads it", None, "", "the same", None)], {"skipped": "name an interpreter that has sigstore with --sigstore"}  # fmt: skip
    point = Checkpoint(origin="hub.example/log", size=3, root=bytes(range(32)))
    note = cosigned(signed(point.note(), point.origin, SIGNER), "lab-a", SIGNER, at=1_700_000_000)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "checkpoint"
        file.write_text(str(note), "utf-8")
        command = [wanted.sigstore, str(PEERS / "sigstore_read.py"), str(file)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=1700, check=False)
    said = json.loads(done.stdout) if done.returncode == 0 else {"error": done.stderr.strip()[-200:]}
    same = said == {"origin": point.origin, "size": 3, "root": point.root.hex(), "names": ["hub.example/log", "lab-a"]}
    return [bar("our checkpoint as sigstore's parser reads it", int(same), "", "1: the same", same)], {"said": said}


def kills(wanted: argparse.Namespace) -> Figures:
    """A hub killed while two members push, again and again."""
    said = killed(wanted.kills)
    lost = "LOST" in said
    return [bar(f"acknowledged objects that were gone after {wanted.kills} kills", int(lost), "", "0", not lost)], {
        "said": said
    }


def killed(kills: int) -> str:
    script = ROOT / "tests" / "forum" / "taxii" / "kill_hub.py"
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [sys.executable, script, folder, str(kills), "11"], capture_output=True, text=True, check=False
        )
    return done.stdout.strip() if done.returncode == 0 else f"LOST: {done.stderr.strip()[-300:]}"


def page(found: dict[str, Any]) -> dict[str, str]:
    """The page, from all parts that were ever run."""
    raw = found["raw"]
    lines = ["# The hub beside others", "", *bars_of(found, "bench/forum_taxii.py")]
    lines += [
        "",
        f"Load averages at the end of the last part: {found['machine']['load_at_the_end']}. By the clock, a page waits for what else runs.",
    ]
    if told := raw.get("beside"):
        lines += ["", "## Beside medallion and OpenTAXII", "", f"CPU milliseconds of the server's process for one request over HTTP, {told['held']:,} objects in the collection. medallion keeps its objects in memory and notes nothing; OpenTAXII keeps them in SQLite and notes nothing; our hub keeps them in SQLite and commits a log entry to the disk before each page leaves.", ""]  # fmt: skip
        lines += [f"| request | ours | {' | '.join(told['peers'])} |", "|---|---:|" + "---:|" * len(told["peers"])]
        for row in told["rows"]:
            lines.append(
                f"| {row['what']} | {row['ours_ms']} | {' | '.join(str(row[peer]) for peer in told['peers'])} |"
            )
        lines += ["", f"OpenTAXII: {told['without']}."] if told["without"] else []
    if told := raw.get("million"):
        lines += ["", f"## {told['objects']:,} objects", "", f"{told['pages']:,} pages of 1,000: {told['page_cpu_ms']} ms of CPU a page; by the clock p50 {told['page_p50_ms']} ms. Memory {told['memory_mib_first_tenth']} MiB in the first tenth, {told['memory_mib_most']} MiB at most. The database has {told['database_mib']} MiB."]  # fmt: skip
    if told := raw.get("suite"):
        lines += [
            "",
            "## medallion's own backend tests over HTTP",
            "",
            f"{told['passed']} pass, {len(told['differ'])} differ:",
            "",
        ]
        lines += [f"- `{name}`: {DIFFERENCES.get(name, '**not argued**')}." for name in told["differ"]]
        lines += ["", "Other people's clients: " + "; ".join(f"{one['client']}: {'walked' if one['ok'] else '**failed**'}" for one in told["clients"]) + "."]  # fmt: skip
    if told := raw.get("checkpoint"):
        lines += ["", "## sigstore's parser on our checkpoint", "", f"{told.get('said', told.get('skipped'))}."]
    if told := raw.get("kills"):
        lines += ["", "## kill -9 during pushes", "", f"{told['said']}."]
    return {"forum-taxii.md": "\n".join(lines) + "\n"}


PARTS = {"beside": beside, "million": million, "suite": suite, "checkpoint": checkpoint, "kills": kills}


def main() -> None:
    asked = argparse.ArgumentParser()
    asked.add_argument("part", nargs="?", choices=list(PARTS))
    asked.add_argument("--medallion")
    asked.add_argument("--opentaxii")
    asked.add_argument("--sigstore")
    asked.add_argument("--medallion-tests")
    asked.add_argument("--objects", type=int, default=1_000_000)
    asked.add_argument("--held", type=int, default=1000)
    asked.add_argument("--times", type=int, default=200)
    asked.add_argument("--kills", type=int, default=50)
    asked.add_argument("--out", type=Path, default=ROOT / "docs" / "benchmarks")
    wanted = asked.parse_args()
    chosen = [wanted.part] if wanted.part else list(PARTS)
    if wanted.medallion is None and {"beside", "suite"} & set(chosen):
        asked.error("beside and suite need --medallion")
    if wanted.medallion_tests is None and "suite" in chosen:
        asked.error("suite needs --medallion-tests")
    for name in chosen:
        keep(wanted.out, "forum-taxii", name, PARTS[name](wanted), page)


if __name__ == "__main__":
    main()
