"""`stillwatch audit` promises, carries out and answers, and refuses what was not promised."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from .calling import call


@pytest.fixture(autouse=True)
def _plain(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.chdir(tmp_path)


@pytest.fixture(autouse=True)
def _recorded(tmp_path: Path) -> None:
    """Thirty items of one account, of which the suspect recites every response."""
    served = [
        {
            "item": str(at),
            "account": "A-1",
            "prompt": f"question {at}",
            "response": f"the served answer {at}",
            "siblings": [f"another reply {at}", f"third words {at}"],
        }
        for at in range(30)
    ]
    said = [{"prompt": one["prompt"], "answer": one["response"]} for one in served]
    for name, rows in (("served", served), ("answers", said)):
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


def test_an_audit_from_promise_to_answer(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    code, out, err = call(capsys, monkeypatch, "audit", "plan", "served.jsonl", "suspect-1")
    assert (code, err) == (0, "")
    assert "A-1: 30 items, a marked share of " in out
    code, out, err = call(capsys, monkeypatch, "audit", "run", "plan.json", "served.jsonl", "answers.jsonl")
    assert (code, err) == (0, "")
    assert "Holm): A-1." in out
    assert out.count("Not asked") == 2
    assert "not recorded, taken on trust" in out
    code, again, _ = call(capsys, monkeypatch, "audit", "report", "audit.json", "--check", "answers.jsonl")
    assert (code, again) == (0, out)
    code, _, err = call(capsys, monkeypatch, "audit", "report", "audit.json", "--check", "served.jsonl")
    assert (code, "served.jsonl: is none of the files" in err) == (2, True)
    code, _, err = call(capsys, monkeypatch, "audit", "run", "plan.json", "served.jsonl", "answers.jsonl")
    assert (code, "audit.json: is there already" in err) == (2, True)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["plan", "served.jsonl", "s", "--test", "guess"], "test: got 'guess', expected one of sibling_overlap"),
        (["plan", "served.jsonl", "s", "--alpha", "2"], "alpha: got 2.0"),
        (["plan", "nowhere.jsonl", "s"], "nowhere.jsonl: No such file"),
        (["plan", "answers.jsonl", "s"], "answers.jsonl:1: "),
        (["report", "served.jsonl"], "not the outcome of an audit"),
        (["run", "served.jsonl", "served.jsonl", "answers.jsonl"], "not a plan"),
    ],
)
def test_what_cannot_be_done_is_refused_with_the_reason(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, words: list[str], told: str
) -> None:
    code, out, err = call(capsys, monkeypatch, "audit", *words)
    assert code == 2
    assert told in err
    assert "Traceback" not in out + err
    assert "the served answer" not in err


def test_a_suspect_without_logprobs_is_refused(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    call(capsys, monkeypatch, "audit", "plan", "served.jsonl", "s", "--test", "sibling_likelihood")
    code, _, err = call(capsys, monkeypatch, "audit", "run", "plan.json", "served.jsonl", "answers.jsonl")
    assert code == 2
    assert "s: gives no logprobs, it has text" in err
