"""Gateways, privacy proxies, routers, editor vendors, marketplaces: many users behind few accounts, with what names them stripped or
kept."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stillwatch.range import accounts, addresses, clients, words
from stillwatch.range.ground import Ground, Ints
from stillwatch.range.lookalikes.reseller import mixed_traffic
from stillwatch.range.pack import Deck
from stillwatch.range.rhythm import DAY, answer_lengths, turns
from stillwatch.range.sizes import scaled
from stillwatch.range.talking import heavy_tailed

__all__ = ["Knobs", "build"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Knobs:
    """Firms, keys of each, median requests of a key, the program that calls, whether users are named, what was declared, what is sent.

    `kind` is mixed (all sorts of users), coding (an editor's users) or routed (what overflows from another provider: bursts after its
    outages, from the same users).
    """

    group: str = "gateway/company"
    firms: int = 2
    keys: int = 40
    median: float = 40.0
    program: str = "async"
    names_users: bool = True
    declared: str = "reseller"
    kind: str = "mixed"


def build(ground: Ground, rng: np.random.Generator, scale: float, knobs: Knobs = Knobs()) -> None:
    """Settle each firm's keys behind a few addresses and send its users' traffic."""
    for _ in range(knobs.firms):
        size = scaled(knobs.keys, scale, least=3)
        name = words.company_names(rng, 1)
        held = accounts.companies(
            ground, rng, np.array([size]), product="chat", group=knobs.group, role="lookalike", names=name, program=knobs.program,
            in_cloud=1.0, stream=0.6, plans={"scale": 1.0}, declared_programme=knobs.declared,
        )  # fmt: skip
        counts = heavy_tailed(rng, size, median=knobs.median, spread=0.7, most=600)
        if knobs.kind == "mixed":
            mixed_traffic(ground, rng, held.accounts, counts, end_users=knobs.names_users)
        else:
            _users(ground, rng, held.accounts, counts, knobs)


def _users(ground: Ground, rng: np.random.Generator, who: Ints, counts: Ints, knobs: Knobs) -> None:
    zone = accounts.zones(rng, len(who))
    cut = turns(rng, ground.clock, counts, zone=zone, profile="office", mean_turns=3.0)
    total = len(cut.owner)
    if knobs.kind == "coding":
        made = ground.texts.numbers(words.code_tasks(rng, max(50, total)))
        text = made[Deck(len(made), rng).draw(total)]
    else:
        pool = ground.shelf("oasst1_en_train", "wildchat_structural", "sgd_user_turns", longest=2000)
        text = pool[Deck(len(pool), rng).draw(total)]
    at = cut.at
    if knobs.kind == "routed":
        outage = rng.integers(0, 20, 4) * 4_200_000_000
        held_back = (rng.random(total) < 0.5) & (cut.before < 0)
        late = outage[rng.integers(0, 4, total)] + rng.exponential(1e8, total).astype(np.int64)
        shift = np.where(held_back, late - at, 0)[np.flatnonzero(cut.before < 0)]
        at = np.clip(at + shift[cut.conversation], 0, DAY - 1)
    people = ground.end_users.numbers([f"eu-{v:09x}" for v in rng.integers(1 << 36, size=max(1, total // 5)).tolist()])
    talks = int(cut.conversation.max()) + 1
    ground.send(
        rng,
        who[cut.owner],
        at,
        text=text,
        tokens_out=answer_lengths(rng, ground.texts.lengths(text) // 4),
        before=cut.before,
        conversation=cut.conversation,
        end_user=people[rng.integers(0, len(people), talks)][cut.conversation] if knobs.names_users else -1,
        overrides={
            "ip": ground.ips.numbers(addresses.cloud(rng, 12))[rng.integers(0, 12, total)],
            "agent": ground.agents.numbers(clients.choose(rng, knobs.program, total)),
        },
    )
