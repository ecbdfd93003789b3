"""What is added to a case from the command line: exhibits of audits, answers to the pipeline's proposals, declared purposes."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from tests.cases.desk import desk, opening

from stillwatch.audit import write_outcome
from stillwatch.cases import Desk, make_key, propose

from .calling import call
from .test_audit_exhibit import OUTCOME

ACCOUNT = "A-0000000000001"


@pytest.fixture
def at(tmp_path: Path) -> Desk:
    """A desk with one case."""
    made = desk(tmp_path)
    made.open(opening(), by="mary")
    return made


class Line:
    """The command line over one workspace."""

    def __init__(self, at: Desk, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self.at, self.capsys, self.monkeypatch = at, capsys, monkeypatch
        self.case = next(iter(at.cases()))

    def __call__(self, *words: object, by: str = "mary", to: bool = True) -> tuple[int, str, str]:
        where = ("--workspace", self.at.workspace.root) if to else ()
        who = ("--by", by) if to and words[-1] != "list" and "proposals" not in words else ()
        return call(self.capsys, self.monkeypatch, *words, *who, *where)


@pytest.fixture
def run(at: Desk, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Line:
    """Commands on that desk."""
    return Line(at, capsys, monkeypatch)


def test_an_exhibit_goes_from_the_auditors_desk_into_the_case_and_out_again(run: Line, tmp_path: Path) -> None:
    outcome, exhibit, key = tmp_path / "audit.json", tmp_path / "exhibit.json", tmp_path / "ann.pem"
    write_outcome(outcome, OUTCOME)
    auditor = make_key(key)
    code, out, err = run("audit", "report", outcome, "--exhibit", exhibit, "--key", key, to=False)
    assert (code, err, "SHA-256" in out) == (0, "", True)
    assert run("audit", "report", outcome, "--exhibit", exhibit, to=False)[0] == 2
    assert "not written over" in run("audit", "report", outcome, "--exhibit", exhibit, "--key", key, to=False)[2]
    code, _, err = run("case", "exhibit", "add", run.case, exhibit, "--why", "counsel")
    assert (code, "whose public key was not given" in err) == (2, True)
    public = tmp_path / "ann.pub.pem"
    code, out, err = run("case", "exhibit", "add", run.case, exhibit, "--why", "counsel", "--public-key", public)
    assert (code, err, "Audit of student" in out, "Dates: not known" in out) == (0, "", True, True)
    sealed = run("case", "seal", run.case, "--why", "counsel")[1].strip()
    house = run.at.workspace.root / "keys" / "collector.pub.pem"
    code, out, err = run("case", "verify", sealed, "--public-key", house, "--public-key", public, to=False)
    assert (code, err) == (0, "")
    assert "audit exhibit about student, every signature checked; it counts" in out
    code, out, _ = run("case", "exhibit", "revoke", auditor.id, "--why", "ann lost her key")
    assert (code, f"cases concerned: {run.case}" in out) == (0, True)
    again = run.at.workspace.root / "keys" / "auditors"
    again.mkdir()
    shutil.copy(public, again / "ann.pub.pem")
    other = run.at.open(opening("X-0000000000002", "00fe", members=1), by="mary").id
    code, _, err = run("case", "exhibit", "add", other, exhibit, "--why", "counsel")
    assert (code, "was revoked" in err, "ann lost her key" in err) == (2, True, True)
    shown = run("case", "show", run.case, "--why", "look")[1]
    assert "revoked, counts no more: ann lost her key" in " ".join(shown.split())


def test_an_exhibit_whose_file_was_changed_is_refused_in_words(run: Line, tmp_path: Path) -> None:
    outcome, exhibit, key = tmp_path / "audit.json", tmp_path / "exhibit.json", tmp_path / "ann.pem"
    write_outcome(outcome, OUTCOME)
    make_key(key)
    run("audit", "report", outcome, "--exhibit", exhibit, "--key", key, to=False)
    told = json.loads(exhibit.read_text())
    told["exhibit"]["dates_allow"] = True
    exhibit.write_text(json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=False))
    code, _, err = run(
        "case", "exhibit", "add", run.case, exhibit, "--why", "w", "--public-key", tmp_path / "ann.pub.pem"
    )
    assert (code, "vouches for something else" in err) == (2, True)
    exhibit.write_bytes(b"x" * 300_000)
    assert "larger than" in run("case", "exhibit", "add", run.case, exhibit, "--why", "w")[2]


def test_a_proposal_is_followed_declined_and_undone(run: Line) -> None:
    gone = run.at.case(run.case).members[:2]
    propose(run.at, run.case, step="split", about="X-1", by="stillwatch", why="it went apart", members=gone)
    told = run("case", "proposals")[1]
    assert "split: it went apart" in told
    number = told.split()[1]
    code, out, err = run("case", "follow", run.case, number, "--why", "two operators")
    assert (code, err, "2 accounts" in out) == (0, "", True)
    assert "4 accounts; the split with" in run("case", "undo", run.case, "--why", "one after all")[1]
    assert "no merger or split that can be undone" in run("case", "undo", run.case, "--why", "w")[2]
    propose(run.at, run.case, step="split", about="X-2", by="stillwatch", why="again", members=gone)
    number = run("case", "proposals")[1].split()[1]
    assert "declined" in run("case", "decline", run.case, number, "--why", "no")[1]
    assert run("case", "proposals")[1] == ""


def test_a_purpose_is_declared_approved_by_another_and_ended(run: Line) -> None:
    words = ("case", "purposes", "declare", "distillation", ACCOUNT, "--declarer", "Acme", "--why", "contract 9")
    code, out, err = run(*words, "--since", "2026-11-01", "--until", "2027-10-01")
    assert (code, err, "waits for a second person" in out) == (0, "", True)
    number = out.split()[2].rstrip(":")
    assert "waits" in run("case", "purposes", "list")[1]
    assert "needs a second person" in run("case", "purposes", "approve", number, "--why", "read it")[2]
    assert run("case", "purposes", "approve", number, "--why", "read it", by="joe")[0] == 0
    (one,) = run.at.book().feedback.purposes.values()
    assert (one.approved_by, one.handles) == ("joe", (ACCOUNT,))
    assert run("case", "purposes", "end", number, "--why", "cancelled")[0] == 0
    assert "Acme" not in run("case", "purposes", "list")[1]
    assert "expected one of" in run(*(w if w != "distillation" else "theft" for w in words), "--until", "2027-10-01")[2]
