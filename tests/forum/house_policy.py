"""The sharing policy of a house as `forum.toml` holds it, for tests that go through commands."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence

__all__ = ["policy_text"]


def policy_text(
    member: str, *, begun: int = 30, days: int = 300, models: Sequence[str] = (), addresses: bool = False
) -> str:
    """A policy whose legal basis began `begun` days ago and ends in `days`.

    Args:
        models: models that everybody knows of.
        addresses: whether subnets and user agents may be told.
    """
    today = dt.datetime.now(dt.UTC).date()
    told = str(addresses).lower()
    return f"""member = "{member}"
basis = "us-peer"
profile = "us"
public_models = {json.dumps(list(models))}
[bases.us-peer]
law = "membership agreement"
lanes = ["peer"]
starts = {today - dt.timedelta(days=begun)}
ends = {today + dt.timedelta(days=days)}
confirmed_by = "counsel"
[profiles.us]
jurisdiction = "US"
subnets = {told}
user_agents = {told}
"""
