"""From the findings of a scan to a decision that two people stand behind, on the command line."""

from __future__ import annotations

import json
import re
import shutil
import tarfile
import tomllib
from enum import StrEnum
from pathlib import Path

import pytest

from stillwatch.audit import write_outcome
from stillwatch.cases import Claim, Confidence, Ground, Ruling
from stillwatch.cli.case import case_app
from stillwatch.core import settings_from
from stillwatch.engine import Workspace
from stillwatch.pipeline import Inputs, last_view, scan

from .calling import call
from .day import SECRET, SMALL, day, key
from .test_audit_exhibit import OUTCOME


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A scanned workspace with a finding, which no test writes to."""
    folder = tmp_path_factory.mktemp("case")
    scan(Workspace(key(folder / "w")), Inputs(logs=[day(folder / "day.jsonl")]), settings_from(tomllib.loads(SMALL)))
    return folder / "w"


@pytest.fixture
def scanned(finished: Path, tmp_path: Path) -> Path:
    """A copy of it without cases."""
    return shutil.copytree(finished, tmp_path / "w")


def help_of(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *words: str) -> str:
    monkeypatch.setenv("COLUMNS", "200")
    return call(capsys, monkeypatch, "case", *words, "--help")[1]


@pytest.mark.parametrize("name", [name for name in case_app if not name.startswith("-")])
def test_every_option_of_every_step_says_what_it_is(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    options = [
        line for line in help_of(capsys, monkeypatch, name).splitlines() if line.startswith(("│ --", "│ *", "│ "))
    ]
    for line in options:
        words = re.sub(r"\[.*?\]|[│*]|--[\w-]+|[A-Z]{2,}", "", line).split()
        assert words, line


@pytest.mark.parametrize(
    ("command", "kind"), [("decide", Ruling), ("decide", Confidence), ("claim", Claim), ("forget", Ground)]
)
def test_the_help_names_every_word_that_may_be_given(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, command: str, kind: type[StrEnum]
) -> None:
    told = help_of(capsys, monkeypatch, command)
    assert all(word in told for word in kind)


def test_a_case_is_sealed_verified_redacted_and_exported(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, scanned: Path, tmp_path: Path
) -> None:
    def run(*words: object) -> tuple[int, str, str]:
        return call(capsys, monkeypatch, "case", *words)

    at = ("--by", "mary", "--workspace", scanned)
    handle = last_view(Workspace(scanned, make=False)).for_review[0].handle
    case = run("open", handle, *at)[1].partition(":")[0]
    assert run("key", tmp_path / "mary.pem")[0] == 0
    sealed = run("seal", case, "--why", "counsel", "--key", tmp_path / "mary.pem", *at)[1].strip()
    public = ("--public-key", tmp_path / "mary.pub.pem")
    collector = ("--public-key", scanned / "keys" / "collector.pub.pem")
    code, _, err = run("verify", sealed, *public)
    assert (code, "public key was not given" in err) == (2, True)
    code, out, _ = run("verify", sealed, *public, *collector)
    assert (code, out.count("sealed by key")) == (0, 2)
    copy = run("redact", sealed, "member", "--why", "bystanders", *public, *at)[1].strip()
    out = run("verify", copy, *public, *collector)[1]
    assert "(member) was taken out: bystanders" in out
    code, out, err = run("export", copy, tmp_path / "o.tar", "--recipient", "Lab", "--why", "warning", *public, *at)
    assert code == 0, err
    assert (tmp_path / "o.tar").read_bytes() == Path(copy).read_bytes()
    assert [line.split("\t")[2] for line in run("journal", "--case", case, "--workspace", scanned)[1].splitlines()] == [
        "case.opened",
        "case.sealed",
        "case.redacted",
        "case.exported",
    ]


def test_a_handle_that_no_scan_knows_is_refused(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, scanned: Path
) -> None:
    code, _, err = call(capsys, monkeypatch, "case", "open", "X-0000000000009", "--workspace", scanned)
    assert code == 2
    assert "no actor and no single account of the last scan" in err


def test_a_day_at_the_desk(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, scanned: Path) -> None:
    def run(*words: object, by: str = "mary") -> tuple[int, str, str]:
        return call(capsys, monkeypatch, "case", *words, "--by", by, "--workspace", scanned)

    handle = last_view(Workspace(scanned, make=False)).for_review[0].handle
    code, out, err = run("open", handle)
    assert code == 0, err
    case = out.partition(":")[0]
    assert out == f"{case}: open, 16 accounts\n"

    shown = run("show", case, "--why", "first look")[1]
    parts = ["Observed", "Inferred", "Exculpatory"]
    assert [line for line in shown.splitlines() if line in parts] == parts
    for promised in ("Innocent explanation,", "Base rate:", "Not tested:", "Factor,", "seen by mary: first"):
        assert promised in shown
    assert "customer.example" not in shown
    assert SECRET not in shown

    code, out, err = run("decide", case, "block", "because", "--note", "all")
    assert code == 2
    assert "expected one of coordinated_accounts" in err
    assert run("decide", case, "block", "coordinated_accounts", "--note", "all of it")[1].startswith(
        f"{case}: awaits second"
    )
    assert "mary gave it" in run("approve", case, "--note", "me")[2]
    out = run("approve", case, "--note", "read it", by="joe")[1]
    assert f"contested by naming {case}/1" in out
    assert run("reopen", case, "--why", "contract came", "--contested", by="ann")[1].startswith(f"{case}: open")

    code, out, _ = call(capsys, monkeypatch, "case", "journal", "--workspace", scanned)
    kinds = [line.split("\t")[2] for line in out.splitlines() if line.split("\t")[3] == case]
    assert kinds == [f"case.{one}" for one in ("opened", "seen", "decided", "approved", "reopened")]
    journal = scanned / "desk" / "journal.jsonl"
    data = journal.read_bytes()
    journal.write_bytes(data.replace(b'"coordinated_accounts"', b'"undeclared_resale"', 1))
    code, _, err = call(capsys, monkeypatch, "case", "journal", "--workspace", scanned)
    assert code == 2
    number = data[: data.index(b'"coordinated_accounts"')].count(b"\n") + 1
    assert f"journal.jsonl:{number} (byte" in err
    journal.write_bytes(data)


def test_a_journal_that_was_taken_away_is_missed_by_every_step(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, scanned: Path
) -> None:
    def run(*words: object) -> tuple[int, str, str]:
        return call(capsys, monkeypatch, "case", *words, "--workspace", scanned)

    assert run("list")[0] == run("journal")[0] == 0, "nothing was opened yet"
    handle = last_view(Workspace(scanned, make=False)).for_review[0].handle
    case = run("open", handle)[1].partition(":")[0]
    shutil.rmtree(scanned / "desk")
    for words in (["list"], ["journal"], ["show", case], ["open", handle]):
        code, _, err = run(*words)
        assert (code, "the journal is gone" in err) == (2, True), words


def test_forgetting_says_which_sealed_files_still_hold_the_name(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, scanned: Path
) -> None:
    def run(*words: object) -> tuple[int, str, str]:
        return call(capsys, monkeypatch, "case", *words, "--by", "mary", "--workspace", scanned)

    handle = last_view(Workspace(scanned, make=False)).for_review[0].handle
    case = run("open", handle)[1].partition(":")[0]
    sealed = run("seal", case, "--why", "counsel")[1].strip()
    code, _, err = run("forget", handle, "--why", "asked by Mary Smith")
    assert (code, "expected one of erasure_request" in err) == (2, True)
    code, out, err = run("forget", handle, "--why", "erasure_request")
    assert (code, err) == (0, "")
    assert f"{sealed}: sealed earlier, still holds {handle}" in " ".join(out.split())


def test_the_sealed_case_holds_an_audit_that_was_put_into_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, scanned: Path, tmp_path: Path
) -> None:
    at = ("--by", "mary", "--workspace", scanned)
    handle = last_view(Workspace(scanned, make=False)).for_review[0].handle
    case = call(capsys, monkeypatch, "case", "open", handle, *at)[1].partition(":")[0]
    write_outcome(tmp_path / "audit.json", OUTCOME)
    code, out, err = call(capsys, monkeypatch, "audit", "exhibit", tmp_path / "audit.json", case, *at)
    assert (code, err, "Audit of student" in out) == (0, "", True)
    sealed = call(capsys, monkeypatch, "case", "seal", case, "--why", "counsel", *at)[1].strip()
    with tarfile.open(sealed) as held:
        items = [
            json.load(one) for name in held.getnames() if name.startswith("items/") and (one := held.extractfile(name))
        ]
    kinds = [one["kind"] for one in items if OUTCOME.sha256 in json.dumps(one["content"])]
    assert {"statement", "exculpatory", "exhibit"} <= set(kinds)
    changed = json.loads((tmp_path / "audit.json").read_text())
    (tmp_path / "audit.json").write_text(json.dumps({**changed, "named": ["Acme-2"]}))
    code, _, err = call(capsys, monkeypatch, "audit", "exhibit", tmp_path / "audit.json", case, *at)
    assert (code, "changed after its hash was taken" in err) == (2, True)
