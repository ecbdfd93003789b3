"""What the members of every candidate did: each of their exchanges once, and of each whether it is harvest.

Read from the logs once and kept: what is told of an actor (times, yield, capability, and all that a report draws) is asked of these rows.
"""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa

from stillwatch.core import PRESSING, Technique
from stillwatch.engine import Engine, Relation, Sql

__all__ = ["capability", "of_members", "presence_of", "yields"]

_BITS = tuple(Technique)
_WORDS = {
    Technique.COT_WRITEOUT: "written-out reasoning",
    Technique.REASONING_TAGS: "reasoning forced into tags",
    Technique.DEBUG_PRETEXT: "reasoning under a debugging pretext",
    Technique.FAKE_SYSTEM: "reasoning by a fake system text",
    Technique.ANTI_FLAGGING: "requests not to be flagged",
    Technique.THINKING_LANGUAGE: "reasoning pinned to a language",
    Technique.TRANSLATE_MEMORY: "translated working memory",
    Technique.RUBRIC_GRADING: "grades by rubric",
    Technique.PREFERENCE_JUDGING: "preferences between answers",
    Technique.TASK_GENERATION: "generated tasks",
    Technique.SYNTHETIC_DATA: "synthetic training data",
    Technique.TRACE_CLEANING: "cleaned reasoning traces",
    Technique.REASONING_REQUEST: "worked reasoning",
    Technique.GRADING_REQUEST: "grades and scores",
    Technique.CRITIQUE: "critiques of answers",
    Technique.ALIGNMENT_HARVEST: "where the model draws lines",
}

_OF_MEMBERS = Sql(
    "profile_of_members",
    """
    with templated as (
        select distinct m.candidate, c.exchange_id
        from {carried} c
        join {wanted} w on w.family = c.family
        join {members} m on m.candidate = w.candidate and m.account = c.account
    )
    select m.candidate, m.actor, f.at, f.account, f.model, f.pathway, f.outcome, f.prompt_hash, f.elicitation,
           f.input_tokens, f.output_tokens,
           case when (f.elicitation & {pressing}) <> 0 or t.exchange_id is not null then 1 else 0 end as harvest
    from {features} f join {members} m on m.account = f.account
    left join templated t on t.candidate = m.candidate and t.exchange_id = f.exchange_id
    """.replace("{pressing}", str(PRESSING)),
)

_YIELD = Sql(
    "profile_yield",
    """
    select f.candidate, count(*) as exchanges, cast(sum(f.harvest) as bigint) as harvest,
           count(distinct case when f.harvest = 1 and coalesce(f.outcome, 'ok') = 'ok' then f.prompt_hash end) as obtained,
           cast(sum(case when f.harvest = 1 and coalesce(f.outcome, 'ok') = 'ok' then f.output_tokens end) as bigint) as tokens,
           min(@epoch_us(f.at)) as first_seen, max(@epoch_us(f.at)) as last_seen,
    """
    + ", ".join(
        f"@count_if(f.harvest = 1 and @div(f.elicitation, {1 << bit}) % 2 = 1) as technique_{bit}"
        for bit in range(len(_BITS))
    )
    + """
    from {theirs} f
    group by f.candidate
    order by f.candidate
    """,
)

_FIRST = Sql(
    "profile_first",
    """
    select f.candidate, f.account, min(@epoch_us(f.at)) as first_at, max(@epoch_us(f.at)) as last_at, count(*) as exchanges
    from {theirs} f
    group by f.candidate, f.account
    order by 1, 2
    """,
)


def of_members(engine: Engine, features: Relation, carried: Relation, members: Relation, wanted: Relation) -> Relation:
    """Every exchange of every member, with its `candidate`, its `actor` and whether it is `harvest` (1 or 0).

    Harvest is what presses for training value, and what carries a template of the actor's.

    Args:
        carried: the exchanges that carry families.
        members: `candidate`, `actor` and `account`. wanted: the families of each `candidate`.
    """
    return engine.keep(engine.sql(_OF_MEMBERS, features=features, members=members, carried=carried, wanted=wanted))


def yields(engine: Engine, theirs: Relation) -> dict[int, dict[str, int]]:
    """By candidate how much was asked, harvested and obtained, when, and by how many exchanges of the harvest with which technique."""
    return {row["candidate"]: row for row in engine.to_arrow(engine.sql(_YIELD, theirs=theirs)).to_pylist()}


def presence_of(engine: Engine, theirs: Relation) -> pa.Table:
    """By candidate and account, in order, when its exchanges began and ended (microseconds), and how many they are."""
    return engine.to_arrow(engine.sql(_FIRST, theirs=theirs))


def capability(size: Mapping[str, int]) -> str:
    """The techniques that at least a tenth of the harvest uses, most used first."""
    harvest = max(size["harvest"], 1)
    used = sorted(
        ((size[f"technique_{bit}"], name) for bit, name in enumerate(_BITS)), key=lambda pair: (-pair[0], pair[1])
    )
    words = [_WORDS[name] for count, name in used if 10 * count >= harvest and count]
    return ", ".join(words[:4]) if words else "bulk answers through a template of its own"
