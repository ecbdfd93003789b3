"""A case leaves the desk as paper, alerts and features, and an auditor computes its numbers anew."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest

from stillwatch.core import settings_from
from stillwatch.engine import Workspace
from stillwatch.pipeline import Inputs, last_view, scan

from .calling import call
from .day import SECRET, SMALL, TEMPLATE, day, key

KEY = "AKIAABCDEFGHIJKLMNOP"


@pytest.fixture(scope="module")
def scanned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A scanned workspace with a finding; somebody's key lies in the traffic of one member."""
    folder = tmp_path_factory.mktemp("out")
    log = day(folder / "day.jsonl")
    rows = [json.loads(line) for line in log.read_text().splitlines()]
    of_member = next(row for row in rows if TEMPLATE in row["request"]["body"]["messages"][-1]["content"])
    of_member["response"]["body"]["choices"][0]["message"]["content"] += f" with aws_access_key_id={KEY} in it"
    log.write_text("".join(json.dumps(row) + "\n" for row in rows))
    scan(Workspace(key(folder / "w")), Inputs(logs=[log]), settings_from(tomllib.loads(SMALL)))
    (folder / "w" / "prices.toml").write_text(
        "currency = 'USD'\nas_of = 2026-11-01\nsource = 'our page'\n[[price]]\nmodel = 'm-1'\ninput = 3\noutput = 15\n"
    )
    return folder / "w"


def test_a_case_leaves_the_desk(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, scanned: Path, tmp_path: Path
) -> None:
    def run(*words: object) -> str:
        code, out, err = call(capsys, monkeypatch, *words)
        assert code == 0, err
        return out

    def fails(*words: object) -> str:
        code, _, err = call(capsys, monkeypatch, *words)
        assert code == 2
        return err

    here = ("--workspace", scanned)
    at = ("--by", "mary", *here)
    handle = last_view(Workspace(scanned, make=False)).for_review[0].handle
    case = run("case", "open", handle, *at).partition(":")[0]
    shown = run("case", "show", case, "--why", "first look", *at)
    assert "single source; from an interested party" in shown
    assert "Attempts: " in shown

    # an auditor computes the numbers anew
    early = run("case", "seal", case, "--why", "too early", *at).strip()
    features = tmp_path / "features.tar"
    run("case", "features", case, features, "--why", "auditor", *at)
    data = features.read_bytes()
    assert SECRET.encode() not in data
    assert KEY.encode() not in data
    sealed = run("case", "seal", case, "--why", "auditor", *at).strip()
    public = ("--public-key", scanned / "keys" / "collector.pub.pem")
    assert "numbers are the same" in run("case", "recompute", sealed, features, *public)
    assert "no features were sealed" in fails("case", "recompute", early, features, *public)
    features.chmod(0o600)
    features.write_bytes(data[:2000] + bytes([data[2000] ^ 1]) + data[2001:])
    assert "is not that of the features" in fails("case", "recompute", sealed, features, *public)

    # what belongs to bystanders
    assert "nobody looked" in fails("case", "bystanders", case, *at)
    found = run("case", "bystanders", case, "--why", "relayed traffic", *at)
    line = next(one for one in found.splitlines() if "Amazon Web Services" in one)
    assert KEY not in found
    number = line.split()[0]
    assert run("case", "bystander", case, number, "--why", "to tell its owner", *at).strip() == KEY
    run("case", "told", case, number, "--whom", "AWS abuse desk", "--why", "by mail", *at)
    assert "no value 999" in fails("case", "bystander", case, "999", "--why", "x", *at)
    register = (scanned / "vault" / f"bystanders-{case}.json").read_text()
    assert KEY not in register
    journal = run("case", "journal", "--case", case, *here)
    assert KEY not in journal
    kinds = [one.split("\t")[2] for one in journal.splitlines()]
    assert kinds[-3:] == ["case.bystanders_found", "case.bystanders_opened", "case.bystanders_told"]

    # alerts
    run("alerts", "write", "--to", tmp_path / "log", *here)
    flat = [json.loads(one) for one in (tmp_path / "log").read_text().splitlines()]
    assert {"finding.actor"} <= {one["kind"] for one in flat}
    assert SECRET not in (tmp_path / "log").read_text()
    assert "expected one of flat" in fails("alerts", "write", "--form", "xml", *here)
    assert "names no webhook" in run("alerts", "send", *here)
    assert run("alerts", "secret", "soc", *here).startswith("whsec_")
    assert len(run("alerts", "rules", tmp_path / "rules").splitlines()) == 6

    # paper
    pytest.importorskip("reportlab", reason="reportlab is not installed: the extra [pdf]")
    paper, copy = tmp_path / "case.pdf", tmp_path / "copy.pdf"
    told = run("case", "report", case, paper, "--why", "board", *at)
    record = told.partition("journal record ")[2].split(",")[0]
    run("case", "report", case, copy, "--why", "again", "--as-of", record, *at)
    assert paper.read_bytes() == copy.read_bytes()
    assert "is there already" in fails("case", "report", case, paper, "--why", "board", *at)
