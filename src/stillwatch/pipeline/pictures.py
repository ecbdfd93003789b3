"""What a report shows of an actor beyond its rows: hours, and exchanges that show its templates."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from stillwatch.actors import ActorTables, Found
from stillwatch.core import Technique
from stillwatch.engine import Engine, Relation, Sql

__all__ = ["Pictures", "draw"]

_PER_FAMILY = 12

_HOURS = Sql(
    "pictures_hours",
    """
    select f.actor, @hours(f.at) as hour, count(*) as exchanges, cast(sum(f.harvest) as bigint) as harvest
    from {theirs} f
    group by f.actor, @hours(f.at)
    order by 1, 2
    """,
)

_MODELS = Sql(
    "pictures_models",
    """
    select f.actor, @day(f.at) as day, f.model, count(*) as exchanges
    from {theirs} f
    where f.model is not null
    group by f.actor, @day(f.at), f.model
    order by 1, 2, 3
    """,
)

_PATHWAYS = Sql(
    "pictures_pathways",
    """
    select f.actor, @day(f.at) as day, f.pathway, count(*) as exchanges
    from {theirs} f
    where f.pathway is not null
    group by f.actor, @day(f.at), f.pathway
    order by 1, 2, 3
    """,
)

_TRIED = Sql(
    "pictures_tried",
    """
    select f.actor, @hours(f.at) as hour, f.elicitation as technique, count(*) as asked, @count_if(f.outcome = 'refused') as refused
    from {theirs} f
    where f.elicitation <> 0 and f.outcome in ('ok', 'refused')
    group by f.actor, @hours(f.at), f.elicitation
    order by 1, 2, 3
    """,
)

_USES = Sql(
    "pictures_uses",
    """
    select f.actor, coalesce(f.model, 'model not named') as model, f.outcome,
           count(*) as attempts,
           @count_if(f.input_tokens is not null and f.output_tokens is not null) as counted,
           cast(sum(case when f.output_tokens is not null then f.input_tokens end) as bigint) as input_tokens,
           cast(sum(case when f.input_tokens is not null then f.output_tokens end) as bigint) as output_tokens
    from {theirs} f
    where f.harvest = 1
    group by f.actor, coalesce(f.model, 'model not named'), f.outcome
    order by 1, 2, 3
    """,
)

_ASKED = ", ".join(f"@count_if((f.elicitation & {1 << bit}) <> 0) as technique_{bit}" for bit in range(len(Technique)))

_SOUGHT = Sql(
    "pictures_sought",
    f"""
    select f.actor, @count_if(f.elicitation is not null) as readable, {_ASKED}
    from {{theirs}} f
    group by f.actor
    order by f.actor
    """,
)

_SOUGHT_BY_ALL = Sql(
    "pictures_sought_by_all",
    f"select @count_if(f.elicitation is not null) as readable, {_ASKED} from {{features}} f",
)

_SHOWN = Sql(
    "pictures_shown",
    """
    with one_each as (
        select c.family, c.account, min(@epoch_us(c.at)) as first_us, min(c.exchange_id) as exchange_id
        from {carried} c join (select distinct w.family from {wanted} w) k on k.family = c.family
        group by c.family, c.account
    ),
    ranked as (
        select o.family, o.exchange_id, row_number() over (partition by o.family order by o.first_us, o.exchange_id) as place
        from one_each o
    )
    select r.family, r.exchange_id from ranked r where r.place <= (select max(l.per_family) from {limits} l) order by 1, 2
    """,
)

_INSIDE = Sql(
    "pictures_inside",
    """
    with senders as (select distinct c.family, c.account from {carried} c)
    select w.actor, s.family, count(*) as senders, @count_if(m.account is not null) as members
    from senders s join {wanted} w on w.family = s.family
    left join {members} m on m.actor = w.actor and m.account = s.account
    group by w.actor, s.family
    order by 1, 2
    """,
)

_COVERAGE = Sql(
    "pictures_coverage",
    """
    select count(*) as exchanges, count(distinct f.account) as accounts,
           @count_if(f.account is not null) as account, @count_if(f.prompt_hash is not null) as prompt, @count_if(f.ip is not null) as ip,
           @count_if(f.user_agent is not null) as user_agent, @count_if(f.conversation is not null) as conversation,
           @count_if(f.output_tokens is not null) as output_tokens, @count_if(f.turns is not null) as turns,
           cast(sum(f.output_tokens) as bigint) as tokens, min(@epoch_us(f.at)) as first_at, max(@epoch_us(f.at)) as last_at
    from {features} f
    """,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Pictures:
    """Hours by actor as (hour since 1970, harvest, other), models and pathways by actor as (day since 1970, name, exchanges), requests
    that carry a technique by actor as (hour since 1970, technique bits, asked, refused); example exchanges by family; share of senders
    inside by (actor, family); what became of the harvest by actor, model and outcome; and how many readable requests carry each
    technique, by actor and over all accounts.
    """

    hours: dict[int, list[tuple[int, int, int]]] = field(default_factory=dict)
    models: dict[int, list[tuple[int, str, int]]] = field(default_factory=dict)
    pathways: dict[int, list[tuple[int, str, int]]] = field(default_factory=dict)
    tried: dict[int, list[tuple[int, int, int, int]]] = field(default_factory=dict)
    examples: dict[int, list[int]] = field(default_factory=dict)
    inside: dict[tuple[int, int], float] = field(default_factory=dict)
    uses: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    sought: dict[int, dict[str, int]] = field(default_factory=dict)
    sought_by_all: dict[str, int] = field(default_factory=dict)
    coverage: dict[str, int | None] = field(default_factory=dict)


def draw(
    engine: Engine, features: Relation, found: Found, described: ActorTables, *, everything: Relation | None = None
) -> Pictures:
    """Collect what the report shows of every candidate.

    Args:
        features: the exchanges in which actors were sought.
        everything: all exchanges, where these are not all; what the logs cover is told of them.
    """
    whole = features if everything is None else everything
    coverage = engine.to_arrow(engine.sql(_COVERAGE, features=whole)).to_pylist()[0]
    if described.exchanges is None:
        return Pictures(coverage=coverage)
    wanted = engine.from_arrow(
        pa.table(
            {
                "actor": pa.array(
                    [a["actor"] for a in described.actors.to_pylist() for _ in a["families"]], pa.int64()
                ),
                "family": pa.array([f for a in described.actors.to_pylist() for f in a["families"]], pa.int64()),
            }
        )
    )
    theirs = described.exchanges
    members = engine.from_arrow(described.members.select(["actor", "account"]))
    limits = engine.from_arrow(pa.table({"per_family": pa.array([_PER_FAMILY], pa.int64())}))
    inputs = {"carried": found.carried, "wanted": wanted}
    hours: dict[int, list[tuple[int, int, int]]] = {}
    for row in engine.to_arrow(engine.sql(_HOURS, theirs=theirs)).to_pylist():
        hours.setdefault(row["actor"], []).append((row["hour"], row["harvest"], row["exchanges"] - row["harvest"]))
    models: dict[int, list[tuple[int, str, int]]] = {}
    for row in engine.to_arrow(engine.sql(_MODELS, theirs=theirs)).to_pylist():
        models.setdefault(row["actor"], []).append((row["day"], row["model"], row["exchanges"]))
    pathways: dict[int, list[tuple[int, str, int]]] = {}
    for row in engine.to_arrow(engine.sql(_PATHWAYS, theirs=theirs)).to_pylist():
        pathways.setdefault(row["actor"], []).append((row["day"], row["pathway"], row["exchanges"]))
    tried: dict[int, list[tuple[int, int, int, int]]] = {}
    for row in engine.to_arrow(engine.sql(_TRIED, theirs=theirs)).to_pylist():
        tried.setdefault(row["actor"], []).append((row["hour"], row["technique"], row["asked"], row["refused"]))
    uses: dict[int, list[dict[str, Any]]] = {}
    for row in engine.to_arrow(engine.sql(_USES, theirs=theirs)).to_pylist():
        uses.setdefault(row["actor"], []).append(row)
    asked = engine.to_arrow(engine.sql(_SOUGHT, theirs=theirs)).to_pylist()
    sought = {row.pop("actor"): row for row in asked}
    by_all = engine.to_arrow(engine.sql(_SOUGHT_BY_ALL, features=features)).to_pylist()[0]
    examples: dict[int, list[int]] = {}
    for row in engine.to_arrow(engine.sql(_SHOWN, limits=limits, **inputs)).to_pylist():
        examples.setdefault(row["family"], []).append(row["exchange_id"])
    inside = {
        (row["actor"], row["family"]): row["members"] / row["senders"]
        for row in engine.to_arrow(engine.sql(_INSIDE, members=members, **inputs)).to_pylist()
    }
    return Pictures(
        hours=hours,
        models=models,
        pathways=pathways,
        tried=tried,
        examples=examples,
        inside=inside,
        uses=uses,
        sought=sought,
        sought_by_all=by_all,
        coverage=coverage,
    )
