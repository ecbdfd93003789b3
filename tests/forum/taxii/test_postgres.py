"""The same hub over a real PostgreSQL, when one is installed: pages, filters, retractions, erasures, the log, and two hubs at once."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.forum.taxii.hub import SHARED, SIGNER, asking, indicator, settings
from tests.postgres import postgres

from stillwatch.forum.log import Ledger, NoteKey, audit, read_note
from stillwatch.forum.taxii.database import connector


@pytest.fixture(scope="module")
def database() -> Iterator[str]:
    with postgres(20_000 + os.getpid() % 20_000) as address:
        yield address


def test_a_hub_over_postgresql_answers_as_one_over_a_file_does(database: str, tmp_path: Path) -> None:
    hub = settings(tmp_path, database=database)
    with asking(hub) as ask, asking(hub) as other:
        path = f"/forum/collections/{SHARED}/objects/"
        status = ask.push(
            *(indicator(number) for number in range(130)), indicator(1, "2026-11-02T00:00:00.000Z"), {"id": 3}
        )
        assert (status["success_count"], status["failure_count"]) == (131, 1)
        assert ask("GET", f"/forum/status/{status['id']}/").json == status
        first = ask.objects(limit="100")
        rest = other.objects(next=first.json["next"], limit="100")
        assert len(set(first.ids + rest.ids)) == 130
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
    assert done.size > 130
