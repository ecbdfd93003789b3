"""The registry of reasoning signatures: where each was first returned, and whether it came back where it belongs.

A provider hands out reasoning as a signature or an encrypted block, to be sent back in the same conversation. Blocks that open elsewhere
let one model read another's reasoning (arXiv 2608.09867; OpenAI, September 2026). Normal use is the same account, the same family of
models, and a conversation that begins as the one it was returned in; its own id may change, as when a session is taken up again.
"""

from __future__ import annotations

import re

import pyarrow as pa

from stillwatch.engine import Engine, Relation, Sql

__all__ = ["model_family", "register"]

_MODELS = Sql(
    "registry_models",
    """
    select f.model
    from {features} f
    where f.model is not null and (f.artifacts_sent is not null or f.artifacts_returned is not null)
    group by f.model
    order by f.model
    """,
)

_REGISTRY = Sql(
    "registry",
    """
    with brought as (
        select @unnest(f.artifacts_returned) as artifact, f.exchange_id, @epoch_us(f.at) as us,
            f.account, f.org, f.conversation, f.model, f.slice, f.prefixes
        from {features} f
        where f.artifacts_returned is not null
    ), ranked as (
        select b.artifact, b.us, b.account, b.org, b.conversation, b.model, b.slice,
            @element(b.prefixes, 1) as opening, @element(b.prefixes, -1) as prefix,
            row_number() over (partition by b.artifact order by b.us, b.exchange_id) as place
        from brought b
    ), origin as (
        select r.artifact, r.us, r.account, r.org, r.conversation, r.model, m.family, r.slice, r.opening, r.prefix
        from ranked r
        left join {models} m on m.model = r.model
        where r.place = 1
    ), carried as (
        select @unnest(f.artifacts_sent) as artifact, @epoch_us(f.at) as us,
            f.account, f.org, f.conversation, f.model, f.slice, f.prefixes
        from {features} f
        where f.artifacts_sent is not null
    ), compared as (
        select c.artifact, c.us, c.account, c.org, c.conversation, c.model, c.slice,
            o.account as origin_account,
            c.account <> o.account as other_account,
            c.org <> o.org as other_org,
            m.family <> o.family as other_model,
            c.conversation <> o.conversation as elsewhere,
            @contains(c.prefixes, o.prefix) as continues,
            @element(c.prefixes, 1) = o.opening as opens_alike
        from carried c
        left join origin o on o.artifact = c.artifact
        left join {models} m on m.model = c.model
    ), placed as (
        select c.*, case when c.continues then false else coalesce(c.elsewhere, not c.opens_alike) end as other_conversation
        from compared c
    ), judged as (
        select p.*, case when p.continues or p.other_conversation then false else not p.continues end as edited_prefix
        from placed p
    )
    select o.artifact, 'returned' as role, o.account, o.org, o.conversation, o.model, o.slice, o.prefix,
        @instant(o.us) as first_at, @instant(o.us) as last_at, cast(1 as bigint) as exchanges, o.account as origin_account,
        cast(null as boolean) as other_account, cast(null as boolean) as other_org, cast(null as boolean) as other_model,
        cast(null as boolean) as other_conversation, cast(null as boolean) as edited_prefix
    from origin o
    union all
    select j.artifact, 'sent' as role, j.account, j.org, j.conversation, j.model, j.slice, cast(null as bigint) as prefix,
        @instant(min(j.us)) as first_at, @instant(max(j.us)) as last_at, count(*) as exchanges, j.origin_account,
        j.other_account, j.other_org, j.other_model, j.other_conversation, j.edited_prefix
    from judged j
    group by j.artifact, j.account, j.org, j.conversation, j.model, j.slice, j.origin_account,
        j.other_account, j.other_org, j.other_model, j.other_conversation, j.edited_prefix
    """,
)

_ROUTE = re.compile(r".*/|^(?:[a-z-]+\.)*(?=[a-z])")
_VERSION = re.compile(r"(?:^|(?<=[^a-z]))(?:v?\d[\d.]*[a-z]?|latest|preview|exp|beta)(?![a-z])")


def register(engine: Engine, features: Relation) -> Relation:
    """Rows of the table `artifacts`. A function of the features alone: the same ones in any order and split give the same rows.

    A signature that was sent and never returned in these logs has an unknown origin, and so has everything that hangs on it.
    """
    names = engine.to_arrow(engine.sql(_MODELS, features=features)).column("model").to_pylist()
    models = pa.table(
        {"model": pa.array(names, pa.string()), "family": pa.array(map(model_family, names), pa.string())}
    )
    return engine.sql(_REGISTRY, features=features, models=engine.from_arrow(models))


def model_family(model: str) -> str:
    """A model's name without its route, version and date: what shares one kind of reasoning block is named alike.

    >>> model_family("claude-opus-4-1-20250805"), model_family("us.anthropic.claude-opus-4-20250514-v1:0")
    ('claude opus', 'claude opus')
    >>> model_family("openai/gpt-5-mini"), model_family("gpt-5.1"), model_family("gemini-2.5-pro-preview-06-05")
    ('gpt mini', 'gpt', 'gemini pro')
    """
    bare = _ROUTE.sub("", model.lower())
    return " ".join(re.findall(r"[^\W_]+", _VERSION.sub(" ", bare)))
