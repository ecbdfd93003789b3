"""A product behind the account that says it is another."""

from __future__ import annotations

from stillwatch.engine import Sql
from stillwatch.signals.examples import row
from stillwatch.signals.signal import signal
from stillwatch.signals.variety import variety

__all__ = ["borrowed_harness", "identity_fanout"]


@signal(
    unit="share",
    larger_means="more of its harness traffic comes without the harness",
    needs=20,
    quiet=[row(scaffold="harness", client_claimed="harness-cli", client_telemetry=i > 0) for i in range(30)],
    loud=[row(scaffold="harness", client_claimed="python-requests", client_telemetry=False) for _ in range(30)],
    misled_by="telemetry switched off; forks of an open harness; a gateway that rewrites user agents; people who study its prompts",
)
def borrowed_harness() -> Sql:
    """Share of exchanges with a known public harness's system text that were sent by a client of which no telemetry was seen.

    A relay passes its users' requests on, with the text of the harness that they used and without what the harness sends beside it.
    Unknown where telemetry is. Source: Anthropic, September 2026 (users of coding harnesses picked out and passed on).
    """
    return Sql(
        "borrowed_harness",
        """
        select f.account, @ratio(@count_if(not f.client_telemetry), count(*)) as value, count(*) as n
        from {features} f
        where f.account is not null and f.scaffold is not null and f.client_telemetry is not null
        group by f.account
        """,
    )


@signal(
    unit="chance of two exchanges to differ",
    larger_means="more different system texts, more evenly used",
    needs=20,
    quiet=[row(system_hash=int(i % 10 == 0)) for i in range(30)],
    loud=[row(system_hash=i % 12) for i in range(30)],
    misled_by="system texts with a date or a user's name in them; a platform where customers write their own; prompt development",
)
def identity_fanout() -> Sql:
    """Chance that two exchanges of the account carry different system texts: a relay of many products speaks with many voices."""
    return variety("identity_fanout", "system_hash")
