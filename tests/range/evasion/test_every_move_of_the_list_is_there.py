"""Every move that the literature and the public reports name has a knob or a search, and says what it costs."""

from __future__ import annotations

from stillwatch.core import Error
from stillwatch.range.campaigns.profiles import SCENARIOS
from stillwatch.range.evasion import probing
from stillwatch.range.evasion.moves import KNOBS, evaded, refused
from stillwatch.range.seeds import stream
from stillwatch.range.studies import feeling
from stillwatch.range.studies.dials import KINDS

from .conftest import NewGround

MOVES = {
    "splitting over accounts": ("splitting", "cap"),
    "dilution, down to a hundredth": ("dilution",),
    "genuine users behind the same key": ("reseller",),
    "rotation of templates": ("templates",),
    "paraphrase": ("paraphrase", "constant_core"),
    "free rewording of every request": ("free_rewording",),
    "no template at all": ("no_scaffold",),
    "personas": ("personas",),
    "topics split over accounts": ("topic_split",),
    "topics matched to customers": ("topic_match",),
    "queues sorted by topic": ("topic_sorted",),
    "duplicates on purpose": ("overlap",),
    "jitter": ("jitter",),
    "human hours": ("human_hours",),
    "low and slow": ("low_and_slow",),
    "loads as unequal as people's": ("lognormal_loads",),
    "onset": ("onset_instant", "onset_ramp", "launch_pivot"),
    "churn": ("churn",),
    "replacement after a ban": ("replacement", "replacement_traced"),
    "known-answer tests": ("known_answers",),
    "poisoning of the calibration": ("poisoning",),
    "other languages": ("multilingual",),
    "encoded prompts": ("base64", "leet"),
    "several ways to the model": ("mixed_pathways", "stolen_keys"),
    "displacement": ("displacement",),
    "purchase out of band": ("purchase",),
    "several at once": ("all_at_once",),
}
"""Moves of the research notes (F1, and the ten switches of campaigns) by the knobs that make them."""


def test_every_move_has_its_knob_and_no_knob_is_without_a_move() -> None:
    assert {knob for knobs in MOVES.values() for knob in knobs} == set(KNOBS)


def test_values_reach_as_far_as_the_list_asks() -> None:
    assert {0.03, 0.1} <= set(KNOBS["overlap"].values), "3 % and 10 % duplicates"
    assert {1.0, 0.5, 0.25, 0.1, 0.05, 0.02, 0.01} == set(KNOBS["dilution"].values), "0.1 is nine tenths of camouflage"
    assert {1, 10, 100, 1000} <= set(KNOBS["splitting"].values)
    assert min(KNOBS["poisoning"].values) == 0.001
    assert max(KNOBS["poisoning"].values) == 0.05
    assert {200, 50, 20} <= set(KNOBS["churn"].values)
    assert max(KNOBS["templates"].values) == 10_000


def test_every_move_says_what_it_costs() -> None:
    for knob in KNOBS.values():
        assert knob.says
        for value in knob.values:
            assert all("Cost" in (type(move).__doc__ or "") for move in knob.moves(value)), knob.name


def test_probing_with_feedback_and_shared_pools_are_no_knobs_and_are_there() -> None:
    assert callable(probing.probe_threshold)
    assert callable(feeling.feel)
    assert len(SCENARIOS["shared_pool"].guests) == 2


def test_the_campaign_of_the_study_turns_every_knob_but_the_one_that_it_is_said_to_refuse(
    new_ground: NewGround,
) -> None:
    profile, refusing = KINDS["grading"], {}
    for name, knob in KNOBS.items():
        try:
            evaded(profile, knob.moves(knob.values[-1]), most=7000)(new_ground(days=2), stream(1, "knobs", name))
        except Error as error:
            refusing[name] = str(error)
    assert list(refusing) == ["no_scaffold"]
    assert "two parts" in refusing["no_scaffold"]
    told = {kind: {name for name, knob in KNOBS.items() if refused(knob, one)} for kind, one in KINDS.items()}
    assert told == {"scaffold": set(), "reasoning": set(), "grading": {"no_scaffold"}}
