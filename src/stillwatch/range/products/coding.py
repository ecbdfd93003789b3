"""Coding assistants: developers in working hours, about code of their own."""

from __future__ import annotations

import numpy as np

from stillwatch.range import words
from stillwatch.range.ground import Reply
from stillwatch.range.products.product import Product, Shelf

__all__ = ["PRODUCT", "tasks"]


def tasks(rng: np.random.Generator) -> list[str]:
    """A stock of requests about code."""
    return words.code_tasks(rng, 24_000)


def exercises(rng: np.random.Generator) -> list[str]:
    """What those who also ask about public exercises ask else; of these alone nobody makes a living."""
    return words.code_tasks(rng, 6000)


PRODUCT = Product(
    name="coding",
    share=170,
    median=140,
    spread=140,
    growth=8,
    shelves=(
        Shelf(weight=9, made=tasks),
        Shelf(weight=1, sources=("mbpp_plus", "polyglot_exercism", "humaneval"), longest=2500, made=exercises),
    ),
    turns=300,
    most_turns=12,
    pause=110,
    system="coding",
    systems=128,
    own_words=170,
    reply=Reply.CODE,
    trace="code",
    context=True,
    bursts=True,
    reasoning=110,
    compacts=6,
    programs={"editor": 8, "sdk": 2},
    plans={"plus": 50, "payg": 35, "team": 15},
    sizes=(20, 60, 20),
    stream=230,
)
