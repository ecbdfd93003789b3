"""What a campaign had obtained before anything was done, if the detector looked every night and everybody it named was stopped at once.

The earliest that a nightly run can act, and so the least that a campaign gets: a person who reviews findings in the morning comes later.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

import pyarrow as pa

from stillwatch.core import Decision, Settings
from stillwatch.range.facts import DAY_OF_WORLD
from stillwatch.range.metrics.cost import Prices, before_action, cost_multiplier, spent
from stillwatch.range.names import Ints
from stillwatch.range.rhythm import DAY
from stillwatch.range.studies.featured import Featured
from stillwatch.range.studies.look import Blind, Said
from stillwatch.range.studies.unsealed import requests_of

__all__ = ["acted_on", "obtained"]

_BEGIN = int(DAY_OF_WORLD.timestamp()) * 1_000_000


def acted_on(
    detector: Callable[[Blind, Settings, Ints], Said],
    world: Blind,
    settings: Settings,
    cleared: Ints,
    *,
    days: int,
    last: Said,
) -> dict[int, int]:
    """The midnight (microseconds) at which each account was first in a group put up for review; `last` is the whole window's."""
    out: dict[int, int] = {}
    for night in range(1, days + 1):
        midnight = _BEGIN + night * DAY
        said = last if night == days else detector(replace(world, until=midnight), settings, cleared)
        named = [group for group in said.groups if group.decision == Decision.REVIEW]
        for account in (int(one) for group in named for one in group.accounts):
            out.setdefault(account, midnight)
    return out


def obtained(campaign: Featured, groups: Sequence[str], acted: dict[int, int]) -> dict[str, float | None]:
    """What is true of a campaign up to action: `yield`, the share of its distinct answers it had; `detected_hours` from its first request
    to the first action; `dearer`, how many times the price of an answer rose, accounts at five units and a thousand tokens at a hundredth.

    What never happened or cannot be said is unknown.
    """
    rows = pa.concat_tables([requests_of(campaign, group) for group in groups])
    watched, free = before_action(rows, acted), before_action(rows, {})
    dearer = cost_multiplier(spent(watched, Prices()), spent(free, Prices()))
    return {
        "yield": None if math.isnan(watched.share) else watched.share,
        "detected_hours": None if watched.detected_us is None else watched.detected_us / 3.6e9,
        "dearer": dearer if math.isfinite(dearer) else None,
    }
