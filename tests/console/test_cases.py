"""A case's page says what it came to, prints it on record, and keeps third parties' secrets shut until somebody has a reason."""

from __future__ import annotations

import dataclasses
import datetime as dt
import html
from collections import Counter
from pathlib import Path

import msgspec
import pyarrow as pa
import pytest

from stillwatch.cases import journal_faults
from stillwatch.console import House
from stillwatch.core import CapabilityShare, Displacement, ModelUse, Replacement, handle
from stillwatch.engine import Workspace
from stillwatch.pipeline import last_view, standing_file
from stillwatch.policy import read_standing

from .browser import Browser, house_in
from .hostile import faults_of
from .world import RUN, account_of, actor_of, made

ACTOR = handle("actor", actor_of(0))
SECRET = "AKIAABCDEFGHIJKLMNOP"
PRICES = """\
currency = "USD"
as_of = 2026-11-01
source = "our page"
[[price]]
model = "atlas-4"
input = 3.0
output = 15.0
"""


def _written(space: Workspace, column: str, text: str) -> None:
    """Every kept exchange has this text in a column."""
    with space.writing():
        rows = space.store.read("exchanges")
        texts = pa.array([text] * rows.num_rows, rows.schema.field(column).type)
        space.store.put("exchanges", rows.set_column(rows.schema.get_field_index(column), column, texts))


@pytest.fixture
def relayed(tmp_path: Path) -> House:
    """A house whose customers' texts hold somebody else's key, and whose first actor's use was counted."""
    space = made(tmp_path / "w")
    _written(space, "prompt", f"key {SECRET} of somebody, mail jo@example.org")
    view = last_view(space)
    use = ModelUse(
        model="atlas-4",
        attempts=800,
        answered=700,
        refused=60,
        failed=40,
        unknown=0,
        input_tokens=1_000_000,
        output_tokens=2_000_000,
        uncounted=5,
    )
    counted = dataclasses.replace(
        view.actors[0],
        uses=(use,),
        sought=(CapabilityShare(capability="rubric grading", exchanges=30, of=100, elsewhere=1, elsewhere_of=100),),
        replacement=Replacement(stopped=6, replaced=4, half_life_hours=3.0),
        displacement=Displacement(
            since=dt.date(2026, 9, 15),
            before=100,
            after=100,
            days_before=1,
            days_after=1,
            shares=(("atlas-4", 1.0, 0.3), ("atlas-3", 0.0, 0.7)),
            pathways=(("api", 1.0, 0.4), ("bedrock", 0.0, 0.6)),
            new_accounts=4,
            by_new=80,
        ),
    )
    path = space.root / "reports" / RUN / "view.json"
    path.write_bytes(msgspec.json.encode(dataclasses.replace(view, actors=(counted, *view.actors[1:]))))
    (space.root / "prices.toml").write_text(PRICES)
    return house_in(space)


def test_the_impact_stands_on_the_page_of_the_actor_and_of_the_case(relayed: House) -> None:
    mary = Browser(relayed, "analyst")
    case = mary.sent_on_to("/cases", handle=ACTOR)
    for page in (mary.see(f"/actors/{ACTOR}"), mary.see(case)):
        for told in (
            '<td class="n">800</td><td class="n">700</td><td class="n">60</td><td class="n">40</td>',
            "Rubric grading",
            "33.00 USD for 695 answered attempts",
            "not a loss",
            "Half-life of a stop: 3.0 hours",
            "bedrock 0% to 60%".replace("%", " %"),
            "4 accounts of the group began after that day and sent 80",
        ):
            assert told in page.replace("\u00a0", " ").replace("%", " %").replace("  %", " %"), told


def test_the_case_keeps_its_families_links_and_timeline_when_the_scan_is_gone(relayed: House) -> None:
    mary = Browser(relayed, "analyst")
    case = mary.sent_on_to("/cases", handle=ACTOR)
    with relayed.workspace.writing():
        store = relayed.workspace.store
        store.put("actors", store.read("actors").slice(0, 0))
    (relayed.workspace.root / "reports" / RUN / "view.json").write_bytes(
        msgspec.json.encode(dataclasses.replace(last_view(relayed.workspace), actors=()))
    )
    page = mary.see(case)
    assert handle("family", 1) in page
    assert "payment plain words" in page
    assert "190 harvest and 40 other exchanges" in page


def test_a_decision_stands_on_the_timeline_of_the_actor(relayed: House) -> None:
    relayed.clock.now = dt.datetime(2026, 9, 15, 10, tzinfo=dt.UTC)  # type: ignore[attr-defined]
    mary, joe = Browser(relayed, "analyst"), Browser(relayed, "approver")
    case = mary.sent_on_to("/cases", handle=ACTOR)
    mary.send(f"{case}/decide", ruling="block", reason="coordinated_accounts", note="shared instruments")
    assert "block in force" not in mary.see(f"/actors/{ACTOR}"), "nobody has approved it"
    joe.send(f"{case}/approve", note="read it all")
    assert mary.see(f"/actors/{ACTOR}").count("block in force") == 2, "drawn, and said"
    joe.send(f"{case}/reopen", note="they appealed", contested="yes")
    assert "block withdrawn" in mary.see(f"/actors/{ACTOR}")


