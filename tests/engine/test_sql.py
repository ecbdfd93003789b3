"""Queries are written once and read the same way by every engine."""

from __future__ import annotations

import importlib
import pkgutil
import re
from typing import Literal

import pytest
import sqlglot
from sqlglot import exp

import stillwatch
from stillwatch.core import ContractError
from stillwatch.engine import MACROS, QUERIES, DuckEngine, Sql, expand

GUESTS = {"litellm", "grpc", "google", "opentelemetry", "py4j", "pyspark"}
"""Packages that some modules are plugged into, or that come with an extra of their own."""

for _found in pkgutil.walk_packages(stillwatch.__path__, "stillwatch."):
    if not _found.name.endswith("__main__"):
        try:
            importlib.import_module(_found.name)
        except ModuleNotFoundError as missing:
            if (missing.name or "").partition(".")[0] not in GUESTS:
                raise
EVERY = sorted(name for name in QUERIES if not name.startswith(("example_", "test_")))
DIALECTS: tuple[Literal["duckdb", "spark"], ...] = ("duckdb", "spark")


def rendered(name: str, dialect: Literal["duckdb", "spark"]) -> str:
    query = QUERIES[name]
    return query.render(dialect, **{one: f"input_{one}" for one in query.inputs})


def test_rooms_have_registered_their_queries() -> None:
    assert len(EVERY) > 20
    assert {"pictures_hours", "pictures_coverage"} <= set(EVERY)


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("name", EVERY)
def test_a_query_parses_and_reads_its_inputs_alone(name: str, dialect: Literal["duckdb", "spark"]) -> None:
    text = rendered(name, dialect)
    assert "@" not in text
    assert not re.search(r"[{}]", text)
    (tree,) = sqlglot.parse(text, read=dialect, error_level=sqlglot.ErrorLevel.RAISE)
    assert isinstance(tree, exp.Query)
    steps = {one.alias for one in tree.find_all(exp.CTE)}
    read = {one.name for one in tree.find_all(exp.Table)} - steps
    assert read == {f"input_{one}" for one in QUERIES[name].inputs}


@pytest.mark.parametrize("name", EVERY)
def test_a_query_leaves_hashing_and_chance_to_kernels(name: str) -> None:
    tree = sqlglot.parse_one(rendered(name, "duckdb"), read="duckdb")
    called = {
        (one.name if isinstance(one, exp.Anonymous) else one.sql_name()).lower() for one in tree.find_all(exp.Func)
    }
    forbidden = {"hash", "md5", "sha256", "random", "rand", "uuid", "approx_distinct", "approx_count_distinct", "now"}
    assert (
        called & (forbidden | {"approx_quantile", "current_timestamp", "current_date", "any_value", "first"}) == set()
    )


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("name", sorted(MACROS))
def test_a_macro_takes_the_arguments_it_says(name: str, dialect: Literal["duckdb", "spark"]) -> None:
    macro = MACROS[name]
    arguments = [f"column_{i}" for i in range(macro.arguments)]
    spelled = expand(f"@{name}({', '.join(arguments)})", dialect)
    assert all(argument in spelled for argument in arguments)
    sqlglot.parse_one(f"select {spelled} from t", read=dialect, error_level=sqlglot.ErrorLevel.RAISE)
    for wrong in ([*arguments, "more"], arguments[1:]):
        if wrong:
            with pytest.raises(ContractError, match=f"@{name}: got {len(wrong)} arguments, expected {macro.arguments}"):
                expand(f"@{name}({', '.join(wrong)})", dialect)


def test_calls_within_calls_expand_from_the_inside() -> None:
    assert expand("@div(@length(@sorted_set(f(a, b))), 2)", "duckdb") == (
        "((len(list_sort(list(distinct f(a, b))))) // (2))"
    )
    assert expand("@ratio(@count_if(x = 1), count(*)) + @bits(y)", "spark") == (
        "(cast(cast(sum(case when x = 1 then 1 else 0 end) as bigint) as double) / nullif(count(*), 0)) + bit_count(y)"
    )


def test_a_macro_nobody_knows_lists_those_that_are() -> None:
    with pytest.raises(ContractError, match=r"@median: no such macro; known are at_largest, bits"):
        expand("@median(x)", "duckdb")


def test_a_call_that_never_closes_is_named() -> None:
    with pytest.raises(ContractError, match="unclosed macro call in: 'select @hour"):
        expand("select @hour(f.at", "duckdb")


def test_inputs_must_be_all_there_and_no_more() -> None:
    query = Sql("test_inputs", "select a.x from {left_one} a join {right} b on a.x = b.x join {right} c on c.x = b.x")
    assert query.inputs == ("left_one", "right")
    with pytest.raises(ContractError, match=r"test_inputs: got inputs \['right'\], expected \['left_one', 'right'\]"):
        query.render("duckdb", right="r")
    with pytest.raises(ContractError, match="extra"):
        query.render("duckdb", right="r", left_one="l", extra="e")


def test_a_name_stands_for_one_query() -> None:
    Sql("test_twice", "select 1")
    Sql("test_twice", "select 1")
    with pytest.raises(ContractError, match="test_twice: the name is taken"):
        Sql("test_twice", "select 2")


def test_macros_mean_what_they_say_on_duckdb() -> None:
    told = """
        select @epoch_us(t) as us, @hour(t) as hour, @hours(t) as hours, @day(t) as day, @div(7, 2) as div,
               @ratio(1, 4) as ratio, @ratio(1, 0) as over_zero, @length(l) as length, @contains(l, 3) as holds,
               @bits(7) as bits
        from (select timestamptz '1970-01-02 03:04:05.000006+00' as t, [3, 1, 3] as l)
    """
    grouped = """
        select @sorted_list(x) as listed, @sorted_set(x) as distinct_ones, @at_largest(x, y) as top, @count_if(x > 1) as more,
               @count_if(y is null) as unknown
        from (values (3, 1), (1, 2), (3, 0)) v(x, y)
    """
    with DuckEngine(memory_mb=200, threads=1) as engine:
        (row,) = engine.to_arrow(engine.sql(Sql("test_macros", told))).to_pylist()
        (many,) = engine.to_arrow(engine.sql(Sql("test_macros_grouped", grouped))).to_pylist()
        quantile = Sql("test_macros_quantile", "select @quantile(x, 0.5) as middle from (values (1), (2)) v(x)")
        (middle,) = engine.to_arrow(engine.sql(quantile)).to_pylist()
    day = 86_400_000_000
    assert row == {
        "us": day + 11_045_000_006, "hour": 3, "hours": 27, "day": 1, "div": 3, "ratio": 0.25, "over_zero": None,
        "length": 3, "holds": True, "bits": 3,
    }  # fmt: skip
    assert many == {"listed": [1, 3, 3], "distinct_ones": [1, 3], "top": 1, "more": 2, "unknown": 0}
    assert middle == {"middle": 1.5}
