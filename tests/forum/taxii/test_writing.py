"""Who gives up, and a connection that breaks, harm nobody beside; and no time of addition is given out twice."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.forum.taxii.hub import SHARED, asking, indicator, settings

from stillwatch.forum.taxii.database import Connection, connector, make_tables
from stillwatch.forum.taxii.store import secret
from stillwatch.forum.taxii.wire import Refusal
from stillwatch.forum.taxii.writer import Readers, Writer


def made(folder: Path) -> Callable[[], Connection]:
    connect = connector(str(folder / "hub.sqlite"))
    first = connect()
    make_tables(first)
    first.close()
    return connect


def test_who_gives_up_harms_nobody_beside(tmp_path: Path) -> None:
    connect = made(tmp_path)
    writer, begun, go_on = Writer(connect), threading.Event(), threading.Event()

    def hold(_: Connection) -> bool:
        begun.set()
        return go_on.wait(30)

    first = writer.submit(hold)
    assert begun.wait(30)
    gone = writer.submit(lambda tx: secret(tx, "gone"))
    beside = writer.submit(lambda tx: secret(tx, "beside"))
    assert gone.cancel()
    go_on.set()
    assert first.result(30)
    assert len(beside.result(30)) == 32
    writer.close()
    read = connect()
    assert read.rows("SELECT name FROM keys") == [("beside",)], "what nobody waits for is not done"
    read.close()


def test_a_job_that_fails_leaves_nothing_and_those_beside_it_are_kept(tmp_path: Path) -> None:
    connect = made(tmp_path)
    writer, go_on = Writer(connect), threading.Event()
    writer.submit(lambda _: go_on.wait(30))

    def half(tx: Connection) -> None:
        secret(tx, "half")
        raise Refusal(422, "no")

    failed, beside = writer.submit(half), writer.submit(lambda tx: secret(tx, "beside"))
    go_on.set()
    with pytest.raises(Refusal):
        failed.result(30)
    assert len(beside.result(30)) == 32
    writer.close()
    read = connect()
    assert read.rows("SELECT name FROM keys") == [("beside",)]
    read.close()


class _DriverError(Exception):
    """As drivers have them: of no class that Python knows."""


class _Broken:
    def rows(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        raise _DriverError

    def close(self) -> None:
        raise _DriverError


def test_a_connection_that_broke_is_opened_anew_and_a_refusal_breaks_none(tmp_path: Path) -> None:
    opened: list[Any] = []
    connect = made(tmp_path)

    def opening() -> Any:
        opened.append(connect() if opened else _Broken())
        return opened[-1]

    def refuse(_: Connection) -> None:
        raise Refusal(404, "there is no such thing")

    async def ask() -> list[tuple[Any, ...]]:
        with pytest.raises(_DriverError):
            await readers.do(lambda read: read.rows("SELECT 1"))
        with pytest.raises(Refusal):
            await readers.do(refuse)
        return await readers.do(lambda read: read.rows("SELECT 1"))

    readers = Readers(opening, threads=1)
    assert asyncio.run(ask()) == [(1,)]
    readers.close()
    assert len(opened) == 2


def test_a_time_of_addition_that_was_erased_is_never_given_out_again(tmp_path: Path) -> None:
    one, other = indicator(1), indicator(2)
    with asking(settings(tmp_path), clock=lambda: 1_000_000) as ask:
        ask.push(indicator(3), one)
        erased = ask.objects().headers["x-taxii-date-added-last"]
        assert ask("DELETE", f"/forum/collections/{SHARED}/objects/{one['id']}/").status == 200
        ask.push(other)
        assert ask.objects().headers["x-taxii-date-added-last"] > erased
