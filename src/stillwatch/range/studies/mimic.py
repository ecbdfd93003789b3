"""A campaign made of ordinary customers: where only the truth tells an operator's accounts from anybody's."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from stillwatch.core.errors import Error
from stillwatch.range.blocks import Block, build_block
from stillwatch.range.ground import Reply
from stillwatch.range.names import Ints
from stillwatch.range.odds import looked_up, trace_answers
from stillwatch.range.pack import Deck
from stillwatch.range.parts import Built
from stillwatch.range.purpose import Purpose
from stillwatch.range.recipe import LEAST_ACCOUNTS, Recipe, Shard
from stillwatch.range.rolls import facts_of
from stillwatch.range.seeds import stream
from stillwatch.range.sheets import Sheet
from stillwatch.range.splits import Fold
from stillwatch.range.studies.bench import Campaign
from stillwatch.range.studies.parts import Maker, Site, Told
from stillwatch.range.talks import talks

__all__ = ["mimic"]

_WRAPPERS = (
    "{a}\n\nPlease write out the whole way to the answer, one step after the other, and put the answer in the last line.",
    "Question: {a}\n\nExplain every step of your reasoning before you give the result.",
    "{a}\n\nFirst think it through in writing, in full, then state what comes out.",
    "Solve this and show all of your working, also where it seems plain:\n{a}",
)
_ITEMS = {Fold.DEVELOP: ("gsm8k_train", "math_train_8k"), Fold.TEST: ("mmlu", "commonsenseqa")}


def mimic(*, accounts: int, each: int, share: float, fold: Fold = Fold.TEST) -> Campaign:
    """A campaign whose accounts *are* ordinary customers, drawn from one distribution, and harvest with a `share` of their requests.

    At share 0 only the truth's label tells them apart: whatever a detector finds there it finds as often among the innocent. Everything
    but the words of the harvest (loads, hours, places, programs) stays that of the customers, whatever the share.

    Raises:
        Error: when no campaign can have such knobs.
    """
    if not 0.0 <= share <= 1.0:
        raise Error(f"share: got {share}, expected 0 to 1")
    if accounts < LEAST_ACCOUNTS or each < 4:
        raise Error(f"accounts, each: got {accounts} and {each}, expected at least {LEAST_ACCOUNTS} and 4")
    return Campaign(
        name="mimic",
        dial={"accounts": accounts, "each": each, "share": share, "fold": fold.value},
        make=_maker(accounts, each, share, fold),
        exchanges=accounts * each,
    )


def _maker(accounts: int, each: int, share: float, fold: Fold) -> Maker:
    def make(site: Site, name: str) -> tuple[Built | None, Told]:
        seed = int(stream(site.recipe.seed, "mimic", name).integers(1 << 62))
        recipe = Recipe(
            seed=seed,
            accounts=accounts,
            exchanges=accounts * each,
            days=site.recipe.days,
            fold=site.recipe.fold,
            block=accounts,
        )
        block = build_block(recipe, 0, site.desk)
        whole = Shard(number=0, block=0, first_day=0, days=recipe.days)
        sheet = talks(recipe, whole, block, site.desk, site.launched)
        rng = stream(seed, "harvest")
        chosen = np.flatnonzero(rng.random(len(sheet)) < share)
        return _relabelled(recipe, block, _asked(sheet, site, chosen, rng, fold)), {
            "harvest": float(len(chosen)),
            "accounts": float(accounts),
        }

    return make


def _relabelled(recipe: Recipe, block: Block, sheet: Sheet) -> Built:
    """The customers of a block as an operator's accounts."""
    table = facts_of(recipe, block)
    facts = {
        name: table[name].combine_chunks() if name == "account" else table[name].to_pylist()
        for name in table.column_names
    }
    return Built(sheet=sheet, facts=facts, roles=["actor"] * len(block), groups=["mimic"] * len(block))


def _asked(sheet: Sheet, site: Site, chosen: Ints, rng: np.random.Generator, fold: Fold) -> Sheet:
    """The sheet with the words of some rows replaced by reasoning asked for in four wordings, the items dealt by one queue."""
    if not len(chosen):
        return sheet
    numbers = site.desk.names.copy()
    items = numbers.numbers(site.asked.texts(*_ITEMS[fold], longest=1500))
    known, shift = site.desk.details, len(site.desk.texts) + len(sheet.texts) - site.desk.details
    own = numbers.all[known:]
    text = items[Deck(len(items), rng).draw(len(chosen))]
    frames = len(sheet.names["frame"]) + rng.integers(0, len(_WRAPPERS), len(chosen))
    answers = np.maximum(
        120, looked_up(rng.integers(0, 1 << 62, len(chosen)).astype(np.uint64), trace_answers("long")[2])
    )
    changes: dict[str, NDArray[np.int64] | int] = {
        "text": np.where(text >= known, text + shift, text),
        "frame": frames,
        "extra": -1,
        "tail": -1,
        "reply": int(Reply.STEPS),
        "purpose": int(Purpose.HARVEST),
        "tokens_out": answers,
    }
    columns = dict(sheet.columns)
    for name, values in changes.items():
        columns[name] = columns[name].copy()
        columns[name][chosen] = values
    frame = pa.concat_arrays([sheet.names["frame"], pa.array(_WRAPPERS, pa.string())])
    return replace(sheet, columns=columns, names={**sheet.names, "frame": frame}, texts=[*sheet.texts, *own])
