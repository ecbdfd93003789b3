"""What is known of an actor once it is found: members, times, yield, capability. Rows of the actor tables.

The founding members come from the discovery slice; what was shown of them was shown of the group, not of each. Accounts that sent the
actor's templates at least twice, as most of what they did, are listed beside them as joined afterwards: nothing was tested on them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from stillwatch.actors.conduct import capability, of_members, presence_of, yields
from stillwatch.actors.heads import heads
from stillwatch.actors.hypotheses import answer, hypotheses
from stillwatch.actors.jobs import Jobs, jobs
from stillwatch.actors.judge import Found, Judged
from stillwatch.actors.links import OBSERVED
from stillwatch.actors.pool_sharing import SharedPool, shared_pools
from stillwatch.actors.tracking import lineage
from stillwatch.core import Decision, Support, handle
from stillwatch.engine import Engine, Relation, Sql, table

__all__ = ["ActorTables", "describe"]

Ints = npt.NDArray[np.int64]

_MEMBERS = Sql(
    "profile_members",
    """
    with hit as (
        select distinct w.candidate, c.account, c.exchange_id
        from {carried} c join {wanted} w on w.family = c.family
    ),
    sent as (select h.candidate, h.account, count(*) as exchanges from hit h group by h.candidate, h.account),
    totals as (
        select f.account, count(*) as total from {features} f where f.account is not null group by f.account
    )
    select s.candidate, s.account, s.exchanges, t.total
    from sent s join totals t on t.account = s.account
    order by 1, 2
    """,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class ActorTables:
    """Rows of `actors`, `actor_members`, `actor_lineage` and `actor_evidence`.

    `exchanges` are those of all members, if there are any: each with its `actor` and whether it is `harvest` (1 or 0).
    """

    actors: pa.Table
    members: pa.Table
    lineage: pa.Table
    evidence: pa.Table
    exchanges: Relation | None = None


def describe(engine: Engine, features: Relation, found: Found, *, salt: int) -> ActorTables:
    """Describe every candidate of a run."""
    judged = found.judged
    if not judged:
        return ActorTables(
            actors=table("actors").schema.empty_table(),
            members=table("actor_members").schema.empty_table(),
            lineage=lineage(found.looks),
            evidence=table("actor_evidence").schema.empty_table(),
        )
    wanted = engine.from_arrow(
        pa.table(
            {
                "candidate": pa.array([i for i, j in enumerate(judged) for _ in j.families], pa.int64()),
                "family": pa.array([f for j in judged for f in j.families], pa.int64()),
            }
        )
    )
    sent = engine.to_arrow(engine.sql(_MEMBERS, carried=found.carried, wanted=wanted, features=features))
    claimed = {a for j in judged if j.decision is Decision.REVIEW for a in j.group.accounts.tolist()}
    kept = [_members(place, one, sent, claimed) for place, one in enumerate(judged)]
    ids = [one.actor for one in judged]
    held = _pairs([k for k, _ in kept])
    members = engine.from_arrow(held.append_column("actor", pa.array(ids, pa.int64()).take(held.column("candidate"))))
    founders = engine.from_arrow(_pairs([one.group.accounts for one in judged]))
    seed = salt & 0xFFFF_FFFF
    worked = jobs(engine, found.carried, founders, wanted, groups=len(judged), seed=seed)
    pools = shared_pools(
        [np.sort(one.group.accounts) for one in judged], found.links, found.population, np.random.default_rng(seed)
    )
    theirs = of_members(engine, features, found.carried, members, wanted)
    sizes, firsts = yields(engine, theirs), presence_of(engine, theirs)
    linked = found.links.filter(pc.invert(found.links.column("hub"))).column("account").to_numpy()
    until = int(found.population.ended.max())
    return ActorTables(
        actors=_rows("actors", [_actor(ids[p], one, kept[p][0], sizes[p]) for p, one in enumerate(judged)]),
        members=_rows(
            "actor_members",
            [
                r
                for p, one in enumerate(judged)
                for r in _member_rows(ids[p], p, one, kept[p], firsts, sent, linked, until)
            ],
        ),
        lineage=_kin(found, ids, pools),
        evidence=_rows(
            "actor_evidence",
            [
                r
                for p, one in enumerate(judged)
                for r in (
                    *_evidence_rows(ids[p], one),
                    *_hypothesis_rows(ids[p], one, _drawn_on(p, pools, ids), worked[p]),
                )
            ],
        ),
        exchanges=theirs,
    )


def _kin(found: Found, ids: Sequence[int], pools: Sequence[SharedPool]) -> pa.Table:
    """Rows of `actor_lineage`: births, splits and mergers of all days, and today's actors that draw on one pool of accounts."""
    day = pc.max(found.looks.column("day")).as_py()
    told = lineage(found.looks)
    shared = [
        {"actor": ids[pair.one], "event": "shares_pool_with", "other": ids[pair.other], "at": day} for pair in pools
    ]
    return _rows("actor_lineage", told.to_pylist() + shared) if shared else told


