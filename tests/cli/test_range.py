"""`stillwatch range` lists, shows and runs presets, and says plainly what it cannot run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from stillwatch.range.presets import PRESETS

from .calling import call


@pytest.fixture(autouse=True)
def _plain(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.chdir(tmp_path)


def test_the_list_has_every_preset(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    code, out, err = call(capsys, monkeypatch, "range", "list")
    assert (code, err) == (0, "")
    for name in PRESETS:
        assert name in out


def test_a_preset_is_shown_with_its_question_and_cost(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    code, out, _ = call(capsys, monkeypatch, "range", "show", "null")
    assert code == 0
    assert PRESETS["null"].question in out
    assert "100 of 100,000 accounts and 2,500,000 exchanges" in out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["run", "nonsense"], "preset: got 'nonsense', expected one of smoke"),
        (["show", "nonsense"], "preset: got 'nonsense'"),
        (["run", "windows"], "name their folder with --data DIR"),
        (["run", "smoke", "--accounts", "5"], "accounts: got 5, expected 300"),
        (["run", "smoke", "--worlds", "0"], "worlds: got 0"),
        (["run", "smoke", "--seed", "-4"], "seed: got -4"),
        (["run", "smoke", "--hidden", "nowhere"], "--hidden: nowhere: no such folder"),
        (["run", "smoke", "--settings", "nowhere.toml"], "nowhere.toml: no such settings file"),
    ],
)
def test_what_cannot_be_run_is_refused_with_the_reason(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, words: list[str], told: str
) -> None:
    code, out, err = call(capsys, monkeypatch, "range", *words)
    assert code == 2
    assert told in err
    assert "Traceback" not in out + err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_run_writes_result_page_and_markdown(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    words = ("range", "run", "smoke", "--accounts", 300, "--exchanges", 4500, "--seed", 5, "--out", "here")
    code, out, err = call(capsys, monkeypatch, *words)
    assert (code, err) == (0, "")
    assert "of 3 campaigns were found" in " ".join(out.split())
    result = json.loads((tmp_path / "here" / "result.json").read_bytes())
    assert result["form"] == "stillwatch.range/1"
    assert result["provenance"]["seeds"] == [5]
    assert result["provenance"]["command"].startswith("stillwatch range run smoke --accounts 300")
    assert (tmp_path / "here" / "page.html").read_text().startswith("<!doctype html>")
    assert (tmp_path / "here" / "result.md").read_text().startswith("# Smoke")
