"""From links to actors: groups found in the discovery slice, tested on the test slice, decided under an error budget.

A candidate goes up for review when three things hold:

1. its e-value passes e-BH over all candidates of the run. The e-value is the smaller of two: that the members act together, and that
   they ask for what trains a copy or share instruments (a structural vote). The smaller one is evidence that *both* nulls are false.
   Where a shared payment instrument or device, or replayed reasoning, found the group, the tie is a fact and the second alone is tested;
2. no innocent explanation fits;
3. it has at least `least_members` members that were active in the held-out hours.

Otherwise it is set aside or undecided, and says why.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from stillwatch.actors.candidate import Candidate, Result
from stillwatch.actors.carry import carried
from stillwatch.actors.cores import Group, groups
from stillwatch.actors.families import SCOPES, mine
from stillwatch.actors.family_sizes import family_rows
from stillwatch.actors.held_out_tests import WEAK_ALONE, like_a_queue, run_tests
from stillwatch.actors.links import KINDS, OBSERVED, STRONG, link
from stillwatch.actors.lookalikes import Explanation, explanations
from stillwatch.actors.population import HeldOut, held_out
from stillwatch.core import Decision, Settings, Support, Vote
from stillwatch.core.settings import ActorSettings
from stillwatch.engine import Engine, Relation, Sql, table
from stillwatch.stats import e_bh, merge_average

__all__ = ["Found", "Judged", "find"]

Ints = npt.NDArray[np.int64]

_HOUR = 3_600_000_000
_SAMPLE = 100_000
_THREADS = 2
_KIND = {kind: place for place, kind in enumerate(KINDS)}

_OF_MEMBERS = Sql(
    "judge_of_members",
    """
    select distinct m.candidate, c.exchange_id, c.account, c.prompt_hash, c.cell, c.known_item, c.turns, c.at
    from {members} m
    join {carried} c on c.account = m.account
    join {wanted} w on w.candidate = m.candidate and w.family = c.family
    where c.slice = 1
    order by 1, 2
    """,
)

_SHARES = Sql(
    "judge_shares",
    """
    with hit as (
        select distinct w.candidate, c.account, c.exchange_id
        from {carried} c join {wanted} w on w.family = c.family
        where c.slice = 1
    )
    select h.candidate, h.account, count(*) as exchanges from hit h group by h.candidate, h.account order by 1, 2
    """,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Judged:
    """One candidate with everything that was found out about it."""

    group: Group
    found_by: tuple[str, ...]
    families: tuple[int, ...]
    candidate: Candidate
    results: tuple[Result, ...]
    explanations: tuple[Explanation, ...]
    e_value: float | None
    threshold: float | None
    decision: Decision
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """All candidates of a run, the links they came from, and the exchanges that carry families."""

    judged: tuple[Judged, ...]
    links: pa.Table
    families: pa.Table
    carried: Relation
    population: HeldOut


def find(
    engine: Engine,
    features: Relation,
    account_facts: Relation,
    artifacts: Relation | None = None,
    *,
    settings: Settings,
    salt: int,
) -> Found:
    """Find candidate actors in the discovery slice and judge them on the test slice.

    Args:
        artifacts: the register of reasoning signatures; without it no replay links or tests anybody.
    """
    chosen = settings.actors
    mined = [mine(engine, features, scope=scope, support=chosen.family_support, salt=salt) for scope in SCOPES]
    told = carried(engine, features, mined)
    passed = engine.from_arrow(table("artifacts").schema.empty_table()) if artifacts is None else artifacts
    links = link(engine, features, account_facts, told, passed, hub_share=chosen.hub_share)
    population = held_out(engine, features, account_facts, passed)
    scope_of = {int(f): one.scope for one in mined for f in one.ids}
    candidates, usable = _candidates(links, chosen)
    judged = _judged(engine, told, candidates, usable, scope_of, population, settings)
    return Found(
        judged=judged,
        links=links,
        families=family_rows(engine, told, features, mined),
        carried=told,
        population=population,
    )


def _candidates(links: pa.Table, settings: ActorSettings) -> tuple[list[Group], pa.Table]:
    """Groups that templates hold, then, of the accounts left, groups that replays hold, then those that instruments and places hold.

    Kept apart so that a group found by what it says can be tested on how it pays, and one found by how it pays on what it says.
    """
    usable = links.filter(pc.invert(links.column("hub")))
    account, weight = usable.column("account").to_numpy(), usable.column("weight").to_numpy()
    kind = np.asarray(pc.index_in(usable.column("kind"), pa.array(KINDS)).to_numpy(), np.int64)
    strong = np.isin(kind, [_KIND[name] for name in STRONG])
    thing = _things(kind, usable.column("object").to_numpy())
    said, replayed = kind == _KIND["family"], kind == _KIND["artifact"]
    found: list[Group] = []
    for side in (said, replayed, ~(said | replayed)):
        taken = np.concatenate([g.accounts for g in found]) if found else np.empty(0, np.int64)
        rows = np.flatnonzero(side & ~np.isin(account, taken))
        found += [
            replace(g, links=rows[g.links])
            for g in groups(
                account[rows],
                thing[rows],
                weight[rows],
                strong[rows],
                kind[rows],
                least=settings.least_members,
                most=settings.max_candidates - len(found),
            )
        ]
    return found, usable


def _things(kind: Ints, thing: Ints) -> Ints:
    """One number a shared thing, different between kinds."""
    place = np.unique(thing, return_inverse=True)[1]
    return np.asarray(np.unique(kind * thing.size + place, return_inverse=True)[1], np.int64)


def _judged(
    engine: Engine,
    told: Relation,
    found: Sequence[Group],
    links: pa.Table,
    scope_of: Mapping[int, str],
    population: HeldOut,
    settings: Settings,
) -> tuple[Judged, ...]:
    if not found:
        return ()
    held = [links.take(pa.array(g.links)).select(["kind", "object"]) for g in found]
    found_by = [tuple(sorted(pc.unique(h.column("kind")).to_pylist())) for h in held]
    families = [
        tuple(sorted(pc.unique(h.filter(pc.equal(h.column("kind"), "family")).column("object")).to_pylist()))
        for h in held
    ]
    rows, shares = _gathered(engine, told, found, families)

    def weighed(place: int) -> tuple[Candidate, list[Result], list[Explanation], float | None]:
        group = found[place]
        candidate = _candidate(place, group, found_by[place], families[place], scope_of, population, rows, shares)
        rng = np.random.default_rng([settings.run.seed, int(group.accounts[0]) & 0xFFFF_FFFF, group.accounts.size])
        results = run_tests(candidate, population, rng)
        reasons = explanations(candidate, population, {r.test: r for r in results})
        return candidate, results, reasons, _combined(results, observed=bool(candidate.found_by & OBSERVED))

    # Each candidate draws from a generator of its own, so the order in which threads finish changes nothing.
    with ThreadPoolExecutor(_THREADS) as side_by_side:
        draft = list(side_by_side.map(weighed, range(len(found))))
    e_values = np.array([0.0 if e is None else e for *_, e in draft], np.float64)
    shown = e_bh(e_values, q=settings.actors.actor_fdr)
    out = []
    for place, (candidate, results, reasons, e_value) in enumerate(draft):
        decision, reason = _decided(
            candidate, results, reasons, e_value, bool(shown.selected[place]), population, settings
        )
        out.append(
            Judged(
                group=found[place],
                found_by=found_by[place],
                families=families[place],
                candidate=candidate,
                results=tuple(results),
                explanations=tuple(reasons),
                e_value=e_value,
                threshold=float(shown.needed[place]),
                decision=decision,
                reason=reason,
            )
        )
    return tuple(out)


def _gathered(
    engine: Engine, told: Relation, found: Sequence[Group], families: Sequence[tuple[int, ...]]
) -> tuple[pa.Table, pa.Table]:
    """Members' held-out exchanges that carry the candidate's families, and every account's count of them."""
    members = pa.table(
        {
            "candidate": np.concatenate([np.full(g.accounts.size, i, np.int64) for i, g in enumerate(found)]),
            "account": np.concatenate([g.accounts for g in found]),
        }
    )
    wanted = pa.table(
        {
            "candidate": pa.array([i for i, fs in enumerate(families) for _ in fs], pa.int64()),
            "family": pa.array([f for fs in families for f in fs], pa.int64()),
        }
    )
    inputs = {"carried": told, "wanted": engine.from_arrow(wanted)}
    rows = engine.to_arrow(engine.sql(_OF_MEMBERS, members=engine.from_arrow(members), **inputs))
    return rows, engine.to_arrow(engine.sql(_SHARES, **inputs))


