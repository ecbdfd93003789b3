"""Own accounts that a tag board points at, kept at home as a reason to look at them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import pyarrow as pa

from stillwatch.engine import TABLES, Workspace

__all__ = ["keep_tagged"]


def keep_tagged(workspace: Workspace, kind: str, epoch: str, found: Mapping[str, str], *, now: dt.datetime) -> int:
    """Keep the accounts (raw names, each with the support of its tag) that a board of one kind points at; how many there are.

    They take the place of all that boards of this kind said before: who is on none any more is pointed at no more.
    """
    name = workspace.names.name
    rows = [row for row in workspace.store.read("tagged_in").to_pylist() if row["kind"] != kind]
    made = {
        name("account", account): {
            "account": name("account", account),
            "kind": kind,
            "epoch": epoch,
            "support": support,
            "matched": now,
        }
        for account, support in found.items()
    }
    rows += made.values()
    rows.sort(key=lambda row: (row["account"], row["kind"], row["epoch"]))
    with workspace.writing():
        table = pa.Table.from_pylist(rows, schema=TABLES["tagged_in"].schema)
        workspace.store.put("tagged_in", table, made_from="forum")
    return len(made)
