"""On a case's page: exhibits of audits, what the pipeline proposes, and what can be taken back."""

from __future__ import annotations

import html
from pathlib import Path

import pytest
from tests.cases.exhibits import AUDITOR, file

from stillwatch.cases import Member, State, propose, proposed
from stillwatch.console import House
from stillwatch.core import handle

from .browser import Browser
from .hostile import HOSTILE, faults_of
from .world import account_of, actor_of, declaration

ACTOR, OTHER = handle("actor", actor_of(0)), handle("actor", actor_of(1))
MEMBER = handle("account", account_of(0))


@pytest.fixture
def auditor(house: House) -> House:
    """A house that believes the auditor."""
    folder = house.workspace.root / "keys" / "auditors"
    folder.mkdir()
    (folder / "ann.pub.pem").write_bytes(AUDITOR.public.pem())
    return house


def two_cases(house: House) -> tuple[str, str]:
    mary = Browser(house, "analyst")
    one, two = (mary.sent_on_to("/cases", handle=name).removeprefix("/cases/") for name in (ACTOR, OTHER))
    return one, two


def test_an_exhibit_is_put_in_by_the_text_of_its_file_and_shown_with_whom_it_names(auditor: House) -> None:
    mary = Browser(auditor, "analyst")
    case = mary.sent_on_to("/cases", handle=ACTOR)
    mary.send(f"{case}/exhibits", exhibit=file(MEMBER).decode(), note="counsel asked")
    shown = html.unescape(mary.see(case))
    assert "Audit of student-1" in shown
    assert "Names 1 member of this case" in shown
    assert "it names 1 of the members" in shown, "the fourth factor"
    assert "least p 0.0002" in shown
    mary.send(f"{case}/seal", note="counsel")
    (name,) = (path.name for path in auditor.desk.sealed.iterdir())
    assert "Every byte is as it was sealed" in mary.see(f"{case}/files/{name}")


@pytest.mark.parametrize("by", [AUDITOR, None], ids=["changed", "by a stranger"])
def test_a_changed_exhibit_or_a_strangers_is_refused_in_words_and_nothing_is_recorded(house: House, by: object) -> None:
    mary = Browser(house, "analyst")
    case = mary.sent_on_to("/cases", handle=ACTOR)
    if by is AUDITOR:
        (house.workspace.root / "keys" / "auditors").mkdir()
        (house.workspace.root / "keys" / "auditors" / "ann.pub.pem").write_bytes(AUDITOR.public.pem())
    text = file(MEMBER).decode()
    text = text.replace("student-1", "student-2") if by is AUDITOR else text
    before = house.desk.journal.head()
    answer = mary.send(f"{case}/exhibits", 409, exhibit=text, note="w")
    said = "vouches for something else" if by is AUDITOR else "whose public key was not given"
    assert said in html.unescape(answer.text)
    assert house.desk.journal.head() == before
    mary.send(f"{case}/exhibits", 409, exhibit="{}", note="w")
    mary.send(f"{case}/exhibits", 422, exhibit="", note="w")


def test_an_approver_revokes_an_exhibit_and_an_analyst_does_not(auditor: House) -> None:
    mary, joe = Browser(auditor, "analyst"), Browser(auditor, "approver")
    case = mary.sent_on_to("/cases", handle=ACTOR)
    mary.send(f"{case}/exhibits", exhibit=file(MEMBER).decode(), note="w")
    digest = auditor.desk.case(case.removeprefix("/cases/")).exhibits[0].sha256
    mary.send(f"{case}/exhibits/revoke", 403, sha256=digest, note="w")
    joe.send(f"{case}/exhibits/revoke", 404, sha256="0" * 64, note="w")
    joe.send(f"{case}/exhibits/revoke", sha256=digest, note="the seed was wrong")
    shown = mary.see(case)
    assert "Revoked: the seed was wrong" in shown
    assert "least p 0.0002" not in shown
    mary.send(f"{case}/exhibits", 422, exhibit=file(MEMBER).decode(), note="w")


