"""End users of a product that relays: they also hold accounts of their own, and ask there what they asked in the product."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stillwatch.range import accounts
from stillwatch.range.ground import Ground
from stillwatch.range.rhythm import answer_lengths, turns
from stillwatch.range.sizes import scaled
from stillwatch.range.talking import heavy_tailed

__all__ = ["Knobs", "build"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Knobs:
    """People, median requests a day, and the share of their texts that come from the few thousand that a relaying product passes on."""

    group: str = "relay_bystanders"
    people: int = 150
    median: float = 6.0
    relayed: float = 0.5


def build(ground: Ground, rng: np.random.Generator, scale: float, knobs: Knobs = Knobs()) -> None:
    """Settle the people and send their conversations; relayed texts recur on other accounts, as a relay's do."""
    size = scaled(knobs.people, scale, least=5)
    who = accounts.people(
        ground, rng, size, product="chat", group=knobs.group, role="lookalike", program="browser", stream=0.9
    )
    counts = heavy_tailed(rng, size, median=knobs.median, spread=0.9, most=80)
    cut = turns(rng, ground.clock, counts, zone=ground.trait("zone")[who], profile="evening", mean_turns=2.0)
    total = len(cut.owner)
    own = ground.shelf("oasst1_en_train", "wildchat_structural", longest=2000)
    common = ground.shelf("wildchat_structural", "medquad", "clinc150", longest=2000)
    few = common[rng.permutation(len(common))[:2000]]
    passed = rng.random(total) < knobs.relayed
    text = np.where(passed, few[rng.integers(0, len(few), total)], own[rng.integers(0, len(own), total)])
    ground.send(
        rng,
        who[cut.owner],
        cut.at,
        text=text,
        tokens_out=answer_lengths(rng, ground.texts.lengths(text) // 4),
        before=cut.before,
        conversation=cut.conversation,
    )
