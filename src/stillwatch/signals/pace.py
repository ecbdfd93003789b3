"""How evenly an account works: people come in bursts, a job keeps its step."""

from __future__ import annotations

from stillwatch.engine import Sql
from stillwatch.signals.examples import row
from stillwatch.signals.signal import signal

__all__ = ["even_pace"]


@signal(
    unit="share of pairs of gaps",
    larger_means="more of its pauses are about as long as the one before",
    needs=40,
    quiet=[row(hours=9 + 3 * (i // 4) + (i % 4) ** 2 / 100) for i in range(60)],
    loud=[row(hours=9 + i / 10) for i in range(60)],
    misled_by="a scheduled job; a monitor; a queue that a whole product feeds; logs with times rounded to minutes",
)
def even_pace() -> Sql:
    """Share of pauses between exchanges that are between half and twice as long as the pause before.

    A third where exchanges come at random (the ratio of two exponential times), less for people, who come in bursts, and 1 for a job
    that keeps its step. It does not drift with n. Pauses of zero length have no ratio and are left out. n: pairs of pauses.
    """
    return Sql(
        "even_pace",
        """
        with placed as (
            select f.account, f.exchange_id, @epoch_us(f.at) as us from {features} f where f.account is not null
        ), gaps as (
            select p.account, p.us, p.exchange_id,
                p.us - lag(p.us) over (partition by p.account order by p.us, p.exchange_id) as gap
            from placed p
        ), pairs as (
            select g.account, g.gap, lag(g.gap) over (partition by g.account order by g.us, g.exchange_id) as earlier
            from gaps g
        )
        select p.account,
            @ratio(@count_if(p.gap <= 2 * p.earlier and p.earlier <= 2 * p.gap), count(*)) as value, count(*) as n
        from pairs p
        where p.gap > 0 and p.earlier > 0
        group by p.account
        """,
    )
