"""An audit's outcome as an exhibit that a case takes in: what was observed, what is inferred, and what speaks against it, naming nobody."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from importlib.metadata import version

from stillwatch.audit import INNOCENT, WHAT_THE_HASHES_SHOW, Outcome, Question, Timeline
from stillwatch.cases import Confidence, Exhibit, Statement, name_mark
from stillwatch.core import Part

__all__ = ["audit_exhibit"]


def audit_exhibit(outcome: Outcome) -> Exhibit:
    """The exhibit of an outcome; the same outcome gives the same exhibit.

    Accounts are counted. Of those that may be named it has a salted hash each, so that a case can tell which of its members they are: by
    handle (A-...), which is how `stillwatch audit served` names them.
    """
    plan, dates = outcome.plan, outcome.plan.timeline
    salt = hashlib.sha256(f"exhibit\n{outcome.sha256}".encode()).hexdigest()
    return Exhibit(
        suspect=plan.suspect,
        outcome=outcome.sha256,
        plan=plan.sha256,
        version=version("stillwatch"),
        alpha=plan.alpha,
        accounts=len(plan.accounts),
        salt=salt,
        marks=tuple(sorted(name_mark(salt, name) for name in outcome.named)),
        statements=tuple(_statements(outcome)),
        dates=tuple(dates.lines()),
        dates_allow=_allow(dates),
        harvest_begun=dates.harvest_begun,
        harvest_ended=dates.harvest_ended,
    )


def _allow(dates: Timeline) -> bool | None:
    """Whether what was harvested can have fed the suspect, as far as its dates are known."""
    begun = dates.harvest_begun
    later = [day for day in (dates.cutoff, dates.released) if day is not None]
    return None if begun is None or not later else begun <= min(later)


def _statements(outcome: Outcome) -> Iterator[Statement]:
    """A finding a test, whom it may name, and after each question what stays open, which no copy of a case is without."""
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
            yield Statement(
                part=Part.OBSERVED,
                confidence=Confidence.HIGH if decided else Confidence.LOW,
                sentence=f"{question.words} Test {test} of {plan.suspect}: {told}, of {len(found)} findings ({len(decided)} decided), "
                f"alpha {plan.alpha:g}. Null: {found[0].null}.",
                ground=ground,
                single_source=True,
                interested_party=True,
            )
        if question is Question.EXPOSURE and outcome.named:
            yield Statement(
                part=Part.INFERRED,
                confidence=Confidence.MODERATE,
                sentence=f"What {plan.suspect} says fits having been trained on what was served to {len(outcome.named)} of "
                f"{len(plan.accounts)} accounts; the chance of naming any account falsely is at most {plan.alpha:g}. How the answers came "
                "there, and by whose hand, the test does not say.",
                ground=ground,
                single_source=True,
                interested_party=True,
            )
        if mine:
            yield _against(outcome, question, ground)
    if _allow(plan.timeline) is False:
        yield Statement(
            part=Part.EXCULPATORY,
            confidence=Confidence.MODERATE,
            sentence=" ".join(plan.timeline.lines()),
            ground=f"dates of the plan, SHA-256 {plan.sha256}",
        )


def _against(outcome: Outcome, question: Question, ground: str) -> Statement:
    """What speaks against what a question found: innocent explanations, conditions that nobody recorded, and accounts without a finding."""
    mine = [one for one in outcome.findings if one.question is question]
    assumed = _each(words for one in mine for words in one.assumptions)
    unmet = _each(words for one in mine for words in one.conditions if not words.endswith(": holds"))
    told = f"{question.words} Innocent explanations still open: {'; '.join(INNOCENT[question])}."
    told += f" Assumed and not shown: {'; '.join(assumed)}."
    if unmet:
        told += f" Conditions as they were found: {'; '.join(unmet)}."
    if question is Question.EXPOSURE:
        tested, few = len(outcome.plan.accounts), len(outcome.undecided)
        quiet = tested - len(outcome.named) - few
        told += f" Of {tested} accounts, {few} had too few items for any answer and {quiet} may not be named."
    return Statement(
        part=Part.EXCULPATORY, confidence=Confidence.HIGH, sentence=f"{told} {WHAT_THE_HASHES_SHOW}", ground=ground
    )


def _each(words: Iterator[str] | Sequence[str]) -> list[str]:
    return list(dict.fromkeys(words))
