"""Two actors with one pool of accounts are told to share it; who runs them stays unknown."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa

from stillwatch.core import Decision

from .test_worlds import run
from .worlds import BENIGN, OPERATOR, World, world

OTHER = replace(OPERATOR, name="other", template="other op", size=60, load=15)


def events(drawn: World) -> list[tuple[int, int]]:
    """Pairs of actors for review that are told to share a pool."""
    _, tables = run(drawn)
    shown = {row["actor"] for row in tables.actors.to_pylist() if row["decision"] == Decision.REVIEW}
    assert len(shown) == 2, "told apart by what they send"
    return [
        (row["actor"], row["other"])
        for row in tables.lineage.to_pylist()
        if row["event"] == "shares_pool_with" and {row["actor"], row["other"]} <= shown
    ]


def bought_together(drawn: World, seed: int) -> World:
    """The same world where the accounts of both operators were paid with one stack of cards, dealt out at random."""
    both = np.concatenate([drawn.members["operator"], drawn.members["other"]])
    card = dict(zip(both.tolist(), np.random.default_rng(seed).integers(1, 20, both.size).tolist(), strict=True))
    accounts = drawn.facts.column("account").to_pylist()
    paid = [card.get(one, old) for one, old in zip(accounts, drawn.facts.column("payment").to_pylist(), strict=True)]
    place = drawn.facts.schema.get_field_index("payment")
    field = drawn.facts.schema.field("payment")
    return replace(drawn, facts=drawn.facts.set_column(place, field, pa.array(paid, pa.int64())))


def test_operators_whose_accounts_come_from_one_hand_share_a_pool_both_ways() -> None:
    drawn = world([*BENIGN, OPERATOR, OTHER], seed=71)
    pairs = events(bought_together(drawn, 1))
    assert len(pairs) == 2
    assert pairs[0] == pairs[1][::-1]


def test_operators_with_cards_of_their_own_share_nothing() -> None:
    drawn = world([*BENIGN, replace(OPERATOR, cards=8), replace(OTHER, cards=8)], seed=71)
    assert events(drawn) == []
