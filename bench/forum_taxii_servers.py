"""The servers that bench/forum_taxii.py asks, each in a process of its own: our hub, medallion and OpenTAXII with the same objects in them."""

from __future__ import annotations

import base64
import http.client
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

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
PLACE = f"/forum/collections/{SHARED}/"
PATH = f"{PLACE}objects/"


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

    def __init__(self, port: int, process: int, headers: Mapping[str, str], place: str = PLACE) -> None:
        self._place = place
        self._open = http.client.HTTPConnection("127.0.0.1", port, timeout=300)
        self._headers = dict(headers) | {"Accept": TAXII}
        self._process = psutil.Process(process)

    def get(self, path: str) -> dict[str, Any]:
        self._open.request("GET", path.replace(PLACE, self._place), headers=self._headers)
        answer = self._open.getresponse()
        body = answer.read()
        assert answer.status == 200, (answer.status, body[:200])
        return json.loads(body)

    def raw(self, path: str) -> tuple[bytes, float]:
        """A body, and how long it took by the clock."""
        begun = time.perf_counter()
        self._open.request("GET", path.replace(PLACE, self._place), headers=self._headers)
        body = self._open.getresponse().read()
        return body, time.perf_counter() - begun

    @property
    def cpu(self) -> float:
        """CPU seconds of the server's process, threads that have ended included, to the nanosecond: its clock in the sense of clock_getcpuclockid(3)."""
        return time.clock_gettime(~self._process.pid << 3 | 2)

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
        "backend": {
            "module": "medallion.backends.memory_backend",
            "module_class": "MemoryBackend",
            "filename": str(folder / "data.json"),
        },
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
        named = {"Authorization": "Basic " + base64.b64encode(b"admin:x").decode()}
        yield _answering(port, one, folder / "log", lambda: one.pid, named)
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


@contextmanager
def opentaxii(python: str, folder: Path, objects: int) -> Iterator[Asked]:
    """OpenTAXII over SQLite behind gunicorn, one worker: its own settings, and its own tables filled by its own code."""
    port = 40_000 + os.getpid() % 10_000
    held = [indicator(number, name=f"made {number}") for number in range(objects)]
    (folder / "objects.json").write_text(json.dumps(held), "utf-8")
    seeding = [python, str(PEERS / "opentaxii_seed.py"), str(folder)]
    told = subprocess.run(seeding, check=True, capture_output=True, text=True, timeout=1700)
    place = told.stdout.strip().splitlines()[-1]
    log = (folder / "opentaxii.log").open("wb")
    one = subprocess.Popen(
        [
            python,
            "-m",
            "gunicorn",
            "opentaxii.http:app",
            "--bind",
            f"127.0.0.1:{port}",
            "--workers",
            "1",
            "--keep-alive",
            "60",
        ],
        env=os.environ | {"OPENTAXII_CONFIG": str(folder / "opentaxii.yml")},
        stdout=log,
        stderr=log,
    )
    try:
        told_by = folder / "opentaxii.log"
        yield _answering(port, one, told_by, lambda: psutil.Process(one.pid).children()[0].pid, {}, place)
    finally:
        one.terminate()
        one.wait(20)
        log.close()


def _answering(
    port: int,
    server: subprocess.Popen[bytes],
    log: Path,
    process: Callable[[], int],
    named: Mapping[str, str],
    place: str = PLACE,
) -> Asked:
    """A server once it answers, asked with its own headers: OpenTAXII turns away a name that it does not know, even where nobody need have one."""
    for _ in range(900):
        time.sleep(0.2)
        if server.poll() is not None:
            raise RuntimeError(f"the server ended with {server.returncode}: {log.read_text()[-2000:]}")
        try:
            asked = Asked(port, process(), named, place)
            asked.get("/taxii2/")
        except (OSError, IndexError, psutil.Error):
            continue
        return asked
    raise RuntimeError(f"the server did not come up within 180 s: {log.read_text()[-2000:]}")
