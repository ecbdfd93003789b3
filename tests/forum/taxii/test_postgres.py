"""The same hub over a real PostgreSQL, when one is installed: pages, filters, retractions, erasures, the log, and two hubs at once."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.forum.taxii.hub import SHARED, SIGNER, asking, indicator, settings

from stillwatch.forum.log import Ledger, NoteKey, audit, read_note
from stillwatch.forum.taxii.database import connector

pytest.importorskip("pg8000", reason="pip install stillwatch[postgres]")
BINARIES = sorted(Path("/usr/lib/postgresql").glob("*/bin")) if Path("/usr/lib/postgresql").exists() else []
AS_OTHER = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if not BINARIES or (AS_OTHER and shutil.which("runuser") is None):
        pytest.skip("PostgreSQL is not installed: apt-get install postgresql")
    folder = tmp_path_factory.mktemp("postgres")
    folder.chmod(0o777)
    for above in folder.parents:
        if above.owner() == "root" and above != Path("/"):
            above.chmod(above.stat().st_mode | 0o011)
    data, bin_ = folder / "data", BINARIES[-1]

    def run(*command: str) -> None:
        subprocess.run(
            [*AS_OTHER, *command], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=folder
        )

    run(str(bin_ / "initdb"), "-D", str(data), "-A", "trust", "-U", "stillwatch", "-N")
    port = str(20_000 + os.getpid() % 20_000)
    options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1"
    run(str(bin_ / "pg_ctl"), "-D", str(data), "-w", "-l", str(folder / "log"), "-o", options, "start")
    yield f"postgresql://stillwatch@127.0.0.1:{port}/postgres"
    run(str(bin_ / "pg_ctl"), "-D", str(data), "-w", "-m", "immediate", "stop")


def test_a_hub_over_postgresql_answers_as_one_over_a_file_does(database: str, tmp_path: Path) -> None:
    hub = settings(tmp_path, database=database)
    with asking(hub) as ask, asking(hub) as other:
        path = f"/forum/collections/{SHARED}/objects/"
        status = ask.push(
            *(indicator(number) for number in range(600)), indicator(1, "2026-11-02T00:00:00.000Z"), {"id": 3}
        )
        assert (status["success_count"], status["failure_count"]) == (601, 1)
        assert ask("GET", f"/forum/status/{status['id']}/").json == status
        first = ask.objects(limit="500")
        rest = other.objects(next=first.json["next"], limit="500")
        assert len(set(first.ids + rest.ids)) == 600
        assert rest.json["more"] is False
        assert len(ask.objects(match_version="all", match_id=indicator(1)["id"]).ids) == 2
        assert len(ask.objects(match_type="indicator,malware", match_version="first", limit="7").ids) == 7
        assert len(other("GET", f"{path}{indicator(1)['id']}/versions/").json["versions"]) == 2
        assert other.push(indicator(2, name="x"))["failures"][0]["message"].startswith("collision")
        other.push(indicator(900))
        ask.push(indicator(901))
        dates = [
            one["date_added"]
            for one in ask("GET", f"/forum/collections/{SHARED}/manifest/", query={"match[type]": "indicator"}).json[
                "objects"
            ]
        ]
        assert dates == sorted(set(dates))
        ask.objects(as_="lab-b")
        ask.push(indicator(3, "2026-11-02T00:00:00.000Z", revoked=True))
        assert [one["member"] for one in ask("GET", f"{path}{indicator(3)['id']}/holders/").json["holders"]] == [
            "lab-b"
        ]
        assert ask("DELETE", f"{path}{indicator(4)['id']}/").status == 200
        assert ask("GET", f"{path}{indicator(4)['id']}/").status == 404
        note = read_note(ask("GET", "/log/checkpoint").body.decode())
    connection = connector(database)()
    done = audit(
        Ledger(connection).events(),
        [note],
        [NoteKey(name="hub.example/log", key=SIGNER.public)],
        origin="hub.example/log",
    )
    connection.close()
    assert done.size > 600
