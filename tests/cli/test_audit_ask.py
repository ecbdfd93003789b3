"""`stillwatch audit ask` puts a plan to a real server, goes on where it stopped, and writes what `audit run` reads; no key is shown."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.audit.serving import KEY, Model, served_at

from .calling import call

ITEMS = [
    {
        "item": str(at),
        "account": "A-1",
        "prompt": f"question {at}",
        "response": f"the served answer {at}",
        "siblings": [f"another reply {at}", f"third words {at}"],
    }
    for at in range(12)
]


@pytest.fixture(autouse=True)
def _plain(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name, value in (("COLUMNS", "160"), ("NO_COLOR", "1"), ("TERM", "dumb"), ("SUSPECT_KEY", KEY)):
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    Path("served.jsonl").write_text("".join(json.dumps(row) + "\n" for row in ITEMS))


def test_a_plan_is_asked_by_parts_and_answered_offline(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    known = {str(one["prompt"]): str(one["response"]) for one in ITEMS}
    assert call(capsys, monkeypatch, "audit", "plan", "served.jsonl", "s")[0] == 0
    words = ["audit", "ask", "plan.json", "served.jsonl", "--model", "m"]
    with served_at(model := Model(lambda prompt: known[prompt])) as at:
        live = [*words, "--at", at, "--key-env", "SUSPECT_KEY"]
        code, out, err = call(capsys, monkeypatch, *live, "--most-requests", "5")
        assert (code, "5 of 12 known; the budget is spent" in out) == (0, True)
        assert "5 of 12 asked" in err
        code, out, err = call(capsys, monkeypatch, *live)
        assert (code, "answers.jsonl: 12 of the 12 things" in out) == (0, True)
        assert len(model.asked) == 12
        assert KEY not in out + err + Path("replies.jsonl").read_text() + Path("answers.jsonl").read_text()
        code, _, err = call(capsys, monkeypatch, *words, "--at", at, "--key-env", "NO_SUCH_KEY")
        assert (code, "NO_SUCH_KEY: the environment holds no key" in err) == (2, True)
    Path("answers.jsonl").unlink()
    code, out, _ = call(capsys, monkeypatch, *words)
    assert (code, "12 of the 12" in out) == (0, True)
    code, out, _ = call(capsys, monkeypatch, "audit", "run", "plan.json", "served.jsonl", "answers.jsonl")
    assert (code, "Holm): A-1." in out) == (0, True)
    assert len(model.asked) == 12


def test_likelihoods_are_asked_by_completions_and_by_no_chat(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    served = {str(one["response"]) for one in ITEMS}
    code, *_ = call(capsys, monkeypatch, "audit", "plan", "served.jsonl", "s", "--test", "sibling_likelihood")
    assert code == 0
    words = ["audit", "ask", "plan.json", "served.jsonl", "--model", "m", "--template", "{prompt}\n"]
    model = Model(lambda prompt: "")
    with served_at(model) as at:
        model.log = lambda word, place: -0.1 if any(text in model.asked[-1]["prompt"] for text in served) else -3.0
        code, _, err = call(capsys, monkeypatch, *words, "--at", at)
        assert (code, "a chat does not tell those of given text" in err) == (2, True)
        code, out, _ = call(capsys, monkeypatch, *words, "--at", at, "--completions", "--workers", "1")
        assert (code, "36 of the 36 things" in out) == (0, True)
    code, out, _ = call(capsys, monkeypatch, "audit", "run", "plan.json", "served.jsonl", "answers.jsonl")
    assert (code, "Holm): A-1." in out) == (0, True)


def test_twins_and_chances_are_taken_from_files(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("prompts.txt").write_text("".join(f"say {at}\n" for at in range(20)))
    for name, said in (("s", "ours"), ("ours", "ours"), ("t", "theirs"), ("i", "none")):
        rows = [{"prompt": f"say {at}", "answer": f"{said} {at}"} for at in range(20)]
        rows += [{"prompt": str(one["prompt"]), "answer": "x"} for one in ITEMS]
        rows += [{"prompt": f"say {at}", "chances": [["say", said, 0.5]]} for at in range(20)]  # type: ignore[dict-item]
        Path(f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    plan = ["audit", "plan", "served.jsonl", "s", "--prompts", "prompts.txt", "--alpha", "0.5"]
    run = ["audit", "run", "plan.json", "served.jsonl", "s.jsonl", "--prompts", "prompts.txt"]
    assert call(capsys, monkeypatch, *plan, "--twin", "t", "--independent", "i")[0] == 0
    code, out, _ = call(
        capsys, monkeypatch, *run, "--ours", "ours.jsonl", "--twin", "t.jsonl", "--independent", "i.jsonl"
    )
    assert (code, "| twin_contrast | 1 |" in out) == (0, True)
    assert call(capsys, monkeypatch, "audit", "keys", "m.key", "served.jsonl", "--epoch", "e", "--new")[0] == 0
    marks = ["--test", "green_mass", "--keys", "keys.json", "--reference", "i", "--out", "marks.json"]
    assert call(capsys, monkeypatch, *plan, *marks)[0] == 0
    run[2] = "marks.json"
    code, out, _ = call(
        capsys, monkeypatch, *run, "--reference", "i.jsonl", "--master", "m.key", "--out", "marked.json"
    )
    assert (code, "| A-1 | green_mass | 9999 |" in out) == (0, True)
