"""From links to decisions: what tests a candidate is never what found it, and every decision says why."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.actors import Found, find, gather, weighing
from stillwatch.actors import judged as judge_gathered
from stillwatch.actors.candidate import Candidate, Result
from stillwatch.actors.cores import Group
from stillwatch.actors.deciding import decided
from stillwatch.actors.held_out_tests import WEAK_ALONE, run_tests
from stillwatch.actors.lookalikes import Explanation
from stillwatch.actors.population import HeldOut
from stillwatch.actors.weighing import Weighed, combined
from stillwatch.core import Decision, Evidence, Settings, Support, Vote
from stillwatch.engine import table
from stillwatch.stats import e_bh

from .people import candidate, population
from .worlds import SALT, Crowd, World, at_hand, world

CUSTOMERS = Crowd(name="customers", size=500)
OPERATOR = Crowd(
    name="operator", size=60, template="harvest", share=0.9, spread=0, subjects=0, presses=0.5, single=1, young=0.9
)


def judged(drawn: World, settings: Settings | None = None) -> Found:
    """Find and judge the actors of a world. Only the parts that need no engine can be read afterwards."""
    with at_hand(drawn.features, drawn.facts) as (engine, (told, known)):
        return find(engine, told, known, settings=settings or Settings(), salt=SALT)


def result(test: str, vote: Vote, e: float | None, supports: Support = Support.NEITHER) -> Result:
    evidence = Evidence(value=0.5, n=20, p_value=None if e is None else 0.5, e_value=e, null="none", method="given")
    return Result(
        test=test,
        vote=vote,
        supports=supports,
        evidence=evidence,
        expected=None,
        low=None,
        high=None,
        sentence=f"{test} says so",
    )


QUEUE = [
    result(test, Vote.BEHAVIOURAL, None, Support.HARVEST) for test in ("single_turn", "equal_loads", "distinct_prompts")
]
positive = st.floats(0, 1e12)


@given(positive, positive, positive, positive)
def test_the_weaker_side_speaks(template: float, elicitation: float, asks: float, cards: float) -> None:
    loud = Support.HARVEST
    results = [
        result("template_persists", Vote.COORDINATION, template, loud),
        result("elicitation", Vote.STRUCTURAL, elicitation, loud),
        result("open_requests", Vote.STRUCTURAL, asks, loud),
        result("shared_instruments", Vote.STRUCTURAL, cards, loud),
    ]
    plain, queue = combined(results), combined([*results, *QUEUE])
    assert plain == pytest.approx(min(template, (elicitation + min(asks, 1.0) + cards) / 3))
    assert queue == pytest.approx(min(template, (elicitation + asks + cards) / 3))


@given(st.lists(st.tuples(positive, st.sampled_from(list(Support))), min_size=2, max_size=5), st.booleans())
def test_what_counts_is_never_more_than_the_evidence(values: list[tuple[float, Support]], queue: bool) -> None:
    """So the smaller of two averages of e-values is an e-value still, whatever was left out."""
    (first, _), *rest = values
    results = [result("template_persists", Vote.COORDINATION, *values[0])]
    results += [result("open_requests", Vote.STRUCTURAL, e, side) for e, side in rest]
    counted = combined([*results, *QUEUE] if queue else results)
    assert counted is not None
    assert counted <= min(first, sum(e for e, _ in rest) / len(rest)) * (1 + 1e-9)


@pytest.mark.parametrize("test", sorted(WEAK_ALONE))
def test_what_courses_do_as_well_counts_only_beside_a_queue(test: str) -> None:
    results = [
        result("template_persists", Vote.COORDINATION, 1e9, Support.HARVEST),
        result(test, Vote.STRUCTURAL, 1e9, Support.HARVEST),
    ]
    assert combined(results) == 1
    assert combined([*results, *QUEUE]) == 1e9


def test_one_side_alone_is_no_evidence_of_both() -> None:
    assert combined([result("template_persists", Vote.COORDINATION, 1e9)]) is None
    assert combined([result("elicitation", Vote.STRUCTURAL, 1e9)]) is None
    undecided = [result("template_persists", Vote.COORDINATION, None), result("elicitation", Vote.STRUCTURAL, 1e9)]
    assert combined(undecided) is None
    assert combined(QUEUE) is None


def told(
    e_value: float | None, *, fits: bool, shown: bool, members: int = 20, waits: bool = False
) -> tuple[Decision, str]:
    rng = np.random.default_rng(1)
    people = population(rng, 60)
    own = candidate(rng, people, np.arange(members))
    results = [
        result("template_persists", Vote.COORDINATION, 1e6, Support.HARVEST),
        result("elicitation", Vote.STRUCTURAL, 1e5 if shown else 1.0, Support.HARVEST),
        result("shared_instruments", Vote.STRUCTURAL, 1e7),  # sure, and too small a difference to matter
        result("known_items", Vote.STRUCTURAL, 1e7, Support.HARVEST),  # a habit of courses, too
    ]
    reasons = [Explanation(name="a_course", fits=fits, score=0.7, why="they say so")]
    group = Group(accounts=own.accounts, ties=np.ones(members), links=np.empty(0, np.int64), density=1.0)
    one = Weighed(
        group=group,
        found_by=("family",),
        families=(),
        results=tuple(results),
        explanations=tuple(reasons),
        e_value=e_value,
    )
    return decided(one, shown, people, Settings().actors, waits=waits)


def test_every_decision_says_why() -> None:
    assert told(1e5, fits=False, shown=True) == (
        Decision.REVIEW,
        "the evidence fits 20 accounts that act together and harvest: template_persists says so; elicitation says so",
    )
    kind, why = told(1e5, fits=True, shown=True)
    assert (kind, why) == (Decision.SET_ASIDE, "an innocent explanation fits, a course: they say so")
    kind, why = told(1e5, fits=False, shown=False, waits=True)
    assert kind is Decision.UNDECIDED
    assert "an earlier scan of the same day of logs was its look" in why
    assert told(1e5, fits=False, shown=True, waits=True) == told(1e5, fits=False, shown=True)
    assert told(1.0, fits=False, shown=False) == (
        Decision.SET_ASIDE,
        "not shown on held-out data: elicitation says so",
    )
    few = told(1e5, fits=False, shown=True, members=9)
    assert few[0] is Decision.UNDECIDED
    assert "members were active in the held-out hours, needs 10" in few[1]
    untested = told(None, fits=False, shown=False)
    assert untested[0] is Decision.UNDECIDED
    assert "nothing at hand tests whether they act together" in untested[1]


@pytest.fixture(scope="module")
def plain() -> tuple[World, Found]:
    """Customers, a harness and an operator."""
    harness = Crowd(name="harness", size=60, template="agent", scope="system", share=0.9, tools=0.9, single=0.1)
    drawn = world([CUSTOMERS, harness, OPERATOR], seed=4)
    return drawn, judged(drawn)


def test_a_planted_operator_is_put_up_for_review_alone(plain: tuple[World, Found]) -> None:
    drawn, found = plain
    (shown,) = [j for j in found.judged if j.decision is Decision.REVIEW]
    assert np.isin(shown.group.accounts, drawn.members["operator"]).mean() >= 0.95
    assert np.isin(drawn.members["operator"], shown.group.accounts).mean() >= 0.8
    assert shown.found_by == ("family",)
    assert "act together and harvest" in shown.reason


def test_thresholds_are_those_of_e_bh_over_all_candidates(plain: tuple[World, Found]) -> None:
    _, found = plain
    for one in found.judged:
        assert one.evidence == (None if one.e_value is None else one.e_value / 2), (
            "the first look has half of all weight"
        )
    shown = e_bh([one.evidence or 0.0 for one in found.judged], q=Settings().actors.actor_fdr)
    assert [j.threshold for j in found.judged] == shown.needed.tolist()
    for one, selected in zip(found.judged, shown.selected.tolist(), strict=True):
        if one.decision is Decision.REVIEW:
            assert selected
            assert not any(x.fits for x in one.explanations)
        assert one.e_value == combined(one.results)


def test_candidates_are_disjoint_and_each_is_held_by_its_own_links(plain: tuple[World, Found]) -> None:
    _, found = plain
    everyone = np.concatenate([j.group.accounts for j in found.judged])
    assert np.unique(everyone).size == everyone.size
    usable = found.links.filter(pa.compute.invert(found.links.column("hub")))
    for one in found.judged:
        held = usable.take(pa.array(one.group.links))
        assert set(held.column("account").to_pylist()) == set(one.group.accounts.tolist())
        assert tuple(sorted(set(held.column("kind").to_pylist()))) == one.found_by
        said = held.filter(pa.compute.equal(held.column("kind"), "family")).column("object").to_pylist()
        assert tuple(sorted(set(said))) == one.families


def test_what_templates_found_instruments_test_and_the_other_way_round() -> None:
    sharing = replace(OPERATOR, cards=20)
    silent = replace(OPERATOR, name="silent", template=None, cards=30)
    found = judged(world([CUSTOMERS, sharing, silent], seed=5))
    kinds = {j.found_by for j in found.judged}
    assert ("family",) in kinds
    assert ("payment",) in kinds
    for one in found.judged:
        tests = {r.test for r in one.results}
        assert ("template_persists" in tests) == (one.found_by == ("family",))
        assert ("shared_instruments" in tests) == (one.found_by == ("family",))


def test_an_exchange_that_carries_two_templates_counts_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the prompt and in the system text: else two exchanges of one account would seem to share a topic."""
    apps = [Crowd(name=f"app {i}", size=40, template=f"app {i}") for i in range(8)]
    drawn = world([replace(CUSTOMERS, size=300), *apps, replace(OPERATOR, share=1.0)], seed=6)
    rows = drawn.features
    own = pa.compute.is_in(rows.column("account"), pa.array(drawn.members["operator"]))
    system = pa.array([list(range(1, 9)) if mine else None for mine in own.to_pylist()], pa.list_(pa.int64()))
    place = rows.schema.get_field_index("system_anchors")
    both = replace(drawn, features=rows.set_column(place, rows.schema.field(place), system))
    tested: list[Candidate] = []

    def noted(own: Candidate, people: HeldOut, rng: np.random.Generator, without: Collection[str] = ()) -> list[Result]:
        tested.append(own)
        return run_tests(own, people, rng, without)

    monkeypatch.setattr(weighing, "run_tests", noted)
    found = judged(both).judged
    (twice,) = [own for own in tested if own.scopes == {"prompt", "system"}]
    assert twice.cell.size == twice.uses.sum()
    (one,) = [j for j in found if np.array_equal(j.group.accounts, twice.accounts)]
    assert len(one.families) == 2
    topic = next(r for r in one.results if r.test == "topic_continuity")
    assert topic.supports is Support.NEITHER


