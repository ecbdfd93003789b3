"""Travellers, people behind a VPN, and emigrants: place and time of day do not fit each other, and volumes are small."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stillwatch.range import accounts, addresses
from stillwatch.range.ground import Ground
from stillwatch.range.pack import Deck
from stillwatch.range.rhythm import answer_lengths, turns
from stillwatch.range.sizes import scaled
from stillwatch.range.talking import heavy_tailed

__all__ = ["Knobs", "build"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Knobs:
    """People, median requests a day, and how they come in: vpn (one shared exit for each conversation), roaming, or diaspora (home
    language)."""

    group: str = "travellers/vpn"
    people: int = 90
    median: float = 6.0
    kind: str = "vpn"


def build(ground: Ground, rng: np.random.Generator, scale: float, knobs: Knobs = Knobs()) -> None:
    """Settle the people and send their conversations at the hours of their real place."""
    size = scaled(knobs.people, scale, least=4)
    who = accounts.people(
        ground, rng, size, product="chat", group=knobs.group, role="lookalike", program="browser", stream=0.9, household=0.0
    )  # fmt: skip
    counts = heavy_tailed(rng, size, median=knobs.median, spread=0.9, most=60)
    real = rng.choice([-6, 3, 5, 8, 9], size)
    cut = turns(rng, ground.clock, counts, zone=real, profile="evening", mean_turns=3.0)
    if knobs.kind == "diaspora":
        langs = ("es", "ru", "zh", "ar", "tr", "vi", "hi")
        shelves = [ground.shelf("xquad_questions", "chatterbot_corpus", lang=lang) for lang in langs]
    else:
        shelves = [ground.shelf("oasst1_en_train", "nq_open", "wildchat_structural", longest=2000)]
    tongue = rng.integers(0, len(shelves), size)[cut.owner]
    text = np.zeros(len(cut.owner), np.int64)
    for k, pool in enumerate(shelves):
        mine = np.flatnonzero(tongue == k)
        text[mine] = pool[Deck(len(pool), rng).draw(len(mine))]
    talks = int(cut.conversation.max()) + 1
    if knobs.kind == "diaspora":
        homes = addresses.households(rng, size)
        exits = [homes[k] for k in cut.owner[np.flatnonzero(cut.before < 0)].tolist()]
    else:
        exits = addresses.cloud(rng, talks) if knobs.kind == "vpn" else addresses.carrier(rng, talks)
    ground.send(
        rng,
        who[cut.owner],
        cut.at,
        text=text,
        tokens_out=answer_lengths(rng, ground.texts.lengths(text) // 4),
        before=cut.before,
        conversation=cut.conversation,
        overrides={"ip": ground.ips.numbers(exits)[cut.conversation]},
    )