@pytest.mark.parametrize("form", ["pdf", "html"])
def test_a_case_is_printed_on_record_and_never_without_a_reason(relayed: House, form: str) -> None:
    if form == "pdf":
        pytest.importorskip("reportlab", reason="reportlab is not installed: the extra [pdf]")
    mary = Browser(relayed, "analyst")
    case = mary.sent_on_to("/cases", handle=ACTOR)
    mary.send(f"{case}/report", status=422, form=form, note=" ")
    mary.send(f"{case}/report", status=422, form="docx", note="for the board")
    kinds = [told.record.kind for told in relayed.book().history]
    assert "case.reported" not in kinds
    answer = mary.send(f"{case}/report", status=200, form=form, note="for the board")
    assert answer.headers["content-disposition"].startswith("attachment")
    assert answer.headers["cache-control"] == "no-store"
    last = relayed.book().history[-1]
    assert (last.record.kind, last.private["note"]) == ("case.reported", "for the board")
    if form == "pdf":
        assert answer.content.startswith(b"%PDF-")
    else:
        assert "Innocent explanations that were considered" in answer.text
        assert "Rubric grading" in answer.text
    Browser(relayed, "viewer").send(f"{case}/report", status=403, form=form, note="for the board")


def test_a_bystanders_value_is_shown_once_for_a_reason_and_stands_nowhere_else(relayed: House) -> None:
    mary, ada = Browser(relayed, "analyst"), Browser(relayed, "auditor")
    case = mary.sent_on_to("/cases", handle=ACTOR)
    assert "Nobody looked yet" in mary.see(case)
    mary.send(f"{case}/bystanders", status=422, note="")
    mary.send(f"{case}/bystanders", note="relayed traffic")
    listed = mary.see(f"{case}/bystanders")
    assert "Amazon Web Services" in listed
    assert "nobody was told yet" in mary.see(case)
    number = next(i for i in (1, 2) if "Amazon" in mary.see(f"{case}/bystanders/{i}"))
    way = f"{case}/bystanders/{number}"
    assert SECRET not in listed + mary.see(way)
    mary.send(way, status=422, why="")
    assert SECRET in mary.send(way, status=200, why="the issuer asks which key it is").text
    assert SECRET not in mary.see(way)
    assert "the issuer asks which key it is" in ada.see(way)
    ada.send(way, status=403, why="curious")
    mary.send(f"{way}/told", whom="abuse desk of the issuer", why="by mail")
    assert "nobody was told yet" not in mary.see(case)
    mary.see(f"{case}/bystanders/99", status=404)
    kinds = Counter(told.record.kind for told in relayed.book().history)
    assert (kinds["case.bystanders_opened"], kinds["case.bystanders_told"]) == (1, 1)
    assert journal_faults(relayed.desk.journal.folder, relayed.desk.signer.public) == []
    assert SECRET not in (relayed.desk.journal.folder / "journal.jsonl").read_text()
    assert SECRET not in (relayed.workspace.root / "vault" / f"bystanders-{case[7:]}.json").read_text()


def test_a_bystander_keeps_its_number_from_look_to_look(relayed: House) -> None:
    mary = Browser(relayed, "analyst")
    case = mary.sent_on_to("/cases", handle=ACTOR)
    mary.send(f"{case}/bystanders", note="relayed traffic")
    before = mary.see(f"{case}/bystanders/1")
    _written(relayed.workspace, "system", f"new key ghp_{'Z' * 36} comes first")
    mary.send(f"{case}/bystanders", note="again")
    assert mary.see(f"{case}/bystanders/1") == before
    assert "GitHub" in mary.see(f"{case}/bystanders/3")


def test_an_html_case_runs_nothing_and_loads_nothing(hostile_house: House) -> None:
    mary = Browser(hostile_house, "analyst")
    case = mary.sent_on_to("/cases", handle=ACTOR)
    page = mary.send(f"{case}/report", status=200, form="html", note="for counsel").text
    assert "default-src 'none'" in html.unescape(page)
    ours = ["link from elsewhere", "link href=data:,", "a script of its own"]
    assert faults_of(page) == ours, "its empty icon, and the one script whose hash the policy names"
    assert page.count("<script>") == 1


def test_an_account_page_is_not_a_way_to_bystanders(relayed: House) -> None:
    mary = Browser(relayed, "analyst")
    account = handle("account", account_of(0))
    why = "to see whether it is a harness"
    opened = mary.sent_on_to(f"/accounts/{account}/exchanges", exchange=handle("exchange", 1), why=why)
    assert SECRET not in mary.see(opened)
    assert "credential, quarantined" in mary.see(opened)


def test_a_decision_whose_time_is_over_leaves_the_standing_on_the_next_visit(house: House) -> None:
    mary = Browser(house, "analyst")
    case = mary.sent_on_to("/cases", handle=ACTOR)
    mary.send(f"{case}/decide", status=422, ruling="throttle", reason="harvest_at_scale", note="x", days="soon")
    mary.send(f"{case}/decide", ruling="throttle", reason="harvest_at_scale", note="asked at scale", days="2")
    assert "in force until 2026-11-03" in mary.see(case)
    decided = read_standing(standing_file(house.workspace)).rows.column("decided").to_pylist()
    assert set(decided) == {"throttle"}
    house.clock.now += dt.timedelta(days=3)  # type: ignore[attr-defined]
    page = Browser(house, "analyst").see(case)
    assert "ended, its time is over" in page
    assert "Decide</button>" in page, "the case is open again"
    assert read_standing(standing_file(house.workspace)).rows.num_rows == 0


def test_a_contested_case_says_by_when_it_is_due(house: House) -> None:
    mary = Browser(house, "analyst")
    case = mary.sent_on_to("/cases", handle=ACTOR)
    mary.send(f"{case}/decide", ruling="throttle", reason="harvest_at_scale", note="asked at scale")
    mary.send(f"{case}/reopen", note="they appealed", contested="yes")
    assert "to be decided anew by 2026-11-15" in mary.see(case)
    assert "contested, due 2026-11-15" in mary.see("/cases")