def test_what_is_left_out_is_nowhere_and_nothing_else_is_missing(plain: tuple[World, Found]) -> None:
    drawn, whole = plain
    with at_hand(drawn.features, drawn.facts) as (engine, (told, known)):
        gathered = gather(engine, told, known, settings=Settings(), salt=SALT)
        less = judge_gathered(
            engine, gathered, settings=Settings(), salt=SALT, without={"subnet", "single_turn", "classroom"}
        )
        same = judge_gathered(engine, gathered, settings=Settings(), salt=SALT)
        with pytest.raises(ValueError, match="got shoe_size, expected some of"):
            judge_gathered(engine, gathered, settings=Settings(), salt=SALT, without={"shoe_size"})
    assert [(j.actor, j.e_value) for j in same.judged] == [(j.actor, j.e_value) for j in whole.judged]
    assert "subnet" in whole.links.column("kind").to_pylist()
    assert "subnet" not in less.links.column("kind").to_pylist()
    tests = {r.test for j in whole.judged for r in j.results}
    assert {r.test for j in less.judged for r in j.results} == tests - {"single_turn"}
    for one in less.judged:
        assert {e.name for e in one.explanations} == {e.name for e in whole.judged[0].explanations} - {"classroom"}


def test_held_out_rows_do_not_choose_members_nor_found_rows_test_them(plain: tuple[World, Found]) -> None:
    """Scrambling the test slice leaves every candidate as it was; it changes what the tests say."""
    drawn, found = plain
    rows = drawn.features
    held_out = np.flatnonzero(rows.column("slice").to_numpy() == 1)
    order = np.arange(rows.num_rows)
    order[held_out] = np.random.default_rng(2).permutation(held_out)
    said = [
        name
        for name in rows.column_names
        if name in ("anchors", "system_anchors", "elicitation", "turns", "prompt_hash")
    ]
    mixed = pa.table(
        [rows.column(n).take(pa.array(order)) if n in said else rows.column(n) for n in rows.column_names],
        schema=rows.schema,
    )
    again = judged(replace(drawn, features=mixed))
    assert [j.group.accounts.tolist() for j in again.judged] == [j.group.accounts.tolist() for j in found.judged]
    assert not any(j.decision is Decision.REVIEW for j in again.judged)