def _drawn_on(place: int, pools: Sequence[SharedPool], ids: Sequence[int]) -> tuple[str, ...]:
    """One sentence for every other actor of whose pool this one's accounts draw."""
    return tuple(
        f"{pair.accounts} of its accounts hold payment instruments or devices of {handle('actor', ids[pair.other])}"
        for pair in pools
        if pair.one == place
    )


def _hypothesis_rows(actor: int, one: Judged, pools: Sequence[str], worked: Jobs | None) -> list[dict[str, object]]:
    """Who may run it, as rows beside its evidence: what speaks for and against each hypothesis, and the answer."""
    found = hypotheses(one, pools, worked)
    told = {**{h.name: h.sentence() for h in found}, "answer": answer(found)}
    return [
        {
            "actor": actor,
            "test": f"hypothesis:{name}",
            "vote": "hypothesis",
            "supports": str(Support.NEITHER),
            "n": int(one.group.accounts.size),
            "null": "no test: what speaks for and against a hypothesis of who runs the accounts; it decides nothing and names nobody",
            "sentence": sentence,
        }
        for name, sentence in told.items()
    ]


def _members(place: int, one: Judged, sent: pa.Table, claimed: set[int]) -> tuple[Ints, frozenset[int]]:
    """Members to list, sorted, and those of them that joined afterwards. Only actors for review grow or are trimmed.

    `claimed` are accounts of actors for review; those that join here are added, so that nobody belongs to two.
    """
    founders = one.group.accounts
    if one.decision is not Decision.REVIEW:
        return founders, frozenset()
    start, stop = np.searchsorted(sent.column("candidate").to_numpy(), [place, place + 1])
    own = sent.slice(start, stop - start)
    account, exchanges = own.column("account").to_numpy(), own.column("exchanges").to_numpy()
    total = own.column("total").to_numpy()
    steady = account[(exchanges >= 2) & (2 * exchanges >= total)]
    joined = np.setdiff1d(steady, np.array(sorted(claimed), np.int64))
    claimed.update(joined.tolist())
    # A founder seen with the template just once, among other traffic, may be a passer-by.
    once = account[(exchanges < 2) & (total > 1)]
    trimmed = np.setdiff1d(founders, once) if "family" in one.found_by and len(one.found_by) == 1 else founders
    return np.union1d(trimmed if trimmed.size else founders, joined), frozenset(joined.tolist())


def _actor(actor: int, one: Judged, members: Ints, size: dict[str, int]) -> dict[str, object]:
    best = one.explanations[0]
    return {
        "actor": actor,
        "first_seen": size["first_seen"],
        "last_seen": size["last_seen"],
        "accounts": int(members.size),
        "exchanges": size["exchanges"],
        "harvest_exchanges": size["harvest"],
        "yield_exchanges": size["obtained"],
        "yield_tokens": size["tokens"],
        "capability": capability(size),
        "found_by": list(one.found_by),
        "families": list(one.families),
        "e_value": one.e_value,
        "threshold": one.threshold,
        "decision": str(one.decision),
        "lookalike": best.name,
        "lookalike_fits": best.fits,
        "reason": one.reason,
        "evidence": one.evidence,
        "looks": one.looks,
    }


