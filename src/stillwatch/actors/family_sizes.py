"""How large each family is and what it looks like: rows of the table `families`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from stillwatch.actors.families import Mined
from stillwatch.core import Technique
from stillwatch.engine import Engine, Relation, Sql, table

__all__ = ["family_rows"]

_BITS = tuple(Technique)

_SIZES = Sql(
    "family_sizes",
    """
    select c.family, count(*) as exchanges, count(distinct c.account) as accounts, count(distinct c.prompt_hash) as prompts,
           min(@epoch_us(c.at)) as first_at, max(@epoch_us(c.at)) as last_at,
           @count_if(c.turns <= 1) as single, @count_if(c.turns is not null) as turns_known,
    """
    + ", ".join(f"@count_if(@div(c.elicitation, {1 << bit}) % 2 = 1) as technique_{bit}" for bit in range(len(_BITS)))
    + """
    from {carried} c
    where c.slice = 0
    group by c.family
    order by c.family
    """,
)

_TRAFFIC = Sql(
    "family_traffic",
    """
    with totals as (
        select f.account, count(*) as exchanges from {features} f where f.slice = 0 and f.account is not null group by f.account
    ),
    senders as (select distinct c.family, c.account from {carried} c where c.slice = 0)
    select s.family, cast(sum(t.exchanges) as bigint) as exchanges
    from senders s join totals t on t.account = s.account
    group by s.family
    order by s.family
    """,
)


def family_rows(engine: Engine, carried: Relation, features: Relation, mined: Sequence[Mined]) -> pa.Table:
    """Rows of the table `families` for every mined family that at least one exchange of the discovery slice carries."""
    sizes = engine.to_arrow(engine.sql(_SIZES, carried=carried))
    traffic = engine.to_arrow(engine.sql(_TRAFFIC, carried=carried, features=features))
    known = {
        family: (one, place, np.sort(own).tolist())
        for one in mined
        for place, (family, own) in enumerate(zip(one.ids.tolist(), _marks(one), strict=True))
    }
    total = dict(zip(traffic.column("family").to_pylist(), traffic.column("exchanges").to_pylist(), strict=True))
    rows = []
    for row in sizes.to_pylist():
        one, place, anchors = known[row["family"]]
        exchanges = row["exchanges"]
        bits = sum(1 << bit for bit in range(len(_BITS)) if 2 * row[f"technique_{bit}"] >= exchanges)
        rows.append(
            {
                "family": row["family"],
                "scope": one.scope,
                "anchors": anchors,
                "fragments": int(one.fragments[place]),
                "joined_by": "overlap of accounts" if one.by_senders[place] else "co-occurrence in requests",
                "exchanges": exchanges,
                "accounts": row["accounts"],
                "first_at": row["first_at"],
                "last_at": row["last_at"],
                "distinct_prompts": row["prompts"] / exchanges,
                "single_turn": row["single"] / row["turns_known"] if row["turns_known"] else None,
                "exclusivity": exchanges / total[row["family"]] if total.get(row["family"]) else None,
                "elicitation": bits,
            }
        )
    return pa.Table.from_pylist(rows, schema=table("families").schema)


def _marks(one: Mined) -> list[npt.NDArray[np.int64]]:
    """The shingles of each family, in the order of `ids`."""
    order = np.argsort(one.family, kind="stable")
    return np.split(one.anchors[order], np.cumsum(one.size)[:-1]) if one.ids.size else []
