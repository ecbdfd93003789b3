"""From links to actors: groups found in the discovery slice, tested on the test slice, decided under an error budget.

A candidate goes up for review when three things hold:

1. its evidence passes e-BH over all actors ever tracked. The evidence is the weighted sum of its e-values, one a day (`tracking`), and an
   e-value is the smaller of two: that the members act together, and that they ask for what trains a copy or share instruments (a
   structural vote). The smaller one is evidence that *both* nulls are false. Where a shared payment instrument or device, or replayed
   reasoning, found the group, the tie is a fact and the second alone is tested;
2. no innocent explanation fits;
3. it has at least `least_members` members that were active in the held-out hours.

Otherwise it is set aside or undecided, and says why.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from stillwatch.actors.carry import carried
from stillwatch.actors.cores import Group, groups
from stillwatch.actors.deciding import Judged, decide
from stillwatch.actors.families import SCOPES, Mined, mine
from stillwatch.actors.family_sizes import family_rows
from stillwatch.actors.held_out_tests import TESTS
from stillwatch.actors.links import KINDS, STRONG, link, numbered
from stillwatch.actors.lookalikes import LOOKALIKES
from stillwatch.actors.population import HeldOut, held_out
from stillwatch.actors.sightings import Counts
from stillwatch.actors.tracking import Sighting, look_row, looked, marks_of, recognise, remembered, standings, whole_day
from stillwatch.actors.weighing import Weighed, weigh
from stillwatch.core import Settings
from stillwatch.core.settings import ActorSettings
from stillwatch.engine import Engine, Relation, table

__all__ = ["Found", "Gathered", "Judged", "find", "gather", "judged"]

Ints = npt.NDArray[np.int64]

_KIND = {kind: place for place, kind in enumerate(KINDS)}
_MARKING = pa.array(["device", "payment"])
"""Kinds of shared things by which an actor is recognised when its accounts were replaced."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """All candidates of a run, the links they came from, the exchanges that carry families, and every look at an actor so far."""

    judged: tuple[Judged, ...]
    links: pa.Table
    families: pa.Table
    carried: Relation
    population: HeldOut
    looks: pa.Table


def find(
    engine: Engine,
    features: Relation,
    account_facts: Relation,
    artifacts: Relation | None = None,
    releases: Relation | None = None,
    *,
    settings: Settings,
    salt: int,
    before: pa.Table | None = None,
    counts: Counts | None = None,
) -> Found:
    """Find candidate actors in the discovery slice, judge them on the test slice, and recognise those that were seen before.

    Args:
        artifacts: the register of reasoning signatures; without it no replay links or tests anybody.
        releases: launches of models; without them nobody pivots.
        before: rows of `actor_looks` of earlier scans.
        counts: of the prompts' shingles of the discovery slice, where they are known (`count_prompts`).
    """
    gathered = gather(engine, features, account_facts, artifacts, releases, settings=settings, salt=salt, counts=counts)
    return judged(engine, gathered, settings=settings, salt=salt, before=before)


@dataclass(frozen=True, kw_only=True, slots=True)
class Gathered:
    """What candidates are made of and tested on: links, mined families, exchanges that carry them, and the population of the test slice."""

    features: Relation
    mined: tuple[Mined, ...]
    carried: Relation
    links: pa.Table
    population: HeldOut


def gather(
    engine: Engine,
    features: Relation,
    account_facts: Relation,
    artifacts: Relation | None = None,
    releases: Relation | None = None,
    *,
    settings: Settings,
    salt: int,
    counts: Counts | None = None,
) -> Gathered:
    """Collect what a pass over the logs gives, before any group is made of it."""
    chosen = settings.actors
    known = {"prompt": counts}
    mined = tuple(
        mine(engine, features, scope=scope, support=chosen.family_support, salt=salt, counts=known.get(scope))
        for scope in SCOPES
    )
    told = carried(engine, features, mined)
    passed = _none(engine, "artifacts") if artifacts is None else artifacts
    launched = _none(engine, "releases") if releases is None else releases
    population = held_out(engine, features, account_facts, passed, launched)
    links = link(engine, features, account_facts, told, passed, hub_share=chosen.hub_share)
    # The register of signatures knows accounts that these exchanges do not hold.
    here = pc.is_in(links.column("account"), pa.array(population.everyone))
    return Gathered(
        features=features,
        mined=mined,
        carried=told,
        links=links.filter(here),
        population=population,
    )


def judged(
    engine: Engine,
    gathered: Gathered,
    *,
    settings: Settings,
    salt: int,
    before: pa.Table | None = None,
    without: Collection[str] = frozenset(),
) -> Found:
    """Make groups of what was gathered, test and decide them.

    Args:
        before: rows of `actor_looks` of earlier scans.
        without: kinds of links, tests and innocent explanations, by name, to do without: what each is worth is measured so.

    Raises:
        ValueError: when there is nothing of such a name.
    """
    known = {*KINDS, *TESTS, *LOOKALIKES}
    if not known.issuperset(without):
        raise ValueError(
            f"without: got {', '.join(sorted(set(without) - known))}, expected some of {', '.join(sorted(known))}"
        )
    chosen, mined, told, population = settings.actors, gathered.mined, gathered.carried, gathered.population
    links = gathered.links.filter(
        pc.invert(pc.is_in(gathered.links.column("kind"), pa.array(sorted(without), pa.string())))
    )
    scope_of = {int(f): one.scope for one in mined for f in one.ids}
    candidates, usable = _candidates(links, chosen)
    looks = table("actor_looks").schema.empty_table() if before is None else before
    day = whole_day(looks, int(population.ended.max()) if population.ended.size else 0)
    weighed = weigh(engine, told, candidates, usable, scope_of, population, seed=settings.run.seed, without=without)
    seen = _sightings(weighed, usable, mined, population)
    recognised = recognise(looks, day, seen, salt=salt)
    e_values = [one.e_value for one in weighed]
    today, others = standings(looks, day, recognised, e_values, half_life=chosen.evidence_half_life_days)
    if chosen.window_days:
        seen = remembered(looks, day, recognised, seen)
    decisions = decide(weighed, recognised.actors, today, others, population, chosen)
    rows = [
        look_row(one.actor, sighting, split, one.e_value, standing, str(one.decision))
        for one, sighting, split, standing in zip(decisions, seen, recognised.split_from, today, strict=True)
    ]
    return Found(
        judged=decisions,
        links=links,
        families=family_rows(engine, told, gathered.features, mined),
        carried=told,
        population=population,
        looks=looked(looks, day, rows, recognised),
    )


def _none(engine: Engine, name: str) -> Relation:
    """A table without rows."""
    return engine.from_arrow(table(name).schema.empty_table())


def _candidates(links: pa.Table, settings: ActorSettings) -> tuple[list[Group], pa.Table]:
    """Groups that templates hold, then, of the accounts left, groups that replays hold, then those that instruments and places hold.

    Kept apart so that a group found by what it says can be tested on how it pays, and one found by how it pays on what it says.
    """
    usable = links.filter(pc.invert(links.column("hub")))
    account, weight = usable.column("account").to_numpy(), usable.column("weight").to_numpy()
    kind = np.asarray(pc.index_in(usable.column("kind"), pa.array(KINDS)).to_numpy(), np.int64)
    strong = np.isin(kind, [_KIND[name] for name in STRONG])
    thing = numbered(kind, usable.column("object").to_numpy())
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


def _sightings(
    weighed: Sequence[Weighed], links: pa.Table, mined: Sequence[Mined], population: HeldOut
) -> list[Sighting]:
    """Every candidate as tracking sees it."""
    shingles = {
        int(family): one.anchors[one.family == place] for one in mined for place, family in enumerate(one.ids.tolist())
    }
    out = []
    for one in weighed:
        held = links.take(pa.array(one.group.links))
        things = pc.unique(held.filter(pc.is_in(held.column("kind"), _MARKING)).column("object")).to_numpy()
        said = [shingles[family] for family in one.families]
        accounts = np.sort(one.group.accounts)
        out.append(
            Sighting(
                accounts=accounts,
                marks=marks_of(np.concatenate([np.empty(0, np.int64), *said]), things),
                first_at=int(population.begun[np.searchsorted(population.everyone, accounts)].min()),
            )
        )
    return out
