"""Campaigns with their knobs as dials: number of accounts, requests of each, and how much other traffic hides them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from stillwatch.core.errors import Error
from stillwatch.range import facts
from stillwatch.range.accounts import people
from stillwatch.range.benign import ordinary
from stillwatch.range.campaigns import grading, harvest, scaffold
from stillwatch.range.ground import Ground, Reply
from stillwatch.range.lookalikes.reseller import mixed_traffic
from stillwatch.range.names import Ints
from stillwatch.range.pack import Deck
from stillwatch.range.rhythm import answer_lengths
from stillwatch.range.studies.bench import Campaign

__all__ = ["KINDS", "MOST_DILUTION", "dialled", "mimic"]

MOST_DILUTION = 0.99
_MOST_EXCHANGES = 10_000_000

_Build = Callable[[Ground, np.random.Generator, int, int], None]


def _scaffold(ground: Ground, rng: np.random.Generator, accounts: int, each: int) -> None:
    knobs = scaffold.Knobs(accounts=accounts, least=each, most=each, camouflaged=0.0)
    scaffold.build(ground, rng, 1.0, knobs)


def _harvest(ground: Ground, rng: np.random.Generator, accounts: int, each: int) -> None:
    who = people(
        ground,
        rng,
        accounts,
        product="chat",
        group="harvest",
        role="actor",
        household=0.0,
        plans={"free": 0.55, "plus": 0.3, "payg": 0.15},
        stream=0.5,
        created=facts.created(rng, accounts, median_days=60.0, new=0.03),
    )
    _ask(ground, rng, who, np.full(accounts, each))


def _grading(ground: Ground, rng: np.random.Generator, accounts: int, each: int) -> None:
    knobs = replace(grading.Knobs(), accounts=accounts, median=float(each), share=1.0)
    grading.build(ground, rng, 1.0, knobs)


KINDS: dict[str, _Build] = {"scaffold": _scaffold, "harvest": _harvest, "grading": _grading}
"""Campaigns that have such dials."""

_LEAST_MIMICS = 20
_LEAST = {"scaffold": 6, "harvest": 12, "grading": 5}
_MOST_REQUESTS = {"harvest": 15_000}
"""A queue that asks nothing twice ends with its items."""


def dialled(kind: str, *, accounts: int, each: int, dilution: float = 0.0) -> Campaign:
    """A campaign of `accounts` accounts with `each` harvest requests, in which a share `dilution` of all its traffic is somebody else's.

    Raises:
        Error: when no campaign can have such knobs.
    """
    if kind not in KINDS:
        raise Error(f"campaign: got {kind!r}, expected one of {', '.join(KINDS)}")
    if accounts < _LEAST[kind]:
        raise Error(f"accounts: got {accounts}, expected at least {_LEAST[kind]} for the campaign {kind}")
    if each < 1:
        raise Error(f"requests per account: got {each}, expected at least 1")
    if not 0.0 <= dilution <= MOST_DILUTION:
        raise Error(
            f"dilution: got {dilution}, expected a share from 0 to {MOST_DILUTION}: at 1 there is no campaign left"
        )
    total = accounts * each
    if total > _MOST_REQUESTS.get(kind, _MOST_EXCHANGES):
        raise Error(
            f"accounts x requests: got {total:,}, expected at most {_MOST_REQUESTS.get(kind, _MOST_EXCHANGES):,}: the queue of {kind} "
            "asks nothing twice, and there are no more items"
        )
    cover = round(each * dilution / (1.0 - dilution))

    def build(ground: Ground, rng: np.random.Generator) -> None:
        first = ground.settled
        KINDS[kind](ground, rng, accounts, each)
        if dilution > 0:
            who = np.arange(first, ground.settled)
            exact = each * dilution / (1.0 - dilution)
            counts = np.floor(exact + rng.random(len(who))).astype(np.int64)
            sending = counts > 0
            if sending.any():
                mixed_traffic(ground, rng, who[sending], counts[sending], profile="evening", end_users=False)

    return Campaign(
        name=kind,
        dial={"accounts": accounts, "each": each, "dilution": dilution},
        build=build,
        harvest=total,
        exchanges=total + accounts * max(cover, 0),
    )


def mimic(*, accounts: int, each: int, share: float) -> Campaign:
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

    def build(ground: Ground, rng: np.random.Generator) -> None:
        exact = each * share
        asked = np.floor(exact + rng.random(accounts)).astype(np.int64)
        ordinary(ground, rng, accounts, max(accounts, accounts * each - int(asked.sum())))
        for column, value in (("role", "actor"), ("group", "mimic")):
            ground.accounts[column][:] = [value] * ground.settled
        if asked.any():
            _ask(ground, rng, np.arange(ground.settled), asked)

    return Campaign(
        name="mimic",
        dial={"accounts": accounts, "each": each, "share": share},
        build=build,
        harvest=round(each * share * accounts),
        exchanges=accounts * each,
    )


def _ask(ground: Ground, rng: np.random.Generator, who: Ints, counts: Ints) -> None:
    """Reasoning asked for in ten wordings, the items dealt by one queue, as the campaign `harvest` does."""
    owner = np.repeat(np.arange(len(who)), counts)
    total = len(owner)
    items = ground.shelf("gsm8k_train", "math_train_8k", longest=1500)
    zone, office = ground.trait("zone")[who][owner], rng.random(total) < 0.5
    frames = ground.frames.numbers(harvest._WRAPPERS)
    ground.send(
        rng,
        who[owner],
        np.where(office, ground.clock.times(rng, "office", zone), ground.clock.times(rng, "evening", zone)),
        text=items[Deck(len(items), rng).draw(total)],
        frame=frames[rng.integers(0, len(frames), total)],
        reply=Reply.STEPS,
        tokens_out=np.maximum(120, answer_lengths(rng, rng.integers(50, 400, total), trace="long")),
        overrides={"model": np.full(total, 1)},
    )
