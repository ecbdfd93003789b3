"""`stillwatch audit exhibit`: put what an audit found into a case, so that it is in the case's sealed file with what speaks against it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from stillwatch.cli.case import By, desk_in, me
from stillwatch.cli.scan import DEFAULT_WORKSPACE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stillwatch.audit import Outcome
    from stillwatch.cases import Statement

__all__ = ["audit_exhibit", "exhibit"]


def audit_exhibit(outcome: Path, case: str, /, *, by: By = None, workspace: Path = DEFAULT_WORKSPACE) -> None:
    """State in a case what an audit found, question by question, each resting on the outcome's SHA-256.

    Accounts are counted and not named: their names stay in the outcome. Seal the case afterwards.

    Args:
        outcome: The outcome that stillwatch audit run wrote.
        case: Id of the case (C-...).
        workspace: Folder of the scan.
    """
    from stillwatch.audit import read_outcome

    desk, who = desk_in(workspace), me(by)
    statements = list(exhibit(read_outcome(outcome)))
    for one in statements:
        desk.state(case, one, by=who)
    print(f"{case}: {len(statements)} statements of the audit added; stillwatch case seal {case} seals them")


def exhibit(outcome: Outcome) -> Iterator[Statement]:
    """The outcome as statements: a finding a test, and after each question what stays open, which no copy of a case is without."""
    from stillwatch.audit import INNOCENT, WHAT_THE_HASHES_SHOW, Question
    from stillwatch.cases import Confidence, Statement
    from stillwatch.core import Part

    plan = outcome.plan
    ground = f"audit outcome, SHA-256 {outcome.sha256}; plan, SHA-256 {plan.sha256}"
    for question in Question:
        mine = [one for one in outcome.findings if one.question is question]
        for test in dict.fromkeys(one.test for one in mine):
            found = [one for one in mine if one.test == test]
            decided = [one for one in found if one.p is not None]
            least = min((one.p for one in found if one.p is not None), default=None)
            e = max((one.e for one in found if one.e is not None), default=None)
            told = "undecided" if least is None else f"least p {least:.3g}, highest e {e or 0.0:.3g}"
            named = f", {len(outcome.named)} accounts may be named" if any(one.account for one in found) else ""
            yield Statement(
                part=Part.OBSERVED,
                confidence=Confidence.HIGH if decided else Confidence.LOW,
                sentence=f"{question.words} Test {test} of {plan.suspect}: {told}, of {len(found)} findings ({len(decided)} decided), "
                f"alpha {plan.alpha:g}{named}. Null: {found[0].null}.",
                ground=ground,
                single_source=True,
                interested_party=True,
            )
        if mine:
            yield Statement(
                part=Part.EXCULPATORY,
                confidence=Confidence.HIGH,
                sentence=f"{question.words} Innocent explanations still open: {'; '.join(INNOCENT[question])}. Assumed and not shown: "
                f"{'; '.join(dict.fromkeys(words for one in mine for words in one.assumptions))}. {WHAT_THE_HASHES_SHOW}",
                ground=ground,
            )
