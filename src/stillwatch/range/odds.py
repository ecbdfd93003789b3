"""Sampling tables of whole numbers: what a large world draws from, built so that every machine builds the same.

A table lists 2**bits values; a draw is one of them, all alike likely. Where a table needs a logarithm or a power, values are rounded to
whole numbers and a value too near to a tie is refused, because the last bit of such functions differs between machines.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stillwatch.range.seeds import Dice

__all__ = [
    "BITS",
    "draw",
    "lognormal",
    "looked_up",
    "shares",
    "trace_answers",
    "trace_gaps",
    "trace_inputs",
    "trace_minutes",
    "zipf",
]

BITS = 12
Table = NDArray[np.int64]


def draw(dice: Dice, table: Table, size: int) -> NDArray[np.int64]:
    """`size` draws from a table of 2**BITS values."""
    found: NDArray[np.int64] = table[dice.shorts(size) >> (16 - BITS)]
    return found


def looked_up(words: NDArray[np.uint64], table: Table, *, shift: int = 0) -> NDArray[np.int64]:
    """Draws from a table by the bits of given words, from bit `shift` on; other bits give other draws."""
    found: NDArray[np.int64] = table[((words >> np.uint64(shift)) & np.uint64(len(table) - 1)).astype(np.int64)]
    return found


def shares(weights: Sequence[int], *, bits: int = BITS) -> Table:
    """A table of the numbers 0..len-1 in proportion to whole-number weights (largest remainder, earlier first on ties).

    >>> np.bincount(shares([1, 3], bits=4)).tolist()
    [4, 12]
    """
    total, size = sum(weights), 1 << bits
    if total <= 0 or min(weights) < 0:
        raise ValueError("weights: expected whole numbers >= 0 that are not all zero")
    counts = [size * weight // total for weight in weights]
    left = sorted(range(len(weights)), key=lambda k: (-(size * weights[k] % total), k))
    for k in left[: size - sum(counts)]:
        counts[k] += 1
    return np.repeat(np.arange(len(weights)), counts)


@cache
def lognormal(median: int, spread: int, *, least: int = 1, most: int = 1 << 40) -> Table:
    """Quantiles of a log-normal: `median` in the caller's unit, `spread` the standard deviation of the logarithm in hundredths."""
    normal, size = NormalDist(), 1 << BITS
    levels = [(2 * k + 1) / (2 * size) for k in range(size // 2)]
    below = [normal.inv_cdf(level) for level in levels]
    scores = [*below, *(-score for score in reversed(below))]
    return np.array([min(most, max(least, _whole(median * math.exp(spread / 100 * z)))) for z in scores], np.int64)


@cache
def zipf(size: int, exponent: int, *, bits: int = BITS) -> Table:
    """Numbers 0..size-1 by Zipf's law; `exponent` in hundredths."""
    return shares([max(1, _whole(10**9 * math.exp(-exponent / 100 * math.log(k + 1)))) for k in range(size)], bits=bits)


def _whole(value: float) -> int:
    """Round, unless machines might round differently."""
    found = math.floor(value + 0.5)
    if abs(value + 0.5 - round(value + 0.5)) < 1e-13 * max(1.0, abs(value)) and value != int(value):
        raise ValueError(f"a table value is too near to a tie to be rounded alike everywhere: {value!r}")
    return found


@cache
def _traces() -> dict[str, Any]:
    text = files("stillwatch.range").joinpath("_quantiles.json").read_text(encoding="utf-8")
    tables: dict[str, Any] = json.loads(text)
    return tables


def _between(quantiles: Sequence[float], unit: int) -> Table:
    """201 quantiles stretched to 2**BITS values in units of 1 / `unit`, interpolated in whole numbers."""
    known = [math.floor(value * unit + 0.5) for value in quantiles]
    size, last = 1 << BITS, len(quantiles) - 1
    out = []
    for k in range(size):
        place, rest = divmod((2 * k + 1) * last, 2 * size)
        out.append(known[place] + (known[place + 1] - known[place]) * rest // (2 * size))
    return np.array(out, np.int64)


@cache
def trace_gaps(trace: str) -> Table:
    """Gaps between arrivals in thousandths of their mean, as the trace `chat`, `code` or `long` had them."""
    return _between(_traces()[trace]["gap"], 1000)


@cache
def trace_minutes(trace: str) -> Table:
    """Arrivals of a minute in thousandths of their mean."""
    return _between(_traces()[trace]["minute"], 1000)


@cache
def trace_inputs(trace: str) -> Table:
    """Tokens of a whole request, earlier turns and what was attached included, in rising order."""
    return np.maximum(1, _between(_traces()[trace]["input_tokens"], 1))


@cache
def trace_answers(trace: str) -> Table:
    """Tokens of an answer, one row of values for each quarter of the inputs from short to long; shape (4, 2**BITS)."""
    return np.maximum(1, np.stack([_between(table, 1) for table in _traces()[trace]["output_tokens"]]))