@pytest.mark.parametrize("crowds", [[], [replace(CUSTOMERS, size=1)], [replace(CUSTOMERS, size=300, phrases=0)]])
def test_where_nothing_is_frequent_there_are_no_candidates(crowds: list[Crowd]) -> None:
    drawn = (
        world(crowds, seed=1)
        if crowds
        else World(features=table("features").schema.empty_table(), facts=table("account_facts").schema.empty_table())
    )
    found = judged(drawn)
    assert found.judged == ()
    assert found.families.num_rows == 0


def test_without_account_facts_an_operator_is_still_found() -> None:
    found = judged(world([replace(CUSTOMERS, facts=False), replace(OPERATOR, facts=False)], seed=9))
    assert sum(j.decision is Decision.REVIEW for j in found.judged) == 1
    (shown,) = [j for j in found.judged if j.decision is Decision.REVIEW]
    assert "newcomers" not in {r.test for r in shown.results}


def test_things_that_everybody_shares_are_hubs_and_make_no_candidate() -> None:
    crowd = replace(CUSTOMERS, phrases=0, cards=1)
    drawn = world([crowd], seed=3)
    rows = drawn.features
    place = rows.schema.get_field_index("subnet")
    one = rows.set_column(place, rows.schema.field(place), pa.array(np.full(rows.num_rows, 7), pa.int64()))
    found = judged(replace(drawn, features=one))
    assert found.links.num_rows
    assert all(found.links.column("hub").to_pylist())
    assert found.judged == ()
