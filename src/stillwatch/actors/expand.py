"""From one known seed to the accounts that belong to it: grown in the discovery slice, each account tested in the test slice.

1. *Grow.* A seed is a set of accounts, a template, or a shared thing. Accounts that share a template, instrument, device, pool
   of replays or place with it are candidates. A strong thing (`STRONG`) half of whose accounts are candidates takes the others in, round
   after round. Hubs tie nobody. All of this reads the discovery slice and the records alone.
2. *Test.* Each candidate is compared, in the test slice, with accounts as busy of its product type that nothing ties to the seed, and that
   sent none of its templates in the discovery slice: how much of its traffic carries the seed's templates (where there are any) and
   how much presses for training value. Of the p-values of two tests twice the smaller counts. Benjamini-Hochberg at the stated level,
   divided by an estimate of the innocent among the candidates (`reaching`).
3. *The whole group*, as it was before anybody was picked, goes through the tests and the innocent explanations of every actor. Members of
   an actor are known because the test slice showed them: a group grown from these has no e-value here, and says why.

A candidate that a fact of the records ties (a card, a device, a replayed signature) and whose conduct shows nothing is told as that.
Misled by a public template: its users do send it in both slices. The innocent explanations of the whole group are there for that.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from stillwatch.actors.carry import carried
from stillwatch.actors.cores import Group
from stillwatch.actors.families import Mined, mined_from, reread
from stillwatch.actors.growing import INDICATORS, Seed, grown, holders, pointed_at, prompted, sends
from stillwatch.actors.population import HeldOut, held_out
from stillwatch.actors.reaching import Reached, Verdict, carried_share, met, reached
from stillwatch.actors.weighing import Weighed, weigh
from stillwatch.engine import Engine, Relation, Sql, table

__all__ = ["INDICATORS", "Expanded", "Reached", "Seed", "Verdict", "Workroom", "expand"]

Ints = npt.NDArray[np.int64]

SHOWN_BEFORE = (
    "the seed's accounts are an actor's members, and the held-out hours showed them: the same hours cannot test them again; "
    "the actor's own evidence stands in its report"
)

_SENT = Sql(
    "expand_sent",
    """
    select c.account, c.family, c.slice, count(distinct c.exchange_id) as exchanges
    from {carried} c
    group by c.account, c.family, c.slice
    order by 1, 2, 3
    """,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Expanded:
    """What a seed grew to.

    `whole` is the group before anybody was picked, tested as actors are; without an e-value where `untested` says why it can have none.
    `hubs` names things too widely shared; `held` are accounts that it grew to and that findings of one's own hold already.
    """

    seeds: tuple[int, ...]
    reached: tuple[Reached, ...]
    families: tuple[int, ...]
    hubs: tuple[str, ...]
    level: float
    null: str
    whole: Weighed | None
    untested: str | None = None
    held: tuple[int, ...] = ()

    def count(self, verdict: Verdict) -> int:
        """Accounts with this verdict."""
        return sum(one.verdict is verdict for one in self.reached)


@dataclass(frozen=True, kw_only=True, slots=True)
class Workroom:
    """The tables that an expansion reads: relations of the engine, and what the last scan linked."""

    features: Relation
    account_facts: Relation
    artifacts: Relation
    links: pa.Table
    families: pa.Table


def expand(
    engine: Engine,
    tables: Workroom,
    seed: Seed,
    *,
    level: float,
    hub_share: float,
    salt: int,
    run_seed: int = 0,
    held: Collection[int] = (),
) -> Expanded:
    """Grow a seed to the accounts that belong to it.

    Args:
        level: expected share of wrong ones among the accounts that are shown.
        held: accounts that findings of one's own hold already: met, but not tested again. Neither are they a measure of strangers, so that
            candidates and strangers alike are accounts that no finding holds, and stay comparable.
        hub_share: share of all accounts beyond which a shared thing links nobody.
    """
    mined = reread(tables.families)
    given = (("prompt", seed.anchors), ("system", seed.system_anchors))
    own = [mined_from(scope, np.unique(anchors), salt) for scope, anchors in given if anchors.size >= 2]
    told = carried(engine, tables.features, [*mined, *own])
    sent = engine.to_arrow(engine.sql(_SENT, carried=told))
    launched = engine.from_arrow(table("releases").schema.empty_table())
    population = held_out(engine, tables.features, tables.account_facts, tables.artifacts, launched)
    read = {"features": tables.features, "account_facts": tables.account_facts}
    named, hubs = holders(engine, read, tables.links, seed, most=max(hub_share * population.everyone.size, 20))
    usable = tables.links.filter(pc.invert(tables.links.column("hub")))
    asked = prompted(sent, [int(one.ids[0]) for one in own])
    links = pa.concat_tables([usable, named, pointed_at(seed), sends(sent, seed), asked])
    rows, families = grown(links, seed)
    links = links.take(pa.array(rows))
    everybody, held_before = links.column("account").to_numpy(), np.array(sorted(held), np.int64)
    looked_at = np.setdiff1d(everybody, np.union1d(held_before, np.array(sorted(seed.accounts), np.int64)))
    share = carried_share(sent, families, population)
    related = np.union1d(np.union1d(met(sent, families), held_before), np.array(sorted(seed.accounts), np.int64))
    whole = _whole(engine, told, links, mined + own, population, run_seed)
    if whole is not None and seed.held_out:
        whole = replace(whole, e_value=None)
    return Expanded(
        seeds=tuple(sorted(seed.accounts)),
        reached=reached(looked_at, links, share if families else None, population, related, level),
        families=tuple(families),
        hubs=hubs,
        level=level,
        null="it sends the seed's templates, and presses for training value, no more than accounts as busy that nothing ties to the seed",
        whole=whole,
        untested=SHOWN_BEFORE if seed.held_out else None,
        held=tuple(np.intersect1d(everybody, held_before).tolist()),
    )


def _whole(
    engine: Engine, told: Relation, links: pa.Table, mined: Sequence[Mined], population: HeldOut, run_seed: int
) -> Weighed | None:
    """The grown group with what every test and explanation says of it."""
    if not links.num_rows:
        return None
    accounts, place = np.unique(links.column("account").to_numpy(), return_inverse=True)
    ties = np.bincount(place, weights=links.column("weight").to_numpy()).astype(np.float64)
    group = Group(accounts=accounts, ties=ties, links=np.arange(links.num_rows), density=float(ties.mean()))
    scope_of = {int(family): one.scope for one in mined for family in one.ids}
    return weigh(engine, told, [group], links, scope_of, population, seed=run_seed)[0]
