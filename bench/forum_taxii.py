"""The hub beside medallion, with a million objects in it, and under kills: what `docs/benchmarks/forum-taxii.md` says.

    python bench/forum_taxii.py --medallion PYTHON --medallion-tests FOLDER [--objects 1000000] [--kills 50] [--write]

PYTHON is an interpreter with medallion, taxii2-client, cytaxii2 and pytest; FOLDER holds medallion's own tests. Both servers run as processes of
their own and answer the same requests over HTTP; what is compared is the CPU time of the server's process.
"""

from __future__ import annotations

import argparse
import base64
import http.client
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import psutil

ROOT = Path(__file__).parents[1]
PEERS = ROOT / "bench" / "forum_peers"
sys.path.insert(0, str(ROOT))

from tests.forum.taxii.hub import SHARED, TAXII, TOKENS, indicator, settings  # noqa: E402
from tests.forum.taxii.serving import Served  # noqa: E402

from stillwatch.forum.taxii import accept_all  # noqa: E402
from stillwatch.forum.taxii.database import connector, make_tables  # noqa: E402
from stillwatch.forum.taxii.envelope import read_object  # noqa: E402
from stillwatch.forum.taxii.store import add_objects, hub_clock  # noqa: E402

DIGESTS = ",".join(TOKENS[name][1] for name in ("lab-a", "lab-b", "lab-c"))
PATH = f"/forum/collections/{SHARED}/objects/"
DIFFERENCES = {
    "test_get_collections": "a collection that a member may neither read nor write is not listed",
    "test_get_object_manifest_403": "such a collection answers 404, as if it were not there",
    "test_get_object_403": "such a collection answers 404, as if it were not there",
    "test_get_or_add_objects_422": "the status is 422 too; the words of the error are our own",
    "test_object_pagination_changing_params_400": "the status is 400 too; the words of the error are our own",
    "test_object_already_present": "another object under an id and version that are taken is told as a failure, not as a success",
}


def seeded(folder: Path, objects: int, *, batch: int = 1000) -> float:
    """Fill a hub's database; CPU seconds it took."""
    hub = settings(folder)
    begun = time.process_time()
    connection = connector(hub.database)()
    make_tables(connection)
    for start in range(0, objects, batch):
        some = [indicator(number, name=f"made {number}") for number in range(start, min(objects, start + batch))]
        read = [
            read_object(one, hub.collection[0], most_bytes=1 << 20, member="lab-a", accept=accept_all) for one in some
        ]
        connection.begin()
        add_objects(connection, SHARED, read, api_root="forum", member="lab-a", clock=hub_clock)
        connection.do("COMMIT")
    connection.close()
    return time.process_time() - begun


def filled(folder: Path, objects: int) -> float:
    """The same rows for a great many objects without a hub in between; CPU seconds it took."""
    begun = time.process_time()
    connection = connector(settings(folder).database)()
    make_tables(connection)
    put = (
        "INSERT INTO objects VALUES (?, ?, ?, '2026-11-01T00:00:00', 'indicator', '2.1', 31, NULL, 'lab-a', 0, ?, ?, ?)"
    )
    model = json.dumps(indicator(0, name="made"), sort_keys=True)
    name = indicator(0)["id"]
    connection.begin()
    for start in range(0, objects, 10_000):
        rows = []
        for number in range(start, min(objects, start + 10_000)):
            own = f"{name[:-12]}{number:012x}"
            body = model.replace(name, own).encode()
            rows.append((1_790_000_000_000_000 + number, SHARED, own, body[:32], len(body), body))
        connection.each(put, rows)
    connection.do("COMMIT")
    connection.close()
    return time.process_time() - begun


class Asked:
    """One kept connection to a server, and the CPU time of its process."""

    def __init__(self, port: int, process: int, headers: Mapping[str, str]) -> None:
        self._open = http.client.HTTPConnection("127.0.0.1", port, timeout=300)
        self._headers = dict(headers) | {"Accept": TAXII}
        self._process = psutil.Process(process)

    def get(self, path: str) -> dict[str, Any]:
        self._open.request("GET", path, headers=self._headers)
        answer = self._open.getresponse()
        body = answer.read()
        assert answer.status == 200, (answer.status, body[:200])
        return json.loads(body)

    def raw(self, path: str) -> tuple[bytes, float]:
        """A body, and how long it took by the clock."""
        begun = time.perf_counter()
        self._open.request("GET", path, headers=self._headers)
        body = self._open.getresponse().read()
        return body, time.perf_counter() - begun

    @property
    def cpu(self) -> float:
        used = self._process.cpu_times()
        return float(used.user + used.system)

    @property
    def ran(self) -> float:
        """CPU seconds of all threads of the server, to the nanosecond."""
        tasks = Path(f"/proc/{self._process.pid}/task").glob("*/schedstat")
        return sum(int(one.read_text().split()[0]) for one in tasks) / 1e9

    @property
    def mib(self) -> float:
        return float(self._process.memory_info().rss) / 2**20

    def each(self, path: str, times: int) -> float:
        """CPU milliseconds of the server for a request, over a connection of its own."""
        self._open.close()
        self.get(path)
        begun = self.cpu
        for _ in range(times):
            self.raw(path)
        return 1000 * (self.cpu - begun) / times


