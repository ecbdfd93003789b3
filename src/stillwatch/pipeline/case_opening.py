"""A finding of the last scan as a case is opened with it: its statements graded, its four factors, and what speaks against it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from stillwatch.cases import (
    CaseTest,
    Confidence,
    Exculpatory,
    Factor,
    FactorShown,
    Impact,
    Label,
    Lookalike,
    Member,
    Opening,
    Statement,
)
from stillwatch.core import CaseError, Part, SharedThing, Support, Vote
from stillwatch.pipeline.list_prices import ListPrices, list_value
from stillwatch.pipeline.lookalike_errors import error_lines, lookalike_errors
from stillwatch.report import (
    AccountView,
    ActorView,
    HeldOutTest,
    LookalikeCheck,
    ScanView,
    SignalReading,
    read_json,
    render_json,
    three_parts,
)

__all__ = ["case_opening", "impact_of"]

_NOT_IN_LOGS = (
    "Whether anybody outside confirms it: every record here is the provider's own, and the provider is an interested party.",
    "What the answers were used for, and whether any model learned from them.",
    "Who the operator is, and what was agreed with them outside these records.",
    "What was obtained from other providers or resellers.",
)
"""What no scan of one provider's logs can test."""

_FAMILIES_KEPT, _EXAMPLES_KEPT, _LINKS_KEPT = 20, 2, 60
"""Families, redacted examples of each, and shared things that a case keeps; the scan's report has the rest."""

_NO_TIMELINE = FactorShown(
    factor=Factor.MODEL_TIMELINE,
    shown=None,
    why="no timeline of another model was compared with this traffic; an audit of a suspect model with its cut-off and release dates, "
    "or another house's sightings of this actor, would make it known",
)

_NONE_TRIED = Lookalike(name="none tried", fits=None, why="the scan held no innocent explanation against this account")
"""Said of an account of which nothing was measured that an explanation could be held against."""


def case_opening(
    view: ScanView,
    handle: str,
    *,
    account: AccountView | None = None,
    prices: ListPrices | None = None,
    labels: Mapping[str, Label] | None = None,
) -> Opening:
    """What a case about this actor or single account is opened with.

    Args:
        view: the scan.
        handle: what the case is about.
        account: the account of this handle, where the report does not list it.
        prices: what the answers would have cost, for an estimate of their value.
        labels: what people found on looking, by handle, for the error by lookalike.

    Raises:
        CaseError: when the scan has no such candidate.
    """
    listed = (*view.accounts, *(() if account is None else (account,)))
    found = replace(
        view,
        actors=tuple(one for one in view.actors if one.handle == handle),
        accounts=tuple(one for one in listed if one.handle == handle)[:1],
    )
    finite = read_json(render_json(found))
    for actor in finite.actors:
        tried = {one.name for one in actor.lookalikes}
        errors = [one for one in lookalike_errors(view.actors, labels or {}) if one.name in tried]
        return _of_actor(finite, actor, prices, tuple(error_lines(errors)))
    for single in finite.accounts:
        return _of_account(finite, single)
    raise CaseError(f"{handle}: no actor and no single account of the last scan; stillwatch scan shows them")


def _of_actor(view: ScanView, actor: ActorView, prices: ListPrices | None, errors: tuple[str, ...]) -> Opening:
    parts = three_parts(actor)
    sorted_parts = (*parts.observed, *parts.inferred, *parts.exculpatory)
    return Opening(
        handle=actor.handle,
        run=view.run.run,
        version=view.run.version,
        reason=f"{actor.decision.replace('_', ' ')}: {actor.reason}",
        first_seen=actor.first_seen,
        last_seen=actor.last_seen,
        e_value=actor.e_value,
        p_value=None,
        threshold=actor.threshold,
        tests=tuple(map(_test, actor.tests)),
        statements=tuple(_graded(s.part, s.sentence, s.ground) for s in sorted_parts),
        factors=(
            _factor(Factor.PATTERN, actor.tests),
            _capability(actor),
            _factor(Factor.MULTI_ACCOUNT, [t for t in actor.tests if t.vote is Vote.COORDINATION]),
            _NO_TIMELINE,
        ),
        exculpatory=Exculpatory(
            lookalikes=_lookalikes(actor.lookalikes),
            base_rates=(*_base_rates(view, "actors"), *errors),
            not_tested=_not_tested(view, actor.tests),
        ),
        impact=impact_of(actor, prices),
        guarantees=view.guarantees,
        members=tuple(
            Member(handle=m.handle, exchanges=m.exchanges, harvest_exchanges=m.harvest_exchanges, reason=m.reason)
            for m in actor.members
        ),
        families=tuple(
            replace(family, examples=family.examples[:_EXAMPLES_KEPT]) for family in actor.families[:_FAMILIES_KEPT]
        ),
        links=() if actor.links is None else _widest(actor.links.things),
        hours=actor.hours,
        releases=actor.releases,
    )


def impact_of(actor: ActorView, prices: ListPrices | None) -> Impact:
    """What an actor's requests came to, with an estimate of the answers' value where there are prices."""
    return Impact(
        exchanges=actor.exchanges,
        attempts=actor.harvest_exchanges,
        obtained=actor.yield_exchanges,
        obtained_tokens=actor.yield_tokens,
        capability=actor.capability,
        uses=actor.uses,
        sought=actor.sought,
        value=None if prices is None else list_value(actor.uses, prices),
        replacement=actor.replacement,
        displacement=actor.displacement,
    )


