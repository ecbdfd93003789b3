"""What each account asks about beside all others: four statistics of the meanings and topics of its prompts.

Everything is made of sums over an account's distinct prompts (64 signs, counts of topics, counts in the tail), which grow by addition
and take no more room for more prompts. Each account counts alike in what is usual, however much it sends, and no account stands in
what it is compared with, but for the tail: its limits are those of all accounts. An account's value is the same function of it and
all accounts of the log, whoever is cleared, so honest accounts stay exchangeable and ranks among the cleared keep their promise
(Marandon and others 2022, arXiv:2208.06685).

Misled by: honest accounts that keep to a subject of their own; languages that the table of meanings does not know well. Among fewer
than a hundred accounts, one that is far out in all it asks moves the limits of the tail itself: about a hundredth of their number is
then all that its novelty comes to.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from stillwatch.engine import Engine, Relation, Sql, table
from stillwatch.stats import cell_scan, mean_shift
from stillwatch.text import TOPICS, meanings

__all__ = ["LEAST_ACCOUNTS", "LEAST_PROMPTS", "topics", "topics_in_words"]

LEAST_PROMPTS = 20
"""Distinct prompts that an account needs."""
LEAST_ACCOUNTS = 20
"""Accounts with so many that a log needs; with fewer nothing is said of any."""

_SIGNS = 64
_DOUBT = 20
"""Ordinary prompts that every account is taken to have sent besides its own: few prompts say little."""
_SCANNED = 64
"""Prompts to which an account's counts of topics are scaled down for the scan, so that coming often makes nobody loud."""
_NAMED = 3
_TAIL = 100
"""One prompt in so many lies in the tail."""
_ROWS = 4096

_Floats = npt.NDArray[np.float64]
_Places = npt.NDArray[np.int64]

_ASKED = Sql(
    "topics_asked",
    """
    select f.account, f.prompt_hash, min(f.topic) as topic, min(f.meaning) as meaning, min(f.topic_far) as far, min(f.topic_rest) as rest
    from {features} f
    where f.account is not null and f.prompt_hash is not null and f.topic is not null
    group by f.account, f.prompt_hash
    """,
)

_ENOUGH = Sql(
    "topics_enough",
    """
    with counted as (
        select a.account, count(*) as n
        from {asked} a
        group by a.account
    )
    select c.account, c.n
    from counted c
    where c.n >= {least}
    """.replace("{least}", str(LEAST_PROMPTS)),
)


def _bit(place: int) -> str:
    test = "a.meaning < 0" if place == _SIGNS - 1 else f"(a.meaning & {1 << place}) <> 0"
    return f"@count_if({test}) as s{place}"


_SIGNED = Sql(
    "topics_signed",
    f"""
    select a.account, count(*) as n, {", ".join(map(_bit, range(_SIGNS)))}
    from {{asked}} a
    join {{enough}} e on e.account = a.account
    group by a.account
    order by a.account
    """,
)

_CELLS = Sql(
    "topics_cells",
    """
    select a.account, a.topic, count(*) as c
    from {asked} a
    join {enough} e on e.account = a.account
    group by a.account, a.topic
    order by a.account, a.topic
    """,
)


def _told(column: str) -> Sql:
    """How often each value of a measure occurs, each account counting 1,000,000 in all."""
    return Sql(
        f"topics_{column}",
        f"""
        with counted as (
            select a.account, a.{column} as told, count(*) as c, max(e.n) as n
            from {{asked}} a
            join {{enough}} e on e.account = a.account
            group by a.account, a.{column}
        )
        select c.told, cast(sum(@div(1000000 * c.c, c.n)) as bigint) as weight
        from counted c
        group by c.told
        order by c.told
        """,
    )


_FAR, _REST = _told("far"), _told("rest")