def medallion_data(objects: int) -> dict[str, Any]:
    """The same objects as medallion keeps them."""
    held = [indicator(number, name=f"made {number}") for number in range(objects)]
    dates = [f"2026-11-01T00:{n // 60_000:02}:{n // 1000 % 60:02}.{n % 1000:03}000Z" for n in range(objects)]
    manifest = [
        {
            "id": one["id"],
            "date_added": at,
            "version": one["modified"],
            "media_type": "application/stix+json;version=2.1",
        }
        for one, at in zip(held, dates, strict=True)
    ]
    told = {
        "id": SHARED,
        "title": "Shared",
        "can_read": True,
        "can_write": True,
        "media_types": ["application/stix+json;version=2.1"],
    }
    return {
        "/discovery": {
            "title": "Forum",
            "default": "http://127.0.0.1/forum/",
            "api_roots": ["http://127.0.0.1/forum/"],
        },
        "forum": {
            "information": {"title": "Forum", "versions": [TAXII], "max_content_length": 10_000_000},
            "status": [],
            "collections": [told | {"objects": held, "manifest": manifest}],
        },
    }


@contextmanager
def medallion(python: str, folder: Path, objects: int) -> Iterator[Asked]:
    (folder / "data.json").write_text(json.dumps(medallion_data(objects)), "utf-8")
    config = {
        "backend": {"module_class": "MemoryBackend", "filename": str(folder / "data.json")},
        "users": {"admin": "x"},
        "taxii": {"max_page_size": 1000},
    }
    (folder / "config.json").write_text(json.dumps(config), "utf-8")
    port = 20_000 + os.getpid() % 20_000
    log = (folder / "log").open("wb")
    code = "import sys; sys.argv[0] = 'medallion'; from medallion.scripts.run import main; main()"
    one = subprocess.Popen(
        [python, "-c", code, "--port", str(port), str(folder / "config.json")], stdout=log, stderr=log
    )
    try:
        for _ in range(100):
            time.sleep(0.2)
            try:
                asked = Asked(port, one.pid, {"Authorization": "Basic " + base64.b64encode(b"admin:x").decode()})
                asked.get("/taxii2/")
                break
            except OSError:
                pass
        yield asked
    finally:
        one.kill()
        one.wait()
        log.close()


@contextmanager
def ours(folder: Path) -> Iterator[Asked]:
    one = Served(folder, DIGESTS)
    try:
        yield Asked(one.port, one.process.pid, {"Authorization": f"Bearer {TOKENS['lab-b'][0]}"})
    finally:
        one.stop()


