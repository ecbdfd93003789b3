"""Queries written once, in a subset that every engine reads the same way.

A query is a CTE pipeline in DuckDB's dialect with two additions: `{name}` stands for an input relation and `@name(...)` for one of the
macros below, which hold every difference between the dialects. The rules that keep results equal on every engine:

1. no engine hash, no approximate function, no random number: such values come from Arrow kernels;
2. counts and 64-bit integer sums inside, one division at the end (`@ratio`), so that the order of rows cannot matter;
3. decimals are written as `1e0`; integer division as `@div(a, b)`;
4. exact distinct counts and quantiles never share one `select`;
5. instants are turned into integers by `@epoch_us`; engines disagree about time zones, not about integers;
6. the column `at` is a keyword for DuckDB: it is always written with its relation, as `f.at`.

Every `Sql` registers itself; the tests parse each one with sqlglot for both dialects.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from stillwatch.core.errors import ContractError

__all__ = ["MACROS", "QUERIES", "Dialect", "Macro", "Sql", "expand"]

Dialect = Literal["duckdb", "spark"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Macro:
    """One place where dialects differ: what it means and how each engine spells it (`{0}` is the first argument)."""

    name: str
    arguments: int
    meaning: str
    duckdb: str
    spark: str


MACROS: dict[str, Macro] = {
    m.name: m
    for m in (
        Macro(
            name="epoch_us",
            arguments=1,
            meaning="microseconds since 1970",
            duckdb="epoch_us({0})",
            spark="unix_micros({0})",
        ),
        Macro(
            name="instant",
            arguments=1,
            meaning="the instant so many microseconds after 1970",
            duckdb="make_timestamp({0})",
            spark="timestamp_micros({0})",
        ),
        Macro(name="div", arguments=2, meaning="whole quotient", duckdb="(({0}) // ({1}))", spark="(({0}) div ({1}))"),
        Macro(
            name="ratio",
            arguments=2,
            meaning="quotient as a double, unknown over zero",
            duckdb="(cast({0} as double) / nullif({1}, 0))",
            spark="(cast({0} as double) / nullif({1}, 0))",
        ),
        Macro(
            name="hour",
            arguments=1,
            meaning="hour of the day in UTC, 0 to 23",
            duckdb="((epoch_us({0}) // 3600000000) % 24)",
            spark="((unix_micros({0}) div 3600000000) % 24)",
        ),
        Macro(
            name="hours",
            arguments=1,
            meaning="whole hours since 1970",
            duckdb="(epoch_us({0}) // 3600000000)",
            spark="(unix_micros({0}) div 3600000000)",
        ),
        Macro(
            name="day",
            arguments=1,
            meaning="whole days since 1970 in UTC",
            duckdb="(epoch_us({0}) // 86400000000)",
            spark="(unix_micros({0}) div 86400000000)",
        ),
        Macro(
            name="quantile",
            arguments=2,
            meaning="exact interpolated quantile",
            duckdb="quantile_cont({0}, {1})",
            spark="percentile({0}, {1})",
        ),
        Macro(name="unnest", arguments=1, meaning="one row an element", duckdb="unnest({0})", spark="explode({0})"),
        Macro(
            name="element",
            arguments=2,
            meaning="one element of a list by its place, from 1, or from the end by -1",
            duckdb="list_extract({0}, {1})",
            spark="try_element_at({0}, {1})",
        ),
        Macro(name="length", arguments=1, meaning="elements of a list", duckdb="len({0})", spark="size({0})"),
        Macro(
            name="sorted_list",
            arguments=1,
            meaning="all values as a sorted list",
            duckdb="list_sort(list({0}))",
            spark="array_sort(collect_list({0}))",
        ),
        Macro(
            name="sorted_set",
            arguments=1,
            meaning="distinct values as a sorted list",
            duckdb="list_sort(list(distinct {0}))",
            spark="array_sort(collect_set({0}))",
        ),
        Macro(
            name="contains",
            arguments=2,
            meaning="whether a list holds a value",
            duckdb="list_contains({0}, {1})",
            spark="array_contains({0}, {1})",
        ),
        Macro(
            name="at_largest",
            arguments=2,
            meaning="value of the first where the second is largest",
            duckdb="arg_max({0}, {1})",
            spark="max_by({0}, {1})",
        ),
        Macro(name="bits", arguments=1, meaning="number of set bits", duckdb="bit_count({0})", spark="bit_count({0})"),
        Macro(
            name="count_if",
            arguments=1,
            meaning="rows for which a condition holds (unknown does not)",
            duckdb="cast(sum(case when {0} then 1 else 0 end) as bigint)",
            spark="cast(sum(case when {0} then 1 else 0 end) as bigint)",
        ),
    )
}
"""Every macro by name."""

QUERIES: dict[str, Sql] = {}
"""Every query of the program by name."""

_CALL = re.compile(r"@([a-z_]+)\(")
_INPUT = re.compile(r"\{([a-z_]+)\}")


@dataclass(frozen=True, slots=True)
class Sql:
    """One named query.

    >>> q = Sql("example_hours", "select f.account, @hour(f.at) as hour from {features} f")
    >>> q.inputs
    ('features',)
    >>> q.render("duckdb", features="x")
    'select f.account, ((epoch_us(f.at) // 3600000000) % 24) as hour from x f'
    """

    name: str
    template: str

    def __post_init__(self) -> None:
        known = QUERIES.get(self.name)
        if known is not None and known.template != self.template:
            raise ContractError(f"query {self.name}: the name is taken by another query")
        QUERIES[self.name] = self

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the input relations, in order of first use."""
        return tuple(dict.fromkeys(_INPUT.findall(self.template)))

    def render(self, dialect: Dialect, **relations: str) -> str:
        """Write the query for an engine, with relations in the place of its inputs.

        Raises:
            ContractError: when an input is missing or superfluous, or a macro is unknown.
        """
        if set(relations) != set(self.inputs):
            raise ContractError(f"query {self.name}: got inputs {sorted(relations)}, expected {sorted(self.inputs)}")
        return _INPUT.sub(lambda m: relations[m.group(1)], expand(self.template, dialect))


def expand(text: str, dialect: Dialect) -> str:
    """Replace every macro call in `text`, innermost first.

    >>> expand("@ratio(sum(x), count(*))", "spark")
    '(cast(sum(x) as double) / nullif(count(*), 0))'
    """
    while match := _CALL.search(text):
        start = match.end()
        arguments, end = _arguments(text, start)
        macro = MACROS.get(match.group(1))
        if macro is None:
            raise ContractError(f"@{match.group(1)}: no such macro; known are {', '.join(sorted(MACROS))}")
        if len(arguments) != macro.arguments:
            raise ContractError(f"@{macro.name}: got {len(arguments)} arguments, expected {macro.arguments}")
        spelled = macro.duckdb if dialect == "duckdb" else macro.spark
        for position, argument in enumerate(arguments):
            spelled = spelled.replace(f"{{{position}}}", expand(argument, dialect))
        text = text[: match.start()] + spelled + text[end:]
    return text


def _arguments(text: str, start: int) -> tuple[list[str], int]:
    """Split the arguments of a call that opens just before `start`; return them and the place after its closing bracket."""
    depth, here, out = 1, start, []
    for place in range(start, len(text)):
        letter = text[place]
        depth += (letter == "(") - (letter == ")")
        if depth == 0:
            out.append(text[here:place].strip())
            return out, place + 1
        if letter == "," and depth == 1:
            out.append(text[here:place].strip())
            here = place + 1
    raise ContractError(f"unclosed macro call in: {text[max(0, start - 20) : start + 40]!r}")