def _candidate(
    place: int,
    group: Group,
    found_by: tuple[str, ...],
    families: tuple[int, ...],
    scope_of: Mapping[int, str],
    population: HeldOut,
    rows: pa.Table,
    shares: pa.Table,
) -> Candidate:
    counts = np.zeros(population.account.size, np.float64)
    start, stop = np.searchsorted(shares.column("candidate").to_numpy(), [place, place + 1])
    mine_ = shares.slice(start, stop - start)
    counts[np.searchsorted(population.account, mine_.column("account").to_numpy())] = mine_.column(
        "exchanges"
    ).to_numpy()
    start, stop = np.searchsorted(rows.column("candidate").to_numpy(), [place, place + 1])
    own = rows.slice(start, min(stop - start, _SAMPLE))
    known = own.filter(pc.and_(own.column("prompt_hash").is_valid(), own.column("cell").is_valid()))
    totals = [population.totals.get(int(a), (0, 0)) for a in group.accounts]
    active = population.places(group.accounts)
    turns = own.filter(own.column("turns").is_valid())
    sent, place_of = np.unique(turns.column("account").to_numpy(), return_inverse=True)
    once = np.bincount(place_of, weights=turns.column("turns").to_numpy() <= 1, minlength=sent.size)
    single = population.single.copy()
    single[np.searchsorted(population.account, sent)] = once / np.maximum(np.bincount(place_of, minlength=sent.size), 1)
    uses = counts[active]
    return Candidate(
        accounts=group.accounts,
        found_by=frozenset(found_by),
        scopes=frozenset(scope_of[f] for f in families if f in scope_of),
        carried=counts / np.maximum(population.exchanges, 1),
        exclusivity=float(counts[active].sum() / max(population.exchanges[active].sum(), 1)),
        uses=uses.astype(np.int64),
        single=single,
        loads=np.array([total - seen for total, seen in totals], np.int64),
        account=known.column("account").to_numpy(),
        prompt=known.column("prompt_hash").to_numpy(),
        cell=known.column("cell").to_numpy().astype(np.int64),
        item=known.column("known_item").fill_null(-1).to_numpy(),
        hour=known.column("at").cast(pa.int64()).to_numpy() // _HOUR,
    )


