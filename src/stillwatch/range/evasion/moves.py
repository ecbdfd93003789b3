# ruff: noqa: E501 - entries stand on one line each
"""Every knob of evasion with the values to sweep, for studies: `KNOBS` by name, and `evaded` to build a campaign under some moves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from stillwatch.range.campaigns.deliver import Delivered, deliver
from stillwatch.range.campaigns.families import FAMILIES, NUMBERS
from stillwatch.range.campaigns.plan import Plan
from stillwatch.range.campaigns.profile import CampaignProfile
from stillwatch.range.campaigns.render import render
from stillwatch.range.evasion.away import Displacement, Purchase
from stillwatch.range.evasion.dilute import Dilute, ResellerMix
from stillwatch.range.evasion.move import Move, compose
from stillwatch.range.evasion.places import Pathways, Replacement
from stillwatch.range.evasion.poison import CalibrationPoisoning
from stillwatch.range.evasion.price import Price, price
from stillwatch.range.evasion.probing import KnownAnswerTests
from stillwatch.range.evasion.repeat import OverlapInjection
from stillwatch.range.evasion.spread import Cap, Churn, LognormalLoads, Split
from stillwatch.range.evasion.timing import HumanHours, Jitter, LowAndSlow, Onset
from stillwatch.range.evasion.tongues import Encode, Multilingual
from stillwatch.range.evasion.topics import TopicMatch, TopicSortedQueue, TopicSplit
from stillwatch.range.evasion.wording import FreeRewording, Paraphrase, Personas, Rotate, Unwrap
from stillwatch.range.ground import Ground
from stillwatch.range.splits import Fold

__all__ = ["KNOBS", "Knob", "Told", "evaded", "refused"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Knob:
    """One knob: what it turns, the values to sweep from harmless to harsh, and the moves for a value.

    `family` groups knobs that are one idea, so that a study can leave one idea out.
    """

    name: str
    says: str
    unit: str
    values: tuple[float, ...]
    moves: Callable[[float], tuple[Move, ...]]
    family: str


def _knob(
    name: str,
    family: str,
    says: str,
    unit: str,
    values: tuple[float, ...],
    move: Callable[[float], Move | tuple[Move, ...]],
) -> Knob:
    def moves(value: float) -> tuple[Move, ...]:
        made = move(value)
        return made if isinstance(made, tuple) else (made,)

    return Knob(name=name, says=says, unit=unit, values=values, moves=moves, family=family)


_CAMOUFLAGE = (1.0, 0.5, 0.25, 0.1, 0.05, 0.02, 0.01)

KNOBS: dict[str, Knob] = {
    knob.name: knob
    for knob in (
        _knob("splitting", "spread", "round-robin over more accounts", "accounts", (1, 10, 100, 1000), lambda v: Split(accounts=int(v))),
        _knob("cap", "spread", "at most so many requests an account", "requests", (1000, 100, 20, 4, 2), lambda v: Cap(requests=int(v))),
        _knob("lognormal_loads", "spread", "loads as unequal as people's", "sigma", (0.5, 1.0, 1.5), lambda v: LognormalLoads(sigma=v)),
        _knob("churn", "spread", "accounts live for so many requests", "requests", (200, 50, 20, 2), lambda v: Churn(lifetime=int(v))),
        _knob("dilution", "camouflage", "the campaign's share of each account's traffic", "share", _CAMOUFLAGE, lambda v: Dilute(fraction=v)),
        _knob("reseller", "camouflage", "genuine users behind the same keys", "share", (0.25, 0.5, 0.75, 0.9, 0.95), lambda v: ResellerMix(genuine=v)),
        _knob("templates", "wording", "so many templates in rotation", "templates", (1, 10, 100, 1000, 10000), lambda v: Rotate(templates=int(v))),
        _knob("paraphrase", "wording", "forty versions, a share of words changed", "share", (0.1, 0.25, 0.5), lambda v: Paraphrase(versions=40, strength=v)),
        _knob(
            "constant_core", "wording", "forty openings before a demand that stays", "share", (0.25, 0.5),
            lambda v: Paraphrase(versions=40, strength=v, core=True),
        ),
        _knob("free_rewording", "wording", "another wrapper for every request", "share", (0.0, 0.2, 0.4, 0.6), lambda v: FreeRewording(strength=v)),
        _knob("no_scaffold", "wording", "the items alone", "on", (1,), lambda v: Unwrap()),
        _knob("personas", "wording", "invented persons as system prompts", "personas", (5, 50, 500), lambda v: Personas(personas=int(v))),
        _knob("topic_split", "topics", "disjoint slices of the topics", "slices", (2, 10, 50), lambda v: TopicSplit(slices=int(v))),
        _knob("topic_sorted", "topics", "a queue sorted by topic", "topics", (10, 40, 100), lambda v: TopicSortedQueue(topics=int(v))),
        _knob("topic_match", "topics", "items drawn as customers ask", "share", (0.25, 0.5, 0.9, 1.0), lambda v: TopicMatch(share=v)),
        _knob("overlap", "duplicates", "duplicates on purpose", "share", (0.01, 0.03, 0.1, 0.3), lambda v: OverlapInjection(rate=v)),
        _knob("human_hours", "timing", "waking hours of the account's zone", "on", (1,), lambda v: HumanHours()),
        _knob("jitter", "timing", "a random wait", "minutes", (1, 30, 240), lambda v: Jitter(minutes=v)),
        _knob("low_and_slow", "timing", "hours to a thousand requests", "hours", (24, 48, 96), lambda v: LowAndSlow(hours_per_1000=v)),
        _knob("onset_instant", "timing", "full rate at once from new accounts", "on", (1,), lambda v: Onset(shape="instant")),
        _knob("onset_ramp", "timing", "a rate that grows evenly", "on", (1,), lambda v: Onset(shape="ramp")),
        _knob("launch_pivot", "timing", "a share waits for a launch", "share", (0.25, 0.5, 1.0), lambda v: Onset(shape="launch", moved=v)),
        _knob("known_answers", "probing", "questions with known answers", "share", (0.01, 0.05), lambda v: KnownAnswerTests(share=v)),
        _knob(
            "poisoning", "probing", "sleepers among the calibration's accounts", "share", (0.001, 0.005, 0.02, 0.05),
            lambda v: CalibrationPoisoning(contamination=v, population=5000),
        ),
        _knob("multilingual", "tongues", "wrappers in eight other languages", "share", (0.25, 0.5, 1.0), lambda v: Multilingual(share=v)),
        _knob("base64", "tongues", "items in base64", "share", (0.25, 1.0), lambda v: Encode(encoding="base64", share=v)),
        _knob("leet", "tongues", "items with figures for letters", "share", (0.25, 1.0), lambda v: Encode(encoding="leet", share=v, success=0.95)),
        _knob("replacement", "places", "all are banned at half time and replaced after a lag", "hours", (0.2, 2, 8), lambda v: Replacement(lag_hours=v)),
        _knob(
            "replacement_traced", "places", "the same, replacements pay with the same cards", "hours", (0.2, 2, 8),
            lambda v: Replacement(lag_hours=v, keeps=("payment",)),
        ),
        _knob("stolen_keys", "places", "keys of genuine customers", "share", (0.1, 0.5, 1.0), lambda v: Pathways(shares={"api": 1 - v, "stolen": v})),
        _knob(
            "mixed_pathways", "places", "API, cloud, aggregator and seats", "on", (1,),
            lambda v: Pathways(shares={"api": 0.4, "cloud": 0.3, "aggregator": 0.2, "seats": 0.1}),
        ),
        _knob("displacement", "away", "moves to the smaller model at half time", "share", (0.5, 1.0), lambda v: Displacement(share=v)),
        _knob("purchase", "away", "transcripts bought; at 1 there is nothing to see", "share", (0.5, 0.9, 1.0), lambda v: Purchase(share=v)),
        _knob(
            "all_at_once", "together", "free rewording, human hours, unequal loads, camouflage, 10 % duplicates", "share", (0.5, 0.1),
            lambda v: (FreeRewording(), LognormalLoads(sigma=1.0), HumanHours(), OverlapInjection(rate=0.1), Dilute(fraction=v)),
        ),
    )
}  # fmt: skip
"""Knobs by name. Threshold probing has no fixed values: it is a search with the provider's reaction (`probing.probe_threshold`); pools
shared by several operators take several plans (`places.share_pool`)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """A campaign under some moves, sent: what is true of it, and what a useful answer costs its operator with and without the moves."""

    plan: Plan
    delivered: Delivered
    before: Price
    after: Price

    @property
    def multiplier(self) -> float:
        """How many times as many requests a useful answer costs."""
        return self.after.times(self.before)["requests"]


