"""When an account works: people sleep."""

from __future__ import annotations

from stillwatch.engine import Sql
from stillwatch.signals.examples import row
from stillwatch.signals.signal import signal

__all__ = ["flat_hours"]


@signal(
    unit="share of the day",
    larger_means="more evenly spread over the 24 hours",
    needs=48,
    quiet=[row(hours=9 + i % 8 + i / 100) for i in range(60)],
    loud=[row(hours=i % 24 + i / 100) for i in range(60)],
    misled_by="a product with users in every time zone; a scheduled job; an evaluation suite",
)
def flat_hours() -> Sql:
    """How much of the day the account uses, as the even number of hours that would spread its exchanges as widely: 8 hours are 0.33.

    The inverse of the chance that two of its exchanges share an hour of the day, over 24. The chance is estimated without bias at
    every n from pairs of exchanges (Simpson 1949), so that an account with 50 exchanges can stand beside one with 50,000: the largest
    deviation from even (Kuiper) and the number of active hours both drift with n, and would measure volume instead. Only integer
    counts are summed. Above 1, the exchanges are more even than chance would make them: a job with a fixed pace.
    """
    return Sql(
        "flat_hours",
        """
        with hourly as (
            select f.account, @hour(f.at) as of_day, count(*) as c
            from {features} f
            where f.account is not null
            group by f.account, @hour(f.at)
        ), sums as (
            select h.account, cast(sum(h.c) as bigint) as n, cast(sum(h.c * (h.c - 1)) as bigint) as pairs
            from hourly h
            group by h.account
        )
        select s.account, @ratio(s.n * (s.n - 1), 24 * s.pairs) as value, s.n
        from sums s
        """,
    )
