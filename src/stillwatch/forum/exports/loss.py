"""What a form cannot hold: said, never passed over in silence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

__all__ = ["Loss", "losses"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Loss:
    """One kind of thing that gets lost, why, and how many."""

    what: str
    why: str
    count: int


def losses(found: Iterable[tuple[str, str]]) -> tuple[Loss, ...]:
    """Losses counted, by (what, why)."""
    counts = Counter(found)
    return tuple(Loss(what=what, why=why, count=n) for (what, why), n in sorted(counts.items()))
