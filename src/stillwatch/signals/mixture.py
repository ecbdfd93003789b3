"""The worst part of an account's traffic, whatever else it is mixed with."""

from __future__ import annotations

from stillwatch.core import PRESSING
from stillwatch.engine import Sql
from stillwatch.signals.examples import row
from stillwatch.signals.signal import signal

__all__ = ["strongest_part"]

_DOUBT = 8
"""Exchanges without a technique that every part is taken to have besides its own: small parts say little."""


@signal(
    unit="share of the part",
    larger_means="one application behind the account does little but ask for training value",
    needs=20,
    quiet=[row(system_hash=i % 3, elicitation=int(i % 10 == 0)) for i in range(60)],
    loud=[row(system_hash=int(i % 4 == 0), elicitation=int(i % 4 == 0)) for i in range(120)],
    misled_by="one honest application that grades, writes exercises or asks for tagged reasoning beside others",
)
def strongest_part() -> Sql:
    """Share of exchanges with a technique in that part of the account's traffic where it is largest; parts share system text and tools.

    A tenth of hostile traffic hides in the account's mean and not here. Each part is weighed with eight silent exchanges more, so
    that a lone request makes no part. Only techniques that ordinary people hardly use count (`core.PRESSING`). An operator
    who sends cover traffic under the same system text and tools has one part only: its mean. n: exchanges of the account.
    """
    return Sql(
        "strongest_part",
        """
        with parts as (
            select f.account, f.system_hash, f.tools, count(*) as c, @count_if((f.elicitation & {mask}) <> 0) as hits
            from {features} f
            where f.account is not null and f.elicitation is not null
            group by f.account, f.system_hash, f.tools
        )
        select p.account, max(@ratio(p.hits, p.c + {doubt})) as value, cast(sum(p.c) as bigint) as n
        from parts p
        group by p.account
        """.replace("{mask}", str(PRESSING)).replace("{doubt}", str(_DOUBT)),
    )