_BEYOND = Sql(
    "topics_beyond",
    """
    select a.account, @count_if(a.far > l.far) as far, @count_if(a.rest > l.rest) as rest
    from {asked} a
    join {enough} e on e.account = a.account
    cross join {limits} l
    group by a.account
    order by a.account
    """,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Sums:
    """Sums of every account (rows): prompts, those with each sign above 0, those in each cell, those in either tail."""

    account: _Places
    n: _Floats
    signs: _Floats
    cells: npt.NDArray[np.int32]
    beyond: _Floats


@dataclass(frozen=True, kw_only=True, slots=True)
class _Everybody:
    """Sums over all accounts of their means, and of the squares of these."""

    means: _Floats
    squares: _Floats

    @classmethod
    def of(cls, sums: npt.NDArray[np.float64] | npt.NDArray[np.int32], n: _Floats) -> _Everybody:
        means, squares = np.zeros(sums.shape[1]), np.zeros(sums.shape[1])
        for low in range(0, len(n), _ROWS):
            part = sums[low : low + _ROWS] / n[low : low + _ROWS, None]
            means += part.sum(axis=0)
            squares += (part * part).sum(axis=0)
        return cls(means=means, squares=squares)

    def others(self, sums: _Floats, n: _Floats) -> tuple[_Floats, _Floats]:
        """The same without each account's own, a row an account."""
        own = sums / n[:, None]
        return np.maximum(self.means - own, 0.0), np.maximum(self.squares - own * own, 0.0)


def topics(engine: Engine, features: Relation) -> pa.Table:
    """Rows of the table `topics`, ordered by account. The same features give the same rows in any order and any split into files.

    *Shift*: squared distance of means of random features of a kernel, here signs of the meaning (maximum mean discrepancy). *Spread*: the
    same of shares of topics, each over its variance by chance among the others (chi-square, second moment). *Focus*: evidence of a
    few topics asked about too often (scan of cells). *Novelty*: prompts beyond the 99th percentile of all accounts' in the distance
    from their topic, and in what is outside the main directions; the mean of both shares. The unbiased distances are shrunk as if each
    account had sent 20 ordinary prompts more.
    """
    asked = engine.keep(engine.sql(_ASKED, features=features))
    enough = engine.keep(engine.sql(_ENOUGH, asked=asked))
    sums = _read(engine, asked, enough)
    if len(sums.account) < LEAST_ACCOUNTS:
        return table("topics").schema.empty_table()
    signed, counted = _Everybody.of(sums.signs, sums.n), _Everybody.of(sums.cells, sums.n)
    parts = [_compared(sums, signed, counted, low) for low in range(0, len(sums.account), _ROWS)]
    return pa.concat_tables(parts).combine_chunks()


def topics_in_words(rows: pa.Table) -> Callable[[int], str]:
    """What to say of an account: the topics of its row of `topics`, by the words that are frequent in them; empty where it has none."""
    accounts = rows.column("account").to_numpy()
    names = meanings().names

    def said(account: int) -> str:
        place = int(np.searchsorted(accounts, account))
        if place == len(accounts) or accounts[place] != account:
            return ""
        one = rows.slice(place, 1).to_pylist()[0]
        about = [
            f"{names[topic]} ({seen:,} of {one['prompts']:,} prompts, {expected:.2g} expected)"
            for topic, seen, expected in zip(one["most"], one["most_prompts"], one["most_expected"], strict=True)
        ]
        return "; ".join(about)

    return said


def _read(engine: Engine, asked: Relation, enough: Relation) -> _Sums:
    signed = engine.to_arrow(engine.sql(_SIGNED, asked=asked, enough=enough))
    account, n = (signed.column(name).to_numpy() for name in ("account", "n"))
    counted = engine.to_arrow(engine.sql(_CELLS, asked=asked, enough=enough))
    cells = np.zeros((len(account), TOPICS), dtype=np.int32)
    at = np.searchsorted(account, counted.column("account").to_numpy()), counted.column("topic").to_numpy()
    cells[at] = counted.column("c").to_numpy()
    limits = {
        name: [_limit(engine.to_arrow(engine.sql(query, asked=asked, enough=enough)))]
        for name, query in (("far", _FAR), ("rest", _REST))
    }
    beyond = engine.to_arrow(
        engine.sql(_BEYOND, asked=asked, enough=enough, limits=engine.from_arrow(pa.table(limits)))
    )
    return _Sums(
        account=account,
        n=n.astype(np.float64),
        signs=np.stack([signed.column(f"s{place}").to_numpy() for place in range(_SIGNS)], axis=1).astype(np.float64),
        cells=cells,
        beyond=(beyond.column("far").to_numpy() + beyond.column("rest").to_numpy()).astype(np.float64),
    )


def _limit(told: pa.Table) -> int:
    """The smallest value that at most one prompt in a hundred is above."""
    weight = told.column("weight").to_numpy()
    if not len(weight):
        return 0
    above = weight.sum() - np.cumsum(weight)
    return int(told.column("told")[int(np.argmax(above * _TAIL <= weight.sum()))].as_py())


def _compared(sums: _Sums, signed: _Everybody, counted: _Everybody, low: int) -> pa.Table:
    """Some accounts beside all others."""
    some = slice(low, low + _ROWS)
    n, others = sums.n[some], float(len(sums.account) - 1)
    signs, cells = sums.signs[some], sums.cells[some].astype(np.float64)
    shares, share_squares = counted.others(cells, n)
    usual = (shares + 1.0 / TOPICS) / (others + 1.0)
    shift = mean_shift(signs, signs, n, *signed.others(signs, n), others)
    spread = mean_shift(cells, cells, n, shares, share_squares, others, weights=1.0 / usual)
    apart = (1.0 / n + 1.0 / others) * n / (n + _DOUBT)
    scale = np.minimum(1.0, _SCANNED / n)[:, None]
    found = cell_scan(np.floor(cells * scale), usual * (n[:, None] * scale), name=_NAMED)
    expected = usual * n[:, None]
    most = [
        [int(cell) for cell in named if cells[row, cell] > expected[row, cell]] for row, named in enumerate(found.cells)
    ]
    return pa.table(
        {
            "account": sums.account[some],
            "prompts": n.astype(np.int64),
            "shift": shift * apart / _SIGNS,
            "spread": spread * apart / TOPICS,
            "focus": found.log_e,
            "novelty": (sums.beyond[some] / 2.0 + _DOUBT / _TAIL) / (n + _DOUBT),
            "most": most,
            "most_prompts": [[int(cells[row, cell]) for cell in named] for row, named in enumerate(most)],
            "most_expected": [[float(expected[row, cell]) for cell in named] for row, named in enumerate(most)],
        },
        schema=table("topics").schema,
    )
