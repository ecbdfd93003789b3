"""A ground brought into the columns of a world, so that lookalikes and campaigns are painted with everybody else."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from stillwatch.range import clients, places
from stillwatch.range.blocks import world_key
from stillwatch.range.contexts import contexts
from stillwatch.range.desk import DETAILS, Desk
from stillwatch.range.ground import Ground
from stillwatch.range.launches import Launches
from stillwatch.range.names import Ints
from stillwatch.range.odds import BITS
from stillwatch.range.products.chat import PRODUCT as CHAT
from stillwatch.range.purpose import Purpose
from stillwatch.range.recipe import Setting
from stillwatch.range.rhythm import DAY
from stillwatch.range.seeds import mixed
from stillwatch.range.sheets import Sheet
from stillwatch.range.signatures import continued, signed
from stillwatch.range.tags import tagged

__all__ = ["cut", "sheet_of_ground"]

_COLUMNS = (
    "account", "at", "ip", "agent", "model", "text", "frame", "extra", "system", "before", "conversation", "tools", "end_user", "reply",
    "purpose", "status", "tokens_out", "stream", "temperature", "max_tokens", "n", "context", "sends", "asks",
)  # fmt: skip
_REASON = 48
"""Accounts of 256 that ask for reasoning, about as many as customers do."""

_MODELS = np.array([0, 2, 3])
"""The models of `ground.MODELS` as `launches` numbers them."""


def cut(sheet: Sheet, first_day: int, days: int) -> Sheet:
    """The rows of some days; a turn whose turn before lies outside has none."""
    at = sheet.columns["at"]
    chosen = np.flatnonzero((at >= first_day * DAY) & (at < (first_day + days) * DAY))
    place = np.full(len(sheet) + 1, -1)
    place[chosen] = np.arange(len(chosen))
    columns = {name: values[chosen] for name, values in sheet.columns.items()}
    columns["before"] = place[columns["before"]]
    return Sheet(columns=columns, names=sheet.names, texts=sheet.texts)


def sheet_of_ground(
    ground: Ground, setting: Setting, desk: Desk, launched: Launches, names: Any, label: tuple[str, ...]
) -> Sheet:
    """The ground's rows in the columns of a sheet. Texts that the desk lacks are the sheet's own, numbered behind the desk's details.

    `names` are the accounts' names, and `label` tells the part from every other of the world.
    """
    c = {name: np.concatenate(ground.rows[name]) if ground.sent else np.zeros(0, np.int64) for name in _COLUMNS}
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
    key = world_key(setting.seed, "part request", *label)
    numbers = mixed(world_key(setting.seed, "part account", *label), account).view(np.int64)
    request = mixed(key, np.arange(size))
    by_talk = np.lexsort((at, c["conversation"]))
    context = np.zeros(size, np.int64)
    draws = (mixed(key + 2, by_talk) >> np.uint64(64 - BITS)).astype(np.int64)
    _, talk = np.unique(c["conversation"][by_talk], return_inverse=True)
    context[by_talk] = contexts(c["context"][by_talk], talk.astype(np.int64), draws)
    habit = (mixed(world_key(setting.seed, "part reasons", *label), account) >> np.uint64(56)).astype(
        np.int64
    ) < _REASON
    brought = signed(c["asks"].astype(bool) | habit, _MODELS[model], c["status"], c["reply"])
    elsewhere = np.maximum(c["sends"], 0)
    replayed = (c["sends"] >= 0) & brought[elsewhere]
    pool = setting.carrier_pool
    columns: dict[str, NDArray[Any]] = {
        "account": account,
        "org": account,
        "key": account,
        "at": at,
        "ip": places.widened(world_key(setting.seed, "widened"), ground.ips.all, numbers, c["ip"], pool),
        "agent": c["agent"],
        "tls": c["agent"],
        "model": _MODELS[model],
        "text": text,
        "extra": extra,
        "system": system,
        "frame": c["frame"],
        "tail": _details(desk, c, key + 3),
        "before": c["before"],
        "turn": turn,
        "tools": c["tools"],
        "end_user": c["end_user"],
        "reply": c["reply"],
        "purpose": c["purpose"],
        "status": c["status"],
        "tokens_in": tokens_in,
        "context": context,
        "tokens_out": c["tokens_out"],
        "stream": c["stream"].astype(bool),
        "temperature": c["temperature"].astype(float),
        "max_tokens": c["max_tokens"],
        "n": c["n"],
        "conversation": mixed(key + 1, c["conversation"]),
        "request": request,
        "signed": brought,
        "sends": np.where(replayed, request[elsewhere], continued(request, c["before"], brought)),
        "shortened": np.zeros(size, bool),
    }
    agents = ground.agents.all
    return Sheet(
        columns=columns,
        names={
            "account": names,
            "org": pa.array(ground.accounts.get("org", []), pa.string()),
            "key": tagged("key_", mixed(world_key(setting.seed, "part key", *label), np.arange(ground.settled)), 12),
            "agent": pa.array(agents, pa.string()),
            "tls": pa.array([clients.ja4(agent) for agent in agents], pa.string()),
            "frame": pa.array(ground.frames.all, pa.string()),
            "tools": pa.array(ground.tools.all, pa.string()),
            "end_user": pa.array(ground.end_users.all, pa.string()),
        },
        texts=own,
    )


def _details(desk: Desk, c: dict[str, NDArray[Any]], key: int) -> Ints:
    """What genuine users behind an operator's accounts add to their texts, as often as customers who chat do; -1 is nothing."""
    words = mixed(key, np.arange(len(c["at"])))
    adds = (words >> np.uint64(56)).astype(np.int64) < CHAT.own_words
    users = np.isin(c["purpose"], [int(Purpose.BYSTANDER), int(Purpose.COVER)]) & (c["frame"] < 0)
    return np.where(users & adds, desk.details + (words & np.uint64(DETAILS - 1)).astype(np.int64), -1)


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
