"""What an audit answers, for people: three questions in three places, each with its null, its doubts and what it could not have seen."""

from __future__ import annotations

from collections.abc import Iterator

from stillwatch.audit.records import Question
from stillwatch.audit.run import Outcome, Told

__all__ = ["INNOCENT", "WHAT_THE_HASHES_SHOW", "answer_lines"]

WHAT_THE_HASHES_SHOW = (
    "Its hash shows that the plan still says what it said when this was computed, and the hashes below which recorded replies were used. "
    "They do not show that the plan is older than the replies, or who made it: nothing here is signed or time-stamped, and whoever holds "
    "these files can write others."
)
"""What a reader may conclude from the hashes of an audit, and what not."""

INNOCENT = {
    Question.EXPOSURE: (
        "what was served was published, and the suspect read it there",
        "the suspect retrieves published text when it answers, without having been trained on it",
    ),
    Question.RESEMBLANCE: (
        "good models agree, err alike, and have read the same web",
        "text of our model is in public corpora",
        "both share a base model",
    ),
    Question.DESCENT: ("a shared, openly published base model",),
}
"""Explanations that stay open after each answer; none of these tests closes them."""


def answer_lines(outcome: Outcome) -> Iterator[str]:
    """The answer as Markdown. An answer to one question never stands in for another: what was not asked is said to be so."""
    plan = outcome.plan
    yield f"# Audit of {plan.suspect}"
    yield ""
    yield f"Plan {plan.sha256[:16]}, alpha {plan.alpha:g}, {plan.stop.value}."
    yield WHAT_THE_HASHES_SHOW
    yield from (f"- {name}: SHA-256 {digest}" for name, digest in outcome.inputs.items())
    for at, question in enumerate(Question, start=1):
        mine = [one for one in outcome.findings if one.question is question]
        yield ""
        yield f"## Q{at} {question.words}"
        yield ""
        if not mine:
            yield "Not asked: the plan names no test for it. Nothing above or below answers it."
            continue
        if question is Question.EXPOSURE:
            yield from _accounts(outcome)
            yield from plan.timeline.lines()
            yield ""
        yield from _table(mine)
        yield ""
        for one in {told.test: told for told in mine}.values():
            yield f"Null of {one.test}: {one.null}."
            yield f"Statistic: {one.statistic}."
            yield from (f"Assumed: {assumed}." for assumed in one.assumptions)
        for told in mine:
            yield from (f"- {told.account or 'all'}: {one}" for one in told.conditions if not one.endswith(": holds"))
        yield from (f"- {told.account}: {told.cleared}" for told in mine if told.cleared)
        yield ""
        yield f"Innocent explanations still open: {'; '.join(INNOCENT[question])}."


def _accounts(outcome: Outcome) -> Iterator[str]:
    plan = outcome.plan
    named, triage = ", ".join(outcome.named) or "none", ", ".join(outcome.triage) or "none"
    yield f"Accounts that may be named (chance of any false one <= {plan.alpha:g}, Holm): {named}."
    yield f"Accounts to look at (at most a share {plan.q:g} false, e-BH): {triage}."
    if outcome.undecided:
        yield f"Undecided for want of items: {', '.join(outcome.undecided)}."
    yield ""


def _table(findings: list[Told]) -> Iterator[str]:
    yield "| account | test | n | value | p | e |"
    yield "|---|---|---|---|---|---|"
    for one in findings:
        p = f"undecided, needs {one.needed}" if one.p is None else f"{one.p:.3g}"
        e = "-" if one.e is None else f"{one.e:.3g}"
        value = "-" if one.value is None else f"{one.value:.3g}"
        yield f"| {one.account or '-'} | {one.test} | {one.n} | {value} | {p} | {e} |"
