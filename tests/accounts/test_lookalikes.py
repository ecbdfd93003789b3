"""Each account is held against innocent customers by what it was measured to do: which it resembles most, and why it is or is not one."""

from __future__ import annotations

import math
from typing import Any

import pytest

from stillwatch.accounts import LOOKALIKES, Reading, explanations, resemblance
from stillwatch.signals import SIGNALS

USUAL = 0.5
PLAIN: dict[str, float] = {
    "prompt_breadth": 0.8,
    "cell_breadth": 0.6,
    "single_turn": 0.5,
    "reasoning_elicitation": 0.0,
    "grading": 0.0,
    "data_making": 0.0,
    "parallel_conversations": 0.2,
    "identity_fanout": 0.1,
    "full_speed_start": 0.3,
}


def readings(loud: tuple[str, ...] = (), **values: float) -> dict[str, Reading]:
    """Signals that are as usual but for some; the loud ones are beyond most of the kin."""
    return {
        name: Reading(title=name.replace("_", " "), value=value, usual=USUAL, p_value=0.01 if name in loud else 0.5)
        for name, value in {**PLAIN, **values}.items()
    }


INNOCENT: dict[str, tuple[dict[str, Reading], dict[str, Any]]] = {
    "evaluation suite": (
        readings(("single_turn", "cell_breadth"), prompt_breadth=0.3, single_turn=1.0, cell_breadth=0.95),
        {},
    ),
    "batch work": (
        readings(("single_turn", "prompt_breadth"), prompt_breadth=1.0, single_turn=1.0, cell_breadth=0.1),
        {},
    ),
    "product with users of its own": (
        readings(("parallel_conversations",), parallel_conversations=0.9, single_turn=0.3, cell_breadth=0.9),
        {},
    ),
    "reseller": (
        readings(("identity_fanout",), identity_fanout=0.9),
        {"declared_programme": "reseller", "signup_path": "sales"},
    ),
    "agent of a public harness": (
        readings(("rewritten_context",), rewritten_context=0.9, single_turn=0.1),
        {},
    ),
    "classroom": (
        readings(("reasoning_elicitation", "grading"), reasoning_elicitation=0.6, grading=0.4),
        {"signup_path": "education", "declared_programme": None},
    ),
    "own answers graded": (readings(("grading",), grading=0.9), {}),
    "declared purpose": (
        readings(("data_making", "prompt_breadth"), data_making=0.9, prompt_breadth=1.0),
        {"declared_programme": "distillation"},
    ),
    "move from elsewhere": (readings(("full_speed_start",), full_speed_start=1.0), {}),
}


@pytest.mark.parametrize("name", sorted(INNOCENT))
def test_an_innocent_customer_resembles_its_own_kind_most_and_fits_it(name: str) -> None:
    found = explanations(*INNOCENT[name])
    assert (found[0].name, found[0].fits) == (name, True)
    assert resemblance(found).startswith(f"resembles most {name}, which fits: ")
    assert found[0].why.endswith("nothing loud is left unexplained")


@pytest.mark.parametrize("name", sorted(INNOCENT))
def test_a_harvester_in_its_clothes_does_not_fit_and_is_told_what_gives_it_away(name: str) -> None:
    """Every lookalike is silent in some way of asking for training value; whoever asks so is none of them."""
    dressed, facts = INNOCENT[name]
    kind = next(one for one in LOOKALIKES if one.name == name)
    pressing = [one for one in ("reasoning_elicitation", "data_making", "borrowed_harness") if one not in kind.loud_in]
    assert pressing, "there is something that it never explains"
    loud = Reading(title="pressing", value=0.9, usual=USUAL, p_value=0.001)
    found = explanations({**dressed, pressing[0]: loud}, facts)
    one = next(one for one in found if one.name == name)
    assert not one.fits
    assert "it does not explain pressing 0.9" in one.why or "not shown" in one.why


def test_every_lookalike_is_tried_and_is_loud_only_in_signals_of_evidence() -> None:
    assert {one.name for one in LOOKALIKES} == set(INNOCENT)
    for one in LOOKALIKES:
        assert one.loud_in <= {name for name, signal in SIGNALS.items() if signal.evidence}
        assert one.marks


def test_what_cannot_be_checked_is_unknown_and_neither_for_nor_against() -> None:
    found = explanations({}, {})
    assert all(not one.known and not one.fits and math.isnan(one.score) for one in found)
    assert resemblance(found) == ""
    some = {one.name: one for one in explanations(readings(), {})}
    assert not some["classroom"].known
    assert some["classroom"].why == "could not be checked: all its marks are unknown"
    assert "unknown: it is registered as a reseller" in some["reseller"].why
    unrecorded = {one.name: one for one in explanations(readings(), {"declared_programme": None})}
    assert "not shown: a purpose is on record" in unrecorded["declared purpose"].why
    assert not unrecorded["classroom"].known, "an empty record of the sign-up says nothing"


def test_without_a_calibration_a_mark_that_needs_one_is_unknown() -> None:
    bare = {name: Reading(title=name, value=one.value, usual=None, p_value=None) for name, one in readings().items()}
    graded = next(one for one in explanations(bare, {}) if one.name == "own answers graded")
    assert not graded.known
    product = next(one for one in explanations(bare, {}) if one.name == "product with users of its own")
    assert "unknown: several conversations run at once" in product.why
    assert not product.fits


def test_an_account_without_a_mark_of_any_is_said_to_resemble_none() -> None:
    plain = readings(("reasoning_elicitation",), reasoning_elicitation=0.9, single_turn=0.8, cell_breadth=0.9)
    said = resemblance(explanations(plain, {"signup_path": "web"}))
    assert said.startswith("bears no mark of any kind of innocent customer; nearest is classroom: ")
    assert "not shown: it signed up through education" in said
