"""A table of PostgreSQL that grows: every row a line of JSON. `postgresql://user:password@host/name?table=logs.requests&order=id`

`order` is a column that grows (a number or a time, with an index). Rows become visible out of order, because a transaction that began
first may end last; so each look goes back by `overlap` (numbers: 10,000; times: 600 seconds) behind the greatest value seen, and passes
over the rows that it knows. A row that becomes visible later than that is not seen. A row that was changed comes again, and is told by
its request id.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

from stillwatch.core.errors import Fault, SettingsError
from stillwatch.engine import Connection, connector

from .source import Delivery, SourceAway, address_of, lines_of, writing

__all__ = ["PostgresTable"]

_BATCH = 5_000
_NUMBERS = ("smallint", "integer", "bigint", "numeric")
_TIMES = ("timestamp with time zone", "timestamp without time zone")
_OVERLAP = {"number": 10_000, "time": 600}


class PostgresTable:
    """A table."""

    def __init__(self, text: str) -> None:
        address = address_of(text, ("table", "order", "overlap"))
        self._table, self._order = address.needed("table"), address.needed("order")
        self._overlap = address.whole_number("overlap", 0) if "overlap" in address.options else None
        self._connect = connector(text.partition("?")[0])
        self.name = f"postgresql://{address.place}/{address.path}?table={self._table}&order={self._order}"

    def after(self, position: Mapping[str, Any], *, most: int) -> Iterator[Delivery]:
        """Rows from a little before the greatest value seen on, without those that are known."""
        try:
            connection = self._connect()
        except ImportError as error:
            raise SettingsError([Fault(path="source postgresql", message="install stillwatch[postgres]")]) from error
        except Exception as error:  # the client's own errors are known to the engine room alone
            raise SourceAway(f"{self.name}: no answer ({type(error).__name__}); the next look tries again") from error
        try:
            connection.do("SET default_transaction_read_only = on")
            yield from self._rows(connection, dict(position), most)
        except (OSError, SettingsError):
            raise
        except Exception as error:
            raise SourceAway(f"{self.name}: the server refused ({type(error).__name__})") from error
        finally:
            connection.close()

    def _rows(self, connection: Connection, position: dict[str, Any], most: int) -> Iterator[Delivery]:
        kind, type_ = self._kind(connection)
        given = 0
        while given < most:
            known: dict[str, str] = position.get("known", {})
            found = self._found(connection, kind, type_, position, _BATCH + len(known))
            fresh = [(key, row, name) for key, row, name in found if name not in known][:_BATCH]
            if not fresh:
                return
            given += len(fresh)
            greatest = fresh[-1][0]
            position = {"greatest": greatest, "known": {**known, **{name: key for key, _, name in fresh}}}
            position["known"] = self._near(connection, kind, type_, position)
            data = lines_of([row.encode() for _, row, _ in fresh])
            yield Delivery(write=writing(data), position=position, count=len(fresh))

    def _kind(self, connection: Connection) -> tuple[str, str]:
        """Whether the column is a number or a time, and its type."""
        schema, _, table = self._table.rpartition(".")
        asked = "SELECT data_type FROM information_schema.columns WHERE table_name = ? AND column_name = ?"
        more = " AND table_schema = ?" if schema else ""
        told = connection.rows(asked + more, table, self._order, *([schema] if schema else []))
        type_ = told[0][0] if told else ""
        if type_ in _NUMBERS:
            return "number", type_
        if type_ in _TIMES:
            return "time", type_
        raise SettingsError(
            [
                Fault(
                    path=f"source {self.name}",
                    message=f"order: expected a column that is a number or a time, got {type_ or 'no such column'}",
                )
            ]
        )

    def _found(
        self, connection: Connection, kind: str, type_: str, position: Mapping[str, Any], count: int
    ) -> list[tuple[str, str, str]]:
        """Rows in order: the value of the column, the row as JSON, and what names it."""
        column, values = f't."{_quoted(self._order)}"', []
        table = ".".join(f'"{_quoted(part)}"' for part in self._table.split("."))
        where = f"{column} IS NOT NULL"
        if position:
            where += f" AND {column} >= {self._since(kind, type_)}"
            values = [position["greatest"], str(self._back(kind))]
        rows = connection.rows(
            f"SELECT {column}::text, row_to_json(t)::text FROM {table} t WHERE {where} ORDER BY {column}, 2 LIMIT {count}",
            *values,
        )
        return [(key, row, hashlib.blake2b(row.encode(), digest_size=8).hexdigest()) for key, row in rows]

    def _near(self, connection: Connection, kind: str, type_: str, position: Mapping[str, Any]) -> dict[str, str]:
        """Of the known rows those that the next look will see again: at most as many as the overlap holds."""
        known: dict[str, str] = position["known"]
        values = sorted(set(known.values()))
        if not values:
            return {}
        marks = ", ".join(["(?)"] * len(values))
        near = connection.rows(
            f"SELECT v FROM (VALUES {marks}) AS told(v) WHERE v::{type_} >= {self._since(kind, type_)}",
            *values,
            position["greatest"],
            str(self._back(kind)),
        )
        kept = {value for (value,) in near}
        return {name: value for name, value in known.items() if value in kept}

    def _since(self, kind: str, type_: str) -> str:
        back = "CAST(? AS numeric)" if kind == "number" else "make_interval(secs => CAST(? AS double precision))"
        return f"CAST(CAST(? AS text) AS {type_}) - {back}"

    def _back(self, kind: str) -> int:
        return _OVERLAP[kind] if self._overlap is None else self._overlap


def _quoted(name: str) -> str:
    return name.replace('"', '""')
