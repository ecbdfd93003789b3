"""One score an account, ready to compare groups of accounts with others as busy and of the same product type."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from stillwatch.core import Evidence
from stillwatch.stats import GroupMeans

__all__ = ["Comparison"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

_DRAWS = 499


class Comparison:
    """Scores of a population by bin. What candidates have in common is worked out once.

    Args:
        scores: one score an account, between 0 and 1; NaN is unknown and left out.
        bins: accounts that may be compared share one.
    """

    def __init__(self, scores: Floats, bins: Ints) -> None:
        self.scores = scores
        self._bins = bins
        known = ~np.isnan(scores)
        self._place = np.where(known, np.cumsum(known) - 1, -1)
        self._means = GroupMeans(scores[known], bins=bins[known], by_rank=False)
        count = int(bins.max()) + 1 if bins.size else 1
        self._number = np.bincount(bins[known], minlength=count)
        self._total = np.bincount(bins[known], weights=scores[known], minlength=count)

    def known(self, places: Ints) -> Ints:
        """Those of some places whose score is known."""
        return places[self._place[places] >= 0]

    def test(self, places: Ints, rng: np.random.Generator) -> Evidence:
        """Whether the accounts at `places` score higher than random ones of their bins."""
        return self._means.test(self._place[self.known(places)], rng=rng, draws=_DRAWS)

    def expected(self, places: Ints) -> float | None:
        """Mean score of the other accounts, weighted to the bins of those at `places`; unknown where there are no others."""
        own = self.known(places)
        count = self._number.size
        wanted = np.bincount(self._bins[own], minlength=count)
        others = self._number - wanted
        usable = (wanted > 0) & (others > 0)
        if not usable.any():
            return None
        total = self._total - np.bincount(self._bins[own], weights=self.scores[own], minlength=count)
        mean = np.maximum(total[usable], 0.0) / others[usable]
        return float((wanted[usable] * mean).sum() / wanted[usable].sum())
