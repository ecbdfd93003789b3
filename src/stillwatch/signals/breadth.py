"""How widely an account asks, and whether it ever asks back."""

from __future__ import annotations

from stillwatch.engine import Sql
from stillwatch.signals.examples import row
from stillwatch.signals.signal import signal
from stillwatch.signals.variety import variety

__all__ = ["cell_breadth", "prompt_breadth", "single_turn"]


@signal(
    unit="share",
    larger_means="fewer prompts asked twice",
    needs=20,
    quiet=[row(prompt_hash=i % 5) for i in range(30)],
    loud=[row(prompt_hash=i) for i in range(30)],
    misled_by="batch translation and labelling; any user with few prompts",
)
def prompt_breadth() -> Sql:
    """Distinct prompts per exchange: products and people repeat themselves, a sweep does not.

    Falls as an account grows, for everybody: read it beside n.
    """
    return Sql(
        "prompt_breadth",
        """
        with prompts as (
            select f.account, f.prompt_hash, count(*) as c
            from {features} f
            where f.account is not null and f.prompt_hash is not null
            group by f.account, f.prompt_hash
        )
        select p.account, @ratio(count(*), sum(p.c)) as value, cast(sum(p.c) as bigint) as n
        from prompts p
        group by p.account
        """,
    )


@signal(
    unit="chance of two exchanges to differ",
    larger_means="more topics, more evenly covered",
    needs=20,
    quiet=[row(cell=1 + (i % 6 == 0)) for i in range(30)],
    loud=[row(cell=i) for i in range(30)],
    misled_by="a general assistant with many users behind one account; an evaluation suite",
)
def cell_breadth() -> Sql:
    """Chance that two of the account's exchanges are about different topics (coarse cells of the prompt).

    Sees broad sweeps only: a harvest of one narrow domain is quiet here.
    """
    return variety("cell_breadth", "cell")


@signal(
    unit="share",
    larger_means="fewer conversations",
    needs=20,
    quiet=[row(turns=1 + 2 * (i % 4)) for i in range(30)],
    loud=[row(turns=1) for _ in range(30)],
    misled_by="every classifier, extractor and translator: weak alone",
)
def single_turn() -> Sql:
    """Share of exchanges that stand alone, with no earlier turn."""
    return Sql(
        "single_turn",
        """
        select f.account, @ratio(@count_if(f.turns <= 1), count(*)) as value, count(*) as n
        from {features} f
        where f.account is not null and f.turns is not null
        group by f.account
        """,
    )
