"""A person's own query sees the tables and nothing else, and does not run for long."""

from __future__ import annotations

import multiprocessing
import time
from pathlib import Path

import pyarrow as pa
import pytest

from stillwatch.engine import TABLES, QueryRefused, Workspace, ask


@pytest.fixture(scope="module")
def space(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    made = Workspace(tmp_path_factory.mktemp("guarded") / "w")
    schema = TABLES["releases"].schema
    made.store.put("releases", pa.Table.from_pylist([{"model": f"m{i}", "at": i} for i in range(700)], schema=schema))
    secret = TABLES["exchanges"]
    row = {c.name: {pa.string(): "SECRET"}.get(c.type, 0 if c.required else None) for c in secret.columns}
    made.store.put("exchanges", pa.Table.from_pylist([row], schema=secret.schema))
    return made


def test_a_select_is_answered_and_cut_where_it_is_long(space: Workspace) -> None:
    answer = ask(space.store, "select model from releases r order by r.at;")
    assert (answer.columns, answer.rows[0], len(answer.rows), answer.cut) == (("model",), ("m0",), 500, True)
    assert ask(space.store, "with x as (select 1 as a) select a from x -- that is all").rows == (("1",),)
    assert len(ask(space.store, "select repeat('x', 10000)").rows[0][0]) < 400
    assert ask(space.store, "select count(*) from actors").rows == (("0",),), "a table that was never written is empty"


@pytest.mark.parametrize(
    "query",
    [
        "select * from read_text('/etc/passwd')",
        "select * from read_csv('/etc/passwd')",
        "select * from '/etc/passwd'",
        "select * from glob('/*')",
        "select * from exchanges",
        "select 1; select 2",
        "copy releases to '/tmp/stolen'",
        "attach '/tmp/stolen.db'",
        "create table t as select 1",
        "insert into releases values ('x', now())",
        "set enable_external_access = true",
        "install httpfs",
        "select getenv('HOME')",
        "select * from space",
        "select 1) union all (select 2",
        "",
        "nonsense",
    ],
)
def test_anything_else_is_refused(space: Workspace, query: str) -> None:
    with pytest.raises(QueryRefused) as refused:
        ask(space.store, query)
    assert "SECRET" not in str(refused.value)


def test_the_file_of_texts_is_not_read_by_its_name_either(space: Workspace) -> None:
    (path,) = space.store.files("exchanges")
    with pytest.raises(QueryRefused):
        ask(space.store, f"select * from read_parquet('{path}')")
    assert Path(path).exists()


def test_a_query_that_takes_long_is_stopped(space: Workspace) -> None:
    with pytest.raises(QueryRefused, match="stopped after"):
        ask(space.store, "select count(*) from range(100000000000) a, range(10000) b", seconds=0.3)


def test_a_query_stuck_in_one_function_is_stopped_too_and_leaves_no_process(space: Workspace) -> None:
    begun = time.monotonic()
    with pytest.raises(QueryRefused, match=r"stopped after 0\.5 s"):
        ask(space.store, "select levenshtein(repeat('a', 60000), repeat('b', 60000))", seconds=0.5)
    assert time.monotonic() - begun < 30, "the function alone takes minutes"
    assert multiprocessing.active_children() == []


@pytest.mark.parametrize(
    "query",
    [
        "select list(a) from range(200000000) t(a)",
        "select repeat('x', 40000000) from range(100)",
    ],
)
def test_a_query_that_takes_much_memory_is_ended(space: Workspace, query: str) -> None:
    with pytest.raises(QueryRefused, match="needs more than 64 MB"):
        ask(space.store, query, seconds=60, memory_mb=64)


def test_a_value_that_cannot_be_shown_is_refused_in_words(space: Workspace) -> None:
    with pytest.raises(QueryRefused, match="cast it to text"):
        ask(space.store, "select interval '2000000000 days'")


def test_a_query_sees_what_another_process_committed(tmp_path: Path) -> None:
    one = Workspace(tmp_path / "w")
    rows = pa.Table.from_pylist(
        [{"model": "old", "at": 0}, {"model": "new", "at": 1}], schema=TABLES["releases"].schema
    )
    one.store.put("releases", rows.slice(0, 1))
    Workspace(one.root).store.put("releases", rows.slice(1))
    assert ask(one.store, "select model from releases").rows == (("new",),)