def beside(python: str, objects: int, times: int) -> list[dict[str, Any]]:
    """CPU milliseconds a request, ours and theirs, with the same objects."""
    one = quote(indicator(objects // 2)["id"])
    requests = {
        "discovery": "/taxii2/",
        f"objects, page of {objects}": f"{PATH}?limit={objects}",
        "objects, page of 100": f"{PATH}?limit=100",
        "objects, one type": f"{PATH}?match[type]=indicator&limit=100",
        "one object": f"{PATH}{one}/",
        "manifest, page of 100": f"/forum/collections/{SHARED}/manifest/?limit=100",
    }
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        seeded(folder, objects)
        with ours(folder) as us, medallion(python, folder, objects) as them:
            rows = []
            for what, path in requests.items():
                theirs, mine = them.each(path, max(2, times // 20)), us.each(path, times)
                rows.append(
                    {
                        "what": what,
                        "ours_ms": round(mine, 2),
                        "medallion_ms": round(theirs, 1),
                        "times": round(theirs / mine, 1),
                    }
                )
            return rows


def million(objects: int) -> dict[str, Any]:
    """Walk a collection of many objects, a thousand at a time."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        filled(folder, objects)
        size = (folder / "hub.sqlite").stat().st_size
        with ours(folder) as us:
            memory, took, spent, seen, mark = [], [], [], 0, ""
            begun = us.cpu
            while True:
                before = us.ran
                body, seconds = us.raw(f"{PATH}?limit=1000{mark}")
                spent.append(us.ran - before)
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


def suite(python: str, tests: str) -> dict[str, Any]:
    """medallion's own backend tests over HTTP; each difference must still be there, or it is none any more."""
    env = os.environ | {"HUB_PYTHON": sys.executable, "PYTHONPATH": f"{PEERS}:{ROOT / 'src'}"}
    command = [python, "-m", "pytest", "-p", "medallion_shim", "test_backends.py", "--backends", "memory", "-q", "-rA"]
    done = subprocess.run(command, cwd=tests, env=env, capture_output=True, text=True, timeout=170, check=False)
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


def walks(python: str, tests: str) -> list[dict[str, Any]]:
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
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    hub.stdin.close()
    hub.wait(20)
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def killed(kills: int) -> str:
    script = ROOT / "tests" / "forum" / "taxii" / "kill_hub.py"
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [sys.executable, script, folder, str(kills), "11"], capture_output=True, text=True, check=False
        )
    return done.stdout.strip() if done.returncode == 0 else f"LOST: {done.stderr.strip()[-300:]}"


def page_of(found: dict[str, Any]) -> str:
    rows = "\n".join(
        f"| {one['what']} | {one['ours_ms']} | {one['medallion_ms']} | {one['times']} |" for one in found["beside"]
    )
    big, tests = found["million"], found["suite"]
    differ = "\n".join(f"- `{name}`: {DIFFERENCES.get(name, '**not argued**')}." for name in tests["differ"])
    clients = "; ".join(f"{one['client']}: {'walked' if one['ok'] else '**failed**'}" for one in found["walks"])
    return f"""# The hub beside others

Written by `python bench/forum_taxii.py --write`, never by hand. {found["machine"]}; shared with other work, so clock times are upper bounds.

CPU milliseconds of the server's process for one request over HTTP, {found["held"]} objects in the collection. medallion keeps its objects in memory and
notes nothing; our hub keeps them in SQLite and commits a log entry to the disk before each page leaves.

| request | ours | medallion 3.0.0 | times |
|---|---|---|---|
{rows}

**{big["objects"]:,} objects.** A walk of {big["pages"]:,} pages of 1,000: {big["page_cpu_ms"]} ms of CPU a page, p99
{big["page_cpu_p99_ms"]} ms (bar: 50 ms); by the clock p50 {big["page_p50_ms"]} ms and p99 {big["page_p99_ms"]} ms. Memory {big["memory_mib_first_tenth"]} MiB in the first tenth, {big["memory_mib_most"]} MiB at most, and it moved by
{big["memory_mib_growth"]} MiB after that. The database has {big["database_mib"]} MiB.

**medallion's own backend tests over HTTP**: {tests["passed"]} pass, {len(tests["differ"])} differ:

{differ}

**Other people's clients.** {clients}.

**kill -9 during pushes.** {found["kills"]}.
"""


def main() -> None:
    asked = argparse.ArgumentParser()
    asked.add_argument("--medallion", required=True)
    asked.add_argument("--medallion-tests", required=True)
    asked.add_argument("--objects", type=int, default=1_000_000)
    asked.add_argument("--held", type=int, default=1000)
    asked.add_argument("--times", type=int, default=200)
    asked.add_argument("--kills", type=int, default=50)
    asked.add_argument("--write", action="store_true")
    wanted = asked.parse_args()
    found: dict[str, Any] = {
        "form": "stillwatch.forum-taxii/1",
        "machine": f"{os.cpu_count()} threads, Python {platform.python_version()}",
        "held": wanted.held,
        "beside": beside(wanted.medallion, wanted.held, wanted.times),
        "million": million(wanted.objects),
        "suite": suite(wanted.medallion, wanted.medallion_tests),
        "walks": walks(wanted.medallion, wanted.medallion_tests),
        "kills": killed(wanted.kills),
    }
    print(json.dumps(found, indent=1))
    if wanted.write:
        pages = ROOT / "docs" / "benchmarks"
        (pages / "forum-taxii.json").write_text(json.dumps(found, indent=1) + "\n", "utf-8")
        (pages / "forum-taxii.md").write_text(page_of(found), "utf-8")


if __name__ == "__main__":
    main()
