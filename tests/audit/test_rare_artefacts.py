"""Strings that were ours alone are told from decoys; what older models say, and what prompts held, counts for nothing."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import numpy as np
import pytest

from stillwatch.audit import (
    Artefact,
    Asked,
    Recorded,
    Shown,
    Timeline,
    artefacts_digest,
    carry_out,
    draw_up,
    rare_artefacts,
    read_artefacts,
)
from stillwatch.core import Error, FormatError

from .conftest import made_items

BEGUN = dt.date(2026, 3, 1)
OLD = dt.date(2026, 1, 1)
SECRET = [Artefact(true=f"build-{at}-aaa", decoys=tuple(f"build-{at}-{d * 3}" for d in "bcd")) for at in range(6)]


def model(name: str, *said: str, asked: str = "q") -> Recorded:
    return Recorded(name=name, answers={f"{asked}{at}": text for at, text in enumerate(said)}, likelihoods={})


def test_who_says_our_strings_is_found_and_who_says_all_of_them_is_not() -> None:
    older = [(model("older", "nothing"), OLD)]
    learned = model("s", *(f"running {one.true} now" for one in SECRET))
    babbler = model("s", *(" ".join(one.strings) for one in SECRET))
    assert rare_artefacts(SECRET, learned, older, harvest_begun=BEGUN).evidence.p_value == pytest.approx(4.0**-6)
    assert rare_artefacts(SECRET, babbler, older, harvest_begun=BEGUN).evidence.decided is False


def test_what_an_older_model_says_or_a_prompt_holds_is_left_out() -> None:
    learned = model("s", *(one.true for one in SECRET), asked=f"what is {SECRET[0].decoys[1]}, ")
    older = [(model("older", f"we had {SECRET[1].decoys[0]}"), OLD)]
    found = rare_artefacts(SECRET, learned, older, harvest_begun=BEGUN)
    assert found.evidence.n == 4
    assert [one.left_out for one in found.conditions] == [1, 1]


def test_a_model_released_in_the_harvest_is_no_control() -> None:
    with pytest.raises(Error, match="not before the harvest began"):
        rare_artefacts(SECRET, model("s"), [(model("c"), BEGUN)], harvest_begun=BEGUN)
    with pytest.raises(Error, match="got none"):
        rare_artefacts(SECRET, model("s"), [], harvest_begun=BEGUN)


@pytest.mark.parametrize(
    ("strings", "words"),
    [
        (["a-long-string"], "decoys: got none"),
        (["short", "a-long-string"], "occurs by chance"),
        (["I am Claudius", "I am Octavia"], "says who speaks"),
        (["build-12", "build-123"], "one string holds another"),
    ],
)
def test_strings_that_prove_nothing_are_refused(tmp_path: Path, strings: list[str], words: str) -> None:
    path = tmp_path / "artefacts.jsonl"
    path.write_text(json.dumps({"artefact": strings[0], "decoys": strings[1:]}) + "\n")
    with pytest.raises(FormatError, match=words) as told:
        read_artefacts(path)
    assert strings[0] not in str(told.value)


def test_a_plan_freezes_the_strings_by_digest_alone() -> None:
    items = made_items(np.random.default_rng(1), 4)
    asked = Asked(artefacts=artefacts_digest(SECRET), older=(("older", OLD),))
    with pytest.raises(Error, match="need the day on which the harvest began"):
        draw_up(items, suspect="s", asked=asked)
    plan = draw_up(items, suspect="s", asked=asked, timeline=Timeline(harvest_begun=BEGUN))
    suspect, older = model("s", *(one.true for one in SECRET)), [model("older", "nothing")]
    outcome = carry_out(plan, items, suspect, shown=Shown(artefacts=SECRET, older=older))
    found = next(one for one in outcome.findings if one.test == "rare_artefacts")
    assert found.p == pytest.approx(4.0**-6)
    assert outcome.named == (), "rare strings name no account"
    assert "build-" not in str(outcome)
    with pytest.raises(Error, match="artefacts: not those of the plan"):
        carry_out(plan, items, suspect, shown=Shown(artefacts=SECRET[1:], older=older))
