"""Hidden actors. `CAMPAIGNS` are the demo's three, one file each; `ALL_CAMPAIGNS` has the campaigns of the public record and a scenario for
each way of harvesting besides. Adding one is a profile and a line."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from stillwatch.range.campaigns import grading, harvest, scaffold
from stillwatch.range.campaigns.deliver import Delivered, deliver
from stillwatch.range.campaigns.profile import CampaignProfile
from stillwatch.range.campaigns.profiles import PROFILES, SCENARIOS
from stillwatch.range.campaigns.render import render
from stillwatch.range.ground import Ground
from stillwatch.range.splits import Fold

__all__ = ["ALL_CAMPAIGNS", "CAMPAIGNS", "MOST", "PROFILES", "SCENARIOS", "builder"]

CAMPAIGNS: dict[str, Callable[[Ground, np.random.Generator, float], None]] = {
    "scaffold": scaffold.build,
    "harvest": harvest.build,
    "grading": grading.build,
}
"""Builders by name of the actor: `build(ground, rng, scale)`; `scale` under 1 shrinks the number of accounts in proportion."""

MOST = 2_000_000
"""Requests that a campaign of `ALL_CAMPAIGNS` sends at most; a larger one keeps accounts and rates and runs for fewer hours."""


def builder(
    profile: CampaignProfile, *, fold: Fold = Fold.TEST, most: int = MOST
) -> Callable[[Ground, np.random.Generator, float], Delivered]:
    """The builder of a profile, `build(ground, rng, scale)`, over all days of the ground; it hands back what is true of each row sent."""

    def build(ground: Ground, rng: np.random.Generator, scale: float) -> Delivered:
        first, second = rng.spawn(2)
        return deliver(render(profile, ground, first, scale=scale, fold=fold, most=most), ground, second)

    return build


ALL_CAMPAIGNS: dict[str, Callable[[Ground, np.random.Generator, float], Delivered | None]] = {
    **CAMPAIGNS,
    **{key: builder(profile) for key, profile in (PROFILES | SCENARIOS).items()},
}
"""Every campaign by name. Those of profiles ask items and wordings of the test fold; `builder` makes one of the other."""
