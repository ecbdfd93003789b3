"""From the findings of a scan to a decision that two people stand behind, on the command line."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from stillwatch.core import settings_from
from stillwatch.engine import Workspace
from stillwatch.pipeline import Inputs, last_view, scan

from .day import SECRET, SMALL, day, key
from .test_commands import call


@pytest.fixture(scope="module")
def scanned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A scanned workspace with a finding."""
    folder = tmp_path_factory.mktemp("case")
    scan(Workspace(key(folder / "w")), Inputs(logs=[day(folder / "day.jsonl")]), settings_from(tomllib.loads(SMALL)))
    return folder / "w"


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
    kinds = [line.split("\t")[2] for line in out.splitlines()]
    assert kinds == [f"case.{one}" for one in ("opened", "seen", "decided", "approved", "reopened")]
    journal = scanned / "desk" / "journal.jsonl"
    data = journal.read_bytes()
    journal.write_bytes(data.replace(b'"coordinated_accounts"', b'"undeclared_resale"', 1))
    code, _, err = call(capsys, monkeypatch, "case", "journal", "--workspace", scanned)
    assert code == 2
    assert "journal.jsonl:3 (byte" in err
    journal.write_bytes(data)
