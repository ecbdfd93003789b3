"""Accounts of every product type held against the references of all types: thousands calibrate where a type alone has hundreds.

A p-value within one type of n references is never below `1 / (n + 1)`; among a million accounts that decides nothing. So each account's
evidence is averaged over ranks among the references of all types as well (`comparison`), and the averages are ranked among those of all.

References and tested accounts need not have the same mixture of types: a reference counts as many times as there are tested accounts for
each reference of its type (`stats.weighted_conformal_p`). The p-value is then that of an honest account drawn from all that are tested,
which is what an error budget over all of them asks for. It says nothing of one type alone: a loud type could have all the false alarms.
Therefore whoever is not among the loudest hundredth of its own type keeps the p-value that it has there, if that is larger; whoever is of
a type with too few references to tell a hundredth keeps it always. A larger p-value is valid, too.

Misled by: references that are not as other honest accounts of their type are; a mixture of types that was estimated from a handful.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from stillwatch.accounts.comparison import compare
from stillwatch.accounts.measured import Grid
from stillwatch.stats import weighted_conformal_p

__all__ = ["OWN", "Pooled", "pool"]

OWN = 0.01
"""Share of its own product type that an account must be among to be judged by all types."""

_Floats = npt.NDArray[np.float64]
_Flags = npt.NDArray[np.bool_]
_Places = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True, slots=True)
class Pooled:
    """Every account among the references of all types, NaN where it was not eligible.

    `score` ranks them, larger is louder; it is below 0 for whoever is not loud within its own type. `p` and `smallest` (the least that p
    could have been) are those to decide by; of references they are the ones within their type. `n[a]` references stand behind p.
    """

    score: _Floats
    p: _Floats
    smallest: _Floats
    n: _Places


def pool(
    grid: Grid,
    eligible: _Flags,
    reference: _Flags,
    product: _Places,
    own_p: _Floats,
    own_smallest: _Floats,
    own_n: _Places,
    *,
    hostile_share: float,
) -> Pooled:
    """Rank every eligible account among the references of all product types.

    Args:
        grid: all signals over all accounts.
        eligible: which accounts have enough decided signals.
        reference: which accounts the others are compared with; some accounts are, and some are not.
        product: the product type of each account, as a number from 0.
        own_p: each account's p-value within its own type.
        own_smallest: the least that this could have been.
        own_n: the references behind it.
        hostile_share: the largest share of hostile accounts among the references of each type.
    """
    everybody = np.ones(grid.accounts.size, dtype=np.bool_)
    loud = compare(grid, everybody, eligible, reference, hostile_share=hostile_share).ranked
    known, tested = np.flatnonzero(eligible & reference), np.flatnonzero(eligible & ~reference)
    references, others = (np.bincount(product[some], minlength=product.max(initial=0) + 1) for some in (known, tested))
    weight = np.divide(others, references, out=np.zeros(references.size), where=references > 0)
    hostile = float((weight * np.ceil(hostile_share * references - 1e-9)).sum())
    p, smallest, n = own_p.copy(), own_smallest.copy(), own_n.copy()
    own = weight[product[tested]]
    among_all = weighted_conformal_p(loud[known], weight[product[known]], loud[tested], own, hostile_weight=hostile)
    floor = weighted_conformal_p(
        loud[known], weight[product[known]], np.full(tested.size, np.inf), own, hostile_weight=hostile
    )
    standing_out = own_p[tested] <= OWN
    p[tested] = np.where(standing_out, among_all, np.fmax(among_all, own_p[tested]))
    able = own_smallest[tested] <= OWN
    smallest[tested] = np.where(able, floor, np.maximum(floor, own_smallest[tested]))
    n[tested] = np.where(able, known.size, own_n[tested])
    return Pooled(score=np.where(own_p <= OWN, loud, -own_p), p=p, smallest=smallest, n=n)
