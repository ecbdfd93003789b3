"""Rows for the examples that stand beside each signal: only what matters is written, the rest is ordinary or unknown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa

from stillwatch.engine import table

__all__ = ["INPUTS", "SUBJECT", "Example", "about", "artifact", "fact", "launch", "row", "signed_up", "tables"]

SUBJECT = 1
"""The account that an example is about; rows of other accounts may stand beside it."""

INPUTS = ("features", "account_facts", "releases", "artifacts", "signups", "topics")
"""The tables that a signal may read."""

_START = datetime(2026, 3, 2, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True, slots=True)
class Example:
    """One row of one table; fields that are not given are unknown."""

    table: str
    fields: Mapping[str, Any]


def row(*, hours: float = 9.0, **fields: Any) -> Example:
    """A row of `features`: one ordinary exchange of the subject, `hours` after a Monday's midnight (UTC).

    >>> row(prompt_hash=7).fields["account"]
    1

    Raises:
        ValueError: for a field that `features` does not have.
    """
    ordinary = {
        "account": SUBJECT,
        "at": _START + timedelta(hours=hours),
        "model": "large-1",
        "outcome": "ok",
        "slice": 0,
        "turns": 1,
        "prompt_hash": 1,
        "prompt_words": 12,
        "prompt_skeleton": 1,
        "cell": 1,
        "elicitation": 0,
    }
    return _example("features", ordinary | fields)


def fact(*, created_hours: float | None = None, **fields: Any) -> Example:
    """A row of `account_facts` about the subject, opened `created_hours` after the same midnight (mostly before it)."""
    created = None if created_hours is None else _START + timedelta(hours=created_hours)
    return _example("account_facts", {"account": SUBJECT, "created": created, "product_type": "chat"} | fields)


def launch(model: str, *, hours: float) -> Example:
    """A row of `releases`: `model` launched `hours` after the same midnight."""
    return _example("releases", {"model": model, "at": _START + timedelta(hours=hours)})


def artifact(*, times: int = 1, **fields: Any) -> Example:
    """A row of `artifacts`: one signature that the subject sent `times` times in one place."""
    ordinary = {"account": SUBJECT, "artifact": 1, "role": "sent", "slice": 0, "exchanges": times}
    return _example("artifacts", ordinary | {"first_at": _START, "last_at": _START} | fields)


def signed_up(*, score: float, facts: int) -> Example:
    """A row of `signups` about the subject."""
    return _example("signups", {"account": SUBJECT, "score": score, "low": score, "high": score, "facts": facts})


def about(*, prompts: int = 40, **fields: float) -> Example:
    """A row of `topics` about the subject: how its prompts lie beside those of others."""
    ordinary = {"shift": 0.0, "spread": 0.0, "focus": 0.0, "novelty": 0.01} | fields
    lists: dict[str, list[float]] = {"most": [], "most_prompts": [], "most_expected": []}
    return _example("topics", {"account": SUBJECT, "prompts": prompts} | ordinary | lists)


def tables(examples: Iterable[Example]) -> dict[str, pa.Table]:
    """Turn examples into the tables that signals read; exchange ids count from 1.

    >>> tables([row(), row(), fact(plan="free")])["features"].num_rows
    2
    """
    rows: dict[str, list[dict[str, Any]]] = {name: [] for name in INPUTS}
    for one in examples:
        rows[one.table].append(dict(one.fields))
    for number, fields in enumerate(rows["features"], start=1):
        fields.setdefault("exchange_id", number)
    return {name: pa.Table.from_pylist(listed, schema=table(name).schema) for name, listed in rows.items()}


def _example(name: str, fields: dict[str, Any]) -> Example:
    unknown = sorted(set(fields) - set(table(name).names()))
    if unknown:
        raise ValueError(f"{name}: got {', '.join(unknown)}, expected columns of that table")
    return Example(table=name, fields=fields)
