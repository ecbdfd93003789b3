"""Writes the labs: to each its logs, its facts and its customers' identifiers; to nobody the truth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv

from stillwatch.range import places
from stillwatch.range.blocks import build_block
from stillwatch.range.desk import desk
from stillwatch.range.labs.identities import Registrations, identities, write_identities
from stillwatch.range.labs.operator import OPERATOR, Hired, hired, send
from stillwatch.range.labs.shares import LABS, Share
from stillwatch.range.launches import launches, write_releases
from stillwatch.range.logs.write import account_names, write_accounts, write_logs
from stillwatch.range.pack import find_prompts
from stillwatch.range.parts import built, empty_ground
from stillwatch.range.recipe import Part, Recipe, Shard
from stillwatch.range.rolls import acts_of_part, facts_of_part, truth_of_part
from stillwatch.range.seeds import stream
from stillwatch.range.shards import rolls_of, sheet_of
from stillwatch.range.sheets import laid_together
from stillwatch.range.truth import seal_truth
from stillwatch.range.world import World

__all__ = ["LabPaths", "write_labs"]

_LOOKALIKES = ("evaluation", "classroom", "prompt_library", "casual")
"""Innocent groups that look like an attack; every lab has some."""

_SCALE = 0.03


@dataclass(frozen=True, kw_only=True, slots=True)
class LabPaths:
    """Where one lab's logs, facts and identifiers lie, and the folder of its sealed truth."""

    lab: str
    logs: Path
    accounts_file: Path
    releases_file: Path
    identities_file: Path
    truth: Path


def write_labs(
    out: Path,
    *,
    seed: int,
    shares: Sequence[Share] = LABS,
    accounts: int = 300,
    exchanges: int = 3600,
    prompts: Path | None = None,
) -> list[LabPaths]:
    """Write a day of each lab under `out/LAB/`, and what is true under `out/truth/LAB/`. The same seed gives the same bytes.

    `accounts` and `exchanges` count the ordinary customers of one lab; lookalikes and the operator come on top.
    """
    rng = stream(seed, "labs", OPERATOR)
    crews = hired(shares, rng)
    bought = Registrations.bought(1 + max(int(own.registration.max(initial=0)) for own in crews), rng)
    made = []
    for share, own in zip(shares, crews, strict=True):
        world = _world(seed, share, own, accounts=accounts, exchanges=exchanges, prompts=prompts)
        made.append(_written(out, seed, share, own, bought, world))
    return made


def _world(seed: int, share: Share, own: Hired, *, accounts: int, exchanges: int, prompts: Path | None) -> World:
    """A lab's day: ordinary customers, lookalikes, and the operator's accounts there."""
    number = int(stream(seed, "labs", share.lab).integers(1 << 31))
    parts = tuple(Part(role="lookalike", name=name, scale=_SCALE) for name in _LOOKALIKES)
    recipe = Recipe(seed=number, accounts=accounts, exchanges=exchanges, days=1, parts=parts, block=accounts)
    on, launched = desk(find_prompts(prompts).resolve()), launches(number, 1)
    block = build_block(recipe, 0, on)
    sheet, acts = sheet_of(recipe, Shard(number=0, block=0, first_day=0, days=1), block, on, launched)
    known, true = rolls_of(recipe, block, 0, on, launched)
    ground = empty_ground(recipe.setting, on, launched)
    send(own, share, ground, stream(number, OPERATOR))
    part = built(ground, recipe.setting, on, launched, ("actor", OPERATOR, "0"))
    return World(
        recipe=recipe,
        desk=on,
        launched=launched,
        sheet=laid_together([sheet, part.sheet], known=len(on.texts)),
        facts=pa.concat_tables([known, facts_of_part(part)]),
        truth=pa.concat_tables([true, truth_of_part(part)]),
        acts=pa.concat_tables([acts, acts_of_part(part, part.sheet)]),
    )


def _written(out: Path, seed: int, share: Share, own: Hired, bought: Registrations, world: World) -> LabPaths:
    home = out / share.lab
    paths = LabPaths(
        lab=share.lab,
        logs=home / "logs",
        accounts_file=home / "facts" / "accounts.csv",
        releases_file=home / "facts" / "releases.csv",
        identities_file=home / "facts" / "identities.csv",
        truth=out / "truth" / share.lab,
    )
    names = account_names(world)
    write_logs(world, names, paths.logs)
    paths.accounts_file.parent.mkdir(parents=True)
    write_accounts(world.facts, names, paths.accounts_file)
    write_releases(world.launched, paths.releases_file)
    groups = world.truth["group"].to_pylist()
    table = identities(
        world.facts,
        groups,
        own.registration,
        bought,
        recycled=share.recycled,
        rng=stream(seed, "labs", share.lab, "identities"),
    )
    write_identities(names.applied(table), paths.identities_file)
    summary = world.summary()
    seal_truth(paths.truth, accounts=names.applied(world.truth), acts=names.applied(world.acts), world=summary)
    pyarrow.csv.write_csv(_addresses(world, names.names), paths.truth / "addresses.csv")
    return paths


def _addresses(world: World, names: Sequence[str]) -> pa.Table:
    """Who came from where, for those who hold what left against it."""
    columns = world.sheet.columns
    pairs = np.unique(np.stack([columns["account"], columns["ip"]]), axis=1)
    return pa.table({"account": [names[k] for k in pairs[0].tolist()], "address": places.rendered(pairs[1])})
