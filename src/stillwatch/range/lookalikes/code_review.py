"""Agents that review code in continuous integration: one key on many short-lived machines, so many addresses and programs for one
account."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stillwatch.range import accounts, addresses, clients, words
from stillwatch.range.ground import Ground, Reply
from stillwatch.range.pack import Deck
from stillwatch.range.rhythm import answer_lengths, turns
from stillwatch.range.sizes import scaled
from stillwatch.range.talking import heavy_tailed

__all__ = ["Knobs", "build"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Knobs:
    """Firms with one key each, median reviews a day, and whether each run is a matrix of machines that ask the same again."""

    group: str = "code_review/runners"
    firms: int = 20
    median: float = 60.0
    matrix: int = 1


_SYSTEM = (
    "You review pull requests of {c}. Comment on the change only. For every remark give the line, the reason, step by step how you got "
    "there, and a suggestion. Say LGTM when there is nothing to say."
)


def build(ground: Ground, rng: np.random.Generator, scale: float, knobs: Knobs = Knobs()) -> None:
    """Settle the firms and send their reviews at office hours, each from another runner."""
    size = scaled(knobs.firms, scale, least=2)
    names = words.company_names(rng, size)
    held = accounts.companies(
        ground, rng, np.ones(size, np.int64), product="coding", group=knobs.group, role="lookalike", names=names, in_cloud=1.0,
        plans={"team": 0.6, "scale": 0.4},
    )  # fmt: skip
    counts = heavy_tailed(rng, size, median=knobs.median, spread=0.8, most=1500)
    cut = turns(rng, ground.clock, counts, zone=ground.trait("zone")[held.accounts], profile="office", mean_turns=1.0)
    owner, at = np.repeat(cut.owner, knobs.matrix), np.repeat(cut.at, knobs.matrix)
    made = ground.texts.numbers(words.code_tasks(rng, max(60, int(counts.sum()))))
    text = np.repeat(made[Deck(len(made), rng).draw(len(cut.owner))], knobs.matrix)
    total = len(owner)
    systems = ground.texts.numbers([_SYSTEM.replace("{c}", name) for name in names])
    ground.send(
        rng,
        held.accounts[owner],
        at + rng.integers(0, 90_000_000, total),
        text=text,
        system=systems[owner],
        reply=Reply.CODE,
        tokens_out=answer_lengths(rng, ground.texts.lengths(text) // 4, trace="code"),
        overrides={
            "ip": ground.ips.numbers(addresses.cloud(rng, total)),
            "agent": ground.agents.numbers(clients.choose(rng, "sdk", total)),
        },
    )
