"""Contest an indicator without being a member: it is disputed until its originator has looked again."""

from __future__ import annotations

import datetime as dt
import hashlib
from enum import StrEnum
from typing import Any

import pyarrow as pa

from stillwatch.engine import TABLES, Workspace
from stillwatch.forum.words import ForumError

__all__ = ["Ground", "answer", "contest", "open_contests"]


class Ground(StrEnum):
    """Why somebody outside contests an indicator; words of their own go to the originator's counsel, not into a table."""

    OURS_AND_INNOCENT = "ours_and_innocent"
    SHARED_ADDRESS = "shared_address"
    AUTHORISED_USE = "authorised_use"
    MISTAKEN_IDENTITY = "mistaken_identity"


def contest(workspace: Workspace, indicator: str, ground: Ground, *, who: str, now: dt.datetime) -> str:
    """Enter a contest of an indicator that left this house or came in, and return its number. `who` is kept as a digest alone.

    Raises:
        ForumError: when this house neither sent nor received such an indicator.
    """
    known = {*_ids(workspace, "indicators_out"), *_ids(workspace, "indicators_in")}
    if indicator not in known:
        raise ForumError("contest: names no indicator that this house has sent or received")
    made = hashlib.sha256(f"{workspace.names.name('contest', who)}\n{indicator}\n{ground}".encode()).hexdigest()[:16]
    row = {
        "id": made,
        "about": indicator,
        "type": "contest",
        "sender": None,
        "modified": now,
        "received": now,
        "answered": False,
        "object": ground.value,
    }
    _put(workspace, {**_rows(workspace), made: row})
    return made


def answer(workspace: Workspace, number: str) -> None:
    """Say that the originator has looked at a contest again, whatever came of it.

    Raises:
        ForumError: when there is none of this number.
    """
    rows = _rows(workspace)
    if rows.get(number, {}).get("type") != "contest":
        raise ForumError(f"{number}: no such contest")
    _put(workspace, {**rows, number: {**rows[number], "answered": True}})


def open_contests(workspace: Workspace) -> frozenset[str]:
    """The indicators that somebody contests and nobody has looked at again."""
    rows = workspace.store.read("opinions_in", ["about", "type", "answered"]).to_pylist()
    return frozenset(row["about"] for row in rows if row["type"] == "contest" and not row["answered"])


def _ids(workspace: Workspace, table: str) -> list[str]:
    ids: list[str] = workspace.store.read(table, ["id"]).column("id").to_pylist()
    return ids


def _rows(workspace: Workspace) -> dict[str, dict[str, Any]]:
    return {row["id"]: row for row in workspace.store.read("opinions_in").to_pylist()}


def _put(workspace: Workspace, rows: dict[str, dict[str, Any]]) -> None:
    with workspace.writing():
        table = pa.Table.from_pylist([rows[key] for key in sorted(rows)], schema=TABLES["opinions_in"].schema)
        workspace.store.put("opinions_in", table, made_from="forum")
