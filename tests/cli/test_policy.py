"""`stillwatch policy` checks, tests, replays and shows, and says what is wrong with its place."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from stillwatch.pipeline import standing_file
from stillwatch.policy import read_policy, read_standing

from .calling import Done, call

GOOD = """
name = "house"
[people]
throttle = [{ requests = 30, window = "1m" }]
[[rules]]
name = "watch"
when = 'proposed != "allow"'
step = "observe"
[[tests]]
says = "whoever is put up for review is watched"
standing = { proposed = "observe" }
expect = { step = "observe" }
"""


@pytest.fixture(autouse=True)
def _plain(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "p.toml").write_text(GOOD)


def test_a_policy_is_checked_and_tested(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    code, out, err = call(capsys, monkeypatch, "policy", "check", "p.toml")
    assert (code, err) == (0, "")
    assert out.startswith("house+")
    assert "1 rules (0 of them shadows), 1 tests; no fault" in out
    code, out, _ = call(capsys, monkeypatch, "policy", "test", "p.toml")
    assert code == 0
    assert "1 of 1 tests hold" in out
    assert call(capsys, monkeypatch, "policy", "test")[0] == 0


def test_a_test_that_fails_leaves_with_1_and_a_fault_with_2(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("p.toml").write_text(GOOD.replace('expect = { step = "observe" }', 'expect = { step = "block" }'))
    code, out, _ = call(capsys, monkeypatch, "policy", "test", "p.toml")
    assert code == 1
    assert 'step: got "observe", expected "block"' in out
    Path("p.toml").write_text(GOOD.replace('"1m"', '"10 parsecs"').replace('"observe"\n', '"watch"\n'))
    code, _, err = call(capsys, monkeypatch, "policy", "check", "p.toml")
    assert code == 2
    assert "stillwatch: the policy cannot be used:" in err
    assert 'people.throttle[0].window: got "10 parsecs", expected a time such as "10m"' in err
    assert "rules[0].step" in err
    code, _, err = call(capsys, monkeypatch, "policy", "check", "none.toml")
    assert (code, "none.toml: cannot be read" in err) == (2, True)


def test_the_policy_that_ships_is_printed_as_a_file_to_begin_with(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    code, out, _ = call(capsys, monkeypatch, "policy", "default")
    assert code == 0
    (tmp_path / "policy.toml").write_text(out, "utf-8")
    assert read_policy(tmp_path / "policy.toml") == read_policy()


def test_a_policy_is_shown_rule_by_rule(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    code, out, _ = call(capsys, monkeypatch, "policy", "show")
    assert code == 0
    assert "extraction-budget" in out
    assert "everybody" in out


@pytest.mark.slow
def test_past_traffic_is_replayed_and_an_account_shown(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, done: Done, tmp_path: Path
) -> None:
    space = tmp_path / "w"
    shutil.copytree(done[0].root, space)
    code, out, err = call(capsys, monkeypatch, "policy", "replay", space, "--json")
    assert (code, err) == (0, "")
    told = json.loads(out)
    assert told["form"] == "stillwatch.policy-replay/1"
    assert told["total"]["requests"] > 0
    code, out, _ = call(capsys, monkeypatch, "policy", "replay", space, "--policy", "p.toml", "--days", "0")
    assert code == 0
    assert "Not replayed: limits of concurrent requests" in out
    rows = read_standing(standing_file(done[0])).rows.to_pylist()
    if rows:
        name = f"S-{rows[0]['ticket'] & 0xFFFF_FFFF_FFFF_FFFF:016x}"
        code, out, _ = call(capsys, monkeypatch, "policy", "show", name, "--workspace", space)
        assert code == 0
        assert "a request would get:" in out
    code, _, err = call(capsys, monkeypatch, "policy", "show", "A-0000000000001", "--workspace", space)
    assert (code, "has no standing" in err) == (2, True)
