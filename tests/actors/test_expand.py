"""From a seed to its actor: who is shown, who is not, who could not be decided, and how many of those shown are wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from scipy import stats

from stillwatch.actors import Expanded, Seed, Verdict, Workroom, expand, find
from stillwatch.core import Settings
from stillwatch.engine import table

from .worlds import BENIGN, CUSTOMERS, OPERATOR, SALT, Crowd, Ints, World, at_hand, template_anchors, world

CLEAN = table("artifacts").schema.empty_table()


Grow = Callable[..., Expanded]


@contextmanager
def scanned(drawn: World) -> Iterator[Grow]:
    """Scan a world once, and grow seeds in it."""
    with at_hand(drawn.features, drawn.facts, CLEAN) as (engine, (told, known, passed)):
        found = find(engine, told, known, settings=Settings(), salt=SALT)
        tables = Workroom(
            features=told, account_facts=known, artifacts=passed, links=found.links, families=found.families
        )
        share = Settings().actors.hub_share
        yield lambda seed, level=0.05, held=(): expand(
            engine, tables, seed, level=level, hub_share=share, salt=SALT, held=held
        )


def grown(drawn: World, seed: Seed, *, level: float = 0.05) -> Expanded:
    """Scan a world and grow one seed in it."""
    with scanned(drawn) as grow:
        return grow(seed, level=level)


def of(found: Expanded, verdict: Verdict) -> Ints:
    return np.array([one.account for one in found.reached if one.verdict is verdict], np.int64)


@pytest.fixture(scope="module")
def drawn() -> World:
    return world([*BENIGN, replace(OPERATOR, cards=8)], seed=51)


@pytest.fixture(scope="module")
def grow(drawn: World) -> Iterator[Grow]:
    with scanned(drawn) as ready:
        yield ready


def test_one_account_grows_to_its_actor(drawn: World, grow: Grow) -> None:
    own = drawn.members["operator"]
    found = grow(Seed(accounts=frozenset(own[:1].tolist())))
    shown = of(found, Verdict.SHOWN)
    assert np.isin(own[1:], shown).mean() >= 0.8
    assert np.isin(shown, own).mean() >= 0.95
    assert found.whole is not None
    assert (found.whole.e_value or 0) > 1e6
    assert not any(one.fits for one in found.whole.explanations)
    first = found.reached[0]
    assert first.why
    assert first.p_value is not None
    assert first.n > 0


def test_members_whom_the_test_slice_showed_are_not_tested_by_it_again(drawn: World, grow: Grow) -> None:
    own = frozenset(drawn.members["operator"][:30].tolist())
    plain, shown = grow(Seed(accounts=own)), grow(Seed(accounts=own, held_out=True))
    assert plain.whole is not None
    assert shown.whole is not None
    assert (plain.whole.e_value or 0) > 1e6
    assert plain.untested is None
    assert shown.whole.e_value is None
    assert "cannot test them again" in (shown.untested or "")
    assert shown.reached == plain.reached, "the others are tested as ever"
    assert shown.whole.explanations == plain.whole.explanations


def test_a_prompt_grows_to_those_who_send_what_shares_phrases_with_it(drawn: World, grow: Grow) -> None:
    own = drawn.members["operator"]
    found = grow(Seed(anchors=template_anchors("op")))
    shown = of(found, Verdict.SHOWN)
    assert found.seeds == ()
    assert np.isin(own, shown).mean() >= 0.8
    assert np.isin(shown, own).mean() >= 0.95


def test_whom_a_finding_holds_is_met_and_neither_tested_again_nor_a_stranger(drawn: World, grow: Grow) -> None:
    own = drawn.members["operator"]
    held, others = own[: len(own) // 2], own[len(own) // 2 :]
    found = grow(Seed(anchors=template_anchors("op")), held=held.tolist())
    assert np.isin(found.held, held).all()
    assert np.isin(held, found.held).mean() >= 0.8
    assert not np.isin([one.account for one in found.reached], held).any()
    assert np.isin(others, of(found, Verdict.SHOWN)).mean() >= 0.8


def test_a_card_grows_to_its_holders_and_then_by_what_they_send(drawn: World, grow: Grow) -> None:
    own = drawn.members["operator"]
    facts = {row["account"]: row["payment"] for row in drawn.facts.select(["account", "payment"]).to_pylist()}
    card = facts[int(own[0])]
    found = grow(Seed(things=(("payment", card),)))
    holders = {account for account, one in facts.items() if one == card}
    assert holders <= {one.account for one in found.reached}
    assert np.isin(of(found, Verdict.SHOWN), own).mean() >= 0.95
    assert {one.account for one in found.reached if one.verdict is Verdict.TIED} <= holders


def test_a_customer_grows_to_nobody() -> None:
    """It shares nothing that is not everybody's."""
    alone = world([*BENIGN, OPERATOR], seed=52)
    with scanned(alone) as grow:
        for account in alone.members["customers"][:3].tolist():
            found = grow(Seed(accounts=frozenset([account])))
            assert not np.isin(of(found, Verdict.SHOWN), alone.members["operator"]).any()
            assert found.count(Verdict.SHOWN) <= 2


