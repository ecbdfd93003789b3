"""The engine room: table contracts, the store of Parquet parts, and engines behind the same verbs. Nothing else touches a database."""

from __future__ import annotations

from stillwatch.engine.database import Connection, Connector, connector
from stillwatch.engine.duck import DuckEngine
from stillwatch.engine.engine import Engine, Kernel, QueryFailed, Relation
from stillwatch.engine.guarded import ASKABLE, Answer, QueryRefused, ask
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
