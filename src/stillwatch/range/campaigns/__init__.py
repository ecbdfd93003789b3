"""Hidden actors. `CAMPAIGNS` are the demo's three, one file each; `PROFILES` the campaigns of the public record; `SCENARIOS` one for each
way of harvesting. Adding one is a profile and a line."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from stillwatch.range.campaigns import grading, harvest, scaffold
from stillwatch.range.campaigns.profile import CampaignProfile
from stillwatch.range.campaigns.profiles import PROFILES, SCENARIOS
from stillwatch.range.ground import Ground

__all__ = ["CAMPAIGNS", "PROFILES", "SCENARIOS", "CampaignProfile"]

CAMPAIGNS: dict[str, Callable[[Ground, np.random.Generator, float], None]] = {
    "scaffold": scaffold.build,
    "harvest": harvest.build,
    "grading": grading.build,
}
"""Builders by name of the actor: `build(ground, rng, scale)`; `scale` under 1 shrinks the number of accounts in proportion."""
