"""Accounts that are banned and replaced: their later requests wait, and then come from newly hired ones."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from stillwatch.range import facts
from stillwatch.range.campaigns.crew import Crew, hire
from stillwatch.range.campaigns.plan import HOUR, Plan
from stillwatch.range.ground import Ints

__all__ = ["INHERITED", "recruit", "swap_banned"]

INHERITED = ("payment", "registration", "device", "ip")
"""Traits that a replacement may share with the account that it replaces."""


def recruit(plan: Plan, rng: np.random.Generator, old: Ints, *, keeps: tuple[str, ...] = ()) -> Crew:
    """Hire one account in place of each of `old`, with the same group and, by `keeps`, some of the same traits."""
    new = hire(plan.infrastructure, rng, len(old), group=plan.name)
    before = plan.crew.take(old)
    columns = dict(new.facts)
    columns.update({fact: before.facts[fact] for fact in keeps if fact != "ip"})
    ip = before.ip if "ip" in keeps else new.ip
    return replace(
        new, facts=columns, ip=ip, group=before.group, pathway=before.pathway, victim=np.zeros(len(old), np.int64)
    )


def swap_banned(
    plan: Plan, rng: np.random.Generator, banned: Ints, *, at: int, lag_hours: float, keeps: tuple[str, ...] = ()
) -> Plan:
    """Ban some accounts at a time: requests after it come from replacements, `lag_hours` later; those past the window's end are lost.

    Replacements are opened within the lag before they first speak. Conversations keep to one account: one that was begun before the ban
    breaks off.
    """
    rows, end = plan.rows, plan.end
    size = len(plan.crew)
    place = np.full(size, -1)
    place[banned] = np.arange(len(banned))
    hit = (place[rows.who] >= 0) & (rows.at >= at)
    lag = round(lag_hours * HOUR)
    begun = np.where(rows.before >= 0, rows.at[rows.before] < at, False)
    moved = np.where(hit, rows.at + lag, rows.at)
    kept = (moved < end) & ~(hit & begun)
    new = recruit(plan, rng, banned, keeps=keeps)
    opened = at + (rng.random(len(banned)) * max(1, lag)).astype(np.int64)
    new.facts["created"] = [facts.stamp(value) for value in opened.tolist()]
    who = np.where(hit, size + place[rows.who], rows.who)
    return plan.but(crew=plan.crew.join(new), rows=replace(rows, who=who, at=moved).take(kept)).used()
