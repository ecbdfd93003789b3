"""What a case is opened with is what the scan said, graded, with what it could not look at beside it."""

from __future__ import annotations

import dataclasses
import math

import pytest

from stillwatch.cases import Confidence, Factor, Label, Verdict
from stillwatch.cases.opening import whole
from stillwatch.core import CaseError, Decision, Part, Support, Vote
from stillwatch.pipeline import case_opening
from stillwatch.report import (
    AccountView,
    ActorView,
    ErrorBudget,
    HeldOutTest,
    LookalikeCheck,
    MemberView,
    RunFacts,
    ScanView,
    SignalReading,
)

ACTOR, ACCOUNT = "X-0000000000001", "A-0000000000002"


def held_out(name: str, vote: Vote, supports: Support, p: float | None) -> HeldOutTest:
    needed = None if p is not None else 40
    return HeldOutTest(
        test=name, vote=vote, supports=supports, n=12, null="none", sentence=f"{name} said", p_value=p, needed=needed
    )


def view(*tests: HeldOutTest, techniques: tuple[str, ...] = ()) -> ScanView:
    actor = ActorView(
        handle=ACTOR,
        decision=Decision.REVIEW,
        reason="shared template",
        accounts=1,
        exchanges=100,
        harvest_exchanges=90,
        yield_exchanges=80,
        capability="worked reasoning",
        e_value=math.inf,
        threshold=20.0,
        techniques=techniques,
        tests=tests,
        lookalikes=(LookalikeCheck(name="classroom", fits=None, why="no calendar"),),
        members=(
            MemberView(handle=ACCOUNT, exchanges=100, harvest_exchanges=90, links=1, weight=1.0, reason="one template"),
        ),
    )
    account = AccountView(
        handle=ACCOUNT,
        decision=Decision.REVIEW,
        reason="breadth",
        exchanges=100,
        stratum="chat",
        p_value=0.001,
        signals=(SignalReading(signal="breadth", n=100, p_value=0.001, sentence="wide", title="breadth"),),
    )
    return ScanView(
        run=RunFacts(run="00ff", version="0", exchanges=100, accounts=2),
        actors=(actor,),
        accounts=(account,),
        budgets=(ErrorBudget(level="actors", method="e-BH", rate=0.05, tested=7, found=1),),
        limits=("small templates are not mined",),
    )


def shown(told: ScanView) -> dict[Factor, bool | None]:
    return {one.factor: one.shown for one in case_opening(told, ACTOR).factors}


def test_an_actor_becomes_a_whole_case() -> None:
    opening = whole(case_opening(view(held_out("tiling", Vote.STRUCTURAL, Support.HARVEST, 0.01)), ACTOR))
    assert opening.exculpatory.base_rates == (
        "7 actors were tested and 1 put up; of those put up an expected 5 % may be wrong (e-BH)",
        "error by lookalike: no finding of this scan was judged by a person yet for classroom, so this house's own error is not known",
    )
    assert (opening.impact.attempts, opening.impact.obtained, opening.impact.obtained_tokens) == (90, 80, None)
    assert opening.e_value is not None
    assert math.isfinite(opening.e_value)


def test_the_error_of_an_explanation_is_counted_from_what_people_found_and_never_from_unsure_ones() -> None:
    told = view()
    others = [dataclasses.replace(told.actors[0], handle=f"X-000000000000{i}") for i in range(2, 6)]
    told = dataclasses.replace(told, actors=(*told.actors, *others))
    said = {2: Verdict.FALSE, 3: Verdict.TRUE, 4: Verdict.TRUE, 5: Verdict.UNSURE}
    labels = {
        (name := f"X-000000000000{i}"): Label(handle=name, verdict=one, by="mary", at="", why="")
        for i, one in said.items()
    }
    (line,) = case_opening(told, ACTOR, labels=labels).exculpatory.base_rates[1:]
    assert line.startswith("error by lookalike, classroom: of 3 findings")
    assert "1 were ordinary customers (1% to 91%" in line


def test_what_is_inferred_is_of_one_source_and_never_sure() -> None:
    for one in case_opening(view(), ACTOR).statements:
        inferred = one.part is Part.INFERRED
        assert one.single_source is inferred
        assert one.confidence is (Confidence.MODERATE if inferred else Confidence.HIGH)


@pytest.mark.parametrize(
    ("supports", "p", "there"),
    [(Support.HARVEST, 0.01, True), (Support.INNOCENT, 0.01, False), (Support.NEITHER, None, None)],
)
def test_a_factor_is_shown_not_shown_or_not_known(supports: Support, p: float | None, there: bool | None) -> None:
    told = shown(view(held_out("synchrony", Vote.COORDINATION, supports, p), techniques=("rubric_grading",)))
    assert told == {
        Factor.PATTERN: there,
        Factor.CAPABILITY: True,
        Factor.MULTI_ACCOUNT: there,
        Factor.MODEL_TIMELINE: None,
    }


def test_the_case_says_what_was_not_tested() -> None:
    told = case_opening(view(held_out("pivot", Vote.BEHAVIOURAL, Support.NEITHER, None)), ACTOR)
    assert "a test: undecided, n = 12, needs 40" in told.exculpatory.not_tested
    assert "small templates are not mined" in told.exculpatory.not_tested
    assert any("any model learned" in one for one in told.exculpatory.not_tested)


def test_a_single_account_that_nothing_could_be_held_against_becomes_a_case_that_says_so() -> None:
    opening = whole(case_opening(view(), ACCOUNT))
    assert [(one.name, one.fits) for one in opening.exculpatory.lookalikes] == [("none tried", None)]
    assert opening.exculpatory.base_rates == (
        "no error budget was spent on accounts: the rate of false findings is unknown",
    )
    assert (opening.impact.attempts, opening.impact.obtained) == (None, None)
    assert [m.handle for m in opening.members] == [ACCOUNT]


def test_a_single_account_becomes_a_case_with_the_explanations_that_were_tried() -> None:
    tried = LookalikeCheck(name="batch work", fits=False, why="it works at all hours")
    told = view()
    account = dataclasses.replace(told.accounts[0], lookalikes=(tried,))
    opening = whole(case_opening(dataclasses.replace(told, accounts=(account,)), ACCOUNT))
    assert [(one.name, one.fits, one.why) for one in opening.exculpatory.lookalikes] == [
        ("batch work", False, "it works at all hours")
    ]


def test_a_handle_that_the_scan_does_not_know_is_refused() -> None:
    with pytest.raises(CaseError, match="no actor and no single account"):
        case_opening(view(), "X-0000000000009")
