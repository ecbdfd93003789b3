"""S9. No evidence is not innocence: what share of an account's answers could have left a mark that this audit would not have seen."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from stillwatch.audit.deals import Levels, deal_distribution, deal_tail, doubled_midranks
from stillwatch.audit.exposure import Dealt
from stillwatch.audit.records import AuditTest, Capability, Finding, Question, item_digest

__all__ = ["CLEARING", "Clearing", "clear", "smallest_share"]

CLEARING = AuditTest(
    name="clearing",
    title="S9 clearing",
    question=Question.EXPOSURE,
    needs=Capability.TEXT,
    null="at least the planned share of the responses served to this account left a mark: the served one comes first among its siblings",
    statistic="sum over items of the served answer's rank; exact lower tail by convolution, marked items always first; e-value calibrated",
    ties="exact: equal numbers share their mean rank; a marked item has the highest rank that its item allows",
    assumptions=(
        "siblings were drawn as the served response was, independently",
        "a mark puts the served answer first; a fainter one counts as the smaller share that it amounts to",
    ),
    misled_by="a suspect that was trained further, or taught to hide: what is cleared is the mark, and not the training",
    source="The test of the sibling ranks turned round, as in equivalence testing; the idea of clearing is that of arXiv 2603.22707",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Clearing:
    """What silence is worth: the finding against the planned share, the least share ruled out, and the least share that would be seen.

    `excluded` is an upper confidence limit at 1 - alpha, None where nothing below the whole is ruled out. `seen` is the least share
    which the test against no mark at all would have found with the chance `power`, None where no share would do.
    """

    finding: Finding
    share: float
    excluded: float | None
    seen: float | None
    power: float

    def __str__(self) -> str:
        seen = "no share at all" if self.seen is None else f"a share of {self.seen:.1%} or more"
        if self.excluded is None:
            return f"Not cleared at any share. The test would have seen {seen} (power {self.power:.0%})."
        ruled_out = f"A mark in {self.excluded:.1%} or more of the answers is ruled out."
        return f"{ruled_out} The test would have seen {seen} (power {self.power:.0%})."


def clear(found: Dealt, *, share: float = 0.05, alpha: float = 0.01, power: float = 0.8) -> Clearing:
    """Whether it is ruled out that a share of one account's answers left a mark in the suspect, and the least share that is.

    >>> rng = np.random.default_rng(1)
    >>> blank = Dealt(suspect="s", account="a", items=(), values=tuple(rng.normal(size=(300, 4))), conditions=())
    >>> told = clear(blank, share=0.2)
    >>> told.finding.evidence.p_value < 0.01, told.excluded < 0.2, told.seen < 0.2
    (True, True, True)
    """
    levels = doubled_midranks(found.values)
    n = len(levels)
    seen = None
    if n:
        seen = smallest_share(n, round(float(np.mean([row.size - 1 for row in levels]))), alpha=alpha, power=power)
    best = deal_distribution(levels, marked=share)[0] if n else 1.0
    p_value = deal_tail(levels, marked=share, lower=True) if n and best <= alpha else None
    needed = None if p_value is not None else _needed(levels, share, alpha)
    finding = CLEARING.finding(
        found.suspect,
        account=found.account,
        value=share,
        n=n,
        p_value=p_value,
        needed=needed,
        conditions=found.conditions,
        items=tuple(item_digest(one) for one in found.items),
    )
    return Clearing(finding=finding, share=share, excluded=_excluded(levels, alpha), seen=seen, power=power)


@lru_cache(maxsize=64)
def smallest_share(n: int, siblings: int, *, alpha: float, power: float = 0.8) -> float | None:
    """The least share of marked answers that the rank test at level alpha finds with this chance; None where even all would not do.

    Without ties; with many of them it is more.

    >>> [round(smallest_share(n, 4, alpha=0.01), 3) for n in (50, 1000)], smallest_share(2, 4, alpha=0.01)
    ([0.324, 0.072], None)
    """
    levels = [np.arange(siblings + 1, dtype=np.int64)] * n
    tails = np.cumsum(deal_distribution(levels)[::-1])[::-1]
    reaching = np.flatnonzero(tails <= alpha)
    if not reaching.size:
        return None
    bar = int(reaching[0])
    low, high = 0.0, 1.0
    while high - low > 1e-3:
        middle = (low + high) / 2.0
        if deal_distribution(levels, marked=middle)[bar:].sum() >= power:
            high = middle
        else:
            low = middle
    return high


def _excluded(levels: Levels, alpha: float) -> float | None:
    """The least share with a lower tail of at most alpha, by halving; the tail falls as the share grows."""
    if not levels or deal_tail(levels, marked=1.0, lower=True) > alpha:
        return None
    low, high = 0.0, 1.0
    while high - low > 1e-3:
        middle = (low + high) / 2.0
        if deal_tail(levels, marked=middle, lower=True) <= alpha:
            high = middle
        else:
            low = middle
    return high


def _needed(levels: Levels, share: float, alpha: float) -> int:
    """Items with which p could reach alpha, were the served answer last in every one."""
    width = float(np.mean([row.size for row in levels])) if levels else 2.0
    return max(len(levels) + 1, int(np.ceil(np.log(alpha) / np.log((1.0 - share) / width))))
