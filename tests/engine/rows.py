"""Small rows that keep their contracts, for the tests of the engine room."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pyarrow as pa

from stillwatch.engine import table

START = dt.datetime(2026, 7, 24, 12, tzinfo=dt.UTC)


def releases(*models: str) -> pa.Table:
    """Launches an hour apart, in the order given."""
    rows = [{"model": model, "at": START + dt.timedelta(hours=i)} for i, model in enumerate(models)]
    return pa.Table.from_pylist(rows, schema=table("releases").schema)


def exchanges(count: int, *, first: int = 1, **more: Any) -> pa.Table:
    """Exchanges that know only what they must."""
    rows = [
        {
            "exchange_id": first + i,
            "at": START + dt.timedelta(minutes=i),
            "format": "openai_chat",
            "source": 7,
            "line": i + 1,
            **more,
        }
        for i in range(count)
    ]
    return pa.Table.from_pylist(rows, schema=table("exchanges").schema)
