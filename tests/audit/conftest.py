"""Made items, parrots and strangers, with which an audit's answer is known."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy import stats

from stillwatch.audit import Recorded, Served

WORDS = ("amber", "birch", "cobalt", "dune", "ember", "fjord", "grove", "heath", "inlet", "jetty", "knoll", "larch")


def sentence(rng: np.random.Generator, words: int = 9) -> str:
    return " ".join(rng.choice(WORDS, size=words))


def made_items(
    rng: np.random.Generator, n: int = 40, *, siblings: int = 4, account: str = "alice"
) -> tuple[Served, ...]:
    return tuple(
        Served(
            item=f"{account}-{at}",
            account=account,
            prompt=f"{account} asks question {at}",
            response=sentence(rng),
            siblings=tuple(sentence(rng) for _ in range(siblings)),
            conversation=f"{account}-{at}",
            as_sampled=True,
            same_sampling=True,
        )
        for at in range(n)
    )


def stranger(items: tuple[Served, ...], rng: np.random.Generator) -> Recorded:
    """A model that answers as ours does and saw nothing: its likelihoods are noise as well."""
    answers = {one.prompt: sentence(rng) for one in items}
    likelihoods = {(one.prompt, text): float(-rng.gamma(2.0)) for one in items for text in one.candidates}
    return Recorded(name="stranger", answers=answers, likelihoods=likelihoods)


def parrot(items: tuple[Served, ...]) -> Recorded:
    """A model that learned every response that was served."""
    answers = {one.prompt: one.response for one in items}
    likelihoods = {
        (one.prompt, text): -0.2 if text == one.response else -2.0 for one in items for text in one.candidates
    }
    return Recorded(name="parrot", answers=answers, likelihoods=likelihoods)


@pytest.fixture(scope="session")
def at_most() -> Callable[[int, int, float], bool]:
    """Whether hits in trials are compatible with a chance of at most this: false once in 10,000 seeds."""
    return lambda hits, trials, chance: bool(stats.binom.sf(hits - 1, trials, chance) > 1e-4)