def _combined(results: Sequence[Result], *, observed: bool = False) -> float | None:
    """The smaller of the evidence for acting together and of the structural evidence; unknown when either is.

    A group found by a shared payment instrument or device, or by replayed reasoning, has its tie observed, not inferred (`observed`): only
    what did not find it is left to test.

    A result that is not material counts as no evidence (at most 1), and so does what honest crowds do, too (`WEAK_ALONE`), where the
    members are not like a queue.
    Capping only takes evidence away, so what is left is an e-value still.
    """
    sides = []
    queue = like_a_queue(results)
    for vote in (Vote.STRUCTURAL,) if observed else (Vote.COORDINATION, Vote.STRUCTURAL):
        values = [
            e_value if r.supports is Support.HARVEST and (queue or r.test not in WEAK_ALONE) else min(e_value, 1.0)
            for r in results
            if r.vote is vote and (e_value := r.evidence.e_value) is not None
        ]
        if not values:
            return None
        sides.append(float(merge_average(np.array(values))))
    return min(sides)


def _decided(
    candidate: Candidate,
    results: Sequence[Result],
    reasons: Sequence[Explanation],
    e_value: float | None,
    shown: bool,
    population: HeldOut,
    settings: Settings,
) -> tuple[Decision, str]:
    active = population.places(candidate.accounts).size
    if active < settings.actors.least_members:
        needs = f"needs {settings.actors.least_members}"
        return Decision.UNDECIDED, f"undecided: {active} members were active in the held-out hours, {needs}"
    if e_value is None:
        return (
            Decision.UNDECIDED,
            "undecided: places alone tie them, and nothing at hand tests whether they act together",
        )
    best = reasons[0]
    unchecked = [r.name.replace("_", " ") for r in reasons if not r.known]
    if best.fits:
        return Decision.SET_ASIDE, f"an innocent explanation fits, {best.name.replace('_', ' ')}: {best.why}"
    if not shown:
        weak = [r for r in results if r.vote in (Vote.COORDINATION, Vote.STRUCTURAL) and (r.evidence.e_value or 0) < 20]
        told = "; ".join(r.sentence for r in weak[:2]) or "the evidence stays below what this many candidates demand"
        return Decision.SET_ASIDE, f"not shown on held-out data: {told}"
    strong = [r.sentence for r in results if r.vote is not Vote.BEHAVIOURAL and (r.evidence.e_value or 0) >= 20]
    told = f"{candidate.accounts.size} accounts act together and harvest: " + "; ".join(strong)
    return Decision.REVIEW, told + (f". Could not be checked: {', '.join(unchecked)}" if unchecked else "")
