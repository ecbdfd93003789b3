"""unmimic as a guest: refused with a reason where it cannot run, and its verdicts summed where an environment is named."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stillwatch.core.errors import Error
from stillwatch.range.peers.elicitation_unmimic import UnmimicElicitation, check_environment

BuildTown = Callable[..., Any]

FAKE = """#!{python}
import json, pathlib, sys
assert sys.argv[1] == "-I" and sys.argv[2].endswith("_unmimic_guest.py")
folder = pathlib.Path(sys.argv[3])
task = json.loads((folder / "task.json").read_text())
prompts = json.loads((folder / "prompts.json").read_text())
if task["do"] == "pieces":
    (folder / "pieces.json").write_text(json.dumps(sorted(set(prompts))))
else:
    assert (folder / "vectors.npy").is_file() != bool(task["model"])
    told = [["block" if "hidden reasoning" in p else "allow", 0.9] for p in prompts]
    (folder / "verdicts.json").write_text(json.dumps(told))
"""


@pytest.fixture
def fake(tmp_path: Path) -> Path:
    """An interpreter that answers as the guest would."""
    path = tmp_path / "python"
    path.write_text(FAKE.format(python=sys.executable), encoding="utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def rng() -> np.random.Generator:
    return np.random.default_rng(1)


def test_refuses_with_a_reason(build_town: BuildTown, tmp_path: Path, fake: Path) -> None:
    town = build_town(customers=20, operator=3).given
    with pytest.raises(Error, match="no environment was named"):
        UnmimicElicitation().score(town, rng=rng())
    with pytest.raises(Error, match="this world has no text"):
        UnmimicElicitation(python=fake).score(replace(town, texts=None), rng=rng())
    with pytest.raises(Error, match="prompts of cleared accounts, and there are none"):
        UnmimicElicitation(python=fake).score(town, rng=rng())
    cleared = build_town(customers=20, operator=3, cleared=10).given
    with pytest.raises(Error, match="expected at most 5"):
        UnmimicElicitation(python=fake, most_prompts=5).score(cleared, rng=rng())
    with pytest.raises(Error, match="environment could not be used"):
        UnmimicElicitation(python=tmp_path / "none").score(cleared, rng=rng())


def test_its_faults_are_told_without_what_people_wrote(build_town: BuildTown, tmp_path: Path) -> None:
    broken = tmp_path / "python"
    broken.write_text("#!/bin/sh\necho 'ValueError: a secret prompt' >&2\nexit 3\n", encoding="utf-8")
    broken.chmod(0o700)
    with pytest.raises(Error, match=r"its guard failed \(ValueError\)$"):
        UnmimicElicitation(python=broken).score(build_town(customers=20, operator=3, cleared=10).given, rng=rng())


def test_an_environment_without_it_is_refused_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(Error, match=r"No module named 'unmimic'.*pip install 'unmimic\[ml\]==0\.1\.0'"):
        check_environment(Path(sys.executable))
    with pytest.raises(Error, match="environment could not be used"):
        check_environment(tmp_path / "none")
    works = tmp_path / "python"
    works.write_text("#!/bin/sh\nexit 0\n", encoding="utf-8")
    works.chmod(0o700)
    check_environment(works)


@pytest.mark.parametrize("model", [None, "some-sentence-model"])
def test_an_account_is_the_share_of_its_prompts(build_town: BuildTown, fake: Path, model: str | None) -> None:
    town = build_town(customers=20, operator=3, cleared=10)
    scores = UnmimicElicitation(python=fake, model=model).score(town.given, rng=rng())
    operator = np.isin(scores.account, town.members["operator"])
    assert scores.score[operator].tolist() == [1.0] * 3
    assert scores.score[~operator].tolist() == [0.0] * 20
    assert np.array_equal(scores.accused, operator)


def test_its_name_says_whose_vectors_it_ran_on() -> None:
    assert UnmimicElicitation(model="models/paraphrase-multilingual-MiniLM-L12-v2").name == "unmimic"
    assert UnmimicElicitation(model="models/all-MiniLM-L6-v2").name == "unmimic_on_all_minilm_l6_v2"
    assert UnmimicElicitation().name == "unmimic_on_hashed_words"
    assert "was not there" in UnmimicElicitation().about.reading


@pytest.mark.slow
@pytest.mark.skipif("STILLWATCH_UNMIMIC_PYTHON" not in os.environ, reason="no environment with unmimic was named")
def test_the_real_guard_catches_plain_elicitation(build_town: BuildTown) -> None:
    town = build_town(customers=120, operator=10, cleared=100)
    peer = UnmimicElicitation(python=Path(os.environ["STILLWATCH_UNMIMIC_PYTHON"]))
    scores = peer.score(town.given, rng=rng())
    operator = np.isin(scores.account, town.members["operator"])
    cleared = np.isin(scores.account, town.given.cleared)
    assert scores.score[operator].mean() > scores.score[~operator & ~cleared].mean() + 0.3
