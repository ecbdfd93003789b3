"""From a candidate group to what it did in the test slice, what every test says of it, and which innocent explanations were considered."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from stillwatch.actors.candidate import Candidate, Result
from stillwatch.actors.cores import Group
from stillwatch.actors.held_out_tests import WEAK_ALONE, like_a_queue, run_tests
from stillwatch.actors.links import OBSERVED
from stillwatch.actors.lookalikes import Explanation, explanations
from stillwatch.actors.population import HeldOut
from stillwatch.core import Support, Vote
from stillwatch.engine import Engine, Relation, Sql
from stillwatch.stats import merge_average

__all__ = ["Weighed", "combined", "counted", "weigh"]

Ints = npt.NDArray[np.int64]

_HOUR = 3_600_000_000
_SAMPLE = 100_000
_THREADS = 2

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
class Weighed:
    """One candidate with the links that hold it and everything that the test slice says of it."""

    group: Group
    found_by: tuple[str, ...]
    families: tuple[int, ...]
    results: tuple[Result, ...]
    explanations: tuple[Explanation, ...]
    e_value: float | None

    @property
    def counts(self) -> frozenset[str]:
        """The tests of acting together and of harvesting that count as evidence for it."""
        votes = {r.test: r.vote for r in self.results}
        return frozenset(name for name in counted(self.results) if votes[name] is not Vote.BEHAVIOURAL)


def weigh(
    engine: Engine,
    told: Relation,
    found: Sequence[Group],
    links: pa.Table,
    scope_of: Mapping[int, str],
    population: HeldOut,
    *,
    seed: int,
    without: Collection[str] = frozenset(),
) -> tuple[Weighed, ...]:
    """Test every group on the test slice.

    Args:
        told: the exchanges that carry families.
        links: the links that the groups' places are in.
        scope_of: where the template of each family stands.
        without: tests and innocent explanations that are left out.
    """
    if not found:
        return ()
    held = [links.take(pa.array(g.links)).select(["kind", "object"]) for g in found]
    found_by = [tuple(sorted(pc.unique(h.column("kind")).to_pylist())) for h in held]
    families = [
        tuple(sorted(pc.unique(h.filter(pc.equal(h.column("kind"), "family")).column("object")).to_pylist()))
        for h in held
    ]
    rows, shares = _gathered(engine, told, found, families)

    def one(place: int) -> Weighed:
        group = found[place]
        candidate = _candidate(place, group, found_by[place], families[place], scope_of, population, rows, shares)
        rng = np.random.default_rng([seed, int(group.accounts[0]) & 0xFFFF_FFFF, group.accounts.size])
        results = run_tests(candidate, population, rng, without)
        return Weighed(
            group=group,
            found_by=found_by[place],
            families=families[place],
            results=tuple(results),
            explanations=tuple(explanations(candidate, population, {r.test: r for r in results}, without)),
            e_value=combined(results, observed=bool(candidate.found_by & OBSERVED)),
        )

    # Each candidate draws from a generator of its own, so the order in which threads finish changes nothing.
    with ThreadPoolExecutor(_THREADS) as side_by_side:
        return tuple(side_by_side.map(one, range(len(found))))


def counted(results: Sequence[Result]) -> frozenset[str]:
    """The tests that count as evidence: material, and no habit of honest crowds unless the members are like a queue."""
    queue = like_a_queue(results)
    return frozenset(r.test for r in results if r.supports is Support.HARVEST and (queue or r.test not in WEAK_ALONE))


def combined(results: Sequence[Result], *, observed: bool = False) -> float | None:
    """The smaller of the evidence for acting together and of the structural evidence; unknown when either is.

    A group found by a shared payment instrument or device, or by replayed reasoning, has its tie observed, not inferred (`observed`): only
    what did not find it is left to test.

    A result that is not material counts as no evidence (at most 1), and so does what honest crowds do, too (`WEAK_ALONE`), where the
    members are not like a queue.
    Capping only takes evidence away, so what is left is an e-value still.
    """
    sides = []
    counts = counted(results)
    for vote in (Vote.STRUCTURAL,) if observed else (Vote.COORDINATION, Vote.STRUCTURAL):
        values = [
            e_value if r.test in counts else min(e_value, 1.0)
            for r in results
            if r.vote is vote and (e_value := r.evidence.e_value) is not None
        ]
        if not values:
            return None
        sides.append(float(merge_average(np.array(values))))
    return min(sides)


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
