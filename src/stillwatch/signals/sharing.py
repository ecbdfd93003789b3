"""What accounts have in common. Such signals tie accounts together; none of them is evidence against one account.

A thing shared too widely to tie anybody (a carrier's addresses, a popular mail domain) is left out, and an account of which nothing else
is known has no row. The caps are fixed numbers, so that other accounts' comings and goings change nothing.
"""

from __future__ import annotations

from collections.abc import Callable

from stillwatch.engine import Sql
from stillwatch.signals.examples import Example, fact, row
from stillwatch.signals.signal import Signal, signal

__all__ = ["shared_device", "shared_payment", "shared_registration", "shared_subnet", "template_share"]

_INSTRUMENT_CAP = 1000
_PATTERN_CAP = 200
_SUBNET_CAP = 200
_LONG_PROMPT = 8


def _shared_fact(column: str, *, larger_means: str, misled_by: str) -> Callable[[Callable[[], Sql]], Signal]:
    """Declare a signal that counts the other accounts with the same value of one column of `account_facts`."""

    def crowd(others: int) -> list[Example]:
        return [row(), fact(**{column: 1}), *(fact(account=2 + i, **{column: 1}) for i in range(others))]

    return signal(
        unit="other accounts",
        larger_means=larger_means,
        needs=1,
        quiet=crowd(1),
        loud=crowd(12),
        misled_by=misled_by,
        relational=True,
    )


def _others(column: str, cap: int) -> Sql:
    return Sql(
        f"shared_{column}",
        f"""
        with active as (
            select f.account from {{features}} f where f.account is not null group by f.account
        ), crowds as (
            select a.{column}, count(*) as accounts
            from {{account_facts}} a
            where a.{column} is not null
            group by a.{column}
            having count(*) <= {cap}
        )
        select a.account, cast(c.accounts - 1 as double) as value, cast(1 as bigint) as n
        from {{account_facts}} a
        join active x on x.account = a.account
        join crowds c on c.{column} = a.{column}
        """,
    )


@_shared_fact(
    "payment",
    larger_means="more accounts on the same payment instrument",
    misled_by="a household; a company with an account for each team; a reseller",
)
def shared_payment() -> Sql:
    """Other accounts that pay with the same instrument."""
    return _others("payment", _INSTRUMENT_CAP)


@_shared_fact(
    "registration",
    larger_means="more accounts with the same registration pattern",
    misled_by="employees of one company; a class signed up by its teacher",
)
def shared_registration() -> Sql:
    """Other accounts that registered by the same pattern (mail domain and shape of the name)."""
    return _others("registration", _PATTERN_CAP)


@_shared_fact(
    "device",
    larger_means="more accounts opened on the same device",
    misled_by="a shared computer in a library or a school",
)
def shared_device() -> Sql:
    """Other accounts that were opened on the same device."""
    return _others("device", _INSTRUMENT_CAP)


@signal(
    unit="other accounts",
    larger_means="more accounts on the same networks",
    needs=5,
    quiet=[*(row(subnet=1) for _ in range(10)), row(account=2, subnet=1)],
    loud=[*(row(subnet=1) for _ in range(10)), *(row(account=2 + i, subnet=1) for i in range(30))],
    misled_by="an office; a campus; a mobile carrier; a cloud region",
    relational=True,
)
def shared_subnet() -> Sql:
    """Other accounts on the account's networks (/24 or /48), averaged over its exchanges.

    Networks with more than 200 accounts are left out.
    """
    return Sql(
        "shared_subnet",
        f"""
        with seen as (
            select f.account, f.subnet, count(*) as c
            from {{features}} f
            where f.account is not null and f.subnet is not null
            group by f.account, f.subnet
        ), crowds as (
            select s.subnet, count(*) as accounts from seen s group by s.subnet having count(*) <= {_SUBNET_CAP}
        )
        select
            s.account,
            @ratio(cast(sum(s.c * (c.accounts - 1)) as bigint), sum(s.c)) as value,
            cast(sum(s.c) as bigint) as n
        from seen s
        join crowds c on c.subnet = s.subnet
        group by s.account
        """,
    )


@signal(
    unit="share",
    larger_means="more of its prompts have the shape of other accounts' prompts",
    needs=10,
    quiet=[*(row(prompt_skeleton=i) for i in range(20)), row(account=2, prompt_skeleton=3)],
    loud=[
        *(row(prompt_skeleton=9) for _ in range(20)),
        *(row(account=2 + i, prompt_skeleton=9) for i in range(5)),
    ],
    misled_by="prompt libraries; copied quick-starts; a popular harness; homework",
    relational=True,
)
def template_share() -> Sql:
    """Share of the account's longer prompts whose skeleton (numbers, quotations and addresses masked) at least two other accounts sent.

    Prompts under eight words are everybody's and do not count.
    """
    return Sql(
        "template_share",
        f"""
        with used as (
            select f.account, f.prompt_skeleton as skeleton, count(*) as c
            from {{features}} f
            where f.account is not null and f.prompt_skeleton is not null and f.prompt_words >= {_LONG_PROMPT}
            group by f.account, f.prompt_skeleton
        ), common as (
            select u.skeleton, count(*) as accounts from used u group by u.skeleton having count(*) >= 3
        )
        select
            u.account,
            @ratio(cast(sum(case when c.skeleton is not null then u.c else 0 end) as bigint), sum(u.c)) as value,
            cast(sum(u.c) as bigint) as n
        from used u
        left join common c on c.skeleton = u.skeleton
        group by u.account
        """,
    )
