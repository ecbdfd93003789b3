"""How much an account does, against what it is entitled to and against its own age."""

from __future__ import annotations

from stillwatch.engine import Sql
from stillwatch.signals.examples import fact, row
from stillwatch.signals.signal import signal

__all__ = ["full_speed_start", "volume", "young_and_busy"]


@signal(
    unit="times the entitlement",
    larger_means="further beyond what the plan is meant for",
    needs=1,
    quiet=[*(row(hours=9 + i) for i in range(5)), fact(entitlement=10)],
    loud=[*(row(hours=i) for i in range(20)), fact(entitlement=10)],
    misled_by="a customer who outgrew the plan; a launch day; a plan whose entitlement was recorded wrongly",
)
def volume() -> Sql:
    """Exchanges of the account's busiest day (UTC) against the exchanges a day that its plan is meant for.

    The busiest day and not the mean, so that quiet days cannot hide a burst. Unknown without an entitlement on record.
    """
    return Sql(
        "volume",
        """
        with days as (
            select f.account, @day(f.at) as on_day, count(*) as c
            from {features} f
            where f.account is not null
            group by f.account, @day(f.at)
        ), busiest as (
            select d.account, max(d.c) as c, cast(sum(d.c) as bigint) as n
            from days d
            group by d.account
        )
        select b.account, @ratio(b.c, a.entitlement) as value, b.n
        from busiest b
        join {account_facts} a on a.account = b.account
        where a.entitlement > 0
        """,
    )


@signal(
    unit="share of the busiest hour",
    larger_means="at full speed from its first hour on",
    needs=40,
    quiet=[
        *(row(hours=hour + i / 100) for hour, count in enumerate((2, 4, 8, 16, 20)) for i in range(count)),
        fact(created_hours=-1),
    ],
    loud=[*(row(hours=hour + i / 100) for hour in range(3) for i in range(20)), fact(created_hours=-1)],
    misled_by="a migration from another provider; a second account of a company already in production",
)
def full_speed_start() -> Sql:
    """Exchanges of the account's first hour against those of its busiest hour: people try things out, a job starts at full speed.

    Measured only where the beginning is in the logs (first exchange within a day of opening) and at least three hours are active.
    """
    return Sql(
        "full_speed_start",
        """
        with seen as (
            select f.account, @epoch_us(f.at) as us from {features} f where f.account is not null
        ), starts as (
            select s.account, min(s.us) as us from seen s group by s.account
        ), fresh as (
            select s.account, s.us
            from starts s
            join {account_facts} a on a.account = s.account
            where s.us - @epoch_us(a.created) between -3600000000 and 86400000000
        ), hourly as (
            select s.account, @div(s.us - f.us, 3600000000) as since, count(*) as c
            from seen s
            join fresh f on f.account = s.account
            group by s.account, @div(s.us - f.us, 3600000000)
        )
        select
            h.account,
            @ratio(max(case when h.since = 0 then h.c end), max(h.c)) as value,
            cast(sum(h.c) as bigint) as n
        from hourly h
        group by h.account
        having count(*) >= 3
        """,
    )


@signal(
    unit="1 / (1 + age in days)",
    larger_means="younger when its heavy use began",
    needs=40,
    quiet=[*(row(hours=9 + i / 20) for i in range(60)), fact(created_hours=-24 * 90)],
    loud=[*(row(hours=9 + i / 20) for i in range(60)), fact(created_hours=6)],
    misled_by="a hackathon; a course; a company that tested on another account first",
)
def young_and_busy() -> Sql:
    """How young the account was in its first hour at half of its own top speed: 1 at its opening, a half after a day.

    Logs that begin after the account was opened can only make it look older, never younger. Unknown without an opening date.
    """
    return Sql(
        "young_and_busy",
        """
        with hourly as (
            select f.account, @hours(f.at) as at_hour, count(*) as c
            from {features} f
            where f.account is not null
            group by f.account, @hours(f.at)
        ), tops as (
            select h.account, max(h.c) as c, cast(sum(h.c) as bigint) as n from hourly h group by h.account
        ), heavy as (
            select h.account, min(h.at_hour) as at_hour, max(t.n) as n
            from hourly h
            join tops t on t.account = h.account
            where 2 * h.c >= t.c
            group by h.account
        )
        select h.account, @ratio(24, 24 + greatest(h.at_hour - @hours(a.created), 0)) as value, h.n
        from heavy h
        join {account_facts} a on a.account = h.account
        where a.created is not null
        """,
    )