def _member_rows(
    actor: int,
    place: int,
    one: Judged,
    kept: tuple[Ints, frozenset[int]],
    firsts: pa.Table,
    sent: pa.Table,
    linked: Ints,
    until: int,
) -> list[dict[str, object]]:
    members, joined = kept
    hits = _per_account(sent, place, "exchanges")
    begun, ended, totals = (_per_account(firsts, place, name) for name in ("first_at", "last_at", "exchanges"))
    ties = dict(zip(one.group.accounts.tolist(), one.group.ties.tolist(), strict=True))
    held, links = np.unique(linked[one.group.links], return_counts=True)
    counts = dict(zip(held.tolist(), links.tolist(), strict=True))
    life = heads(
        np.array([begun[a] for a in members.tolist()], np.int64),
        np.array([ended[a] for a in members.tolist()], np.int64),
        np.array([totals[a] for a in members.tolist()], np.int64),
        until=until,
    )
    rows = []
    for at, account in enumerate(members.tolist()):
        sent_here = hits.get(account, 0)
        reason = (
            f"joined afterwards: {sent_here} of its {totals[account]} exchanges carry the actor's templates"
            if account in joined
            else f"founding member: {counts.get(account, 0)} links; "
            f"{sent_here} of its {totals[account]} exchanges carry the actor's templates"
        )
        rows.append(
            {
                "actor": actor,
                "account": account,
                "valid_from": begun[account],
                "valid_to": ended[account] if life.stopped[at] else None,
                "links": counts.get(account, 0),
                "weight": ties.get(account, 0.0),
                "exchanges": totals[account],
                "harvest_exchanges": sent_here,
                "reason": reason,
                "replaces": int(members[life.replaces[at]]) if life.replaces[at] >= 0 else None,
            }
        )
    return rows


def _evidence_rows(actor: int, one: Judged) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = [
        {
            "actor": actor,
            "test": r.test,
            "vote": str(r.vote),
            "supports": str(r.supports),
            "value": _finite(r.evidence.value),
            "low": _finite(r.low),
            "high": _finite(r.high),
            "expected": _finite(r.expected),
            "n": r.evidence.n,
            "needed": r.evidence.needed,
            "p_value": r.evidence.p_value,
            "e_value": r.evidence.e_value,
            "null": r.evidence.null,
            "sentence": r.sentence,
        }
        for r in one.results
    ]
    rows.extend(
        {
            "actor": actor,
            "test": f"lookalike:{e.name}",
            "vote": "exculpatory",
            "supports": str(Support.INNOCENT if e.fits else Support.NEITHER),
            "value": _finite(e.score),
            "n": int(one.group.accounts.size),
            "null": "no test: an innocent explanation that was considered",
            "sentence": e.why,
        }
        for e in one.explanations
    )
    rows.append(
        {
            "actor": actor,
            "test": "combined",
            "vote": "combined",
            "supports": str(Support.HARVEST if one.decision is Decision.REVIEW else Support.NEITHER),
            "n": int(one.group.accounts.size),
            "e_value": one.e_value,
            "null": "they ask for nothing that trains a copy (that they are tied is a fact of the records)"
            if OBSERVED & set(one.found_by)
            else "the members have nothing to do with one another, or they ask for nothing that trains a copy",
            "sentence": one.reason,
        }
    )
    return rows


def _pairs(groups: Sequence[Ints]) -> pa.Table:
    return pa.table(
        {
            "candidate": np.concatenate([np.full(g.size, i, np.int64) for i, g in enumerate(groups)]),
            "account": np.concatenate(groups),
        }
    )


def _per_account(rows: pa.Table, place: int, column: str) -> dict[int, int]:
    start, stop = np.searchsorted(rows.column("candidate").to_numpy(), [place, place + 1])
    own = rows.slice(start, stop - start)
    return dict(zip(own.column("account").to_pylist(), own.column(column).to_pylist(), strict=True))


def _finite(value: float | None) -> float | None:
    return None if value is None or not np.isfinite(value) else float(value)


def _rows(name: str, rows: list[dict[str, object]]) -> pa.Table:
    """Rows as a table that keeps its contract, in the order of its key."""
    contract = table(name)
    made = pa.Table.from_pylist(rows, schema=contract.schema)
    return made.sort_by([(key, "ascending") for key in contract.key])
