"""Policies, standings and requests made for a test in a line each."""

from __future__ import annotations

import datetime as dt
import tomllib
from typing import Any

import pyarrow as pa

from stillwatch.engine import table
from stillwatch.policy import Asked, Dialect, Gatekeeper, Policy, Standing
from stillwatch.policy.policy_file import policy_from

AT = 1_780_000_000.0
"""When every standing is made."""

HEAD = """
name = "test"
[people]
throttle = [{ requests = 2, window = "1m" }]
"""


def policy(rules: str, head: str = HEAD) -> Policy:
    """A policy of some rules."""
    return policy_from(tomllib.loads(head + rules))


def moment(at: float) -> dt.datetime:
    """Seconds since 1970 as a date."""
    return dt.datetime.fromtimestamp(at, dt.UTC)


def row(account: int, **facts: Any) -> dict[str, Any]:
    """One row of `standing`."""
    plain: dict[str, Any] = {
        **dict.fromkeys(table("standing").names()),
        "proposed": "allow",
        "reasons": [],
        "purposes": [],
        "kinds": 0,
        "ticket": 99,
        "seen": moment(AT),
        "until": moment(AT + 14 * 86400),
    }
    return {**plain, "account": account, **facts}


def standing(*rows: dict[str, Any], serial: int = 1, made: float | None = AT) -> Standing:
    """A standing of some rows."""
    return Standing(rows=pa.Table.from_pylist(list(rows), schema=table("standing").schema), serial=serial, made=made)


def gate(rules: str, *rows: dict[str, Any], head: str = HEAD) -> Gatekeeper:
    """A gate on some rules and some rows."""
    return Gatekeeper(policy(rules, head), standing(*rows))


def asked(account: int = 1, at: float = AT + 1, **facts: Any) -> Asked:
    """A request."""
    return Asked(**{"at": at, "account": account, "dialect": Dialect.CHAT, **facts})
