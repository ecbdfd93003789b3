"""Accounts of every product type held against the references of all types: thousands calibrate where a type alone has hundreds.

A p-value within one type of n references is never below `1 / (n + 1)`; among a million accounts that decides nothing. So each account's
evidence is averaged over ranks among the references of all types as well (`comparison`), and the averages are ranked among those of all.

References and tested accounts need not have the same mixture of types: a reference counts as many times as there are tested accounts for
each reference of its type (`stats.weighted_conformal_p`). The p-value is then that of an honest account drawn from all that are tested,
which is what an error budget over all of them asks for. It says nothing of one type alone: a loud type could have all the false alarms.
Therefore the same averages are ranked among the references of the account's own type, too, and whoever is not among the loudest hundredth
there gets the larger of both p-values; so does whoever is of a type with too few references to tell a hundredth. A larger p-value is
valid, too.

Misled by: references that are not as other honest accounts of their type are; a mixture of types that was estimated from a handful.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from stillwatch.accounts.comparison import compare
from stillwatch.accounts.measured import Grid
from stillwatch.stats import conformal_p, weighted_conformal_p

__all__ = ["OWN", "Pooled", "pool"]

OWN = 0.01
"""Share of its own product type that an account must be among to be judged by all types."""

_Floats = npt.NDArray[np.float64]
_Flags = npt.NDArray[np.bool_]
_Places = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True, slots=True)
class Pooled:
    """Every account among the references of all types, NaN where it was not eligible.

    `score` ranks them, larger is louder; it is below 0 for whoever is not loud within its own type. `p` is to be decided by, `smallest` the
    least that it could have been, and `n[a]` references stand behind it.
    """

    score: _Floats
    p: _Floats
    smallest: _Floats
    n: _Places


def pool(grid: Grid, eligible: _Flags, reference: _Flags, product: _Places, *, hostile_share: float) -> Pooled:
    """Rank every eligible account among the references of all product types, and of its own.

    Args:
        grid: all signals over all accounts.
        eligible: which accounts have enough decided signals.
        reference: which accounts the others are compared with.
        product: the product type of each account, as a number from 0.
        hostile_share: the largest share of hostile accounts among the references of each type.
    """
    everybody = np.ones(grid.accounts.size, dtype=np.bool_)
    loud = compare(grid, everybody, eligible, reference, hostile_share=hostile_share).ranked
    known, tested = eligible & reference, eligible & ~reference
    types = int(product.max(initial=0)) + 1
    references, others = (np.bincount(product[some], minlength=types) for some in (known, tested))
    hostile = np.ceil(hostile_share * references - 1e-9)
    weight = np.divide(others, references, out=np.zeros(types), where=references > 0)
    p, own = np.full((2, grid.accounts.size), np.nan)
    smallest = np.ones(grid.accounts.size)
    for scores, into in ((loud[eligible], p), (np.full(int(eligible.sum()), np.inf), smallest)):
        into[eligible] = weighted_conformal_p(
            loud[known],
            weight[product[known]],
            scores,
            weight[product[eligible]],
            hostile_weight=float((weight * hostile).sum()),
        )
    for one in range(types):
        mine = eligible & (product == one)
        own[mine] = conformal_p(loud[known & mine], loud[mine], hostile=int(hostile[one]))
    least = (1.0 / (references - hostile + 1.0))[product]
    return Pooled(
        score=np.where(own <= OWN, loud, -own),
        p=np.where(own <= OWN, p, np.fmax(p, own)),
        smallest=np.where(least <= OWN, smallest, np.maximum(smallest, least)),
        n=np.where(least <= OWN, int(references.sum()), references[product]),
    )
