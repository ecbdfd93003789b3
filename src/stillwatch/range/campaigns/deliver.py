"""Sending a plan: its accounts are settled on the ground with their truth, its requests are sent, and what each row was for is handed
back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stillwatch.core.errors import Error
from stillwatch.range.campaigns.blocks_sent import replayed
from stillwatch.range.campaigns.plan import HOUR, Plan
from stillwatch.range.contexts import NO_CONTEXT, TRACES
from stillwatch.range.ground import Ground, Ints, Traits
from stillwatch.range.purpose import HARVESTED, Purpose

__all__ = ["Delivered", "deliver"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Delivered:
    """The sealed truth of a plan that was sent. `accounts` are the ground's numbers; `rows` the ground's rows, which `purpose` and `item`
    go with; `victims` are accounts of genuine customers whose keys were stolen."""

    name: str
    accounts: Ints
    rows: Ints
    purpose: Ints
    item: Ints
    victims: Ints

    def harvest(self) -> NDArray[np.bool_]:
        """Which of the rows are the harvest itself, on target or chosen to look ordinary."""
        return np.isin(self.purpose, [int(p) for p in HARVESTED])


def deliver(plan: Plan, ground: Ground, rng: np.random.Generator, *, role: str = "actor") -> Delivered:
    """Settle the plan's accounts and send its requests; a plan that never meets the provider settles nobody.

    Raises:
        Error: if the plan runs beyond the end of the ground's last day.
    """
    rows = plan.rows
    if len(rows) and (int(rows.at.max()) >= ground.horizon or int(rows.at.min()) < 0):
        raise Error(
            f"plan {plan.name}: got requests from hour {int(rows.at.min()) / HOUR:.1f} to {int(rows.at.max()) / HOUR:.1f}, expected "
            f"them within the ground's {ground.horizon / HOUR:.0f} hours; render fewer hours"
        )
    accounts = np.zeros(len(plan.crew), np.int64)
    groups = plan.crew.group
    for group in dict.fromkeys(groups):
        chosen = np.flatnonzero([g == group for g in groups])
        accounts[chosen] = _settle(plan, ground, rng, chosen, role=role, group=group)
    first = ground.sent
    if len(rows):
        ground.send(
            rng,
            accounts[rows.who],
            rows.at,
            text=rows.text,
            tokens_out=rows.tokens_out,
            reply=rows.reply,
            frame=rows.frame,
            extra=rows.extra,
            system=rows.system,
            before=rows.before,
            conversation=np.unique(rows.talk, return_inverse=True)[1].astype(np.int64),
            purpose=rows.purpose,
            context=np.where(rows.having(Purpose.COVER, Purpose.BYSTANDER), TRACES.index("chat"), NO_CONTEXT),
            sends=replayed(rows, rng),
            overrides={"model": rows.model, "max_tokens": rows.limit, "temperature": rows.heat},
        )
    return Delivered(
        name=plan.name,
        accounts=accounts,
        rows=np.arange(first, ground.sent),
        purpose=rows.purpose,
        item=rows.item,
        victims=accounts[plan.crew.victim > 0],
    )


def _settle(plan: Plan, ground: Ground, rng: np.random.Generator, chosen: Ints, *, role: str, group: str) -> Ints:
    crew = plan.crew.take(chosen)
    traits = Traits(
        zone=crew.zone,
        ips=crew.ip,
        agents=crew.agent,
        other_ips=crew.other_ip,
        other_agents=crew.agent,
        roaming=0.15,
        stream=crew.stream.astype(float),
        model=np.ones(len(crew), np.int64),
        adopts=0.0,
    )
    return ground.settle(rng, len(crew), role=role, group=group, traits=traits, facts=crew.facts)
