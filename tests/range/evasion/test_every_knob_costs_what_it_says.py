"""Every knob leads to the price that its move says, changes what its stage may change and nothing else, and refuses nonsense."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields

import numpy as np
import pytest

from stillwatch.core.errors import Error
from stillwatch.range.campaigns.plan import HOUR, Plan, Requests
from stillwatch.range.campaigns.profiles import SCENARIOS
from stillwatch.range.campaigns.render import render
from stillwatch.range.evasion import compose, price
from stillwatch.range.evasion.away import Displacement, Purchase
from stillwatch.range.evasion.dilute import Dilute, ResellerMix
from stillwatch.range.evasion.move import ACCOUNTS, ITEMS, PLACES, TIMES, TRAFFIC, WORDS, Move
from stillwatch.range.evasion.moves import KNOBS, evaded
from stillwatch.range.evasion.places import Pathways, Replacement
from stillwatch.range.evasion.poison import CalibrationPoisoning
from stillwatch.range.evasion.probing import KnownAnswerTests
from stillwatch.range.evasion.repeat import OverlapInjection
from stillwatch.range.evasion.spread import Cap, Churn, LognormalLoads, Split
from stillwatch.range.evasion.timing import HumanHours, Jitter, LowAndSlow, Onset
from stillwatch.range.evasion.tongues import Encode, Multilingual
from stillwatch.range.evasion.topics import TopicMatch, TopicSortedQueue, TopicSplit
from stillwatch.range.evasion.wording import FreeRewording, Paraphrase, Personas, Rotate
from stillwatch.range.ground import Ground
from stillwatch.range.seeds import stream

NewGround = Callable[..., Ground]

MAY_CHANGE = {
    ITEMS: {"text", "item", "purpose"},
    WORDS: {"frame", "system"},
    ACCOUNTS: {"who"},
    TRAFFIC: {"frame"},
    TIMES: {"at", "model"},
    PLACES: {"who", "at", "model"},
}
"""Columns of the campaign's own requests that a move of each stage may change."""


def plain(new_ground: NewGround) -> tuple[Ground, Plan]:
    """Four hundred accounts with four requests each, one fixed text, a queue around the clock."""
    ground = new_ground()
    return ground, render(SCENARIOS["reasoning"], ground, stream(1, "plain"), scale=0.5)


def columns_changed(before: Requests, after: Requests) -> set[str]:
    """Columns in which the first rows differ from those before; both must have as many."""
    n = len(before)
    out = set()
    for f in fields(Requests):
        old, new = getattr(before, f.name), getattr(after, f.name)[:n]
        if not np.array_equal(old, new, equal_nan=f.name == "heat"):
            out.add(f.name)
    return out


