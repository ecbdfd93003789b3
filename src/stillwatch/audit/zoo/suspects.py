"""The models of a zoo as an audit sees them: recorded answers and likelihoods, and the truth beside them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from stillwatch.audit.marks import Keys, Pairs, account_key, pairs
from stillwatch.audit.recorded import Recorded
from stillwatch.audit.records import Served
from stillwatch.audit.sibling_continuation import Cut
from stillwatch.audit.zoo.asking import CUT
from stillwatch.audit.zoo.build import manifest_of
from stillwatch.audit.zoo.ground import ROW, tokens_of
from stillwatch.audit.zoo.harvest import EPOCH, Harvest, items_of, master_of, places_of
from stillwatch.audit.zoo.recipes import ACCOUNTS, OURS, RECIPES, Recipe

__all__ = ["Seen", "Zoo", "read_zoo"]


@dataclass(frozen=True, kw_only=True)
class Seen:
    """A model of the zoo, by what it was asked: arrays as `ask` and `ask_twins` name them."""

    recipe: Recipe
    heard: dict[str, npt.NDArray[Any]]

    @property
    def name(self) -> str:
        """Its name in the recipes."""
        return self.recipe.name

    @cached_property
    def replies(self) -> Pairs:
        """The word pairs of its answers to prompts that nobody sent."""
        return pairs([one.astype(np.int64) for one in self.heard["said"]])


@dataclass(frozen=True, kw_only=True)
class Zoo:
    """All models that are made so far, ours among them, with what was served."""

    seed: int
    models: dict[str, Seen]
    items: tuple[tuple[Served, ...], ...]
    candidates: npt.NDArray[np.int64]
    harvest: Harvest
    tokens: Any

    @property
    def ours(self) -> Seen:
        """The model whose harvest it was."""
        return self.models[OURS]

    @property
    def suspects(self) -> list[Seen]:
        """Every model but ours."""
        return [one for one in self.models.values() if one.recipe.name != OURS]

    def scored(self, seen: Seen) -> Recorded:
        """A model's likelihoods of all candidates of all accounts."""
        found = seen.heard["candidates"].astype(float)
        known = {
            (item.prompt, text): float(found[account, at, place])
            for account, items in enumerate(self.items)
            for at, item in enumerate(items)
            for place, text in enumerate(item.candidates)
        }
        return Recorded(name=seen.name, answers={}, likelihoods=known)

    def answering(self, seen: Seen) -> Recorded:
        """A model's likeliest answers to the accounts' prompts."""
        answers: dict[str, str] = {}
        for account, items in enumerate(self.items):
            texts = self.tokens.decode_batch(seen.heard["greedy"][account].tolist())
            answers |= {item.prompt: text for item, text in zip(items, texts, strict=True)}
        return Recorded(name=seen.name, answers=answers, likelihoods={})

    def continuing(self, seen: Seen) -> tuple[Recorded, Cut]:
        """How a model goes on from the first half of each candidate, and where candidates are cut."""
        cuts: dict[tuple[str, str], tuple[str, str]] = {}
        answers: dict[str, str] = {}
        for account, items in enumerate(self.items):
            rows = self.candidates[account]
            rests = self.tokens.decode_batch(rows[:, :, CUT:].reshape(-1, ROW - CUT).tolist())
            said = self.tokens.decode_batch(seen.heard["continued"][account].reshape(-1, ROW - CUT).tolist())
            known = [(item, text, place) for item in items for place, text in enumerate(item.candidates)]
            for (item, text, place), rest, answer in zip(known, rests, said, strict=True):
                asked = f"{item.item}, {place}"
                cuts[item.prompt, text], answers[asked] = (asked, rest), answer
        return Recorded(name=seen.name, answers=answers, likelihoods={}), lambda prompt, text: cuts[prompt, text]

    @cached_property
    def places(self) -> tuple[tuple[Served, ...], ...]:
        """Where each account's responses are asked word by word; empty where it was not recorded how likely the words were."""
        if "likeliest" not in self.ours.heard:
            return tuple(() for _ in self.items)
        return tuple(
            tuple(places_of(self.harvest, self.ours.heard, self.tokens, account)) for account in range(ACCOUNTS)
        )

    def saying(self, seen: Seen, account: int) -> Recorded:
        """A model's next words at one account's places."""
        responses, at = (
            np.array([[int(part) for part in one.item.split("-")[1].split(":")] for one in self.places[account]])
            .reshape(-1, 2)
            .T
        )
        texts = self.tokens.decode_batch(seen.heard["words"][account, responses, at][:, None].tolist())
        said = {one.prompt: text for one, text in zip(self.places[account], texts, strict=True)}
        return Recorded(name=seen.name, answers=said, likelihoods={})

    def talking(self, seen: Seen) -> Recorded:
        """A model's answers, drawn at random, to prompts that nobody sent."""
        texts = self.tokens.decode_batch(seen.heard["said"].tolist())
        return Recorded(name=seen.name, answers={f"{at}": text for at, text in enumerate(texts)}, likelihoods={})

    def key(self, account: int) -> np.uint64:
        """The key under which an account was served, or would have been."""
        return account_key(master_of(self.seed), f"a{account}", EPOCH)

    def decoys(self, n: int) -> Keys:
        """Keys that marked nothing."""
        return np.array([account_key(master_of(self.seed), f"decoy {at}", EPOCH) for at in range(n)], dtype=np.uint64)


def read_zoo(folder: Path) -> Zoo:
    """What is made so far of the zoo in a folder.

    Raises:
        Error: there is none.
    """
    manifest = manifest_of(folder)
    tokens = tokens_of((folder / "tokens.json").read_text())
    models = {}
    for recipe in RECIPES:
        heard: dict[str, npt.NDArray[Any]] = {}
        for end in ("", ".twins", ".told", ".words", ".chances", ".parting"):
            path = folder / "evidence" / f"{recipe.name}{end}.npz"
            if path.exists():
                with np.load(path) as found:
                    heard |= {name: found[name] for name in found.files}
        if "candidates" in heard:
            models[recipe.name] = Seen(recipe=recipe, heard=heard)
    with np.load(folder / "harvest.npz") as found:
        harvest = Harvest(served=found["served"], siblings=found["siblings"], unserved=found["unserved"])
    items = tuple(tuple(items_of(harvest.candidates, tokens, account)) for account in range(ACCOUNTS))
    return Zoo(
        seed=manifest["seed"], models=models, items=items, candidates=harvest.candidates, harvest=harvest, tokens=tokens
    )
