"""What a study pours into a world: an innocent background shard by shard, or one campaign to be spliced into it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from stillwatch.range.blocks import build_block
from stillwatch.range.desk import Desk
from stillwatch.range.ground import Ground
from stillwatch.range.launches import Launches
from stillwatch.range.pack import Pack
from stillwatch.range.parts import Built, build_part, built, empty_ground
from stillwatch.range.recipe import Part, Recipe
from stillwatch.range.rolls import acts_of_part, facts_of_part, truth_of_part
from stillwatch.range.seeds import stream
from stillwatch.range.shards import rolls_of, sheet_of
from stillwatch.range.sheets import Sheet

__all__ = ["Builder", "Maker", "Poured", "Site", "Told", "of_part", "on_ground", "pour_background", "pour_campaign"]

Told = Mapping[str, float | None]
"""What is true of a campaign by name; unknown or infinite is null."""

Builder = Callable[[Ground, np.random.Generator], Told]
"""Settles the accounts of a campaign on the ground, sends their exchanges, and says what is true of it."""


@dataclass(frozen=True, kw_only=True)
class Site:
    """The world that a campaign is to be spliced into, as far as its operator could know it; `asked` is what he asks from."""

    recipe: Recipe
    desk: Desk
    launched: Launches
    asked: Pack


Maker = Callable[[Site, str], tuple[Built | None, Told]]
"""Makes the campaign of a name for a site, and says what is true of it; nothing where it never meets the provider."""


@dataclass(frozen=True, kw_only=True)
class Poured:
    """A piece of a world: rows, the truth of those of hidden actors, and with the first piece of a block its accounts' facts and truth."""

    sheet: Sheet
    acts: pa.Table
    facts: pa.Table | None = None
    truth: pa.Table | None = None


def on_ground(build: Builder) -> Maker:
    """A campaign that is built on a ground of the site."""

    def make(site: Site, name: str) -> tuple[Built | None, Told]:
        ground = empty_ground(site.recipe.setting, site.desk, site.launched, pack=site.asked)
        told = build(ground, stream(site.recipe.seed, "campaign", name))
        label = ("spliced", name)
        return (built(ground, site.recipe.setting, site.desk, site.launched, label) if ground.sent else None), told

    return make


def of_part(part: Part) -> Maker:
    """A lookalike or campaign by its name, to be spliced in by itself."""

    def make(site: Site, name: str) -> tuple[Built | None, Told]:
        return build_part(site.recipe.setting, part, site.desk, site.launched), {}

    return make


def pour_background(recipe: Recipe, on: Desk, launched: Launches) -> Iterator[Poured]:
    """The innocent world of a recipe; no more than a shard of it is held."""
    block, number = None, -1
    for shard in recipe.shards():
        first = shard.block != number
        if block is None or first:
            block, number = build_block(recipe, shard.block, on), shard.block
        sheet, acts = sheet_of(recipe, shard, block, on, launched)
        facts, truth = rolls_of(recipe, block, number, on, launched) if first else (None, None)
        yield Poured(sheet=sheet, acts=acts, facts=facts, truth=truth)
    build_part.cache_clear()


def pour_campaign(made: Built) -> Iterator[Poured]:
    """One campaign alone; its ids are its own, so it can be spliced in."""
    yield Poured(
        sheet=made.sheet, acts=acts_of_part(made, made.sheet), facts=facts_of_part(made), truth=truth_of_part(made)
    )
