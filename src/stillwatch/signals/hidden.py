"""How many people stand behind one account."""

from __future__ import annotations

from stillwatch.engine import Sql
from stillwatch.signals.examples import row
from stillwatch.signals.signal import signal

__all__ = ["hidden_users", "parallel_conversations"]


@signal(
    unit="end users, at least",
    larger_means="more people behind one account",
    needs=20,
    quiet=[row(end_user=i % 3) for i in range(30)],
    loud=[row(end_user=i // 2) for i in range(30)],
    misled_by="every product with users of its own, which names them as it should; test suites that make up a user each run",
)
def hidden_users() -> Sql:
    """Estimate of the end users behind the account, those not seen yet included: a lower bound from how many were seen once and twice.

    Seen ones, plus once (once - 1) / 2 (twice + 1) (Chao 1984, bias-corrected by Chao 1987). Rises with traffic until everybody was
    seen, so read it beside n. Only callers that name end users can be measured; a reseller that hides them shows in
    `parallel_conversations` at most.
    """
    return Sql(
        "hidden_users",
        """
        with people as (
            select f.account, f.end_user, count(*) as c
            from {features} f
            where f.account is not null and f.end_user is not null
            group by f.account, f.end_user
        ), seen as (
            select p.account, count(*) as users, cast(sum(p.c) as bigint) as n,
                @count_if(p.c = 1) as once, @count_if(p.c = 2) as twice
            from people p
            group by p.account
        )
        select s.account, cast(s.users as double) + @ratio(s.once * (s.once - 1), 2 * (s.twice + 1)) as value, s.n
        from seen s
        """,
    )


@signal(
    unit="chance of two exchanges to differ",
    larger_means="more conversations within one hour",
    needs=20,
    quiet=[row(hours=i // 6, conversation=i // 6) for i in range(42)],
    loud=[row(hours=i // 6, conversation=i) for i in range(42)],
    misled_by="every product with users; batch jobs that open a conversation for each item; agents that work side by side",
)
def parallel_conversations() -> Sql:
    """Chance that two exchanges of the same hour belong to different conversations: one person mostly holds one at a time.

    Over all pairs of exchanges that share an hour. Unknown where the log names no conversations, and where no hour has two exchanges.
    """
    return Sql(
        "parallel_conversations",
        """
        with held as (
            select f.account, @hours(f.at) as in_hour, f.conversation, count(*) as c
            from {features} f
            where f.account is not null and f.conversation is not null
            group by f.account, @hours(f.at), f.conversation
        ), hourly as (
            select h.account, h.in_hour, cast(sum(h.c) as bigint) as c, cast(sum(h.c * (h.c - 1)) as bigint) as pairs
            from held h
            group by h.account, h.in_hour
        ), sums as (
            select y.account, cast(sum(y.c) as bigint) as n,
                cast(sum(y.c * (y.c - 1)) as bigint) as every_pair, cast(sum(y.pairs) as bigint) as pairs
            from hourly y
            group by y.account
        )
        select s.account, @ratio(s.every_pair - s.pairs, s.every_pair) as value, s.n
        from sums s
        where s.every_pair > 0
        """,
    )
