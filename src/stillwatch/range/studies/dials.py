"""Campaigns with their knobs as dials: number of accounts, requests of each, how much other traffic hides them, how much they harvest."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from stillwatch.core.errors import Error
from stillwatch.range.benign import ordinary
from stillwatch.range.campaigns.profile import CampaignProfile, Conduct, Phase, assumed
from stillwatch.range.campaigns.profiles import SCENARIOS
from stillwatch.range.evasion import Move
from stillwatch.range.evasion.dilute import Dilute
from stillwatch.range.evasion.moves import Told, evaded
from stillwatch.range.ground import Ground, Reply
from stillwatch.range.names import Ints
from stillwatch.range.pack import Deck
from stillwatch.range.rhythm import answer_lengths
from stillwatch.range.splits import Fold
from stillwatch.range.studies.bench import Campaign

__all__ = ["KINDS", "MOST_DILUTION", "campaign_of", "dialled", "mimic"]

MOST_DILUTION = 0.99
_LEAST_ACCOUNTS = 5
_LEAST_MIMICS = 20
_MOST_EXCHANGES = 10_000_000
_WHY = "a dial of the study"

KINDS: dict[str, CampaignProfile] = {
    "scaffold": replace(
        SCENARIOS["reasoning"], key="scaffold", phases=(Phase(hours=1.0, volume=1.0, mix=(("tagged", 1.0),)),)
    ),
    "reasoning": SCENARIOS["reasoning"],
    "grading": replace(SCENARIOS["autograding"], key="grading"),
}
"""Campaigns that the dials turn. Scaffold: reasoning forced into tags of the answer. Reasoning: solutions with the whole way to them.
Grading: rubric scores for a student's answers. Their accounts share nothing but the queue."""


def campaign_of(
    profile: CampaignProfile,
    *,
    moves: Sequence[Move] = (),
    dial: Mapping[str, float | str] | None = None,
    fold: Fold,
    scale: float = 1.0,
    most: int | None = None,
) -> Campaign:
    """A campaign of the record or of a scenario for splicing, with evasion moves; a day of it at most."""
    built = evaded(profile, moves, scale=scale, fold=fold, most=most)
    size = 0 if profile.conduct == Conduct.PURCHASE else round(profile.accounts.value * scale * profile.rate.value)

    def build(ground: Ground, rng: np.random.Generator) -> dict[str, float | None]:
        return _told(built(ground, rng))

    told = {"scale": scale, "most": most or 0, "fold": fold.value, **(dial or {})}
    return Campaign(name=profile.key, dial=told, build=build, exchanges=size if most is None else min(size, most))


def _told(told: Told) -> dict[str, float | None]:
    """What is true of a plan, for tables: what is infinite is unknown."""
    facts = {
        "harvest": float(told.delivered.harvest().sum()),
        "answers": float(told.after.answers),
        "cost": told.multiplier,
        "accounts": float(len(told.delivered.accounts)),
    }
    return {name: value if math.isfinite(value) else None for name, value in facts.items()}


def dialled(kind: str, *, accounts: int, each: int, dilution: float = 0.0, fold: Fold = Fold.TEST) -> Campaign:
    """A campaign of `accounts` accounts with `each` harvest requests, in which a share `dilution` of all its traffic is cover.

    Raises:
        Error: when no campaign can have such knobs.
    """
    if kind not in KINDS:
        raise Error(f"campaign: got {kind!r}, expected one of {', '.join(KINDS)}")
    if accounts < _LEAST_ACCOUNTS:
        raise Error(f"accounts: got {accounts}, expected at least {_LEAST_ACCOUNTS}")
    if each < 1:
        raise Error(f"requests per account: got {each}, expected at least 1")
    if not 0.0 <= dilution <= MOST_DILUTION:
        raise Error(
            f"dilution: got {dilution}, expected a share from 0 to {MOST_DILUTION}: at 1 there is no campaign left"
        )
    total = round(accounts * each / (1.0 - dilution))
    if total > _MOST_EXCHANGES:
        raise Error(f"accounts x requests: got {total:,} with cover, expected at most {_MOST_EXCHANGES:,} on one day")
    profile = replace(KINDS[kind], accounts=assumed(accounts, _WHY), rate=assumed(each, _WHY), days=assumed(1, _WHY))
    moves = (Dilute(fraction=1.0 - dilution),) if dilution else ()
    campaign = campaign_of(
        profile, moves=moves, dial={"accounts": accounts, "each": each, "dilution": dilution}, fold=fold
    )
    return replace(campaign, exchanges=total)


def mimic(*, accounts: int, each: int, share: float, fold: Fold = Fold.TEST) -> Campaign:
    """A campaign whose accounts *are* ordinary customers, drawn from one distribution, and harvest with a `share` of their requests.

    At share 0 only the truth's label tells them apart: whatever a detector finds there it finds as often among the innocent. The
    mean load of an account stays `each`, whatever the share.

    Raises:
        Error: when no campaign can have such knobs.
    """
    if not 0.0 <= share <= 1.0:
        raise Error(f"share: got {share}, expected 0 to 1")
    if accounts < _LEAST_MIMICS or each < 4:
        raise Error(f"accounts, each: got {accounts} and {each}, expected at least {_LEAST_MIMICS} and 4")

    def build(ground: Ground, rng: np.random.Generator) -> dict[str, float | None]:
        exact = each * share
        asked = np.floor(exact + rng.random(accounts)).astype(np.int64)
        ordinary(ground, rng, accounts, max(accounts, accounts * each - int(asked.sum())))
        for column, value in (("role", "actor"), ("group", "mimic")):
            ground.accounts[column][:] = [value] * ground.settled
        if asked.any():
            _ask(ground, rng, np.arange(ground.settled), asked, fold)
        return {"harvest": float(asked.sum()), "accounts": float(accounts)}

    return Campaign(
        name="mimic",
        dial={"accounts": accounts, "each": each, "share": share, "fold": fold.value},
        build=build,
        exchanges=accounts * each,
    )


_WRAPPERS = (
    "{a}\n\nPlease write out the whole way to the answer, one step after the other, and put the answer in the last line.",
    "Question: {a}\n\nExplain every step of your reasoning before you give the result.",
    "{a}\n\nFirst think it through in writing, in full, then state what comes out.",
    "Solve this and show all of your working, also where it seems plain:\n{a}",
)
_ITEMS = {Fold.DEVELOP: ("gsm8k_train", "math_train_8k"), Fold.TEST: ("mmlu", "commonsenseqa")}


def _ask(ground: Ground, rng: np.random.Generator, who: Ints, counts: Ints, fold: Fold) -> None:
    """Reasoning asked for in four wordings, the items dealt by one queue."""
    owner = np.repeat(np.arange(len(who)), counts)
    total = len(owner)
    items = ground.shelf(*_ITEMS[fold], longest=1500)
    frames = ground.frames.numbers(_WRAPPERS)
    ground.send(
        rng,
        who[owner],
        ground.clock.times(rng, "evening", ground.trait("zone")[who][owner]),
        text=items[Deck(len(items), rng).draw(total)],
        frame=frames[rng.integers(0, len(frames), total)],
        reply=Reply.STEPS,
        tokens_out=np.maximum(120, answer_lengths(rng, rng.integers(50, 400, total), trace="long")),
    )
