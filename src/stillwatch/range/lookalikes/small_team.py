"""Small teams on one consumer plan: a handful of people behind one login, far over what the plan was made for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stillwatch.range import accounts, addresses, clients
from stillwatch.range.ground import Ground
from stillwatch.range.pack import Deck
from stillwatch.range.rhythm import answer_lengths, turns
from stillwatch.range.sizes import scaled
from stillwatch.range.talking import heavy_tailed

__all__ = ["Knobs", "build"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Knobs:
    """Teams, people of a team, median requests a person, the plan, and whether all sit in one office."""

    group: str = "small_team/consumer_plan"
    teams: int = 30
    people: int = 6
    median: float = 45.0
    plan: str = "plus"
    one_office: bool = False


def build(ground: Ground, rng: np.random.Generator, scale: float, knobs: Knobs = Knobs()) -> None:
    """Settle one account a team and send its people's conversations, each person from a place of their own unless they share an office."""
    teams = scaled(knobs.teams, scale, least=2)
    who = accounts.people(
        ground, rng, teams, product="chat", group=knobs.group, role="lookalike", program="browser", plans={knobs.plan: 1.0}, stream=0.9
    )  # fmt: skip
    team = np.repeat(np.arange(teams), knobs.people)
    counts = heavy_tailed(rng, len(team), median=knobs.median, spread=0.7, most=250)
    zone = ground.trait("zone")[who][team]
    cut = turns(rng, ground.clock, counts, zone=zone, profile="office", mean_turns=4.0)
    topics = ("oasst1_en_train", "wildchat_structural", "medquad", "banking77", "nq_open")
    shelves = [ground.shelf(name, longest=2500) for name in topics]
    text = np.zeros(len(cut.owner), np.int64)
    subject = rng.integers(0, len(shelves), teams)[team][cut.owner]
    for k, pool in enumerate(shelves):
        mine = np.flatnonzero(subject == k)
        text[mine] = pool[Deck(len(pool), rng).draw(len(mine))]
    desks = addresses.households(rng, len(team))
    if knobs.one_office:
        offices = [addresses.office(rng) for _ in range(teams)]
        desks = [offices[k] for k in team.tolist()]
    agents = clients.choose(rng, "browser", len(team))
    ground.send(
        rng,
        who[team[cut.owner]],
        cut.at,
        text=text,
        tokens_out=answer_lengths(rng, ground.texts.lengths(text) // 4),
        before=cut.before,
        conversation=cut.conversation,
        overrides={"ip": ground.ips.numbers(desks)[cut.owner], "agent": ground.agents.numbers(agents)[cut.owner]},
    )
