"""Which action the evidence against an account would carry: one error budget an action, the harder the action the smaller.

Review is Benjamini-Hochberg on combined p-values (`judge`). The other three are e-BH on bets upon the tails that their own budget asks for,
which holds however accounts depend on one another. Whatever passes a harder budget has passed review, because such a bet is never above
1/p. A machine proposes; a person decides.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from stillwatch.core.settings import BudgetSettings
from stillwatch.stats import budget_tails, e_bh, e_needed, tail_e, tail_power

__all__ = ["HARDER", "Spent", "spend"]

HARDER = ("verify", "throttle", "block")
"""The actions beyond review, mildest first, as they are called in the settings."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Spent:
    """How one action's budget was spent over the accounts tested.

    `needed` is the e-value that one more account would have had to reach, `best` the largest there was. `together` accounts lie at the
    smallest p-value that their calibration can give; for these to pass, `calibrators` accounts must calibrate (None: no number would do,
    for so few among so many). `can_fire` says whether as many do.
    """

    action: str
    q: float
    tested: int
    found: int
    needed: float
    best: float
    together: int
    calibrators: int | None
    can_fire: bool

    @property
    def note(self) -> str:
        """Why nobody could have passed, in a sentence; empty where somebody could."""
        if self.can_fire:
            return ""
        crowd = f"{self.together:,} of {self.tested:,} accounts beyond all that calibrate"
        if self.calibrators is None:
            return f"Undecided: {crowd} are too few for this budget, whatever the calibration."
        return f"Undecided: with {crowd}, it needs {self.calibrators:,} calibration accounts."


def spend(
    p: npt.NDArray[np.float64], at_floor: npt.NDArray[np.bool_], calibration_n: int, budgets: BudgetSettings
) -> tuple[list[Spent], npt.NDArray[np.int64]]:
    """Spend the budgets beyond review on the tested accounts' p-values.

    Returns:
        One record an action, and for each account the hardest action that it passed, as a place in `HARDER`; -1 for none.
    """
    hardest = np.full(p.size, -1, dtype=np.int64)
    if not p.size:
        return [], hardest
    spent = []
    together = max(1, int(at_floor.sum()))
    for place, action in enumerate(HARDER):
        q: float = getattr(budgets, action)
        e = tail_e(p, budget_tails(q))
        chosen = e_bh(e, q=q)
        hardest[chosen.selected] = place
        found = int(chosen.selected.sum())
        power = tail_power(p.size, q, together)
        enough = power is not None and power.n <= calibration_n
        spent.append(
            Spent(
                action=action,
                q=q,
                tested=p.size,
                found=found,
                needed=e_needed(p.size, q, found + 1 if found < p.size else found),
                best=float(e.max()),
                together=together,
                calibrators=None if power is None else power.n,
                can_fire=enough or found > 0,
            )
        )
    return spent, hardest
