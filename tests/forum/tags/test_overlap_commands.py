"""Two houses, each with its own workspace, count over files what they share and learn which only when both agreed."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec
import pytest
from tests.cases.desk import desk, opening
from tests.cli.calling import call
from tests.forum.house_policy import policy_text

from stillwatch.cases import Desk, Reason, Ruling
from stillwatch.forum.tags import Kind, board_of, record_tags, write_board
from stillwatch.forum.tags.overlap_told import Message, signed

from .test_overlap import PYTHON, needs_psi

ONE, TWO = "0a1b2c3d", "1b2c3d4e"


@dataclass(frozen=True)
class World:
    folder: Path
    desks: dict[str, Desk]
    cases: dict[str, str]
    run: Callable[..., str]

    def tags(self, code: str) -> Path:
        return self.folder / f"{code}.tags"

    def say(self, code: str, *words: object, psi: bool = True, status: int = 0) -> str:
        space = ("--workspace", self.desks[code].workspace.root, "--signers", self.folder / "keys", "--by", "mary")
        return self.run("overlap", *words, *space, *(("--psi", PYTHON) if psi else ()), status=status)

    def steps(self, code: str) -> list[str]:
        told = self.desks[code].journal.history()
        return [one.record.body["step"] for one in told if one.record.kind == "forum.overlap"]


def tag(number: int) -> bytes:
    return number.to_bytes(16, "big")


@pytest.fixture
def world(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> World:
    def run(*words: object, status: int = 0) -> str:
        code, out, err = call(capsys, monkeypatch, "forum", *words)
        assert code == status, err
        return err if status else out

    desks, cases = {}, {}
    (tmp_path / "keys").mkdir()
    for code, numbers in ((ONE, range(10)), (TWO, range(7, 30))):
        at = desks[code] = desk(tmp_path / code)
        cases[code] = at.open(replace(opening()), by="mary").id
        at.decide(cases[code], Ruling.BLOCK, Reason.COORDINATED_ACCOUNTS, by="mary", note="all")
        at.approve(cases[code], by="joe", note="checked")
        write_board(board_of(Kind.EMAIL, "2026q4", [tag(one) for one in numbers]), tmp_path / f"{code}.tags")
        record_tags(at, tmp_path / f"{code}.tags", case=cases[code], by="mary")
        (at.workspace.root / "forum.toml").write_text(policy_text(code))
        shutil.copy(at.workspace.root / "keys" / "collector.pub.pem", tmp_path / "keys" / f"{code}.pub.pem")
    return World(tmp_path, desks, cases, run)


def counted(world: World, number: int = 0) -> str:
    at = world.folder
    world.say(ONE, "ask", f"o{number}", TWO, at / f"q{number}", world.tags(ONE))
    world.say(TWO, "answer", f"o{number}", at / f"q{number}", at / f"a{number}", world.tags(TWO))
    return world.say(ONE, "count", f"o{number}", at / f"a{number}")


@needs_psi
def test_how_many_first_and_which_by_consent_of_both(world: World) -> None:
    at = world.folder
    assert counted(world).strip() == "3"
    again = (ONE, "ask", "o0", TWO, at / "q-which", world.tags(ONE), "--which")
    assert "then consent" in world.say(*again, status=2)
    world.say(ONE, "consent", "o0", at / "c-one", "--why", "one actor, joint report", psi=False)
    world.say(*again)
    answer = (TWO, "answer", "o0", at / "q-which", at / "a-which", world.tags(TWO))
    assert f"no consent of {ONE}, {TWO}" in world.say(*answer, status=2)
    assert f"no consent of {TWO}" in world.say(*answer, "--consent", at / "c-one", status=2)
    world.say(TWO, "consent", "o0", at / "c-two", "--why", "counsel agreed", psi=False)
    assert f"no consent of {ONE}" in world.say(*answer, status=2), "its own does not stand for the other's"
    world.say(*answer, "--consent", at / "c-one")
    told = msgspec.json.decode((at / "a-which").read_bytes())["message"] | {"holder": "0" * 64}
    (at / "swapped").write_bytes(signed(msgspec.convert(told, Message), world.desks[TWO].signer))
    assert "another list than it counted with" in world.say(ONE, "which", "o0", at / "swapped", status=2)
    shown = world.say(ONE, "which", "o0", at / "a-which")
    assert shown.split() == [f"email:2026q4:{tag(one).hex()}" for one in (7, 8, 9)]
    assert world.steps(TWO) == ["told how many", "refused", "refused", "consented", "refused", "told which"]
    assert world.steps(ONE) == ["asked how many", "counted", "consented", "asked which", "learned which"]
    for sent in ("q0", "a0", "q-which", "a-which", "c-one", "c-two"):
        text = (at / sent).read_text()
        assert not any(word in text for word in ("mary", "counsel", "joint", *(tag(one).hex() for one in range(30))))


@pytest.mark.parametrize("kept", [b"", b"{", b"\xff", b'{"asks": true}'], ids=["empty", "cut off", "no text", "half"])
def test_an_overlap_whose_file_is_damaged_is_told_in_a_sentence(world: World, kept: bytes) -> None:
    path = world.desks[ONE].workspace.root / "desk" / "overlaps" / "o0.json"
    path.parent.mkdir(parents=True)
    path.write_bytes(kept)
    said = world.say(ONE, "consent", "o0", world.folder / "c-one", "--why", "joint report", psi=False, status=2)
    assert "o0.json: damaged" in said


@needs_psi
def test_a_lab_counts_four_times_whatever_it_calls_them(world: World) -> None:
    for number in range(4):
        assert counted(world, number).strip() == "3"
    at = world.folder
    world.say(ONE, "ask", "o9", TWO, at / "q9", world.tags(ONE))
    refused = world.say(TWO, "answer", "o9", at / "q9", at / "a9", world.tags(TWO), status=2)
    assert "has counted 4 times" in refused
    assert not (at / "a9").exists()


@needs_psi
def test_what_is_not_from_whom_it_says_or_about_another_list_is_not_answered(world: World) -> None:
    at = world.folder
    world.say(ONE, "ask", "o", TWO, at / "q", world.tags(ONE))
    changed = json.loads((at / "q").read_text())
    changed["message"]["values"] = 128
    (at / "forged").write_text(json.dumps(changed))
    assert "not signed" in world.say(TWO, "answer", "o", at / "forged", at / "a", world.tags(TWO), status=2)
    assert "expected a question for" in world.say(ONE, "answer", "x", at / "q", at / "a", world.tags(ONE), status=2)
    world.say(TWO, "answer", "o", at / "q", at / "a", world.tags(TWO))
    world.say(ONE, "ask", "other", TWO, at / "q2", world.tags(ONE))
    assert "another list" in world.say(TWO, "answer", "o", at / "q2", at / "a2", world.tags(TWO), status=2)
    assert "answers another question" in world.say(ONE, "count", "other", at / "a", status=2)
    assert world.say(ONE, "count", "o", at / "a").strip() == "3"


@needs_psi
def test_nothing_is_told_of_a_case_that_was_cleared_or_without_a_basis(world: World) -> None:
    at = world.folder
    world.say(ONE, "ask", "o", TWO, at / "q", world.tags(ONE))
    world.desks[TWO].reopen(world.cases[TWO], by="mary", why="doubts")
    answer = (TWO, "answer", "o", at / "q", at / "a", world.tags(TWO))
    assert "not in force" in world.say(*answer, status=2)
    toml = world.desks[TWO].workspace.root / "forum.toml"
    toml.write_text(policy_text(TWO, days=-1))
    assert "R13" in world.say(*answer, status=2)
    assert not (at / "a").exists()


def test_tags_that_are_of_no_case_are_not_asked_about(world: World) -> None:
    own = world.folder / "own.tags"
    write_board(board_of(Kind.EMAIL, "2026q4", [tag(77)]), own)
    words = ("ask", "o", TWO, world.folder / "q", own, "--psi", "/nonexistent")
    assert "candidates are customers" in world.say(ONE, *words, psi=False, status=2)
    assert not (world.folder / "q").exists()
