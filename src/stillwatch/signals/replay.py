"""Reasoning signatures that come back where they do not belong."""

from __future__ import annotations

from stillwatch.engine import Sql
from stillwatch.signals.examples import artifact
from stillwatch.signals.signal import signal

__all__ = ["artifact_replay", "rewritten_context"]


@signal(
    unit="share of signatures sent",
    larger_means="more of the reasoning it sends back was returned elsewhere",
    needs=5,
    quiet=[artifact(other_account=False, other_model=i == 0, other_conversation=False) for i in range(12)],
    loud=[artifact(other_account=i % 2 == 0, other_conversation=True) for i in range(12)],
    misled_by="a chat that changes the model half-way; keys of one team used in turn; a proxy that spreads one conversation over accounts",
)
def artifact_replay() -> Sql:
    """Share of the signatures it sent that were returned to another account or organisation, by a sibling model or in another conversation.

    Counted once for each exchange that carries a signature. Signatures whose return is not in the logs, or of which nothing can be told,
    do not count. Taking up a session under a new id is no replay: there the conversation begins as it did.
    Source: OpenAI, September 2026; arXiv 2608.09867.
    """
    return Sql(
        "artifact_replay",
        """
        with known as (
            select a.account, a.exchanges,
                coalesce(a.other_account, false) or coalesce(a.other_org, false)
                    or coalesce(a.other_model, false) or coalesce(a.other_conversation, false) as moved
            from {artifacts} a
            where a.role = 'sent' and a.account is not null
                and (a.other_conversation is not null or a.other_account or a.other_org or a.other_model)
        )
        select
            k.account,
            @ratio(cast(sum(case when k.moved then k.exchanges else 0 end) as bigint), sum(k.exchanges)) as value,
            cast(sum(k.exchanges) as bigint) as n
        from known k
        group by k.account
        """,
    )


@signal(
    unit="share of signatures sent",
    larger_means="more often rewrites what came before the reasoning that it sends back",
    needs=20,
    quiet=[artifact(other_conversation=False, edited_prefix=i == 0) for i in range(30)],
    loud=[artifact(other_conversation=False, edited_prefix=True) for _ in range(30)],
    misled_by="harnesses that compact or prune long sessions; editors that let people change an earlier message; rotating context",
)
def rewritten_context() -> Sql:
    """Share of the signatures sent back in their own conversation whose earlier user turns had been changed or dropped.

    Weak alone: honest harnesses shorten what came before. Unknown where the log keeps no earlier turns.
    """
    return Sql(
        "rewritten_context",
        """
        select
            a.account,
            @ratio(cast(sum(case when a.edited_prefix then a.exchanges else 0 end) as bigint), sum(a.exchanges)) as value,
            cast(sum(a.exchanges) as bigint) as n
        from {artifacts} a
        where a.role = 'sent' and a.account is not null and a.edited_prefix is not null and not a.other_conversation
        group by a.account
        """,
    )
