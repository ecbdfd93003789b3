"""Looking for a way in: many ways of asking for training value, most of them refused, then the few that work."""

from __future__ import annotations

from stillwatch.engine import Sql
from stillwatch.signals.examples import row
from stillwatch.signals.signal import signal

__all__ = ["technique_search"]


@signal(
    unit="share of refusals lost, times techniques given up",
    larger_means="tried many ways of asking, was refused, and stayed with one that works",
    needs=20,
    quiet=[row(hours=i / 10, elicitation=1, outcome="refused" if i % 10 == 0 else "ok") for i in range(40)],
    loud=[
        *(row(hours=i / 10, elicitation=1 << i % 8, outcome="ok" if i % 8 == 0 else "refused") for i in range(20)),
        *(row(hours=9 + i / 10, elicitation=1) for i in range(20)),
    ],
    misled_by="safety research and red teams, who search in the open; a course on prompting",
)
def technique_search() -> Sql:
    """Fall of the refused share from the first to the second half of its elicitation, times the fall in variety of its techniques.

    Only exchanges that carry a technique count; variety is the chance that two of them carry different sets. A search whose
    winners other accounts then use has no second half here: `refusals_then_focus` sees any wording, and actors join the accounts.
    Zero for accounts that elicit and were never refused. Source: Anthropic, September 2026 (12,000 requests, each another technique).
    """
    return Sql(
        "technique_search",
        """
        with asked as (
            select f.account, f.elicitation as technique, @epoch_us(f.at) as us, f.exchange_id,
                case when f.outcome = 'refused' then 1 else 0 end as refused
            from {features} f
            where f.account is not null and f.elicitation <> 0 and f.outcome in ('ok', 'refused')
        ), counted as (
            select a.account, a.technique, a.refused,
                count(*) over (partition by a.account) as n,
                row_number() over (partition by a.account order by a.us, a.exchange_id) as place
            from asked a
        ), halves as (
            select c.account, c.technique, case when 2 * c.place <= c.n then 0 else 1 end as half,
                count(*) as c, cast(sum(c.refused) as bigint) as refused
            from counted c
            group by c.account, c.technique, case when 2 * c.place <= c.n then 0 else 1 end
        ), varied as (
            select h.account, h.half, cast(sum(h.c) as bigint) as c, cast(sum(h.refused) as bigint) as refused,
                cast(sum(h.c * (h.c - 1)) as bigint) as pairs
            from halves h
            group by h.account, h.half
        )
        select e.account,
            greatest(@ratio(e.refused, e.c) - @ratio(l.refused, l.c), 0e0)
                * greatest(@ratio(l.pairs, l.c * (l.c - 1)) - @ratio(e.pairs, e.c * (e.c - 1)), 0e0) as value,
            e.c + l.c as n
        from varied e
        join varied l on l.account = e.account
        where e.half = 0 and l.half = 1 and e.c > 1 and l.c > 1
        """,
    )
