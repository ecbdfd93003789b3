"""The hub's tables, in SQLite or PostgreSQL: times of addition become visible in their order, and no reader ever misses one."""

from __future__ import annotations

from stillwatch.engine import Connection, Connector, connector
from stillwatch.forum.log import LEDGER_TABLES

__all__ = ["Connection", "Connector", "connector", "make_tables"]

_TABLES = """
CREATE TABLE IF NOT EXISTS objects (
  added {big} PRIMARY KEY, collection TEXT NOT NULL, id TEXT NOT NULL, version TEXT NOT NULL, type TEXT NOT NULL, spec TEXT NOT NULL,
  flags {big} NOT NULL, superseded {big}, owner TEXT NOT NULL, revoked {big} NOT NULL, digest {blob} NOT NULL, size {big} NOT NULL,
  body {blob} NOT NULL);
CREATE UNIQUE INDEX IF NOT EXISTS objects_version ON objects (collection, id, version);
CREATE INDEX IF NOT EXISTS objects_page ON objects (collection, added);
CREATE INDEX IF NOT EXISTS objects_type ON objects (collection, type, added);
CREATE TABLE IF NOT EXISTS statuses (
  id TEXT PRIMARY KEY, api_root TEXT NOT NULL, member TEXT NOT NULL, at {big} NOT NULL, body {blob} NOT NULL);
CREATE INDEX IF NOT EXISTS statuses_at ON statuses (at);
CREATE TABLE IF NOT EXISTS reads (
  collection TEXT NOT NULL, member TEXT NOT NULL, filters TEXT NOT NULL, after {big} NOT NULL, through {big} NOT NULL,
  begun {big} NOT NULL, ended {big} NOT NULL, PRIMARY KEY (collection, member, filters, through));
CREATE TABLE IF NOT EXISTS quotas (
  member TEXT NOT NULL, day {big} NOT NULL, kind TEXT NOT NULL, used {big} NOT NULL, PRIMARY KEY (member, day, kind));
CREATE TABLE IF NOT EXISTS marks (name TEXT PRIMARY KEY, value {big} NOT NULL);
CREATE TABLE IF NOT EXISTS keys (name TEXT PRIMARY KEY, value {blob} NOT NULL)"""


def make_tables(connection: Connection) -> None:
    """Make what is not there yet; of several servers that start at once, one does."""
    connection.begin()
    for one in (*_TABLES.split(";"), *LEDGER_TABLES):
        connection.do(one.format(**connection.words))
    connection.do("COMMIT")