def _widest(things: Iterable[SharedThing]) -> tuple[SharedThing, ...]:
    """The things that most members share, as far as a case keeps them."""
    shared = sorted((one for one in things if one.members > 1), key=lambda one: (-one.members, one.key))
    return tuple(shared[:_LINKS_KEPT])


def _of_account(view: ScanView, account: AccountView) -> Opening:
    said = [
        (Part.OBSERVED, f"The account sent {account.exchanges:,} exchanges.", "exchanges"),
        (Part.INFERRED, f"The account is unlike others of its kind: {account.reason}", "account_evidence"),
        (
            Part.EXCULPATORY,
            "One account alone shows no coordination; nothing here says who else is behind it.",
            "method",
        ),
        *((Part.OBSERVED, s.sentence, s.signal) for s in account.signals if s.sentence and s.decided),
    ]
    alone = "single account: coordination between accounts was not part of the finding"
    return Opening(
        handle=account.handle,
        run=view.run.run,
        version=view.run.version,
        reason=f"{account.decision.replace('_', ' ')}: {account.reason}",
        first_seen=None,
        last_seen=None,
        e_value=account.e_value,
        p_value=account.p_value,
        threshold=account.threshold_p if account.threshold_e is None else account.threshold_e,
        tests=tuple(map(_signal, account.signals)),
        statements=tuple(_graded(*one) for one in said),
        factors=(
            FactorShown(factor=Factor.PATTERN, shown=True, why=account.reason),
            FactorShown(factor=Factor.CAPABILITY, shown=None, why="not judged for single accounts"),
            FactorShown(factor=Factor.MULTI_ACCOUNT, shown=None, why=alone),
            _NO_TIMELINE,
        ),
        exculpatory=Exculpatory(
            lookalikes=_lookalikes(account.lookalikes) or (_NONE_TRIED,),
            base_rates=_base_rates(view, "accounts"),
            not_tested=_not_tested(view, account.signals),
        ),
        impact=Impact(
            exchanges=account.exchanges,
            attempts=None,
            obtained=None,
            obtained_tokens=None,
            capability="not judged for single accounts",
        ),
        guarantees=view.guarantees,
        members=(
            Member(
                handle=account.handle, exchanges=account.exchanges, harvest_exchanges=None, reason="the account itself"
            ),
        ),
    )


def _graded(part: Part, sentence: str, ground: str) -> Statement:
    """A scan's sentence with its confidence: counts are sure, what is inferred from one provider's logs is moderate at most.

    What is inferred comes from a single source, and from an interested party: the provider gains by it.
    """
    inferred = part is Part.INFERRED
    return Statement(
        part=part,
        confidence=Confidence.MODERATE if inferred else Confidence.HIGH,
        sentence=sentence,
        ground=ground,
        single_source=inferred,
        interested_party=inferred,
    )


def _test(test: HeldOutTest) -> CaseTest:
    return CaseTest(
        name=test.test,
        null=test.null,
        n=test.n,
        supports=test.supports,
        sentence=test.sentence,
        value=test.value,
        expected=test.expected,
        p_value=test.p_value,
        e_value=test.e_value,
        needed=test.needed,
    )


def _signal(signal: SignalReading) -> CaseTest:
    return CaseTest(
        name=signal.signal,
        null=signal.null,
        n=signal.n,
        supports=Support.NEITHER,
        sentence=signal.sentence,
        value=signal.value,
        p_value=signal.p_value,
        e_value=signal.e_value,
        needed=signal.needed,
    )


def _lookalikes(checks: Iterable[LookalikeCheck]) -> tuple[Lookalike, ...]:
    """The innocent explanations that the scan tried, each with what came of it."""
    return tuple(Lookalike(name=one.name, fits=one.fits, why=one.why) for one in checks)


def _factor(factor: Factor, tests: Iterable[HeldOutTest]) -> FactorShown:
    """Whether held-out tests that bear on a factor point to a harvest; unknown when none could decide."""
    decided = [test for test in tests if test.decided]
    shown = [test for test in decided if test.supports is Support.HARVEST]
    told = "; ".join(test.sentence for test in (shown or decided)) or "no test of it could decide"
    return FactorShown(factor=factor, shown=bool(shown) if decided else None, why=told)


def _capability(actor: ActorView) -> FactorShown:
    asked = ", ".join(name.replace("_", " ") for name in actor.techniques)
    why = (
        f"{actor.capability}; techniques: {asked}"
        if asked
        else f"{actor.capability}; no technique of asking stands out"
    )
    return FactorShown(factor=Factor.CAPABILITY, shown=bool(asked), why=why)


def _base_rates(view: ScanView, level: str) -> tuple[str, ...]:
    """How many were looked at and how many of the found may be wrong, for every budget of this level."""
    told = [
        f"{b.tested:,} {b.level} were tested and {b.found:,} put up; "
        f"of those put up an expected {100 * b.rate:.3g} % may be wrong ({b.method})"
        for b in view.budgets
        if b.level == level
    ]
    return tuple(told) or (f"no error budget was spent on {level}: the rate of false findings is unknown",)


def _not_tested(view: ScanView, tests: Iterable[HeldOutTest | SignalReading]) -> tuple[str, ...]:
    waiting = [f"{t.title or 'a test'}: undecided, n = {t.n}, needs {t.needed}" for t in tests if t.needed is not None]
    return (*waiting, *view.limits, *_NOT_IN_LOGS)
