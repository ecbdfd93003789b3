"""Campaigns with their knobs as dials: number of accounts, requests of each, how much other traffic hides them, how much they harvest."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from stillwatch.core.errors import Error
from stillwatch.range.campaigns.profile import CampaignProfile, Conduct, Phase, assumed
from stillwatch.range.campaigns.profiles import SCENARIOS
from stillwatch.range.evasion import Move
from stillwatch.range.evasion.dilute import Dilute
from stillwatch.range.evasion.moves import Told, evaded
from stillwatch.range.ground import Ground
from stillwatch.range.splits import Fold
from stillwatch.range.studies.bench import Campaign
from stillwatch.range.studies.parts import on_ground

__all__ = ["KINDS", "MOST_DILUTION", "campaign_of", "dialled"]

MOST_DILUTION = 0.99
_LEAST_ACCOUNTS = 5
_MOST_EXCHANGES = 10_000_000
_WHY = "a dial of the study"

KINDS: dict[str, CampaignProfile] = {
    "scaffold": replace(
        SCENARIOS["reasoning"], key="scaffold", phases=(Phase(hours=1.0, volume=1.0, mix=(("tagged", 1.0),)),)
    ),
    "reasoning": SCENARIOS["reasoning"],
    "grading": replace(SCENARIOS["autograding"], key="grading"),
}
"""Campaigns that the dials turn. Scaffold: reasoning forced into tags of the answer. Reasoning: solutions with the whole way to them.
Grading: rubric scores for a student's answers. Their accounts share nothing but the queue."""


def campaign_of(
    profile: CampaignProfile,
    *,
    moves: Sequence[Move] = (),
    dial: Mapping[str, float | str] | None = None,
    fold: Fold,
    scale: float = 1.0,
    most: int | None = None,
) -> Campaign:
    """A campaign of the record or of a scenario for splicing, with evasion moves; as many of its days as the world has."""
    built = evaded(profile, moves, scale=scale, fold=fold, most=most)
    size = 0 if profile.conduct == Conduct.PURCHASE else round(profile.accounts.value * scale * profile.rate.value)

    def build(ground: Ground, rng: np.random.Generator) -> dict[str, float | None]:
        return _told(built(ground, rng))

    told = {"scale": scale, "most": most or 0, "fold": fold.value, **(dial or {})}
    return Campaign(
        name=profile.key, dial=told, make=on_ground(build), exchanges=size if most is None else min(size, most)
    )


def _told(told: Told) -> dict[str, float | None]:
    """What is true of a plan, for tables: what is infinite is unknown."""
    facts = {
        "harvest": float(told.delivered.harvest().sum()),
        "answers": float(told.after.answers),
        "cost": told.multiplier,
        "accounts": float(len(told.delivered.accounts)),
    }
    return {name: value if math.isfinite(value) else None for name, value in facts.items()}


def dialled(
    kind: str, *, accounts: int, each: int, dilution: float = 0.0, fold: Fold = Fold.TEST, days: int = 1
) -> Campaign:
    """A campaign of `accounts` accounts with `each` harvest requests, spread over `days`; a share `dilution` of all its
    traffic is cover.

    Raises:
        Error: when no campaign can have such knobs.
    """
    if kind not in KINDS:
        raise Error(f"campaign: got {kind!r}, expected one of {', '.join(KINDS)}")
    if accounts < _LEAST_ACCOUNTS:
        raise Error(f"accounts: got {accounts}, expected at least {_LEAST_ACCOUNTS}")
    if each < 1:
        raise Error(f"requests per account: got {each}, expected at least 1")
    if not 0.0 <= dilution <= MOST_DILUTION:
        raise Error(
            f"dilution: got {dilution}, expected a share from 0 to {MOST_DILUTION}: at 1 there is no campaign left"
        )
    total = round(accounts * each / (1.0 - dilution))
    if total > _MOST_EXCHANGES:
        raise Error(f"accounts x requests: got {total:,} with cover, expected at most {_MOST_EXCHANGES:,} requests")
    profile = replace(
        KINDS[kind], accounts=assumed(accounts, _WHY), rate=assumed(each / days, _WHY), days=assumed(days, _WHY)
    )
    moves = (Dilute(fraction=1.0 - dilution),) if dilution else ()
    campaign = campaign_of(
        profile, moves=moves, dial={"accounts": accounts, "each": each, "dilution": dilution, "days": days}, fold=fold
    )
    return replace(campaign, exchanges=total)
