"""Every account's history of evidence, a few numbers an account, looked at once a day without raising the chance of a false alarm.

Each day gives every account an e-value against that day's references. The sum of their logarithms is the account's *score*: what a
gambler who reinvested daily would have. It is no evidence by itself, for loud honest accounts are loud every day (`stats.looks`). So scores
are ranked among the references' scores, and each day's bet on the rank is added, weighted, to the account's *evidence*. The chance that
an honest account's evidence ever reaches 1/a is at most a, if whole histories of honest accounts and references are exchangeable.

References enter each day with the most that their e-value could be beside the account tested, as in `comparison`; so their scores are never
too small, and the ranks are exact. Days are fed once, in order: a day that was fed before changes nothing.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from stillwatch.accounts.evidence import Weighed
from stillwatch.accounts.words import Basis
from stillwatch.core.settings import BudgetSettings
from stillwatch.stats import budget_tails, conformal_p, look_share, tail_e

__all__ = ["HISTORIES", "watch"]

HISTORIES: pa.Schema = pa.schema(
    [
        pa.field("account", pa.int64(), nullable=False),
        pa.field("product", pa.string(), nullable=False),
        pa.field("reference", pa.bool_(), nullable=False),
        pa.field("days", pa.int64(), nullable=False),
        pa.field("score", pa.float64(), nullable=False),
        pa.field("evidence", pa.float64(), nullable=False),
        pa.field("looks", pa.int64(), nullable=False),
        pa.field("through", pa.int64(), nullable=False),
    ]
)
"""One account: its product type and role when it first came, days with enough data, score, evidence; looks so far and the last day fed."""


def watch(before: pa.Table | None, day: int, weighed: Weighed, budgets: BudgetSettings) -> pa.Table:
    """Feed one day, weighed on that day's exchanges alone, and look at everybody's history.

    Without cleared accounts nothing is fed. An account keeps the product type and the role that it had when it first came: cleared or
    not, a later change of mind would compare histories of two kinds.

    Args:
        before: what the last call gave; None in the beginning.
        day: days since 1970-01-01; at or before the last one fed, nothing changes.
        weighed: the evidence of that day.
        budgets: whose review budget chooses the tails to bet on; the same every day.
    """
    old = HISTORIES.empty_table() if before is None else before
    through = int(old["through"][0].as_py()) if old.num_rows else None
    if weighed.basis is not Basis.CLEARED or (through is not None and day <= through):
        return old
    known = np.asarray(old["account"], dtype=np.int64)
    everybody = np.union1d(known, weighed.grid.accounts)
    from_old, today = np.searchsorted(everybody, known), np.searchsorted(everybody, weighed.grid.accounts)
    product = np.empty(everybody.size, dtype=object)
    reference = np.zeros(everybody.size, dtype=np.bool_)
    days, score, evidence = (np.zeros(everybody.size) for _ in range(3))
    product[today], reference[today] = np.array(weighed.products, dtype=object)[weighed.product], weighed.reference
    product[from_old], reference[from_old] = old["product"].to_pylist(), np.asarray(old["reference"])
    days[from_old], score[from_old], evidence[from_old] = (np.asarray(old[c]) for c in ("days", "score", "evidence"))
    able = ~np.isnan(weighed.ranked)
    days[today] += able
    score[today[able]] += np.log(weighed.ranked[able])
    looks = 1 + (int(old["looks"][0].as_py()) if old.num_rows else 0)
    evidence += look_share(looks) * _bets(score, product, reference, budget_tails(budgets.review))
    return pa.table(
        [
            everybody,
            pa.array(product.tolist(), pa.string()),
            reference,
            days.astype(np.int64),
            score,
            evidence,
            np.full(everybody.size, looks, dtype=np.int64),
            np.full(everybody.size, day, dtype=np.int64),
        ],
        schema=HISTORIES,
    )


def _bets(
    score: npt.NDArray[np.float64],
    product: npt.NDArray[np.object_],
    reference: npt.NDArray[np.bool_],
    tails: tuple[float, ...],
) -> npt.NDArray[np.float64]:
    """Today's e-value of every history against the references' of its product type; references themselves bet nothing."""
    e = np.zeros(score.size)
    for name in sorted(set(product.tolist())):
        mine = product == name
        tested = mine & ~reference
        e[tested] = tail_e(conformal_p(score[reference & mine], score[tested]), tails)
    return e
