"""Lookalikes and campaigns in a world: built on a `Ground` of many days and brought into the columns that shards are made of.

Parts that were written for one day are made to last. A lookalike is built anew each day with the accounts of its first day, and what an
account never changed on its first day (system prompt, tools) it keeps. One of the first three campaigns, whose knobs name requests over
its whole life, is set over the days conversation by conversation. All other campaigns place their own requests up to `Ground.horizon`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stillwatch.core.errors import Error
from stillwatch.range.blocks import world_key
from stillwatch.range.campaigns import CAMPAIGNS, PROFILES, SCENARIOS
from stillwatch.range.days import WEEKS
from stillwatch.range.desk import Desk
from stillwatch.range.evasion.moves import KNOBS, evaded
from stillwatch.range.ground import ACCOUNT_FACTS, Ground
from stillwatch.range.grounded import sheet_of_ground
from stillwatch.range.launches import Launches
from stillwatch.range.lookalikes.roster import ALL_LOOKALIKES
from stillwatch.range.names import Ints
from stillwatch.range.odds import looked_up, shares
from stillwatch.range.pack import Pack
from stillwatch.range.recipe import Part, Setting
from stillwatch.range.rhythm import Clock
from stillwatch.range.seeds import mixed, stream
from stillwatch.range.sheets import Sheet
from stillwatch.range.splits import Fold
from stillwatch.range.tags import tagged

__all__ = ["Builder", "Built", "build_part", "builder_of", "built", "empty_ground"]

Builder = Callable[[Ground, np.random.Generator], Any]
_KEPT = ("system", "tools")
_VARIES = -2


@dataclass(frozen=True, kw_only=True)
class Built:
    """A part over the whole window: its rows, its accounts' facts (`account`, then `ACCOUNT_FACTS`), and its groups for the truth."""

    sheet: Sheet
    facts: dict[str, Any]
    roles: list[str]
    groups: list[str]


def builder_of(part: Part, fold: Fold | None = None) -> Builder:
    """The builder of a part; a campaign of a profile asks items and wordings of `fold` (of the test fold where there is none).

    Raises:
        Error: if there is none of that name, or it cannot evade by one of the moves.
    """
    if part.role not in ("lookalike", "actor"):
        raise Error(f"parts: got role {part.role!r}, expected lookalike or actor")
    profiles = PROFILES | SCENARIOS
    if part.role == "actor" and part.name in profiles:
        for name, _ in part.moves:
            if name not in KNOBS:
                raise Error(f"parts: {part.name} cannot evade by {name!r}; there are {', '.join(KNOBS)}")
        moves = [move for name, value in part.moves for move in KNOBS[name].moves(value)]
        return evaded(profiles[part.name], moves, scale=part.scale, fold=fold or Fold.TEST, most=part.most)
    if part.moves:
        raise Error(f"parts: only campaigns of a profile evade, and {part.name} is none")
    whole = {name: one.build for name, one in ALL_LOOKALIKES.items()} if part.role == "lookalike" else CAMPAIGNS
    if part.name not in whole:
        known = whole if part.role == "lookalike" else {**whole, **profiles}
        raise Error(f"parts: no {part.role} is called {part.name!r}; there are {', '.join(sorted(known))}")
    build = whole[part.name]
    return lambda ground, rng: build(ground, rng, part.scale)


@lru_cache(maxsize=64)
def build_part(setting: Setting, part: Part, desk: Desk, launched: Launches) -> Built:
    """Build one part for all days of the world; kept for the next shard of the same block, and for the next world of its setting."""
    label = (part.role, part.name, str(part.instance))
    ground = empty_ground(setting, desk, launched)
    build = builder_of(part, setting.fold)
    if part.role == "lookalike":
        _build_daily(ground, build, setting, label)
    else:
        if part.name in CAMPAIGNS:
            ground.calendar = _calendar(setting, label)
        build(ground, stream(setting.seed, *label))
    return built(ground, setting, desk, launched, label)


def empty_ground(setting: Setting, desk: Desk, launched: Launches, *, pack: Pack | None = None) -> Ground:
    """A ground under the clock and the launches of a world, with nothing on it; it asks from `pack` in place of the desk's."""
    return Ground(
        pack=pack or desk.pack,
        clock=Clock(stream(setting.seed, "clock")),
        texts=desk.names.copy(),
        days=setting.days,
        launch=launched.at[1],
    )


def built(ground: Ground, setting: Setting, desk: Desk, launched: Launches, label: tuple[str, ...]) -> Built:
    """What stands on a ground, as a part of a world; `label` tells it from every other part."""
    names = tagged("acct_", mixed(world_key(setting.seed, "part account", *label), np.arange(ground.settled)))
    return Built(
        sheet=sheet_of_ground(ground, setting, desk, launched, names, label),
        facts={"account": names, **{name: ground.accounts.get(name, []) for name in ACCOUNT_FACTS}},
        roles=ground.accounts.get("role", []),
        groups=ground.accounts.get("group", []),
    )


def _build_daily(ground: Ground, build: Builder, setting: Setting, label: tuple[str, ...]) -> None:
    """Build a part once a day with the accounts of its first day."""
    first: list[Ints] = []
    kept: dict[str, Ints] = {}
    for day in range(setting.days):
        sent = ground.sent
        ground.recalled = list(first)
        ground.calendar = _one_day(day)
        build(ground, stream(setting.seed, *label, *(() if day == 0 else (str(day),))))
        ground.recalled = []
        rows = {name: np.concatenate(_parts_since(ground, name, sent)) for name in ("account", *_KEPT)}
        if day == 0:
            first = list(ground.settlements)
            kept = {name: _constants(rows["account"], rows[name], ground.settled) for name in _KEPT}
            continue
        for name, constant in kept.items():
            own = constant[rows["account"]]
            count = len(_parts_since(ground, name, sent))
            ground.rows[name][-count:] = [np.where(own == _VARIES, rows[name], own)] if count else []


def _parts_since(ground: Ground, name: str, sent: int) -> list[NDArray[Any]]:
    """The pieces of a column that were sent after the first `sent` rows."""
    found, rows = [], ground.sent
    for piece in reversed(ground.rows.get(name, [])):
        if rows <= sent:
            break
        found.append(piece)
        rows -= len(piece)
    return found[::-1] or [np.zeros(0, np.int64)]


def _constants(account: Ints, values: Ints, accounts: int) -> Ints:
    """The one value that each account had in all its rows, or `_VARIES`."""
    low = np.full(accounts, np.iinfo(np.int64).max)
    high = np.full(accounts, _VARIES)
    np.minimum.at(low, account, values)
    np.maximum.at(high, account, values)
    return np.where(low == high, high, _VARIES)


def _one_day(day: int) -> Callable[[Ints, Ints], Ints]:
    return lambda who, _talk: np.full(len(who), day)


def _calendar(setting: Setting, label: tuple[str, ...]) -> Callable[[Ints, Ints], Ints]:
    """The day of each conversation of a part that is set over the window: working days more than others."""
    week = np.array(WEEKS["office"])[(np.arange(setting.days) + 1) % 7]
    table = shares((40 + week).tolist())
    key = world_key(setting.seed, "calendar", *label)
    return lambda who, talk: looked_up(mixed(key, who, talk), table, shift=9)
