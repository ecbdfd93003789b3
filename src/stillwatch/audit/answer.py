"""What an audit answers, for people: three questions in three places, each with its null, its doubts and what it could not have seen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from stillwatch.audit.records import Question
from stillwatch.audit.run import Outcome, Told
from stillwatch.audit.text_source import RATHER_THAN, TEXT_SOURCE
from stillwatch.stats import holm

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
    Question.DESCENT: (
        "a shared, openly published base model, or its first weights",
        "our own weights were published, and the suspect's maker had a right to them",
    ),
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
        yield from _sources(outcome, [one for one in mine if one.test == TEXT_SOURCE.name])
        yield from _table(mine)
        yield ""
        for one in {told.test: told for told in mine}.values():
            yield f"Null of {one.test}: {one.null}."
            yield f"Statistic: {one.statistic}."
            yield from (f"Assumed: {assumed}." for assumed in one.assumptions)
        for told in mine:
            yield from (
                f"- {told.account or told.model or 'all'}: {one}"
                for one in told.conditions
                if not one.endswith(": holds")
            )
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


def _sources(outcome: Outcome, found: Sequence[Told]) -> Iterator[str]:
    """Which teachers the suspect writes like, in one sentence: some, of which several may be indistinguishable, or none of these."""
    if not found:
        return
    alpha = outcome.plan.alpha
    single = [one for one in found if RATHER_THAN not in (one.model or "")]
    like = _shown(single, alpha)
    if any(one.p is None for one in single):
        yield f"Text source: undecided, {single[0].n} independent models of {single[0].needed} that alpha takes."
    elif not like:
        yield "Text source: none of these teachers, as far as the independents can tell."
    else:
        pairs = [one for one in found if RATHER_THAN in (one.model or "")]
        rather = {tuple((name or "").split(RATHER_THAN)) for name in _shown(pairs, alpha)}
        best = [one for one in like if not any((other, one) in rather for other in like)]
        told = f"{best[0]}, rather than any other" if len(best) == 1 else f"indistinguishable between {', '.join(best)}"
        yield f"Text source (chance of any false teacher <= {alpha:g}, Holm): {told}."
    yield ""


def _shown(found: Sequence[Told], alpha: float) -> list[str]:
    chosen = holm([1.0 if one.p is None else one.p for one in found], alpha=alpha).selected
    return [one.model or "" for one, shown in zip(found, chosen, strict=True) if shown]


def _table(findings: list[Told]) -> Iterator[str]:
    yield "| account or model | test | n | value | p | e |"
    yield "|---|---|---|---|---|---|"
    for one in findings:
        p = f"undecided, needs {one.needed}" if one.p is None else f"{one.p:.3g}"
        e = "-" if one.e is None else f"{one.e:.3g}"
        value = "-" if one.value is None else f"{one.value:.3g}"
        yield f"| {one.account or one.model or '-'} | {one.test} | {one.n} | {value} | {p} | {e} |"