def test_what_an_exhibit_says_is_dead_on_every_page_and_paper(auditor: House) -> None:
    mary = Browser(auditor, "analyst")
    case = mary.sent_on_to("/cases", handle=ACTOR)
    plain = "".join(letter for letter in HOSTILE if letter.isprintable())
    mary.send(f"{case}/exhibits", exhibit=file(MEMBER, text=plain).decode(), note=HOSTILE)
    assert faults_of(mary.see(case)) == []
    assert "&lt;script&gt;alert(1)" in mary.see(case)
    printed = mary.send(f"{case}/report", 200, form="html", note="w").text
    assert "<script>alert" not in printed
    assert "student-1" in printed
    assert "<img src=x" not in printed


def test_a_proposed_merger_takes_one_click_and_is_undone_by_another(house: House) -> None:
    one, two = two_cases(house)
    propose(house.desk, one, step="merge", about=OTHER, by="stillwatch", why="they became one actor", other=two)
    mary, viewer = Browser(house, "analyst"), Browser(house, "viewer")
    shown = mary.see(f"/cases/{one}")
    seq = proposed(house.book(), one)[0].seq
    assert 'value="as proposed: they became one actor"' in shown, "the reason is written already: one click"
    assert "they became one actor" in viewer.see(f"/cases/{one}")
    assert "a proposal waits" in viewer.see("/cases")
    assert "The pipeline proposes" in viewer.see("/")
    assert f"/proposals/{seq}" not in viewer.see(f"/cases/{one}")
    viewer.send(f"/cases/{one}/proposals/{seq}", 403, note="w", answer="follow")
    mary.send(f"/cases/{one}/proposals/{seq}", note="as proposed: they became one actor", answer="follow")
    assert house.book().cases[two].state is State.MERGED
    assert "Undo the last merger" in mary.see(f"/cases/{one}")
    took = next(e.seq for e in house.book().cases[one].history if e.what == "took_over")
    mary.send(f"/cases/{one}/undo/{took}", note="a reseller")
    assert house.book().cases[two].state is State.OPEN
    assert "unmerged" in mary.see(f"/cases/{one}")
    mary.send(f"/cases/{one}/undo/{took}", 422, note="again")


def test_a_proposed_split_is_followed_or_declined_with_a_reason(house: House) -> None:
    one, _ = two_cases(house)
    members: tuple[Member, ...] = house.book().cases[one].members[:2]
    propose(house.desk, one, step="split", about=ACTOR, by="stillwatch", why="it went apart", members=members)
    mary = Browser(house, "analyst")
    seq = proposed(house.book(), one)[0].seq
    mary.send(f"/cases/{one}/proposals/{seq}", 422, note="", answer="follow")
    mary.send(f"/cases/{one}/proposals/{seq}", note="one operator", answer="decline")
    assert house.book().cases[one].history[-1].what == "proposal_declined"
    mary.send(f"/cases/{one}/proposals/{seq}", 422, note="w", answer="follow")
    propose(house.desk, one, step="split", about=OTHER, by="stillwatch", why="it went apart", members=members)
    seq = proposed(house.book(), one)[0].seq
    mary.send(f"/cases/{one}/proposals/{seq}", note="two operators", answer="follow")
    made = list(house.book().cases.values())[-1]
    assert (len(made.members), made.split_from) == (2, one)
    mary.send(f"/cases/{one}/proposals/x", 404, note="w")


def test_an_accounts_page_says_what_was_declared_for_it(house: House, tmp_path: Path) -> None:
    mary, joe = Browser(house, "analyst"), Browser(house, "approver")
    assert "Nobody declared a purpose for this account" in mary.see(f"/accounts/{MEMBER}")
    asked = declaration(MEMBER)
    mary.send("/purposes", purpose="distillation", **asked)
    (number,) = house.book().feedback.purposes
    assert "waits for a second person" in mary.see(f"/accounts/{MEMBER}")
    joe.send("/purposes/approve", number=number, why="contract 9")
    shown = mary.see(f"/accounts/{MEMBER}")
    assert "Prof. Ada" in shown
    assert ">counts<" in shown
    assert "Prof. Ada" not in mary.see(f"/accounts/{handle('account', account_of(1))}")
    mary.send("/purposes/end", number=number, why="over")
    assert ">ended<" in mary.see(f"/accounts/{MEMBER}")
    assert f'value="{MEMBER}"' in mary.see(f"/purposes?for={MEMBER}")
    assert 'name="handles" value=""' in mary.see('/purposes?for="><script>')
