"""Who may run a group: what speaks for and against, an answer only where one hypothesis fits alone, and never a name."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from stillwatch.actors import describe, find
from stillwatch.actors.candidate import Result
from stillwatch.actors.cores import Group
from stillwatch.actors.hypotheses import answer, hypotheses
from stillwatch.actors.jobs import Jobs
from stillwatch.actors.weighing import Weighed
from stillwatch.core import Evidence, Explanation, Settings, Support, Vote

from .worlds import BENIGN, OPERATOR, SALT, at_hand, world

SAME = Jobs(count=2, lift=0.0, lift_p=0.6, hours=0.05, hours_p=0.5)
SHIFTS = replace(SAME, hours=0.9, hours_p=1e-6)


def group(*told: tuple[str, Support], fits: bool = False) -> Weighed:
    evidence = Evidence(value=0.5, n=20, p_value=0.001, e_value=1e6, null="none", method="given")
    plain = Result(
        test="",
        vote=Vote.BEHAVIOURAL,
        supports=Support.NEITHER,
        evidence=evidence,
        expected=None,
        low=None,
        high=None,
        sentence="",
    )
    results = [replace(plain, test=test, supports=supports, sentence=f"{test} said so") for test, supports in told]
    accounts = np.arange(20)
    explanation = Explanation(name="classroom", fits=fits, score=0.9 if fits else 0.1, why="a school")
    return Weighed(
        group=Group(accounts=accounts, ties=np.ones(20), links=np.arange(20), density=1.0),
        found_by=("family",),
        families=(7,),
        results=tuple(results),
        explanations=(explanation,),
        e_value=1e6,
    )


def fitting(one: Weighed, pools: tuple[str, ...] = (), jobs: Jobs | None = None) -> list[str]:
    return [h.name for h in hypotheses(one, pools, jobs) if h.fits]


def test_a_queue_fits_one_operator_alone() -> None:
    one = group(("template_persists", Support.HARVEST), ("equal_loads", Support.HARVEST), ("tiling", Support.HARVEST))
    assert fitting(one) == ["one_operator"]
    assert fitting(one, jobs=SAME) == ["one_operator"]
    assert (
        answer(hypotheses(one, (), None))
        == "by what the logs hold, one operator runs these accounts; who that is, no log says"
    )


def test_shared_instruments_of_another_group_and_other_hours_speak_for_several() -> None:
    one = group(("template_persists", Support.HARVEST))
    pool = ("12 of its accounts hold payment instruments or devices of X-1",)
    for pools, jobs in ((pool, None), ((), SHIFTS)):
        several = next(h for h in hypotheses(one, pools, jobs) if h.name == "several_in_one_pool")
        assert several.fits
        assert "one_operator" not in fitting(one, pools, jobs)
        assert "several operators share these accounts" in answer(hypotheses(one, pools, jobs))


def test_a_class_fits_many_customers_and_one_hand_contests_it() -> None:
    crowd = group(("topic_continuity", Support.INNOCENT), fits=True)
    assert fitting(crowd) == ["many_customers"]
    told = hypotheses(group(("tiling", Support.HARVEST), fits=True), (), None)
    assert next(h for h in told if h.name == "many_customers").against == ("tiling said so",)


def test_where_nothing_or_too_much_fits_nobody_is_known() -> None:
    assert "not known: no answer is without" in answer(hypotheses(group(), (), None))
    both = group(("template_persists", Support.HARVEST), fits=True)
    assert fitting(both) == ["one_operator", "many_customers"]
    assert "not known: more than one answer fits" in answer(hypotheses(both, (), None))


def test_every_candidate_has_its_hypotheses_beside_its_evidence_and_they_decide_nothing() -> None:
    drawn = world([*BENIGN, OPERATOR], seed=21)
    with at_hand(drawn.features, drawn.facts) as (engine, (told, known)):
        found = find(engine, told, known, settings=Settings(), salt=SALT)
        tables = describe(engine, told, found, salt=SALT)
    rows = [row for row in tables.evidence.to_pylist() if row["test"].startswith("hypothesis:")]
    assert len(rows) == 4 * len(found.judged)
    assert all(row["e_value"] is None and row["p_value"] is None and row["supports"] == Support.NEITHER for row in rows)
    (actor,) = [row["actor"] for row in tables.actors.to_pylist() if row["decision"] == "review"]
    own = {row["test"].partition(":")[2]: row["sentence"] for row in rows if row["actor"] == actor}
    assert "for it: " in own["one_operator"]
    assert "one operator runs these accounts" in own["answer"]
