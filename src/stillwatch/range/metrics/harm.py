"""Who is accused wrongly: false accusations by class of innocent accounts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from stillwatch.core.records import Estimate
from stillwatch.range.metrics.known import Known
from stillwatch.stats import clopper_pearson

__all__ = ["Wronged", "false_accusations"]

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True, slots=True)
class Wronged:
    """One class of innocent accounts.

    Attributes:
        name: lookalike class, or `ordinary: ` and the kind of customer.
        accounts: how many there are.
        alone: accused by themselves.
        in_clusters: in a reported cluster.
        rate: share accused either way.
        burden: share of all false accusations that this class bears; 0 when there are none.
        excess: `burden` over the class's share of all innocent accounts: 1 is an even burden.
        clusters: reported clusters that are mostly of this class.
    """

    name: str
    accounts: int
    alone: int
    in_clusters: int
    rate: Estimate
    burden: float
    excess: float
    clusters: int


def false_accusations(
    truth: Known, *, accused: Ints | None = None, clusters: Sequence[Ints] = ()
) -> tuple[Wronged, ...]:
    """False accusations by class, the highest rate first. Accounts that `truth` does not hold (cleared ones) do not count.

    The rate's interval takes accounts for independent; a class is often one firm or one course, and then n is 1 in truth.
    """
    classes = truth.innocent_classes()
    alone = np.isin(truth.account, accused if accused is not None else np.empty(0, np.int64))
    held = [truth.places(np.unique(one[np.isin(one, truth.account)])) for one in clusters]
    inside = np.zeros(truth.account.size, np.bool_)
    for one in held:
        inside[one] = True
    innocent = ~truth.guilty
    wronged_in_all = int(((alone | inside) & innocent).sum())
    out = []
    for name, places in classes.items():
        wronged = int((alone | inside)[places].sum())
        burden = wronged / wronged_in_all if wronged_in_all else 0.0
        out.append(
            Wronged(
                name=name,
                accounts=places.size,
                alone=int(alone[places].sum()),
                in_clusters=int(inside[places].sum()),
                rate=clopper_pearson(wronged, places.size),
                burden=burden,
                excess=burden * int(innocent.sum()) / places.size,
                clusters=sum(2 * int(np.isin(one, places).sum()) > one.size for one in held),
            )
        )
    return tuple(sorted(out, key=lambda one: (-one.rate.value, one.name)))
