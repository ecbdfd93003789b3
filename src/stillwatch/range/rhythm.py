"""When requests arrive and how long answers are, after real services.

Bursts within the hour, gaps of machine traffic and token counts are drawn from quantile tables of the Azure LLM inference traces of 2023
(CC BY 4.0) and the Mooncake traces (Apache-2.0), reduced by `prompts/make_quantiles.py`.
The traces cover about one hour each, so the shape of
the day (working hours by time zone) is an assumption of this module; so is the pace of people within a conversation.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["DAY", "PROFILES", "Clock", "Turns", "answer_lengths", "gaps", "turns"]

DAY = 86_400_000_000
"""Length of a day in microseconds."""

_LEVELS = np.linspace(0.0, 1.0, 201)

PROFILES: dict[str, tuple[float, ...]] = {
    "office": (0.3, 0.2, 0.1, 0.1, 0.1, 0.3, 1, 3, 7, 10, 11, 10, 7, 9, 10, 10, 8, 5, 3, 2, 2, 1.5, 1, 0.5),
    "evening": (3, 1.5, 0.7, 0.4, 0.3, 0.4, 1, 2, 3, 4, 4, 4, 5, 4, 4, 4, 5, 6, 8, 10, 11, 11, 9, 6),
    "night": (9, 8, 7, 5, 3, 1, 0.5, 0.5, 1, 1, 2, 2, 3, 3, 3, 4, 4, 5, 5, 6, 7, 8, 9, 10),
    "service": (3, 2.5, 2, 2, 2, 2.5, 3, 4, 5, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 5.5, 5, 4.5, 3.5),
    "flat": (1,) * 24,
}
"""Weight of each local hour, by kind of user."""


@cache
def _tables() -> dict[str, Any]:
    text = files("stillwatch.range").joinpath("_quantiles.json").read_text(encoding="utf-8")
    tables: dict[str, Any] = json.loads(text)
    return tables


def _draw(rng: np.random.Generator, quantiles: list[float], size: int) -> NDArray[np.float64]:
    drawn: NDArray[np.float64] = np.interp(rng.random(size), _LEVELS, np.asarray(quantiles))
    return drawn


def gaps(rng: np.random.Generator, size: int, *, trace: str = "chat") -> NDArray[np.float64]:
    """Gaps between arrivals in units of their mean, as the trace `chat`, `code` or `long` had them."""
    return _draw(rng, _tables()[trace]["gap"], size)


def answer_lengths(rng: np.random.Generator, tokens_in: NDArray[np.int64], *, trace: str = "chat") -> NDArray[np.int64]:
    """Tokens out given tokens in (by the quarter of the inputs it lies in), as the trace `chat`, `code` or `long` had them."""
    rank = np.argsort(np.argsort(tokens_in, kind="stable"), kind="stable")
    part = (4 * rank) // max(1, len(tokens_in))
    out = np.zeros(len(tokens_in))
    for k, table in enumerate(_tables()[trace]["output_tokens"]):
        chosen = np.flatnonzero(part == k)
        out[chosen] = _draw(rng, table, len(chosen))
    return np.maximum(1, out).astype(np.int64)


class Clock:
    """Draws times of one UTC day: local working hours, with the bursts of a real service inside the hour."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._bursts = _draw(rng, _tables()["chat"]["minute"], 1440)

    def times(self, rng: np.random.Generator, profile: str, zone: NDArray[np.int64]) -> NDArray[np.int64]:
        """One time for each entry of `zone` (hours east of UTC), in microseconds since midnight UTC."""
        out = np.zeros(len(zone), np.int64)
        hours = np.asarray(PROFILES[profile], float)
        for each in np.unique(zone):
            chosen = np.flatnonzero(zone == each)
            weight = hours[(np.arange(1440) // 60 + int(each)) % 24] * self._bursts
            minute = np.searchsorted(np.cumsum(weight), rng.random(len(chosen)) * weight.sum(), side="right")
            out[chosen] = (np.minimum(minute, 1439) * 60_000_000) + rng.integers(0, 60_000_000, len(chosen))
        return out


@dataclass(frozen=True, kw_only=True, slots=True)
class Turns:
    """Requests of many accounts cut into conversations; one entry a request, those of a conversation side by side.

    `owner` indexes the accounts, `conversation` counts from 0, `turn` counts from 0 within it, `before` is the entry of the turn
    before or -1, `at` is in microseconds since midnight.
    """

    owner: NDArray[np.int64]
    conversation: NDArray[np.int64]
    turn: NDArray[np.int64]
    before: NDArray[np.int64]
    at: NDArray[np.int64]


def turns(
    rng: np.random.Generator,
    clock: Clock,
    counts: NDArray[np.int64],
    *,
    zone: NDArray[np.int64],
    profile: str,
    mean_turns: float = 2.5,
    most_turns: int = 8,
    pause: float = 75.0,
) -> Turns:
    """Cut `counts` requests of each account into conversations at local hours; `pause` is the median seconds between turns."""
    owner = np.repeat(np.arange(len(counts)), counts)
    total = len(owner)
    first = rng.random(total) < 1.0 / mean_turns
    first[np.flatnonzero(np.diff(owner, prepend=-1))] = True
    start = np.maximum.accumulate(np.where(first, np.arange(total), 0))
    first |= (np.arange(total) - start) % most_turns == 0
    start = np.maximum.accumulate(np.where(first, np.arange(total), 0))
    conversation = np.cumsum(first) - 1
    turn = np.arange(total) - start
    wait = np.where(first, 0.0, np.minimum(rng.lognormal(np.log(pause), 0.9, total), 3600.0))
    elapsed = np.cumsum(wait)
    offset = ((elapsed - elapsed[start]) * 1e6).astype(np.int64) if total else np.zeros(0, np.int64)
    opened = clock.times(rng, profile, zone[owner[first]])
    last = np.zeros(len(opened), np.int64)
    np.maximum.at(last, conversation, offset)
    opened = np.minimum(opened, DAY - 1_000_000 - last)
    return Turns(
        owner=owner,
        conversation=conversation,
        turn=turn,
        before=np.where(first, -1, np.arange(total) - 1),
        at=opened[conversation] + offset,
    )