def swept() -> list[tuple[str, float]]:
    """The middle and the harshest value of every knob that the plain plan can bear."""
    found = []
    for name, knob in KNOBS.items():
        values = [v for v in knob.values if not (name == "splitting" and v > 1600)]
        found += [(name, v) for v in dict.fromkeys((values[len(values) // 2], values[-1]))]
    return found


@pytest.mark.parametrize(("name", "value"), swept())
def test_a_knob_costs_what_it_says(new_ground: NewGround, name: str, value: float) -> None:
    ground, plan = plain(new_ground)
    if name == "low_and_slow":
        value = max(value, 24.0)
    moves = KNOBS[name].moves(value)
    changed = compose(plan, moves, ground, stream(2, name))
    said = price(plan)
    for move in sorted(moves, key=lambda move: move.stage):
        said = move.cost(said)
    counted = price(changed)
    tolerance = (
        0.03 if name not in ("low_and_slow", "replacement", "replacement_traced", "purchase", "displacement") else 0.12
    )
    if name.startswith("replacement") and value == 8:
        assert counted.accounts <= 1.02 * said.accounts
    else:
        assert counted.accounts == pytest.approx(said.accounts, rel=tolerance)
    for what in ("requests", "hours", "outside", "weaker"):
        assert getattr(counted, what) == pytest.approx(getattr(said, what), rel=tolerance), what
    assert changed.rows.at.min(initial=0) >= plan.start
    assert changed.rows.at.max(initial=0) < plan.end


@pytest.mark.slow
@pytest.mark.parametrize(("name", "value"), [(n, v) for n, v in swept() if KNOBS[n].family != "together"])
def test_a_knob_changes_what_its_stage_may_change_and_nothing_else(
    new_ground: NewGround, name: str, value: float
) -> None:
    ground, plan = plain(new_ground)
    (move,) = KNOBS[name].moves(max(value, 24.0) if name == "low_and_slow" else value)
    changed = compose(plan, [move], ground, stream(2, name))
    if name in ("low_and_slow", "replacement", "replacement_traced", "purchase"):
        assert set(changed.rows.item.tolist()) <= set(plan.rows.item.tolist())
        return
    assert len(changed) >= len(plan)
    assert columns_changed(plan.rows, changed.rows) <= MAY_CHANGE[move.stage]


@pytest.mark.parametrize("name", ["dilution", "free_rewording", "overlap", "human_hours", "churn", "all_at_once"])
def test_a_knob_is_the_same_for_the_same_seed(new_ground: NewGround, name: str) -> None:
    made = []
    for seed in (3, 3, 4):
        ground, plan = plain(new_ground)
        changed = compose(plan, KNOBS[name].moves(KNOBS[name].values[-1]), ground, stream(seed, "same"))
        frames = ground.frames.all
        made.append((changed.rows, changed.crew.facts, [frames[k] for k in changed.rows.frame.tolist() if k >= 0]))
    (first, facts, said), (again, *rest), (other, *others) = made
    assert not columns_changed(first, again)
    assert [facts, said] == rest
    assert len(first) != len(other) or columns_changed(first, other) or [facts, said] != others


def test_moves_apply_in_the_order_of_their_stages_however_they_are_given(new_ground: NewGround) -> None:
    moves: list[Move] = [Dilute(fraction=0.5), FreeRewording(), Cap(requests=2)]
    ground, plan = plain(new_ground)
    changed = compose(plan, moves, ground, stream(2, "order"))
    assert len(changed.crew) == 800
    assert changed.loads().mean() == pytest.approx(4, rel=0.05)


def test_a_campaign_is_sent_with_the_price_of_its_moves(new_ground: NewGround) -> None:
    ground = new_ground()
    told = evaded(SCENARIOS["reasoning"], [Dilute(fraction=0.1)], scale=0.1)(ground, stream(1, "sent"))
    assert told.multiplier == pytest.approx(10, rel=0.03)
    assert ground.sent == len(told.plan) == len(told.delivered.rows)
    assert told.delivered.harvest().sum() == 320
    assert set(ground.accounts["group"]) == {"reasoning"}


def test_every_family_of_knobs_says_what_it_turns() -> None:
    assert {knob.family for knob in KNOBS.values()} == {
        "spread", "camouflage", "wording", "topics", "duplicates", "timing", "probing", "tongues", "places", "away", "together",
    }  # fmt: skip
    assert all(knob.says and knob.unit and knob.values for knob in KNOBS.values())


@pytest.mark.parametrize(("make", "message"), [
    (lambda: Split(accounts=0), "Split.accounts: got 0, expected at least 1"),
    (lambda: Cap(requests=0), "Cap.requests: got 0"),
    (lambda: LognormalLoads(sigma=0), "LognormalLoads.sigma: got 0, expected over 0"),
    (lambda: Churn(lifetime=0), "Churn.lifetime: got 0"),
    (lambda: Churn(lifetime=5, keeps=("shoes",)), "Churn.keeps: got 'shoes', expected some of"),
    (lambda: Dilute(fraction=0.0), "Dilute.fraction: got 0.0, expected over 0 and up to 1: at 0 nothing is harvested"),
    (lambda: Dilute(fraction=1.2), "Dilute.fraction: got 1.2"),
    (lambda: ResellerMix(genuine=1.0), "at 1 there is no campaign"),
    (lambda: Rotate(templates=0), "Rotate.templates: got 0"),
    (lambda: Paraphrase(versions=3, strength=0), "Paraphrase.strength: got 0"),
    (lambda: FreeRewording(strength=2), "FreeRewording.strength: got 2"),
    (lambda: Personas(personas=10**6), "Personas.personas: got 1000000, expected 1 to"),
    (lambda: TopicSplit(slices=1), "one slice is no split"),
    (lambda: TopicSortedQueue(topics=1), "one topic gives no order"),
    (lambda: TopicMatch(share=-0.1), "TopicMatch.share: got -0.1"),
    (lambda: OverlapInjection(rate=1.0), "OverlapInjection.rate: got 1.0, expected a share from 0 to below 1"),
    (lambda: HumanHours(profile="lunar"), "HumanHours.profile: got 'lunar', expected one of"),
    (lambda: Jitter(minutes=0), "Jitter.minutes: got 0"),
    (lambda: LowAndSlow(hours_per_1000=0), "LowAndSlow.hours_per_1000: got 0"),
    (lambda: Onset(shape="sudden"), "Onset.shape: got 'sudden', expected one of"),
    (lambda: Multilingual(share=0.5, langs=("xx",)), "Multilingual.langs: got 'xx'"),
    (lambda: Encode(encoding="morse"), "Encode.encoding: got 'morse', expected one of"),
    (lambda: Encode(encoding="hex", success=0.0), "Encode.success: got 0.0"),
    (lambda: KnownAnswerTests(share=1.0), "KnownAnswerTests.share: got 1.0"),
    (lambda: CalibrationPoisoning(contamination=0.5, population=10), "at half it is no contamination"),
    (lambda: Replacement(lag_hours=-1), "Replacement.lag_hours: got -1"),
    (lambda: Pathways(shares={"api": 0.5}), "Pathways.shares: got shares that sum to 0.5, expected 1"),
    (lambda: Pathways(shares={"pigeon": 1.0}), "Pathways.shares: got 'pigeon'"),
    (lambda: Displacement(model=9), "Displacement.model: got 9"),
    (lambda: Purchase(share=1.5), "Purchase.share: got 1.5"),
])  # fmt: skip
def test_an_impossible_knob_is_refused_with_the_reason(make: Callable[[], Move], message: str) -> None:
    with pytest.raises(Error) as caught:
        make()
    assert message in str(caught.value)


@pytest.mark.parametrize(("move", "message"), [
    (Split(accounts=5000), "an account without one is none"),
    (TopicSplit(slices=5000), "at most 400, the number of accounts"),
    (LowAndSlow(hours_per_1000=1.0), "this would be faster"),
    (Replacement(lag_hours=12.0), "the campaign would just end"),
    (Jitter(minutes=3000), "at most the window's 1440"),
])  # fmt: skip
def test_a_knob_that_the_plan_cannot_bear_is_refused(new_ground: NewGround, move: Move, message: str) -> None:
    ground, plan = plain(new_ground)
    with pytest.raises(Error, match=message):
        compose(plan, [move], ground, stream(1, "refused"))


def test_hours_of_a_short_window_cannot_be_human(new_ground: NewGround) -> None:
    ground = new_ground()
    plan = render(SCENARIOS["reasoning"], ground, stream(1, "short"), scale=0.2, hours=6.0)
    assert plan.end == 6 * HOUR
    with pytest.raises(Error, match="fewer hours have no day and night"):
        compose(plan, [HumanHours()], ground, stream(1, "refused"))
