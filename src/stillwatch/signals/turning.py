"""How an account changes: on a launch, after refusals, and between what its client claims and what is seen of it."""

from __future__ import annotations

from stillwatch.engine import Sql
from stillwatch.signals.examples import launch, row
from stillwatch.signals.signal import signal

__all__ = ["missing_telemetry", "refusals_then_focus", "release_pivot"]


@signal(
    unit="share",
    larger_means="moved more of its traffic to the new model within a day",
    needs=20,
    quiet=[
        *(row(hours=10 + i / 10) for i in range(20)),
        *(row(hours=24 + i / 2, model="large-2" if i % 6 == 0 else "large-1") for i in range(40)),
        launch("large-2", hours=24),
    ],
    loud=[
        *(row(hours=10 + i / 10) for i in range(20)),
        *(row(hours=24 + i / 2, model="large-2") for i in range(40)),
        launch("large-2", hours=24),
    ],
    misled_by="enthusiasts; evaluation suites; routers and aliases that move everybody; a model that replaces a retired one",
)
def release_pivot() -> Sql:
    """Share of the account's traffic that a newly launched model takes in its first 24 hours, for accounts active in the week before.

    Several launches are pooled. Unknown without a list of launches, and for accounts with fewer than five exchanges before.
    """
    return Sql(
        "release_pivot",
        """
        with seen as (
            select f.account, f.model, @epoch_us(f.at) as us
            from {features} f
            where f.account is not null and f.model is not null
        ), launches as (
            select r.model, @epoch_us(r.at) as us from {releases} r
        ), around as (
            select
                s.account,
                l.model as launched,
                @count_if(s.us < l.us) as earlier,
                @count_if(s.us >= l.us) as later,
                @count_if(s.us >= l.us and s.model = l.model) as moved
            from seen s
            join launches l on s.us between l.us - 604800000000 and l.us + 86399999999
            group by s.account, l.model
        )
        select
            a.account,
            @ratio(cast(sum(a.moved) as bigint), sum(a.later)) as value,
            cast(sum(a.later) as bigint) as n
        from around a
        where a.earlier >= 5 and a.later > 0
        group by a.account
        """,
    )


@signal(
    unit="share of refusals lost, times focus",
    larger_means="was refused, found a wording that works, and stayed with it",
    needs=40,
    quiet=[row(hours=i / 10, outcome="refused" if i % 10 == 0 else "ok", prompt_skeleton=i) for i in range(60)],
    loud=[
        *(row(hours=i / 10, outcome="refused" if i % 2 == 0 else "ok", prompt_skeleton=i) for i in range(30)),
        *(row(hours=10 + i / 10, prompt_skeleton=99) for i in range(30)),
    ],
    misled_by="a developer who debugs a prompt and then ships it",
)
def refusals_then_focus() -> Sql:
    """Fall of the refused share from the first to the second half of the account's exchanges, times how alike the second half is.

    Alike: the chance that two exchanges of the second half have the same prompt skeleton. Zero for accounts that were never refused.
    """
    return Sql(
        "refusals_then_focus",
        """
        with known as (
            select
                f.account, f.prompt_skeleton as skeleton, @epoch_us(f.at) as us, f.exchange_id,
                case when f.outcome = 'refused' then 1 else 0 end as refused
            from {features} f
            where f.account is not null and f.prompt_skeleton is not null and f.outcome in ('ok', 'refused')
        ), totals as (
            select k.account, count(*) as n, cast(sum(k.refused) as bigint) as refused from known k group by k.account
        ), placed as (
            select
                k.account, k.skeleton, k.refused, t.n,
                row_number() over (partition by k.account order by k.us, k.exchange_id) as place
            from known k
            join totals t on t.account = k.account
            where t.refused > 0 and t.n >= 4
        ), halves as (
            select
                p.account,
                @count_if(2 * p.place <= p.n and p.refused = 1) as early_refused,
                @count_if(2 * p.place <= p.n) as early,
                @count_if(2 * p.place > p.n and p.refused = 1) as late_refused,
                @count_if(2 * p.place > p.n) as late
            from placed p
            group by p.account
        ), late_shapes as (
            select p.account, p.skeleton, count(*) as c
            from placed p
            where 2 * p.place > p.n
            group by p.account, p.skeleton
        ), focus as (
            select s.account, cast(sum(s.c * (s.c - 1)) as bigint) as pairs from late_shapes s group by s.account
        ), falls as (
            select
                h.account,
                greatest(@ratio(h.early_refused, h.early) - @ratio(h.late_refused, h.late), 0e0)
                    * @ratio(f.pairs, h.late * (h.late - 1)) as value
            from halves h
            join focus f on f.account = h.account
        )
        select t.account, case when t.refused = 0 then 0e0 else f.value end as value, t.n
        from totals t
        left join falls f on f.account = t.account
        """,
    )


@signal(
    unit="share",
    larger_means="claims more often to be a client that was never seen running",
    needs=20,
    quiet=[row(client_claimed="desk-app", client_telemetry=True) for _ in range(30)],
    loud=[row(client_claimed="desk-app", client_telemetry=False) for _ in range(30)],
    misled_by="telemetry switched off or blocked by a firewall; a fork of an open client",
)
def missing_telemetry() -> Sql:
    """Share of exchanges that claim to come from a client whose own telemetry was never seen for the account.

    Unknown where the client is unnamed or no telemetry was given.
    """
    return Sql(
        "missing_telemetry",
        """
        select f.account, @ratio(@count_if(not f.client_telemetry), count(*)) as value, count(*) as n
        from {features} f
        where f.account is not null and f.client_claimed is not null and f.client_telemetry is not null
        group by f.account
        """,
    )
