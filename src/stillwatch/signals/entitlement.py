"""Day after day at the edge of what was paid for."""

from __future__ import annotations

from stillwatch.engine import Sql
from stillwatch.signals.examples import fact, row
from stillwatch.signals.signal import signal

__all__ = ["at_the_limit"]


@signal(
    unit="share of active days",
    larger_means="more of its days used up to the edge of the plan",
    needs=5,
    quiet=[*(row(hours=24 * day + i) for day in range(6) for i in range(10 if day == 2 else 3)), fact(entitlement=10)],
    loud=[*(row(hours=24 * day + i) for day in range(6) for i in range(9)), fact(entitlement=10)],
    misled_by="a product in production on a plan that just fits it; a plan whose entitlement was recorded too low",
)
def at_the_limit() -> Sql:
    """Share of the account's active days (UTC) on which it used at least four fifths of the exchanges that its plan is meant for.

    People have good days and bad days; a pool that is paid by the seat is emptied every day. The beginning of such use is what
    `full_speed_start` and `young_and_busy` see. Unknown without an entitlement. n: active days.
    """
    return Sql(
        "at_the_limit",
        """
        with days as (
            select f.account, @day(f.at) as on_day, count(*) as c
            from {features} f
            where f.account is not null
            group by f.account, @day(f.at)
        )
        select d.account, @ratio(@count_if(5 * d.c >= 4 * a.entitlement), count(*)) as value, count(*) as n
        from days d
        join {account_facts} a on a.account = d.account
        where a.entitlement > 0
        group by d.account
        """,
    )
