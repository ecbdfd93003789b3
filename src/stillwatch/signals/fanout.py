"""How many places and clients one account speaks from."""

from __future__ import annotations

from stillwatch.engine import Sql
from stillwatch.signals.examples import row
from stillwatch.signals.signal import signal
from stillwatch.signals.variety import variety

__all__ = ["ip_fanout", "user_agent_fanout"]


@signal(
    unit="chance of two exchanges to differ",
    larger_means="more addresses, more evenly used",
    needs=20,
    quiet=[row(ip=1 + (i == 7)) for i in range(30)],
    loud=[row(ip=i % 15) for i in range(30)],
    misled_by="a phone that changes networks; serverless functions; a corporate proxy pool; one key in a shipped application",
)
def ip_fanout() -> Sql:
    """Chance that two of the account's exchanges come from different addresses."""
    return variety("ip_fanout", "ip")


@signal(
    unit="chance of two exchanges to differ",
    larger_means="more kinds of client, more evenly used",
    needs=20,
    quiet=[row(user_agent=1) for _ in range(30)],
    loud=[row(user_agent=i % 10) for i in range(30)],
    misled_by="one key in an application that its users' browsers call; a developer trying several libraries",
)
def user_agent_fanout() -> Sql:
    """Chance that two of the account's exchanges come from different user agents."""
    return variety("user_agent_fanout", "user_agent")
