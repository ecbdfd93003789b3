"""Lookalikes and campaigns in a large world: built on a `Ground` of many days and brought into the columns that shards are made of.

Parts that were written for one day are made to last. A lookalike is built anew each day with the accounts of its first day, and what an
account never changed on its first day (system prompt, tools) it keeps. One of the first three campaigns, whose knobs name requests over
its whole life, is set over the days conversation by conversation. All other campaigns place their own requests up to `Ground.horizon`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from stillwatch.core.errors import Error
from stillwatch.range import clients, places
from stillwatch.range.blocks import world_key
from stillwatch.range.campaigns import CAMPAIGNS
from stillwatch.range.days import WEEKS
from stillwatch.range.desk import Desk
from stillwatch.range.ground import ACCOUNT_FACTS, Ground
from stillwatch.range.launches import Launches
from stillwatch.range.lookalikes import LOOKALIKES
from stillwatch.range.names import Ints
from stillwatch.range.odds import looked_up, shares
from stillwatch.range.recipe import Part, Recipe
from stillwatch.range.rhythm import DAY, Clock
from stillwatch.range.seeds import mixed, stream
from stillwatch.range.sheets import Sheet
from stillwatch.range.tags import tagged

__all__ = ["Built", "build_part", "builder_of", "cut"]

Builder = Callable[[Ground, np.random.Generator, float], Any]
_SPREAD = frozenset({"scaffold", "harvest", "grading"})
_KEPT = ("system", "tools")
_VARIES = -2
_COLUMNS = (
    "account", "at", "ip", "agent", "model", "text", "frame", "extra", "system", "before", "conversation", "tools", "end_user", "reply",
    "status", "tokens_out", "stream", "temperature", "max_tokens", "n",
)  # fmt: skip
_MODELS = np.array([0, 2, 3])
"""The models of `ground.MODELS` as `launches` numbers them."""


@dataclass(frozen=True, kw_only=True)
class Built:
    """A part over the whole window: its rows, its accounts' facts (`account`, then `ACCOUNT_FACTS`), and its groups for the truth."""

    sheet: Sheet
    facts: dict[str, Any]
    roles: list[str]
    groups: list[str]


def builder_of(part: Part) -> Builder:
    """The builder of a part: by its name in `LOOKALIKES` or `CAMPAIGNS`, or written `module:function` for one inside the range.

    Raises:
        Error: if there is none.
    """
    known = {"lookalike": LOOKALIKES, "actor": CAMPAIGNS}.get(part.role)
    if known is None:
        raise Error(f"parts: got role {part.role!r}, expected lookalike or actor")
    if part.name in known:
        return known[part.name]
    module, _, name = part.name.partition(":")
    if name and module.startswith("stillwatch.range."):
        found: Builder = getattr(import_module(module), name)
        return found
    raise Error(f"parts: no {part.role} is called {part.name!r}; there are {', '.join(sorted(known))}")


@lru_cache(maxsize=8)
def build_part(recipe: Recipe, part: Part, desk: Desk, launched: Launches) -> Built:
    """Build one part for all days of the world; kept for the next shard of the same block."""
    label = (part.role, part.name, str(part.instance))
    ground = Ground(
        pack=desk.pack,
        clock=Clock(stream(recipe.seed, "clock")),
        texts=desk.names.copy(),
        days=recipe.days,
        launch=launched.at[1],
    )
    build = builder_of(part)
    if part.role == "lookalike":
        _build_daily(ground, build, recipe, part, label)
    else:
        if part.name in _SPREAD:
            ground.calendar = _calendar(recipe, label)
        build(ground, stream(recipe.seed, *label), part.scale)
    names = tagged("acct_", mixed(world_key(recipe.seed, "part account", *label), np.arange(ground.settled)))
    rows = {name: np.concatenate(values) for name, values in ground.rows.items()} if ground.sent else None
    facts = {"account": names, **{name: ground.accounts.get(name, []) for name in ACCOUNT_FACTS}}
    return Built(
        sheet=_sheet(ground, rows, recipe, desk, launched, names, label),
        facts=facts,
        roles=ground.accounts.get("role", []),
        groups=ground.accounts.get("group", []),
    )


def _build_daily(ground: Ground, build: Builder, recipe: Recipe, part: Part, label: tuple[str, ...]) -> None:
    """Build a part once a day with the accounts of its first day."""
    first: list[Ints] = []
    kept: dict[str, Ints] = {}
    for day in range(recipe.days):
        sent = ground.sent
        ground.recalled = list(first)
        ground.calendar = _one_day(day)
        build(ground, stream(recipe.seed, *label, *(() if day == 0 else (str(day),))), part.scale)
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


