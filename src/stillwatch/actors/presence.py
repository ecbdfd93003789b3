"""When every account was at work in the test slice, and whether a group keeps hours together that accounts as busy do not keep."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from scipy import sparse

from stillwatch.engine import Engine, Relation, Sql

__all__ = ["Presence", "presence", "synchrony"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

_HOUR = 3_600_000_000
_MOST_SPANS = 96
"""Spans of time that the log is cut into, an hour each at least: enough for four days of hours, and bounded for months."""

_SLACK = 0.25
"""Least variance of a count of members at work: where hardly anybody is, one member is no sign."""

_AT_WORK = Sql(
    "presence_at_work",
    """
    with cut as (select min(c.begun) as begun, min(c.width) as width from {clock} c)
    select f.account, @div(@epoch_us(f.at) - (select c.begun from cut c), (select c.width from cut c)) as span
    from {features} f
    where f.slice = 1 and f.account is not null
    group by 1, 2
    order by 1, 2
    """,
)


@dataclass(frozen=True, kw_only=True)
class Presence:
    """Accounts by spans of time: 1 where an account sent anything in the test slice. `hours` is how long a span is."""

    at_work: sparse.csr_matrix
    bin: Ints
    hours: float

    @cached_property
    def pools(self) -> list[Ints]:
        """Accounts by bin."""
        order = np.argsort(self.bin, kind="stable")
        return np.split(order, np.flatnonzero(np.diff(self.bin[order])) + 1)

    @cached_property
    def pool_of(self) -> Ints:
        """The place in `pools` of every account's bin."""
        return np.unique(self.bin, return_inverse=True)[1].astype(np.int64)

    @cached_property
    def shares(self) -> Floats:
        """Share of each bin's accounts that were at work in each span."""
        counts = [np.asarray(self.at_work[pool].sum(axis=0)).ravel() / pool.size for pool in self.pools]
        return np.array(counts, np.float64)


def presence(engine: Engine, features: Relation, account: Ints, bins: Ints, *, begun: int, ended: int) -> Presence:
    """Collect when each account of the test slice (`account`, sorted) was at work between two instants (microseconds)."""
    spans = min(max((ended - begun) // _HOUR + 1, 1), _MOST_SPANS)
    width = max((ended - begun) // spans + 1, _HOUR)
    clock = engine.from_arrow(
        pa.table({"begun": pa.array([begun], pa.int64()), "width": pa.array([width], pa.int64())})
    )
    rows = engine.to_arrow(engine.sql(_AT_WORK, features=features, clock=clock))
    at = (np.searchsorted(account, rows.column("account").to_numpy()), rows.column("span").to_numpy())
    ones = np.ones(rows.num_rows, np.float32)
    return Presence(at_work=sparse.csr_matrix((ones, at), shape=(account.size, spans)), bin=bins, hours=width / _HOUR)


def synchrony(kept: Presence, members: Ints, draws: int, rng: np.random.Generator) -> tuple[float, Floats]:
    """How far the numbers of members at work stray from what accounts of their bins would give; and that of random groups.

    The mean over spans of the squared difference from what is expected, over its variance where accounts come and go alone: about 1 for
    people, more where members start and stop together or take turns. Random groups are drawn with replacement, which makes them stray
    more, never less (Hoeffding 1963, theorem 4): a p-value from them is too large if anything.

    Args:
        members: places of the group's accounts.
    """
    wanted = np.bincount(kept.pool_of[members], minlength=len(kept.pools))
    expected = wanted @ kept.shares
    variance = np.maximum(wanted @ (kept.shares * (1 - kept.shares)), _SLACK)
    dealt = np.concatenate(
        [
            pool[rng.integers(0, pool.size, (draws, int(count)))]
            for pool, count in zip(kept.pools, wanted, strict=True)
            if count
        ],
        axis=1,
    )
    rows = np.repeat(np.arange(draws), members.size)
    groups = sparse.csr_matrix(
        (np.ones(dealt.size, np.float32), (rows, dealt.ravel())), shape=(draws, kept.at_work.shape[0])
    )
    seen = np.asarray(kept.at_work[members].sum(axis=0), np.float64).ravel()
    drawn = np.asarray((groups @ kept.at_work).todense(), np.float64)
    return float(((seen - expected) ** 2 / variance).mean()), ((drawn - expected) ** 2 / variance).mean(axis=1)
