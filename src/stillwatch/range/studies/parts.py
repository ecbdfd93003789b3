"""Parts that studies put together: an innocent background, with or without some lookalikes, and one campaign to be spliced into it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

import numpy as np

from stillwatch.core.errors import Error
from stillwatch.range.benign import ordinary
from stillwatch.range.ground import Ground
from stillwatch.range.lookalikes import LOOKALIKES
from stillwatch.range.pack import Pack
from stillwatch.range.rhythm import Clock
from stillwatch.range.seeds import stream
from stillwatch.range.world import FULL, SMALL, World, _finish

__all__ = ["Builder", "background_world", "campaign_world", "scale_of"]

Builder = Callable[[Ground, np.random.Generator], Mapping[str, float | None]]
"""Settles the accounts of a campaign on the ground, sends their exchanges, and says what is true of it."""


def scale_of(accounts: int) -> float:
    """How much of their full size lookalikes and campaigns have in a world of so many accounts."""
    return 1.0 if accounts >= FULL else accounts / SMALL


def background_world(
    seed: int,
    *,
    accounts: int,
    exchanges: int,
    pack: Pack,
    without: Collection[str] = (),
    only: Collection[str] | None = None,
) -> World:
    """An innocent world; `without` some classes of lookalikes, or with `only` some.

    Raises:
        Error: when lookalikes leave no room for ordinary customers.
    """
    ground = _ground(seed, pack)
    for name, build in LOOKALIKES.items():
        if name not in without and (only is None or name in only):
            build(ground, stream(seed, "lookalike", name), scale_of(accounts))
    people, room = accounts - ground.settled, exchanges - ground.sent
    if people < 20 or room < 2 * people:
        raise Error(
            f"accounts, exchanges: got {accounts:,} and {exchanges:,}; lookalikes take {ground.settled:,} and {ground.sent:,}, and what is "
            "left must be at least 20 ordinary accounts with two exchanges each"
        )
    ordinary(ground, stream(seed, "ordinary"), people, room)
    return _finish(ground, seed)


def campaign_world(
    seed: int, name: str, build: Builder, *, pack: Pack
) -> tuple[World | None, Mapping[str, float | None]]:
    """One campaign alone, under the clock of the world `seed`, and what is true of it; its ids are its own, so it can be spliced in.

    There is no world where the campaign never meets the provider.
    """
    ground = _ground(seed, pack)
    told = build(ground, stream(seed, "campaign", name))
    return (_finish(ground, int(stream(seed, "spliced", name).integers(1 << 62))) if ground.sent else None), told


def _ground(seed: int, pack: Pack) -> Ground:
    return Ground(pack=pack, clock=Clock(stream(seed, "clock")), texts=pack.names())
