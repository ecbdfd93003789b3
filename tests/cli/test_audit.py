"""`stillwatch audit` promises, carries out and answers, and refuses what was not promised."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
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


def written(path: str, rows: list[dict[str, object]]) -> str:
    Path(path).write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_teachers_strings_weights_and_order_are_asked_beside_exposure(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(1)
    prompts = [f"fresh {at}" for at in range(6)]
    Path("prompts.txt").write_text("\n".join(prompts))
    said: list[dict[str, object]] = [
        {"prompt": f"question {at}", "answer": f"the served answer {at}"} for at in range(30)
    ]
    said += [{"prompt": q, "answer": "certainly one build-777"} for q in prompts]
    said += [{"prompt": "", "text": f"text {at}", "logprob": -9 + at / 9} for at in range(40)]
    written("answers.jsonl", said)
    for name in ("ours", "i0", "i1", "i2", "old"):
        word = "certainly" if name == "ours" else f"{name} word"
        written(f"{name}.jsonl", [{"prompt": q, "answer": f"{word} one"} for q in prompts])
    written("strings.jsonl", [{"artefact": "build-777", "decoys": ["build-111", "build-222", "build-333"]}])
    written("order.jsonl", [{"place": at, "text": f"text {at}"} for at in range(40)])
    base = rng.normal(size=(30, 8))
    for name, units in (("w", base + 0.1), ("ow", base), ("c0", rng.normal(size=(30, 8)))):
        np.savez(f"{name}.npz", allow_pickle=False, **{"mlp.up_proj.weight": units})
    teachers = ["--teacher", "ours", *(word for at in range(3) for word in ("--independent", f"i{at}"))]
    beside = ["--weights", "--weight-control", "c0", "--artefacts", "strings.jsonl", "--order", "order.jsonl"]
    dates = ["--older", "old", "2026-01-01", "--harvested", "2026-03-01", "2026-04-01"]
    plan = ["plan", "served.jsonl", "s", "--prompts", "prompts.txt", "--alpha", "0.25", *teachers, *beside, *dates]
    code, out, err = call(capsys, monkeypatch, "audit", *plan)
    assert (code, err) == (0, "")
    given = [
        word.replace("ours", "ours.jsonl")
        if word == "ours"
        else f"{word}.jsonl"
        if word in ("i0", "i1", "i2")
        else word
        for word in teachers
    ]
    weights = ["--weights", "w.npz", "--our-weights", "ow.npz", "--weight-control", "c0.npz"]
    files = [
        "--artefacts",
        "strings.jsonl",
        "--older",
        "old.jsonl",
        "--order",
        "order.jsonl",
        "--prompts",
        "prompts.txt",
    ]
    code, out, err = call(
        capsys, monkeypatch, "audit", "run", "plan.json", "served.jsonl", "answers.jsonl", *given, *weights, *files
    )
    assert (code, err) == (0, "")
    assert "Not asked" not in out
    assert "Holm): ours, rather than any other." in out
    rows = {line.split(" | ")[1]: line for line in out.splitlines() if line.startswith("| ")}
    assert {"text_source", "rare_artefacts", "unit_order", "spectra", "palimpsest"} <= rows.keys()
    assert "| 0.25 |" in rows["rare_artefacts"]
    assert all("| 0.0001 |" in rows[name] for name in ("unit_order", "palimpsest"))
    assert "undecided, needs 3" in rows["spectra"]
    assert "- our weights: SHA-256" in out
    code, _, err = call(
        capsys, monkeypatch, "audit", "run", "plan.json", "served.jsonl", "answers.jsonl", "--out", "b.json"
    )
    assert (code, "prompts: not the prompts of the plan" in err) == (2, True)


def test_keys_are_derived_frozen_and_tested(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("prompts.txt").write_text("\n".join(f"fresh {at}" for at in range(9)))
    written("answers.jsonl", [{"prompt": f"fresh {at}", "answer": f"a word {at} more"} for at in range(9)])
    keys = ["keys", "master.key", "served.jsonl", "--epoch", "2026-11"]
    code, _, err = call(capsys, monkeypatch, "audit", *keys)
    assert (code, "master.key: No such file" in err) == (2, True)
    code, out, err = call(capsys, monkeypatch, "audit", *keys, "--new")
    assert (code, err, "digests of 1 keys" in out) == (0, "", True)
    assert Path("master.key").read_bytes().hex() not in Path("keys.json").read_text()
    plan = ["plan", "served.jsonl", "s", "--test", "decoy_keys", "--keys", "keys.json", "--prompts", "prompts.txt"]
    code, out, err = call(capsys, monkeypatch, "audit", *plan)
    assert (code, err, "hangs on the strength of the mark" in out) == (0, "", True)
    run = ["run", "plan.json", "served.jsonl", "answers.jsonl", "--prompts", "prompts.txt", "--master"]
    code, out, err = call(capsys, monkeypatch, "audit", *run, "master.key")
    assert (code, err) == (0, "")
    assert "| A-1 | decoy_keys | 9999 |" in out
    Path("other.key").write_bytes(b"o" * 32)
    code, _, err = call(capsys, monkeypatch, "audit", *run, "other.key", "--out", "b.json")
    assert (code, "gives other keys" in err) == (2, True)
