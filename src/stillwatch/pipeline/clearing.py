"""Accounts that people have cleared, kept in step with the table that calibrates the next scan; and those that no scan flagged."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from stillwatch.core import Decision
from stillwatch.engine import DuckEngine, Sql, Workspace, table

__all__ = ["Cleared", "clear_accounts", "unflagged_accounts"]

_BY_SAMPLE = "random sample: looked at in the console"
"""Marks rows of `labels` that come from here; those of a file of cleared accounts stay as they are."""

_QUIET = Sql(
    "accounts_with_a_verdict",
    "select e.account from {evidence} e where e.signal = 'combined' and e.decision <> 'review'",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Cleared:
    """One account that somebody looked at and found to be an ordinary customer."""

    account: int
    by: str
    at: dt.datetime


def clear_accounts(workspace: Workspace, cleared: Callable[[], Sequence[Cleared]]) -> None:
    """Make these the accounts that random samples cleared, beside those that a file named.

    Args:
        workspace: whose table of labels it is.
        cleared: says which they are; asked while nobody else writes, so that what is said later is never overwritten by what was earlier.

    Raises:
        WorkspaceError: when somebody else is writing to the workspace.
    """
    with workspace.writing():
        old = workspace.store.read("labels")
        kept = old.filter(pc.invert(pc.fill_null(pc.equal(old.column("reason"), _BY_SAMPLE), False)))
        named = set(kept.column("account").to_pylist())
        rows = [
            {"account": one.account, "label": "cleared", "by": one.by, "at": one.at, "reason": _BY_SAMPLE}
            for one in cleared()
            if one.account not in named
        ]
        fresh = pa.Table.from_pylist(rows, schema=table("labels").schema)
        made = pa.concat_tables([kept, fresh]).sort_by("account").combine_chunks()
        if not made.equals(old.sort_by("account").combine_chunks()):
            workspace.store.put("labels", made)


def unflagged_accounts(workspace: Workspace) -> pa.Array:
    """Accounts on which the last scan has a verdict that is not for review, and that are in no actor for review; in a fixed order."""
    store = workspace.store
    with DuckEngine(store, memory_mb=1024, scratch=workspace.scratch) as engine:
        rows = engine.to_arrow(engine.sql(_QUIET, evidence=engine.scan("account_evidence")))
    actors = store.read("actors", ["actor", "decision"])
    accused = actors.filter(pc.equal(actors.column("decision"), Decision.REVIEW.value)).column("actor")
    members = store.read("actor_members", ["actor", "account"])
    inside = members.filter(pc.is_in(members.column("actor"), value_set=accused.combine_chunks())).column("account")
    accounts = rows.column("account").combine_chunks()
    left = accounts.filter(pc.invert(pc.is_in(accounts, value_set=inside.combine_chunks())))
    return left.take(pc.sort_indices(left))
