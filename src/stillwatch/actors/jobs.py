"""Several templates in one group: whether the same accounts send all of them, each account one, or the same accounts at other hours.

Two operators can work in the same accounts, as when both bought access to one pool. Their templates then meet in the accounts and part
in the hours; one operator's jobs meet in both. Members are compared on the test slice, template by template.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import scipy

from stillwatch.actors.work_pattern import dealt_lifts
from stillwatch.engine import Engine, Relation, Sql

__all__ = ["Jobs", "jobs", "jobs_of"]

Ints = npt.NDArray[np.int64]

_LEAST_SHARE = 0.1
"""Share of the group's exchanges that a template needs to be a job."""
_LEAST_EXCHANGES = 40
_MOST = 20_000
_DRAWS = 199
_BLOCKS = 6
"""Parts of the day, of four hours each."""
_LEVEL = 0.01
_APART = 0.5
"""How far accounts keep to one job, 0 as if dealt and 1 entirely, before they count as divided between the jobs."""
_OTHER_HOURS = 0.3
"""Cramer's V of jobs and parts of the day from which on they are done at different hours."""

_SENT = Sql(
    "jobs_sent",
    """
    select m.candidate, c.account, c.family, @hours(c.at) as hour, count(*) as exchanges
    from {members} m
    join {carried} c on c.account = m.account
    join {wanted} w on w.candidate = m.candidate and w.family = c.family
    where c.slice = 1
    group by m.candidate, c.account, c.family, @hours(c.at)
    order by 1, 2, 3, 4
    """,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Jobs:
    """The jobs of one group. `divided`: accounts keep to one of them; `other_hours`: they are done at different hours of the day.

    `lift` is how much likelier two exchanges of one account are to be of one job than two of different accounts, as a share of what it
    would be if every account did one alone, with its p-value by dealing jobs anew; `hours` is Cramer's V of job and part of the day, with
    the p-value of a chi-square test in which each account counts once a job and part, however busy it is.
    """

    count: int
    lift: float
    lift_p: float
    hours: float
    hours_p: float

    @property
    def divided(self) -> bool:
        """Whether each account mostly does one of the jobs."""
        return self.lift_p <= _LEVEL and self.lift >= _APART

    @property
    def other_hours(self) -> bool:
        """Whether the jobs are done at different hours."""
        return self.hours_p <= _LEVEL and self.hours >= _OTHER_HOURS

    def sentence(self) -> str:
        """What was seen, in words."""
        if self.divided:
            return f"its {self.count} templates are divided over the accounts: each account mostly sends one of them"
        where = "at different hours of the day" if self.other_hours else "at the same hours"
        return f"the same accounts send its {self.count} templates, {where}"


def jobs(
    engine: Engine, carried: Relation, members: Relation, wanted: Relation, *, groups: int, seed: int
) -> tuple[Jobs | None, ...]:
    """The jobs of every group; None where fewer than two templates have enough of its exchanges.

    Args:
        members: candidate and account. wanted: candidate and family.
        groups: how many there are.
    """
    rows = engine.to_arrow(engine.sql(_SENT, members=members, carried=carried, wanted=wanted))
    bounds = np.searchsorted(rows.column("candidate").to_numpy(), np.arange(groups + 1))
    return tuple(
        _of(rows.slice(start, stop - start), np.random.default_rng([seed, place]))
        for place, (start, stop) in enumerate(zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True))
    )


def _of(rows: pa.Table, rng: np.random.Generator) -> Jobs | None:
    account, family, hour, times = (rows.column(name).to_numpy() for name in ("account", "family", "hour", "exchanges"))
    return jobs_of(np.repeat(account, times), np.repeat(family, times), np.repeat(hour, times), rng)


def jobs_of(account: Ints, family: Ints, hour: Ints, rng: np.random.Generator) -> Jobs | None:
    """The jobs of one group, from one account, template and hour (since 1970) an exchange."""
    place = np.unique(family, return_inverse=True)[1]
    times = np.bincount(place)
    main = np.flatnonzero(times >= _LEAST_SHARE * family.size)
    kept = np.flatnonzero(np.isin(place, main))
    if main.size < 2 or kept.size < _LEAST_EXCHANGES:
        return None
    chosen = kept if kept.size <= _MOST else np.sort(rng.choice(kept, _MOST, replace=False))
    lift, drawn = dealt_lifts(account[chosen], family[chosen], _DRAWS, rng)
    most = 1 - float(((times[main] / times[main].sum()) ** 2).sum())
    hours, hours_p = _parted(account[kept], place[kept], hour[kept] % 24 * _BLOCKS // 24)
    return Jobs(
        count=int(main.size),
        lift=lift / most,
        lift_p=(1 + int((drawn >= lift).sum())) / (1 + _DRAWS),
        hours=hours,
        hours_p=hours_p,
    )


def _parted(account: Ints, job: Ints, part: Ints) -> tuple[float, float]:
    """Cramer's V of jobs and parts of the day, each account once a job and part, and its p-value."""
    once = np.unique(np.stack([account, job, part], axis=1), axis=0)
    table = np.zeros((int(job.max()) + 1, _BLOCKS))
    np.add.at(table, (once[:, 1], once[:, 2]), 1)
    table = table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0]
    if min(table.shape) < 2:
        return 0.0, 1.0
    found = scipy.stats.chi2_contingency(table)
    return float(np.sqrt(found.statistic / (table.sum() * (min(table.shape) - 1)))), float(found.pvalue)
