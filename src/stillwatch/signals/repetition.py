"""Many answers to one question: what rejection sampling and preference pairs need."""

from __future__ import annotations

from stillwatch.engine import Sql
from stillwatch.signals.examples import row
from stillwatch.signals.signal import signal

__all__ = ["best_of_n"]


@signal(
    unit="share of answers",
    larger_means="more of its answers are one of many to the same prompt",
    needs=20,
    quiet=[row(prompt_hash=i % 20, temperature=0.7) for i in range(45)],
    loud=[row(prompt_hash=i // 2, temperature=1.0, n=8) for i in range(30)],
    misled_by="self-consistency voting; load tests over many prompts; retries without a request id; a dashboard refreshing its tiles",
)
def best_of_n() -> Sql:
    """Share of the account's answers that belong to a prompt it had answered at least four times.

    Answers are counted as `n` of the request where it is known and above one, else as one. A prompt is the same where its text and
    its depth in the conversation are the same, so that an agent's steps after one question are not repetitions; prompts under four
    words ("continue") and requests at temperature 0, which only retry, do not count. The account's most repeated prompt is left out:
    it is a health check more often than not. n: the answers left, or the exchanges where they are fewer.
    """
    return Sql(
        "best_of_n",
        """
        with prompts as (
            select
                f.account, f.prompt_hash, f.turns,
                count(*) as exchanges,
                cast(sum(case when f.n > 1 then f.n else 1 end) as bigint) as answers
            from {features} f
            where f.account is not null and f.prompt_hash is not null
                and (f.temperature is null or f.temperature > 0e0)
                and (f.prompt_words is null or f.prompt_words >= 4)
            group by f.account, f.prompt_hash, f.turns
        ), sums as (
            select
                p.account,
                cast(sum(p.exchanges) as bigint) as exchanges,
                max(p.answers) as top,
                cast(sum(p.answers) as bigint) as answers,
                cast(sum(case when p.answers >= 4 then p.answers else 0 end) as bigint) as repeated
            from prompts p
            group by p.account
        )
        select
            s.account,
            @ratio(s.repeated - case when s.top >= 4 then s.top else 0 end, s.answers - s.top) as value,
            least(s.answers - s.top, s.exchanges) as n
        from sums s
        where s.answers > s.top
        """,
    )
