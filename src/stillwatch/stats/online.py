"""Deciding one candidate after another, for ever, so that of all that were ever shown at most a share q is false.

`e_lond` holds whatever the dependence among candidates. `e_lord` and `e_saffron` show more, and need every e-value to be fair *given all
earlier ones*: evidence on disjoint exchanges with a null of its own (permutation, tiling). E-values that share their calibration
accounts do not qualify: one unlucky calibration spoils them all. There, and whenever in doubt, `e_lond`.

A budget is a small frozen record: what was decided so far in six numbers, to be stored and taken up tomorrow.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from stillwatch.stats._arguments import FloatArray, numbers, share
from stillwatch.stats.multiplicity import Discoveries

__all__ = ["OnlineBudget", "OnlineRule", "online_fdr"]

_DECAY = 1.6
_SHARES = 2.2857656656801293
"""Riemann's zeta at `_DECAY`: the sum of all candidates' shares before they are scaled to one."""
_SPEND = 0.02
_CANDIDATE = 0.1


class OnlineRule(StrEnum):
    """How the budget is dealt out: under any dependence, or to evidence that is fair given all earlier evidence."""

    E_LOND = "e-LOND"
    E_LORD = "e-LORD"
    E_SAFFRON = "e-SAFFRON"


@dataclass(frozen=True, kw_only=True, slots=True)
class OnlineBudget:
    """A stream's error budget after `decided` candidates, of which `shown` were shown, the last one `since` candidates ago.

    `spent` is the estimate of the false share so far that e-LORD and e-SAFFRON keep below q.

    >>> budget = OnlineBudget(rule=OnlineRule.E_LOND, q=0.1)
    >>> round(budget.needed, 1), round(budget.after(30.0).needed, 1), round(budget.after(3.0).needed, 1)
    (22.9, 34.6, 69.3)

    Source: e-LOND: Xu and Ramdas (2024), arXiv 2311.06412; e-LORD and e-SAFFRON: Zhang and others (2025), arXiv 2506.01452.
    """

    rule: OnlineRule
    q: float
    decided: int = 0
    shown: int = 0
    since: int = 0
    spent: float = 0.0

    @property
    def level(self) -> float:
        """What the next candidate may spend: it is shown with an e-value of `1 / level` or more."""
        if self.rule is OnlineRule.E_LOND:
            share_of_it = (self.decided + 1.0) ** -_DECAY / _SHARES
            return float(self.q * share_of_it * (self.shown + 1.0))
        whole = self.q * (1.0 - _CANDIDATE) if self.rule is OnlineRule.E_SAFFRON else self.q
        part = _SPEND / (1.0 + _SPEND * self.since)
        return max(0.0, part * (whole - self.spent) * (self.shown + 1.0))

    @property
    def needed(self) -> float:
        """The e-value with which the next candidate is shown."""
        return _needed(self.level)

    def after(self, e: float) -> OnlineBudget:
        """The budget after a candidate with this e-value."""
        return self._after(float(numbers(e, "e", least=0.0)), self.level)

    def _after(self, value: float, level: float) -> OnlineBudget:
        found = value >= _needed(level) * (1.0 - 1e-12)
        counts = self.rule is OnlineRule.E_LORD or (self.rule is OnlineRule.E_SAFFRON and value < 1.0 / _CANDIDATE)
        return OnlineBudget(
            rule=self.rule,
            q=self.q,
            decided=self.decided + 1,
            shown=self.shown + found,
            since=0 if found else self.since + 1,
            spent=self.spent + (level / (self.shown + 1.0) if counts else 0.0),
        )


def _needed(level: float) -> float:
    return 1.0 / level if level > 0.0 else np.inf


def online_fdr(e: npt.ArrayLike, *, q: float, rule: OnlineRule = OnlineRule.E_LOND) -> Discoveries:
    """Decide a stream of candidates in the order given, none of them by looking ahead. `adjusted` is unknown (NaN) online.

    >>> online_fdr([30.0, 40.0, 1.0], q=0.1).selected.tolist()
    [True, True, False]
    """
    values = numbers(e, "e", least=0.0)
    if values.ndim != 1:
        raise ValueError(f"e: got shape {values.shape}, expected one value a candidate")
    budget = OnlineBudget(rule=rule, q=share(q, "q", open_low=True, open_high=True))
    needed: FloatArray = np.empty(values.size, dtype=np.float64)
    selected = np.zeros(values.size, dtype=np.bool_)
    for place, value in enumerate(values.tolist()):
        level = budget.level
        needed[place] = _needed(level)
        later = budget._after(value, level)
        selected[place] = later.shown > budget.shown
        budget = later
    return Discoveries(
        selected=selected,
        adjusted=np.full(values.size, np.nan),
        needed=needed,
        q=budget.q,
        m=values.size,
        method=str(rule),
    )
