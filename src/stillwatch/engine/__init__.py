"""The engine room: table contracts, the store of Parquet parts, and engines behind the same verbs. Nothing else touches a database."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from stillwatch.engine.database import Connection, Connector, connector
from stillwatch.engine.engine import Engine, Kernel, QueryFailed, Relation
from stillwatch.engine.joining import join_small, joinable
from stillwatch.engine.lookup import Lookup
from stillwatch.engine.opening import open_engine
from stillwatch.engine.sql import MACROS, QUERIES, Dialect, Macro, Sql, expand
from stillwatch.engine.store import (
    Manifest,
    Part,
    Store,
    by_day,
    check,
    durable_create,
    durable_write,
    full_disk_is_an_error,
)
from stillwatch.engine.tables import CONTRACT_VERSION, TABLES, Column, Table, table
from stillwatch.engine.workspace import LAYOUT_VERSION, Workspace

if TYPE_CHECKING:
    from stillwatch.engine.duck import DuckEngine
    from stillwatch.engine.guarded import ASKABLE, Answer, QueryRefused, ask

__all__ = [
    "ASKABLE",
    "CONTRACT_VERSION",
    "LAYOUT_VERSION",
    "MACROS",
    "QUERIES",
    "TABLES",
    "Answer",
    "Column",
    "Connection",
    "Connector",
    "Dialect",
    "DuckEngine",
    "Engine",
    "Kernel",
    "Lookup",
    "Macro",
    "Manifest",
    "Part",
    "QueryFailed",
    "QueryRefused",
    "Relation",
    "Sql",
    "Store",
    "Table",
    "Workspace",
    "ask",
    "by_day",
    "check",
    "connector",
    "durable_create",
    "durable_write",
    "expand",
    "full_disk_is_an_error",
    "join_small",
    "joinable",
    "open_engine",
    "table",
]


_WITH_DATABASE = {
    "DuckEngine": "stillwatch.engine.duck",
    **dict.fromkeys(("ASKABLE", "Answer", "QueryRefused", "ask"), "stillwatch.engine.guarded"),
}


def __getattr__(name: str) -> Any:
    """The database is loaded when it is first asked for: a gateway reads tables and never runs a query, and 34 MB a worker are many."""
    if name in _WITH_DATABASE:
        return getattr(import_module(_WITH_DATABASE[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
