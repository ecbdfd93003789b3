"""Innocent explanations as everyone speaks of them: what was considered, whether it fits, and why or why not.

An explanation that fits is never proof of innocence, as an attacker can dress as anything; one that does not is no proof of guilt.
What cannot be checked for want of facts is unknown, and neither for nor against anybody.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

__all__ = ["Explanation", "best_first", "by_marks", "told", "unknown"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Explanation:
    """One innocent explanation that was considered: whether it fits, and why or why not. The score is NaN where it could not be checked."""

    name: str
    fits: bool
    score: float
    why: str

    @property
    def known(self) -> bool:
        """Whether it could be checked."""
        return not math.isnan(self.score)


def told(name: str, score: float, bar: float, why: str) -> Explanation:
    """An explanation that fits from a score on.

    >>> told("classroom", 0.7, 0.5, "most signed up through education").fits
    True
    """
    return Explanation(name=name, fits=score >= bar, score=score, why=why)


def unknown(name: str, what: str) -> Explanation:
    """An explanation that could not be checked.

    >>> unknown("classroom", "sign-up paths").why
    'could not be checked: sign-up paths are unknown'
    """
    return Explanation(name=name, fits=False, score=math.nan, why=f"could not be checked: {what} are unknown")


def by_marks(name: str, marks: Mapping[str, bool], bar: float) -> Explanation:
    """An explanation that is known by its marks: the score is the share of them that hold, the reason names these.

    >>> by_marks("public_harness", {"offers tools": True, "several turns": False}, 0.8)
    Explanation(name='public_harness', fits=False, score=0.5, why='offers tools')
    """
    held = [words for words, holds in marks.items() if holds]
    return told(name, len(held) / len(marks), bar, "; ".join(held) if held else "none of its marks")


def best_first(explanations: Iterable[Explanation]) -> list[Explanation]:
    """Those that fit first, then those that were checked, each by score; what is unknown last."""
    return sorted(explanations, key=lambda e: (not e.fits, not e.known, -e.score if e.known else 0.0, e.name))
