"""Resellers: one organisation, many keys, a few cloud addresses, one card; behind each key many unrelated end users."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stillwatch.range import accounts, addresses, clients, facts, words
from stillwatch.range.contexts import TRACES
from stillwatch.range.ground import Ground, Ints, Traits
from stillwatch.range.pack import Deck
from stillwatch.range.purpose import Purpose
from stillwatch.range.rhythm import answer_lengths, turns
from stillwatch.range.sizes import scaled
from stillwatch.range.talking import heavy_tailed

__all__ = ["Knobs", "build", "mixed_traffic"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Knobs:
    """Keys of each reseller, median requests a key, egress addresses, and whether it told the provider what it is."""

    keys: tuple[int, ...] = (110, 70)
    median: float = 55.0
    egress: int = 6
    declared: tuple[str, ...] = ("reseller", "")
    group: str = "reseller"


def mixed_traffic(
    ground: Ground,
    rng: np.random.Generator,
    who: Ints,
    counts: Ints,
    *,
    profile: str = "service",
    end_users: bool = True,
    purpose: Purpose = Purpose.OWN,
) -> None:
    """Send what many unrelated end users of a shared account ask: talk, code, search, shopping, several languages, in conversations."""
    pools = (
        ground.shelf("oasst1_en_train", "wildchat_structural", longest=2500),
        ground.texts.numbers(words.code_tasks(rng, max(30, int(counts.sum() * 0.12)))),
        ground.shelf("nq_open", "clinc150"),
        ground.shelf("chatterbot_corpus", "xquad_questions", "oasst1_fi_mt", longest=2500),
        ground.shelf("banking77", "bitext_support", "medquad"),
    )
    decks = [Deck(len(pool), rng) for pool in pools]
    cut = turns(rng, ground.clock, counts, zone=ground.trait("zone")[who], profile=profile, mean_turns=2.5)
    total = len(cut.owner)
    talks = int(cut.conversation.max()) + 1 if total else 0
    taste = rng.choice(len(pools), talks, p=(0.4, 0.15, 0.15, 0.15, 0.15))[cut.conversation]
    text = np.zeros(total, np.int64)
    for k, (pool, deck) in enumerate(zip(pools, decks, strict=True)):
        chosen = np.flatnonzero(taste == k)
        text[chosen] = pool[deck.draw(len(chosen))]
    follow = ground.texts.kept(ground.pack.follow_ups())
    later = (cut.turn > 0) & (rng.random(total) < 0.6)
    text = np.where(later, follow[rng.integers(0, len(follow), total)], text)
    people = ground.end_users.numbers([f"eu-{v:09x}" for v in rng.integers(1 << 36, size=max(1, talks // 2)).tolist()])
    user = people[rng.integers(0, len(people), max(1, talks))][cut.conversation] if end_users else -1
    ground.send(
        rng,
        who[cut.owner],
        cut.at,
        text=text,
        tokens_out=answer_lengths(rng, ground.texts.lengths(text) // 4),
        before=cut.before,
        conversation=cut.conversation,
        end_user=user,
        purpose=purpose,
        context=TRACES.index("chat"),
    )


def build(ground: Ground, rng: np.random.Generator, scale: float, knobs: Knobs = Knobs()) -> None:
    """Settle the resellers' keys and send their end users' traffic."""
    for k, keys in enumerate(knobs.keys):
        size = scaled(keys, scale, least=4)
        pool = addresses.cloud(rng, knobs.egress)
        tag = f"{int(rng.integers(1 << 40)):010x}"
        name = words.company_names(rng, 1)[0]
        traits = Traits(
            zone=np.full(size, int(accounts.zones(rng, 1)[0])),
            ips=[pool[i] for i in rng.integers(0, len(pool), size).tolist()],
            other_ips=[pool[i] for i in rng.integers(0, len(pool), size).tolist()],
            agents=["litellm/1.80.5"] * size if k == 0 else clients.choose(rng, "async", 1) * size,
            roaming=0.6,
            stream=0.6,
            model=rng.choice(2, size),
        )
        columns: dict[str, list[str] | str] = {
            "org": f"org_{tag}",
            "created": facts.created(rng, size, median_days=90.0, new=0.06),
            "plan": "scale",
            "product_type": facts.pick(rng, size, chat=0.7, unknown=0.3),
            "signup_path": "reseller" if knobs.declared[k] else "sales",
            "payment": f"card_{tag}",
            "registration": f"{name.lower().replace(' ', '')}.com|key99",
            "declared_programme": knobs.declared[k],
            "contract_region": "us",
            "verification": "organisation",
        }
        who = ground.settle(rng, size, role="lookalike", group=knobs.group, traits=traits, facts=columns)
        mixed_traffic(ground, rng, who, heavy_tailed(rng, size, median=knobs.median, spread=0.7, most=600))