def _calendar(recipe: Recipe, label: tuple[str, ...]) -> Callable[[Ints, Ints], Ints]:
    """The day of each conversation of a part that is set over the window: working days more than others."""
    week = np.array(WEEKS["office"])[(np.arange(recipe.days) + 1) % 7]
    table = shares((40 + week).tolist())
    key = world_key(recipe.seed, "calendar", *label)
    return lambda who, talk: looked_up(mixed(key, who, talk), table, shift=9)


def _sheet(
    ground: Ground,
    rows: dict[str, NDArray[Any]] | None,
    recipe: Recipe,
    desk: Desk,
    launched: Launches,
    names: Any,
    label: tuple[str, ...],
) -> Sheet:
    """The ground's rows in the columns of a sheet. Texts that the desk lacks are the sheet's own, numbered behind the desk's details."""
    c = rows if rows is not None else {name: np.zeros(0, np.int64) for name in _COLUMNS}
    size, account, at = len(c["at"]), c["account"], c["at"]
    known, shift = desk.details, len(desk.texts) - desk.details
    text, extra, system = (np.where(c[name] >= known, c[name] + shift, c[name]) for name in ("text", "extra", "system"))
    model = np.where((c["model"] == 2) & (at < launched.at[1]), 1, c["model"])
    own = ground.texts.all[known:]
    lengths = np.concatenate([desk.bytes, np.array([len(t) for t in own], np.int64)])
    turn, tokens_in = _turns(
        c["before"], lengths[text] // 4 + np.where(extra >= 0, lengths[extra] // 4, 0) + c["tokens_out"]
    )
    tokens_in = tokens_in + np.where(system >= 0, lengths[system] // 4, 0)
    key = world_key(recipe.seed, "part request", *label)
    numbers = mixed(world_key(recipe.seed, "part account", *label), account).view(np.int64)
    pool = places.carrier_pool(recipe.accounts)
    columns: dict[str, NDArray[Any]] = {
        "account": account,
        "org": account,
        "key": account,
        "at": at,
        "ip": places.widened(world_key(recipe.seed, "widened"), ground.ips.all, numbers, c["ip"], pool),
        "agent": c["agent"],
        "tls": c["agent"],
        "model": _MODELS[model],
        "text": text,
        "extra": extra,
        "system": system,
        "frame": c["frame"],
        "tail": np.full(size, -1),
        "before": c["before"],
        "turn": turn,
        "tools": c["tools"],
        "end_user": c["end_user"],
        "reply": c["reply"],
        "status": c["status"],
        "tokens_in": tokens_in,
        "tokens_out": c["tokens_out"],
        "stream": c["stream"].astype(bool),
        "temperature": c["temperature"].astype(float),
        "max_tokens": c["max_tokens"],
        "n": c["n"],
        "conversation": mixed(key + 1, c["conversation"]),
        "request": mixed(key, np.arange(size)),
    }
    agents = ground.agents.all
    return Sheet(
        columns=columns,
        names={
            "account": names,
            "org": pa.array(ground.accounts.get("org", []), pa.string()),
            "key": tagged("key_", mixed(world_key(recipe.seed, "part key", *label), np.arange(ground.settled)), 12),
            "agent": pa.array(agents, pa.string()),
            "tls": pa.array([clients.ja4(agent) for agent in agents], pa.string()),
            "frame": pa.array(ground.frames.all, pa.string()),
            "tools": pa.array(ground.tools.all, pa.string()),
            "end_user": pa.array(ground.end_users.all, pa.string()),
        },
        texts=own,
    )


def _turns(before: Ints, spoken: Ints) -> tuple[Ints, Ints]:
    """The turn of each row, and the tokens spoken in its conversation before it."""
    turn, tokens = np.zeros(len(before), np.int64), np.zeros(len(before), np.int64)
    reached = np.flatnonzero(before < 0)
    waiting = np.flatnonzero(before >= 0)
    done = np.zeros(len(before), bool)
    done[reached] = True
    while len(waiting):
        ready = done[before[waiting]]
        now = waiting[ready]
        if not len(now):
            raise ValueError("before: turns that follow each other in a circle")
        turn[now] = turn[before[now]] + 1
        tokens[now] = tokens[before[now]] + spoken[before[now]]
        done[now] = True
        waiting = waiting[~ready]
    return turn, tokens


def cut(sheet: Sheet, first_day: int, days: int) -> Sheet:
    """The rows of some days; a turn whose turn before lies outside has none."""
    at = sheet.columns["at"]
    chosen = np.flatnonzero((at >= first_day * DAY) & (at < (first_day + days) * DAY))
    place = np.full(len(sheet) + 1, -1)
    place[chosen] = np.arange(len(chosen))
    columns = {name: values[chosen] for name, values in sheet.columns.items()}
    columns["before"] = place[columns["before"]]
    return Sheet(columns=columns, names=sheet.names, texts=sheet.texts)