def refused(knob: Knob, profile: CampaignProfile, fold: Fold = Fold.DEVELOP) -> str:
    """Why this campaign cannot turn this knob at any of its values; empty where it can."""
    families = {key for phase in profile.phases for key, _ in phase.mix}
    unwraps = any(isinstance(move, Unwrap) for value in knob.values for move in knob.moves(value))
    joined = any(FAMILIES[NUMBERS[key]].joins(fold) for key in families)
    return "items of two parts, which the wrapper joins" if unwraps and joined else ""


def evaded(
    profile: CampaignProfile,
    moves: Sequence[Move],
    *,
    scale: float = 1.0,
    hours: float | None = None,
    fold: Fold = Fold.DEVELOP,
    most: int | None = None,
) -> Callable[[Ground, np.random.Generator], Told]:
    """A builder that renders a profile, applies the moves and sends the plan; knobs are checked when the moves are made, not here."""

    def build(ground: Ground, rng: np.random.Generator) -> Told:
        first, second, third = rng.spawn(3)
        plan = render(profile, ground, first, scale=scale, hours=hours, fold=fold, most=most)
        changed = compose(plan, moves, ground, second)
        sent = deliver(changed, ground, third)
        return Told(plan=changed, delivered=sent, before=price(plan), after=price(changed))

    return build
