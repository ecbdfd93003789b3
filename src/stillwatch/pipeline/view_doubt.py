"""What the findings are worth: the error budgets they passed, what stays undecided, what is guaranteed and what is not seen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pyarrow.compute as pc

from stillwatch.accounts import Basis, kin, spent_over_days
from stillwatch.core import Decision, Settings
from stillwatch.engine import Store
from stillwatch.pipeline.detect import Findings
from stillwatch.pipeline.view_rows import evidence_where
from stillwatch.report import ErrorBudget, UndecidedCount

__all__ = ["LIMITS", "error_budgets", "guarantees", "undecided_counts"]

_OF_ACTORS = (
    (
        "Among the actors put up for review the expected share of wrong ones is at most the budget (e-BH, under any dependence "
        "between candidates, over all actors ever tracked, on any one day, of however many that one looks), if in the held-out hours "
        "the members of a false candidate are a random group of accounts as busy as they. An actor's first look at a day of logs "
        "counts; scanning the same day again gives it no second try."
    ),
    "Candidates were found in one half of each account's hours and tested in the other half.",
    (
        "The budget bounds chance groups only. An innocent group that shares a template and asks for the same things breaks that "
        "null without being an operator; how many such groups pass is measured on lookalikes, not bounded. That is why innocent "
        "explanations are checked one by one, and why a person decides."
    ),
)
"""What holds for the actors of every scan, with the null that it holds under."""

_OF_ACCOUNTS = {
    Basis.THEMSELVES: "Single accounts calibrate one another here: they are ranked, and none can be put up for review.",
    Basis.CLEARED: (
        "Single accounts are compared with {n:,} accounts that analysts cleared. Among those put up for review the expected share of wrong "
        "ones is at most the budget (Benjamini-Hochberg; e-BH for harder actions, under any dependence), if the cleared accounts "
        "are as other honest accounts of their product type are. Whoever clears only the quietest makes the others look loud."
    ),
    Basis.NOT_SINGLED_OUT: (
        "Single accounts that other evidence singled out are compared with {n:,} others, of whom the stated share may harvest too."
    ),
}
"""What holds for single accounts, by whom they are compared with."""

_OVER_DAYS = (
    "Single accounts are looked at once a day, too. Of all that are ever put up for review by their evidence over days, the expected "
    "share of wrong ones is at most the budget, whatever the dependence of days and however often one looks, if whole histories of "
    "honest accounts and of cleared ones of their product type are exchangeable; where the ones come more often than the others, if how "
    "loud an honest account is on the days on which it comes does not hang on how often it comes."
)

_WHY = {
    Basis.THEMSELVES: "unusual, but accounts that calibrate one another cannot show who harvests",
    Basis.CLEARED: "more unusual than so few cleared accounts can express, or the cleared ones no longer resemble the log",
    Basis.NOT_SINGLED_OUT: "more unusual than so few accounts can express",
}

LIMITS = (
    "Templates sent by fewer accounts than the support in the discovery hours are not mined.",
    "A harvest without any shared template, instrument or place leaves no link here, whatever its size.",
    "Bought transcripts and other hosts leave no trace in these logs.",
)
"""What this version's search cannot find, beside the standing limits that every report prints."""


def guarantees(findings: Findings) -> tuple[str, ...]:
    """What holds for the findings of this scan."""
    watched = findings.followed.watch
    over_days = (_OVER_DAYS,) if watched.count else ()
    broken = tuple(
        f"Since {since} nothing is guaranteed for single {kin(name)}: the cleared ones no longer resemble the others."
        for name, since in sorted(watched.off().items())
    )
    return (*_OF_ACTORS, _OF_ACCOUNTS[findings.basis].format(n=findings.calibrated_by), *over_days, *broken)


def error_budgets(
    actors: Sequence[Mapping[str, Any]], findings: Findings, settings: Settings
) -> tuple[ErrorBudget, ...]:
    """The error rates that actors and single accounts were held to, and what it took to be found."""
    return (
        ErrorBudget(
            level="actors",
            method="e-BH",
            rate=settings.actors.actor_fdr,
            tested=len(actors),
            found=sum(a["decision"] == Decision.REVIEW for a in actors),
            needed=min((a["threshold"] for a in actors if a["threshold"] is not None), default=None),
            best=max((a["evidence"] for a in actors if a["evidence"] is not None), default=None),
            can_fire=bool(actors),
            note="" if actors else "No group of accounts was tied closely enough to be a candidate.",
        ),
        ErrorBudget(
            level="accounts",
            method="BH",
            rate=settings.detect.budgets.review,
            tested=findings.tested,
            found=findings.for_review,
            needed=findings.threshold_p,
            best=findings.best_p,
            can_fire=findings.can_fire,
            note=findings.note,
        ),
        *(
            ErrorBudget(
                level=f"accounts to {one.action}",
                method="e-BH",
                rate=one.q,
                tested=one.tested,
                found=one.found,
                needed=one.needed,
                best=one.best,
                can_fire=one.can_fire,
                note=one.note,
            )
            for one in findings.spent
        ),
        *_over_days(findings, settings),
    )


def _over_days(findings: Findings, settings: Settings) -> Iterator[ErrorBudget]:
    """The budget that histories of days were held to, once days were looked at."""
    spent = spent_over_days(findings.followed.watch, settings.detect.budgets)
    if spent is not None:
        yield ErrorBudget(
            level="accounts over days",
            method="e-BH over looks",
            rate=spent.q,
            tested=spent.tested,
            found=spent.found,
            needed=spent.needed,
            best=spent.best,
            can_fire=spent.can_fire,
            note=spent.note,
        )


def undecided_counts(store: Store, actors: Sequence[Mapping[str, Any]], basis: Basis) -> tuple[UndecidedCount, ...]:
    """What could not be decided, why, and what would decide it."""
    undecided = evidence_where(store, (pc.field("signal") == "combined") & (pc.field("decision") == "undecided"))
    waiting = undecided.filter(pc.is_valid(undecided.column("needed")))
    out = []
    if waiting.num_rows:
        need = int(pc.max(waiting.column("needed")).as_py())
        out.append(
            UndecidedCount(
                what="accounts", count=waiting.num_rows, why="too few exchanges", needs=f"up to {need} exchanges"
            )
        )
    if undecided.num_rows > waiting.num_rows:
        out.append(
            UndecidedCount(
                what="accounts",
                count=undecided.num_rows - waiting.num_rows,
                why=_WHY[basis],
                needs=f"{'more ' if basis is Basis.CLEARED else ''}accounts that an analyst has cleared",
            )
        )
    held_back = sum(a["decision"] == Decision.UNDECIDED for a in actors)
    if held_back:
        out.append(
            UndecidedCount(
                what="candidate actors",
                count=held_back,
                why="too few members in the held-out hours, nothing that tests them, or a day that was looked at before",
                needs="more hours of logs, or the next day's",
            )
        )
    return tuple(out)