def test_a_pupil_grows_to_a_class_that_an_innocent_explanation_fits(drawn: World, grow: Grow) -> None:
    pupil = int(drawn.members["class"][0])
    found = grow(Seed(accounts=frozenset([pupil])))
    assert np.isin(of(found, Verdict.SHOWN), drawn.members["class"]).mean() >= 0.9
    assert found.whole is not None
    assert "classroom" in [one.name for one in found.whole.explanations if one.fits]


def test_too_wide_an_indicator_ties_nobody_and_says_so(drawn: World) -> None:
    places = drawn.features.set_column(
        drawn.features.schema.get_field_index("subnet"),
        drawn.features.schema.field("subnet"),
        pa.array(np.full(drawn.features.num_rows, 7), pa.int64()),
    )
    found = grown(replace(drawn, features=places), Seed(things=(("subnet", 7),)))
    assert found.reached == ()
    assert "too many to tie anybody" in found.hubs[0]


def test_an_account_without_held_out_traffic_is_undecided_and_says_what_it_needs(drawn: World) -> None:
    own = drawn.members["operator"]
    idle = int(own[5])
    rows = drawn.features
    gone = (rows.column("account").to_numpy() == idle) & (rows.column("slice").to_numpy() == 1)
    found = grown(replace(drawn, features=rows.filter(pa.array(~gone))), Seed(accounts=frozenset(own[:1].tolist())))
    (one,) = [r for r in found.reached if r.account == idle]
    assert (one.verdict, one.n, one.p_value, one.needed) == (Verdict.UNDECIDED, 0, None, 1)


def test_of_accounts_that_chance_alone_ties_hardly_any_is_shown(tries: Callable[..., int]) -> None:
    """Cards dealt out at random over honest customers: nothing in the test slice hangs on them. BH at 10 % over each card's holders.

    Four cards of five that show somebody, or six of twelve, have a chance below 1 in 1,000. A growth that shows whoever is tied is found
    by five cards as surely as by twelve, one that shows somebody for nine cards of ten in 92 runs of 100.
    """
    sharing = Crowd(name="sharing", size=300, cards=30, presses=0.1)
    tests, wrong = tries(5, whole=12), 0
    for seed in range(tests):
        one = world([replace(CUSTOMERS, presses=0.1), sharing], seed=60 + seed)
        held = pa.array(np.isin(one.facts.column("account").to_numpy(), one.members["sharing"]))
        card = int(np.min(one.facts.filter(held).column("payment").to_numpy()))
        wrong += grown(one, Seed(things=(("payment", card),)), level=0.1).count(Verdict.SHOWN) > 0
    assert stats.binom.sf(wrong - 1, tests, 0.1) > 1e-3
