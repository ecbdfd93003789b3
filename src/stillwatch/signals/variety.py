"""How various an account is in one column: the query that several signals share."""

from __future__ import annotations

from stillwatch.engine import Sql

__all__ = ["variety"]


def variety(name: str, column: str) -> Sql:
    """Chance that two exchanges of an account differ in `column`, among those where it is known.

    Estimated without bias from pairs (Simpson 1949; the complement is the Gini-Simpson index), so it does not grow with the number
    of exchanges as a count of distinct values does.
    """
    return Sql(
        name,
        f"""
        with each_value as (
            select f.account, f.{column}, count(*) as c
            from {{features}} f
            where f.account is not null and f.{column} is not null
            group by f.account, f.{column}
        ), sums as (
            select e.account, cast(sum(e.c) as bigint) as n, cast(sum(e.c * (e.c - 1)) as bigint) as pairs
            from each_value e
            group by e.account
        )
        select s.account, @ratio(s.n * (s.n - 1) - s.pairs, s.n * (s.n - 1)) as value, s.n
        from sums s
        """,
    )
