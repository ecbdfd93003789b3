"""What a lookalike is on record as: whom it stands for, which signals it trips, and what tells it from an attack."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from stillwatch.range.ground import Ground

__all__ = ["Builder", "Lookalike"]

Builder = Callable[[Ground, np.random.Generator, float], None]
"""Settles the accounts and sends their exchanges; the last argument under 1 shrinks the number of accounts in proportion."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Lookalike:
    """A benign family type. `name` is its group in the truth, `stands_for` the population it belongs to.

    `finding_is_right` marks the one kind in which an alarm is wanted though the owner is innocent: protect the account, do not ban it.
    """

    name: str
    stands_for: str
    trips: str
    differs: str
    build: Builder
    finding_is_right: bool = False
