"""A world that is small enough to hold: all its rows as columns of numbers, what is known of its accounts, and what is true of them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from stillwatch.range.blocks import build_block
from stillwatch.range.desk import Desk, desk
from stillwatch.range.launches import Launches, launches
from stillwatch.range.pack import find_prompts
from stillwatch.range.recipe import Recipe, Shard
from stillwatch.range.seeds import stream
from stillwatch.range.shards import rolls_of, sheet_of
from stillwatch.range.sheets import Sheet

__all__ = ["World", "build_world"]

_SENT_TWICE = 0.003


@dataclass(frozen=True, kw_only=True)
class World:
    """A world in memory. Row k of `facts` and `truth` is account k of the sheet; `acts` are what requests of actors are for."""

    recipe: Recipe
    desk: Desk
    launched: Launches
    sheet: Sheet
    facts: pa.Table
    truth: pa.Table
    acts: pa.Table

    def __len__(self) -> int:
        return len(self.sheet)

    @property
    def order(self) -> NDArray[np.int64]:
        """Its rows by time."""
        return np.argsort(self.sheet.columns["at"], kind="stable")

    @property
    def repeats(self) -> NDArray[np.bool_]:
        """Which rows a log has twice, because a client sent them again."""
        return stream(self.recipe.seed, "repeats").random(len(self)) < _SENT_TWICE

    def summary(self) -> dict[str, object]:
        """Numbers of accounts and exchanges by group, for the sealed truth."""
        names = [
            f"{role}/{group}"
            for role, group in zip(*(self.truth[c].to_pylist() for c in ("role", "group")), strict=True)
        ]
        accounts = Counter(names)
        each = np.bincount(self.sheet.columns["account"], minlength=len(names))
        exchanges: Counter[str] = Counter()
        for name, n in zip(names, each.tolist(), strict=True):
            exchanges[name] += n
        return {
            "seed": self.recipe.seed,
            "accounts": len(names),
            "exchanges": len(self),
            "repeated_lines": int(self.repeats.sum()),
            "groups": {k: {"accounts": accounts[k], "exchanges": exchanges[k]} for k in sorted(accounts)},
        }


def build_world(recipe: Recipe, *, prompts: Path | None = None) -> World:
    """Build a world in memory; the recipe's blocks are not cut, so a large one is better written (`write_world`).

    Raises:
        Error: if there is no prompt pack, or a part is not known.
        ValueError: for a recipe of more than one block.
    """
    if recipe.blocks > 1:
        raise ValueError(f"recipe: got {recipe.blocks} blocks, expected one")
    on = desk(find_prompts(prompts).resolve(), recipe.fold)
    launched = launches(recipe.seed, recipe.days)
    block = build_block(recipe, 0, on)
    sheet, acts = sheet_of(recipe, Shard(number=0, block=0, first_day=0, days=recipe.days), block, on, launched)
    known, true = rolls_of(recipe, block, 0, on, launched)
    return World(recipe=recipe, desk=on, launched=launched, sheet=sheet, facts=known, truth=true, acts=acts)
