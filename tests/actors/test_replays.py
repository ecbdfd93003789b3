"""Replayed reasoning: what one account was given and another one sent ties them in one slice and tests them in the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from stillwatch.actors import find
from stillwatch.actors.judge import Judged
from stillwatch.actors.lookalikes import conversation_proxy
from stillwatch.actors.replays import MOST_SENDERS, Replays, replays
from stillwatch.core import Decision, Settings
from stillwatch.engine import table

from .people import candidate, population
from .worlds import BENIGN, OPERATOR, SALT, Ints, World, at_hand, filled, replayed, world

SILENT = replace(OPERATOR, name="silent", template=None)


def passed_round(accounts: Ints, rng: np.random.Generator, each: int = 4, **given: object) -> pa.Table:
    """Signatures that go round among accounts: each account sends some of others', every signature once, in either slice."""
    origin = rng.permutation(accounts)
    sender = np.tile(np.roll(origin, 1), each)
    origin = np.concatenate([np.roll(origin, 2 * shift) for shift in range(each)])
    own = sender != origin
    told = {"slice": rng.integers(0, 2, own.sum()), "other_org": True, "other_conversation": True, **given}
    return replayed(sender=sender[own], origin=origin[own], artifact=rng.integers(1, 1 << 40, own.sum()), **told)


def judged(drawn: World, passed: pa.Table) -> list[Judged]:
    with at_hand(drawn.features, drawn.facts, passed) as (engine, (told, known, register)):
        return list(find(engine, told, known, register, settings=Settings(), salt=SALT).judged)


def held_out_replays(passed: pa.Table, accounts: Sequence[int], orgs: dict[int, int | None] | None = None) -> Replays:
    facts = filled(
        "account_facts",
        {"account": list(orgs or {}), "org": pa.array(list((orgs or {}).values()), pa.int64())},
        len(orgs or {}),
    )
    with at_hand(passed, facts) as (engine, (register, known)):
        return replays(engine, register, known, np.array(accounts, np.int64))


def test_only_signatures_that_tied_nobody_count_in_the_test_slice() -> None:
    rows = replayed(
        sender=[2, 2, 3, 4], origin=[1, 1, 1, 1], artifact=[70, 70, 71, 72], slice=[0, 1, 1, 0], other_org=True
    )
    assert held_out_replays(rows, [1, 2, 3, 4]).moved.tolist() == [0.0, 0.0, 1.0, 0.0]


def test_sendings_inside_one_organisation_do_not_count_and_unknown_ones_are_unknown() -> None:
    rows = replayed(sender=[2, 3, 4], origin=[1, 1, 1], artifact=[70, 71, 72], slice=1, other_org=[True, False, True])
    assert held_out_replays(rows, [2, 3, 4], {1: 8, 2: 8, 3: 9, 4: None}).moved.tolist() == [0.0, 1.0, 1.0]
    unknown = replayed(sender=[2], origin=[1], artifact=[70], slice=1, other_org=None)
    assert np.isnan(held_out_replays(unknown, [1, 2]).moved).tolist() == [False, True]


def test_published_signatures_count_for_nobody() -> None:
    """Only in the test slice did they go round."""
    readers = list(range(2, 2 + MOST_SENDERS))
    few = replayed(sender=readers, origin=[1] * MOST_SENDERS, artifact=[70] * MOST_SENDERS, slice=1, other_org=True)
    assert held_out_replays(few, readers).moved.tolist() == [1.0] * MOST_SENDERS
    last = replayed(sender=[99], origin=[1], artifact=[70], slice=1, other_org=True)
    assert held_out_replays(pa.concat_tables([few, last]), readers).moved.tolist() == [0.0] * MOST_SENDERS


def test_logs_without_signatures_say_nothing_of_anybody() -> None:
    assert np.isnan(held_out_replays(table("artifacts").schema.empty_table(), [1, 2]).moved).all()


def test_an_operator_without_template_or_card_is_found_by_what_its_accounts_pass_round() -> None:
    drawn = world([*BENIGN, SILENT], seed=31)
    own = drawn.members["silent"]
    shown = [j for j in judged(drawn, passed_round(own, np.random.default_rng(1))) if j.decision is Decision.REVIEW]
    assert [j.found_by for j in shown] == [("artifact",)]
    assert np.isin(shown[0].group.accounts, own).all()
    assert np.isin(own, shown[0].group.accounts).mean() >= 0.8


def test_replays_test_a_group_that_templates_found_and_are_one_structural_vote() -> None:
    """It asks for nothing that the lexicon knows; its accounts send one another's reasoning."""
    quiet = replace(OPERATOR, presses=0.02)
    drawn = world([*BENIGN, quiet], seed=32)
    own = drawn.members["operator"]
    without = judged(drawn, table("artifacts").schema.empty_table())
    assert not [j for j in without if j.decision is Decision.REVIEW]
    shown = [j for j in judged(drawn, passed_round(own, np.random.default_rng(1))) if j.decision is Decision.REVIEW]
    assert [j.found_by for j in shown] == [("family",)]
    assert np.isin(shown[0].group.accounts, own).mean() >= 0.95


@pytest.mark.parametrize(
    "given",
    [{"other_conversation": False}, {"other_org": False}, {"other_conversation": None}],
    ids=["one conversation", "one organisation", "unknown conversations"],
)
def test_a_proxy_of_customers_who_ask_for_nothing_is_not_put_up(given: dict[str, object]) -> None:
    """It spreads conversations over its accounts, or works for one customer whose accounts the provider's records do not join, or the
    logs do not say which conversations its signatures are of."""
    proxy = replace(SILENT, presses=0.02, facts="other_org" not in given)
    drawn = world([*BENIGN, proxy], seed=33)
    passed = passed_round(drawn.members["silent"], np.random.default_rng(1), **given)  # type: ignore[arg-type]
    found = judged(drawn, passed)
    assert ("artifact",) in [j.found_by for j in found]
    assert not [j for j in found if j.decision is Decision.REVIEW]


def test_a_proxy_that_presses_is_explained_by_nothing_and_an_unknown_conversation_is_said() -> None:
    rng = np.random.default_rng(3)
    people = population(rng, 60, continued=np.full(60, 1.0))
    own = candidate(rng, people, np.arange(20), found_by=frozenset({"artifact"}))
    assert conversation_proxy(own, people, {}).fits
    unknown = conversation_proxy(own, replace(people, continued=np.full(60, np.nan)), {})
    assert (unknown.fits, unknown.known) == (False, False)
    assert not conversation_proxy(replace(own, found_by=frozenset({"family"})), people, {}).fits
