"""Days of accounts that are as loud as they always are, give or take, for the tests of whoever looks at them day by day."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from stillwatch.accounts import Measured, Watch, watch, weigh
from stillwatch.core.settings import DetectSettings
from stillwatch.engine import table

FIRST = dt.date(2026, 7, 1)
SIGNALS = 4

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


def a_day(rng: np.random.Generator, temper: Floats, there: Flags | None = None, data: float = 0.8) -> list[Measured]:
    """Four signals of the accounts 1, 2, 3, ... that sent anything; a share of them enough to be weighed."""
    account = np.arange(1, temper.size + 1)
    n = np.where(rng.random(temper.size) < data, 40, 3)
    here = np.ones(temper.size, dtype=np.bool_) if there is None else there
    return [
        Measured(
            name=f"signal_{s}",
            title=f"signal {s}",
            needs=20,
            evidence=True,
            rows=pa.table(
                {"account": account[here], "value": (temper + rng.standard_normal(temper.size))[here], "n": n[here]}
            ),
        )
        for s in range(SIGNALS)
    ]


def facts(kinds: Sequence[str]) -> pa.Table:
    """The product types of the accounts 1, 2, 3, ..."""
    rows = [{"account": i + 1, "product_type": kind} for i, kind in enumerate(kinds)]
    return pa.Table.from_pylist(rows, schema=table("account_facts").schema)


def fed(
    before: Watch,
    day: int,
    measured: list[Measured],
    settings: DetectSettings,
    *,
    cleared: npt.ArrayLike,
    known: pa.Table | None = None,
) -> Watch:
    """One more day, with everybody that the watch knows in the grid."""
    today = [np.asarray(one.rows["account"]) for one in measured]
    everybody = np.unique(np.concatenate([np.asarray(before.histories["account"], dtype=np.int64), *today]))
    weighed = weigh(
        measured, known, settings, accounts=pa.array(everybody), cleared=pa.array(np.asarray(cleared, dtype=np.int64))
    )
    return watch(before, FIRST + dt.timedelta(day), weighed, settings)


def watched(
    rng: np.random.Generator, temper: Floats, days: int, settings: DetectSettings, *, references: int
) -> list[Watch]:
    """The watch after each of some days; the first accounts are cleared."""
    out = [Watch.fresh()]
    for day in range(days):
        out.append(fed(out[-1], day, a_day(rng, temper), settings, cleared=np.arange(1, references + 1)))
    return out[1:]
