"""How the view reads tables: as rows by what they are about, and only the rows that it shows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from stillwatch.engine import Store, table

__all__ = ["evidence_where", "facts_by_account", "grouped"]


def grouped(rows: pa.Table, by: str) -> dict[int, list[dict[str, Any]]]:
    """The rows by their value of the column `by`, in the table's order.

    >>> grouped(pa.table({"actor": [5, 7, 5], "n": [1, 2, 3]}), "actor")
    {5: [{'actor': 5, 'n': 1}, {'actor': 5, 'n': 3}], 7: [{'actor': 7, 'n': 2}]}
    """
    out: dict[int, list[dict[str, Any]]] = {}
    for row in rows.to_pylist():
        out.setdefault(row[by], []).append(row)
    return out


_FACTS = ("plan", "product_type", "signup_path", "created", "declared_programme")


def facts_by_account(store: Store, accounts: Iterable[int], asked: Sequence[str] = _FACTS) -> dict[int, dict[str, Any]]:
    """What the provider's records say of these accounts, and no more than is asked; an account that they do not know is left out."""
    facts = store.read("account_facts", ["account", *asked])
    wanted = pa.array(sorted(set(accounts)), pa.int64())
    return {row["account"]: row for row in facts.filter(pc.is_in(facts.column("account"), wanted)).to_pylist()}


def evidence_where(store: Store, wanted: pc.Expression) -> pa.Table:
    """Some rows of `account_evidence`, read part by part: the whole has a row an account and signal."""
    parts = [pq.read_table(path, filters=wanted) for path in store.files("account_evidence")]
    schema = table("account_evidence").schema
    return pa.concat_tables([part.cast(schema) for part in parts]) if parts else schema.empty_table()
