"""What analysts come for: a queue that filters, sorts and turns pages, a case in a few steps, words that feed back, an account at once."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from stillwatch.cases import Ruling, State, Verdict
from stillwatch.console import House
from stillwatch.console.calibrating import follow_labels
from stillwatch.console.findings import PER_PAGE, Findings, Level, Marks, Query, read_findings
from stillwatch.console.findings import State as Worked
from stillwatch.console.pages import feedback
from stillwatch.core import Decision, WorkspaceError, handle, unhandle
from stillwatch.engine import Workspace
from stillwatch.pipeline import Cleared, clear_accounts, standing_file, unflagged_accounts
from stillwatch.policy import read_standing

from .browser import Browser, house_in
from .world import account_of, actor_of, declaration, indicators_in, made

ACTOR = handle("actor", actor_of(0))
NOTHING = Marks(in_case={}, labelled={}, paused=frozenset())


@pytest.fixture(scope="module")
def findings(tmp_path_factory: pytest.TempPathFactory) -> Findings:
    return read_findings(made(tmp_path_factory.mktemp("queue") / "w", accounts=400, flagged=230, actors=30, members=3))


def test_pages_of_the_queue_hold_every_finding_once_whatever_it_is_sorted_by(findings: Findings) -> None:
    for sort in ("evidence", "exchanges", "obtained", "first"):
        for up in (False, True):
            query = Query(decision=None, sort=sort, up=up)
            first = findings.listed(query, NOTHING)
            names = [
                row["handle"]
                for page in range(1, first.pages + 1)
                for row in findings.listed(Query(decision=None, sort=sort, up=up, page=page), NOTHING).rows
            ]
            assert sorted(names) == sorted(findings.rows.column("handle").to_pylist())
    assert first.total == 260
    assert len(first.rows) == PER_PAGE


def test_the_queue_is_in_order_of_evidence_and_filters_by_what_is_asked(findings: Findings) -> None:
    rows = findings.listed(Query(), NOTHING).rows
    evidence = [row["evidence"] for row in rows]
    assert evidence == sorted(evidence, reverse=True)
    assert all(row["decision"] == Decision.REVIEW for row in rows)
    actors = findings.listed(Query(decision=None, level=Level.ACTOR), NOTHING)
    assert actors.total == 30
    assert findings.listed(Query(text=ACTOR.lower()), NOTHING).total == 1
    assert findings.listed(Query(text="no such words"), NOTHING).total == 0
    assert findings.listed(Query(page=10**6), NOTHING).page == findings.listed(Query(), NOTHING).pages


def test_what_is_left_alone_is_out_of_the_queue_and_found_where_it_is_asked_for(findings: Findings) -> None:
    marks = Marks(in_case={ACTOR: "C-1"}, labelled={}, paused=frozenset({handle("actor", actor_of(1))}))
    everything = findings.listed(Query(decision=None), NOTHING).total
    assert findings.listed(Query(decision=None), marks).total == everything - 1
    assert [row["handle"] for row in findings.listed(Query(state=Worked.IN_CASE), marks).rows] == [ACTOR]
    assert findings.listed(Query(state=Worked.PAUSED), marks).total == 1
    assert findings.listed(Query(decision=None, state=Worked.NEW), marks).total == everything - 2


def test_from_a_finding_to_a_decision_that_two_people_made(house: House) -> None:
    mary, joe = Browser(house, "analyst"), Browser(house, "approver")
    assert ACTOR in mary.see("/findings")
    case = mary.sent_on_to("/cases", handle=ACTOR)
    assert mary.sent_on_to("/cases", handle=ACTOR) == case, "asked twice, it leads to the same case"
    mary.send(f"{case}/decide", status=422, ruling="block", reason="innocent_explanation", note="does not fit")
    mary.send(f"{case}/decide", status=422, ruling="block", reason="coordinated_accounts", note=" ")
    mary.send(f"{case}/decide", ruling="block", reason="coordinated_accounts", note="shared instruments")
    assert "another person approves it" in mary.see(case)
    mary.send(f"{case}/approve", status=403, note="myself")
    assert "awaits a second person" in joe.see("/")
    joe.send(f"{case}/approve", note="read it all")
    found = house.desk.case(case.removeprefix("/cases/"))
    assert found.state is State.DECIDED
    assert [(one.ruling, one.by, one.approved_by) for one in found.in_force] == [(Ruling.BLOCK, "analyst", "approver")]
    joe.send(f"{case}/reopen", note="they appealed", contested="yes")
    assert house.desk.case(found.id).state is State.OPEN


def test_a_decision_reaches_the_gateway_and_a_replay_shows_whom_the_policy_would_touch(house: House) -> None:
    mary, joe = Browser(house, "analyst"), Browser(house, "approver")
    case = mary.sent_on_to("/cases", handle=ACTOR)
    mary.send(f"{case}/decide", ruling="block", reason="coordinated_accounts", note="shared instruments")
    joe.send(f"{case}/approve", note="read it all")
    standing = read_standing(standing_file(house.workspace)).rows
    members = {unhandle(one.handle)[1] for one in house.desk.case(case.removeprefix("/cases/")).members}
    assert set(standing.column("account").to_pylist()) == members
    assert set(standing.column("decided").to_pylist()) == {"block"}
    assert "Play" in mary.see("/replay")
    assert "By innocent explanation" in mary.send("/replay", status=200).text
    (house.workspace.root / "policy.toml").write_text("form = 1\n")
    assert "By innocent explanation" not in mary.send("/replay", status=200).text
    joe.send(f"{case}/reopen", note="they appealed", contested="yes")
    assert "block" not in read_standing(standing_file(house.workspace)).rows.column("decided").to_pylist()


def test_what_other_houses_told_is_listed_and_looked_with_when_asked(house: House) -> None:
    mary = Browser(house, "analyst")
    assert "Nothing was taken in yet" in mary.see("/inbox")
    indicators_in(house, value="<b>64500</b>")
    shown = mary.see("/inbox")
    assert "&lt;b&gt;64500" in shown
    assert "only with others" in shown
    assert "0 of 1 indicators match" in mary.send("/inbox", status=200).text


def test_whoever_decides_a_case_does_not_approve_it_even_as_an_approver(house: House) -> None:
    joe = Browser(house, "approver")
    case = joe.sent_on_to("/cases", handle=ACTOR)
    joe.send(f"{case}/decide", ruling="suspend", reason="coordinated_accounts", note="shared instruments")
    assert "needs a second person" in joe.send(f"{case}/approve", status=422, note="myself").text


def test_an_account_that_no_report_lists_gets_a_page_and_a_case_all_the_same(house: House) -> None:
    mary, name = Browser(house, "analyst"), handle("account", account_of(50))
    page = mary.see(f"/accounts/{name}")
    assert "Unlike others of its kind" in page
    assert '<span class="tag neither">quiet</span>' in page
    case = mary.sent_on_to("/cases", handle=name)
    assert name in mary.see(case)
    mary.see(f"/accounts/{handle('account', 5)}", status=404)


def test_looking_at_a_case_is_recorded_once_an_hour(house: House) -> None:
    mary, vic = Browser(house, "analyst"), Browser(house, "viewer")
    case = mary.sent_on_to("/cases", handle=ACTOR)
    vic.see(case)
    vic.see(case)
    seen = [told.private["by"] for told in house.book().history if told.record.kind == "case.seen"]
    assert seen == ["viewer"]
    house.clock.now += dt.timedelta(minutes=29)  # type: ignore[attr-defined]
    vic.see(case)
    house.clock.now += dt.timedelta(minutes=29)  # type: ignore[attr-defined]
    vic.see(case)
    house.clock.now += dt.timedelta(minutes=29)  # type: ignore[attr-defined]
    vic.see(case)
    assert len([told for told in house.book().history if told.record.kind == "case.seen"]) == 2


def test_a_pause_ends_on_its_day_or_when_it_is_lifted(house: House) -> None:
    mary = Browser(house, "analyst")
    mary.send("/pauses", status=422, handle=ACTOR, days="400", why="too long")
    mary.send("/pauses", status=422, handle=ACTOR, days="-1", why="gone")
    mary.send("/pauses", handle=ACTOR, days="10", why="known to be good", good="yes", back="/findings")
    assert ACTOR not in mary.see("/findings")
    assert ACTOR in mary.see("/findings?state=paused")
    mary.send("/pauses/lift", handle=ACTOR, why="it is not", back="/findings")
    assert ACTOR in mary.see("/findings")
    mary.send("/pauses", handle=ACTOR, days="10", why="looked at it", back="/findings")
    house.clock.now += dt.timedelta(days=11)  # type: ignore[attr-defined]
    assert ACTOR in Browser(house, "analyst").see("/findings")


def test_a_sample_is_drawn_of_unflagged_accounts_and_what_is_found_in_it_calibrates(house: House) -> None:
    mary = Browser(house, "analyst")
    mary.send("/sample", status=422, n="0")
    mary.send("/sample", status=422, n="150")
    mary.send("/sample", n="6")
    (sample,) = house.book().feedback.samples
    flagged = {handle("account", account_of(i)) for i in range(16)}  # ten on their own, two actors of eight for review
    assert len(set(sample.handles)) == 6
    assert not flagged & set(sample.handles)
    assert sample.population == len(unflagged_accounts(house.workspace))
    clean, hostile, loud = sample.handles[0], sample.handles[1], handle("account", account_of(0))
    for name, verdict in ((clean, "false"), (hostile, "true"), (loud, "false")):
        mary.send("/labels", handle=name, verdict=verdict, why="looked at its exchanges", back="/sample")
    house.workspace.store.reload()
    cleared = house.workspace.store.read("labels").to_pylist()
    assert [handle("account", row["account"]) for row in cleared] == [clean], "a loud account is no fair picture"
    assert "1.3 to 99 %" in mary.see("/sample")
    mary.send("/labels", handle=clean, verdict="true", why="on second thought", back="/sample")
    house.workspace.store.reload()
    assert house.workspace.store.read("labels").num_rows == 0
    assert house.book().feedback.labels[clean].verdict is Verdict.TRUE


def test_a_label_that_is_given_while_a_scan_writes_calibrates_once_it_has_ended(house: House) -> None:
    mary, scan = Browser(house, "analyst"), Workspace(house.workspace.root)
    mary.send("/sample", n="2")
    one, two = house.book().feedback.samples[0].handles
    for name in (one, two):
        mary.send("/labels", handle=name, verdict="false", why="looked at its exchanges")
    with scan.writing():
        changed: dict[str, Any] = {"handle": one, "verdict": "true", "why": "on second thought", "back": "/sample"}
        assert "once it has ended" in mary.see(mary.send("/labels", **changed).headers["location"])
        loud = mary.send("/labels", handle=ACTOR, verdict="false", why="a classroom").headers["location"]
        assert loud.endswith("done=labelled"), "it is of no sample, so nothing waits"
        assert cleared_in(scan) == {one, two}
    mary.see("/findings")
    assert cleared_in(scan) == {two}
    with scan.writing():
        mary.send("/labels", handle=two, verdict="unsure", why="on second thought")
    assert follow_labels(house_in(scan)), "a console that was started anew knows as well"
    assert cleared_in(scan) == set()


def cleared_in(space: Workspace) -> set[str]:
    """The accounts that calibrate the next scan."""
    space.store.reload()
    return {handle("account", account) for account in space.store.read("labels").column("account").to_pylist()}


def test_who_is_cleared_is_asked_while_nobody_else_can_write(house: House) -> None:
    other = Workspace(house.workspace.root)

    def asked() -> list[Cleared]:
        with pytest.raises(WorkspaceError), other.writing():
            pass
        return [Cleared(account=5, by="mary", at=dt.datetime(2026, 11, 1, tzinfo=dt.UTC))]

    clear_accounts(house.workspace, asked)
    assert cleared_in(other) == {handle("account", 5)}


def test_accounts_are_drawn_evenly(house: House) -> None:
    left = unflagged_accounts(house.workspace)
    assert left.to_pylist() == sorted(left.to_pylist())
    assert len(np.unique(left.to_numpy())) == len(left) == 60 - 16


def test_walking_along_a_link_shows_who_has_the_thing_and_what_they_share_besides(house: House) -> None:
    mary = Browser(house, "viewer")
    page = mary.see(f"/actors/{ACTOR}?thing=subnet:5")
    assert "2 members have it" in page
    assert page.count("account off") > 0
    assert re.search(r"thing=payment%3A77|thing=payment:77", page)
    assert "Whole picture" not in mary.see(f"/actors/{ACTOR}?thing=none:1")


def test_a_search_leads_to_what_a_handle_names_and_finds_words(house: House) -> None:
    mary = Browser(house, "analyst")
    assert mary.client.get(f"/search?q={ACTOR.lower()}").headers["location"] == f"/actors/{ACTOR}"
    assert ACTOR in mary.see("/search?q=worked+reasoning")
    assert "Nothing is called so" in mary.see("/search?q=zzzz")
    assert "family" in mary.see(f"/search?q={handle('family', 1)}").lower()


def test_a_name_is_looked_up_on_record_whether_it_is_known_or_not(house: House) -> None:
    mary = Browser(house, "analyst")
    mary.send("/search/name", status=422, name="nobody at all", why="counsel asks")
    (told,) = house.book().history
    assert (told.record.kind, told.private["note"]) == ("name.looked_up", "counsel asks")
    assert told.private["handle"].startswith("A-")


def test_a_seed_that_is_a_name_or_an_indicator_needs_a_reason_that_is_recorded_first(house: House) -> None:
    mary = Browser(house, "analyst")
    for seed in ("account:somebody", "ip:203.0.113.9", "X-nothing\npayment:card"):
        assert "why: expected something" in mary.send("/expand", status=422, seed=seed).text
    assert not house.book().history
    mary.send("/expand", status=200, seed="account:somebody\nip:203.0.113.9", why="said to be one")
    name, thing = house.book().history
    assert (name.record.kind, thing.record.kind) == ("name.looked_up", "name.looked_up")
    assert (name.private["handle"][:2], thing.record.body) == ("A-", {"kinds": ["ip"]})
    assert name.private["note"] == thing.private["note"] == "said to be one"


def test_a_query_is_run_under_guard_and_recorded_with_its_words(house: House) -> None:
    mary = Browser(house, "analyst")
    assert "60" in mary.send("/sql", status=200, query="select count(distinct account) from account_evidence").text
    refused = mary.send("/sql", status=200, query="select * from read_text('/etc/passwd')").text
    assert "neither files nor settings" in refused
    asked = [told.private["note"] for told in house.book().history if told.record.kind == "query.asked"]
    assert asked[1].startswith("select * from read_text")


def test_a_workspace_without_a_scan_says_so(tmp_path: Path) -> None:
    mary = Browser(house_in(Workspace(tmp_path / "w")), "analyst")
    assert "Nothing was scanned here yet" in mary.see("/")
    mary.see("/findings", status=404)


def test_a_new_scan_is_seen_without_a_restart(house: House) -> None:
    mary = Browser(house, "viewer")
    assert ACTOR in mary.see("/findings")
    with house.workspace.writing():
        store = house.workspace.store
        store.put("actors", store.read("actors").slice(0, 0))
    assert ACTOR not in mary.see("/findings")


def test_tables_that_another_process_replaced_are_read_as_they_are_now(house: House) -> None:
    mary, other = Browser(house, "analyst"), Workspace(house.workspace.root)
    ways = [f"/accounts/{handle('account', account_of(0))}/exchanges"]
    opened = {"exchange": handle("exchange", 1), "why": "to see whether it is a harness"}
    ways.append(mary.sent_on_to(ways[0], **opened))
    shown = [mary.see(way) for way in ways]
    for name in ("features", "exchanges", "families"):
        rows = other.store.read(name)
        other.store.put(name, [rows.slice(0, 1), rows.slice(1)])
    assert [mary.see(way) for way in ways] == shown
    prompt = " ".join(f"word{i} and more of it" for i in range(200))
    mary.send("/search/template", status=200, prompt=prompt)


def test_a_sample_is_of_one_scan_or_of_none(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    def while_a_scan_ends(workspace: Workspace) -> pa.Array:
        left = unflagged_accounts(workspace)
        other = Workspace(workspace.root)
        other.store.put("actors", other.store.read("actors").slice(1))
        return left

    monkeypatch.setattr(feedback, "unflagged_accounts", while_a_scan_ends)
    assert "draw it again" in Browser(house, "analyst").send("/sample", status=422, n="3").text
    assert house.book().feedback.samples == ()


def test_a_purpose_is_declared_approved_by_another_and_ended_on_one_page(house: House) -> None:
    mary, joe, viewer = (Browser(house, name) for name in ("analyst", "approver", "viewer"))
    asked = declaration(handle("account", account_of(0)))
    viewer.send("/purposes", status=403, purpose="research", **asked)
    mary.send("/purposes", status=422, purpose="research", **(asked | {"until": "soon"}))
    mary.send("/purposes", purpose="distillation", **asked)
    ((number, one),) = house.book().feedback.purposes.items()
    assert one.waits
    assert "Waits for a second person" in mary.see("/purposes")
    mary.send("/purposes/approve", status=403, number=number, why="contract 9")
    joe.send("/purposes/approve", number=number, why="contract 9")
    assert house.book().feedback.purposes[number].approved_by == "approver"
    assert "Prof. Ada" in viewer.see("/purposes")
    assert 'action="/purposes/end"' not in viewer.see("/purposes")
    mary.send("/purposes/end", number=number, why="the contract ended")
    assert house.book().feedback.purposes[number].ended_by == "analyst"


def test_a_purpose_that_begins_later_does_not_look_as_if_it_counted(house: House) -> None:
    mary = Browser(house, "analyst")
    later = declaration(handle("account", account_of(0))) | {"since": "2027-01-01", "until": "2027-02-01"}
    mary.send("/purposes", purpose="research", **declaration(handle("account", account_of(1))))
    assert ", not yet" not in mary.see("/purposes")
    mary.send("/purposes", purpose="research", **later)
    assert ", not yet" in mary.see("/purposes")


def test_an_approver_does_not_approve_what_the_same_person_recorded(house: House) -> None:
    joe = Browser(house, "approver")
    asked = declaration(handle("account", account_of(0)))
    joe.send("/purposes", purpose="distillation", **asked)
    (number,) = house.book().feedback.purposes
    assert "needs a second person" in joe.send("/purposes/approve", status=422, number=number, why="contract 9").text
    assert house.book().feedback.purposes[number].waits
