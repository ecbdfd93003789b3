"""A move of evasion: one change to a plan, with its price. Moves compose; each refuses knobs that make no sense."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Protocol

import numpy as np

from stillwatch.core.errors import Error
from stillwatch.range.campaigns.plan import Plan
from stillwatch.range.evasion.price import Price
from stillwatch.range.ground import Ground

__all__ = ["ACCOUNTS", "ITEMS", "PLACES", "TIMES", "TRAFFIC", "WORDS", "Move", "compose", "refuse", "share"]

ITEMS, WORDS, ACCOUNTS, TRAFFIC, TIMES, PLACES = range(6)
"""Stages: which items are asked, in which words, how they are dealt to accounts, what else is sent, when, and from where."""


class Move(Protocol):
    """One change to a plan. `stage` says what it changes; `cost` is the price that it says it leads to, from the price before."""

    stage: ClassVar[int]

    def apply(self, plan: Plan, ground: Ground, rng: np.random.Generator) -> Plan:
        """The plan after the move."""

    def cost(self, before: Price) -> Price:
        """What the move says a useful answer then costs. The docstring of each says how it is counted; `price` counts the truth."""


def compose(plan: Plan, moves: Sequence[Move], ground: Ground, rng: np.random.Generator) -> Plan:
    """Apply several moves, in the order of their stages and within a stage as given.

    Each move draws from a stream of its own, so that a move's draws do not hang on the knobs of those before it.
    """
    ordered = sorted(range(len(moves)), key=lambda k: moves[k].stage)
    for k, stream in zip(ordered, rng.spawn(len(moves)), strict=True):
        plan = moves[k].apply(plan, ground, stream)
    return plan


def refuse(knob: str, got: object, expected: str) -> Error:
    """The error for a knob that makes no sense, ready to be raised.

    >>> raise refuse("Dilute.fraction", 0, "over 0: at 0 nothing is harvested")
    Traceback (most recent call last):
    stillwatch.core.errors.Error: Dilute.fraction: got 0, expected over 0: at 0 nothing is harvested
    """
    return Error(f"{knob}: got {got}, expected {expected}")


def share(knob: str, value: float, *, whole: bool = True) -> None:
    """Refuse what is no share from 0 to 1; without `whole` 1 itself is refused as well."""
    if not (0.0 <= value <= 1.0 if whole else 0.0 <= value < 1.0):
        raise refuse(knob, value, f"a share from 0 to {'1' if whole else 'below 1'}")
