"""The first page: what a day holds, what the budget bought, and whether the yardsticks still hold. And the page about calibration."""

from __future__ import annotations

from starlette.responses import Response

from stillwatch.cases import State as CaseState
from stillwatch.cases import Verdict, all_proposed
from stillwatch.console.door import page
from stillwatch.console.findings import Level, Query
from stillwatch.console.pages.sampling import sample_rates
from stillwatch.console.roles import Role
from stillwatch.console.visit import Visit
from stillwatch.core import Decision
from stillwatch.pipeline import lookalike_errors
from stillwatch.report import ScanView, key_numbers, ruler_reach, verdict

__all__: list[str] = []

_OFF = 0.001
"""A null monitor below this p-value says that a signal's p-values are not to be leaned on; as in the report."""


@page("home")
def home(visit: Visit) -> Response:
    """The day: what is new, what waits, what was spent, what may be wrong with the yardsticks."""
    if visit.who.role is Role.ADMIN:
        return visit.go("/people")
    scan = visit.house.scan()
    if scan is None:
        return visit.page("empty.html", title="Today")
    book, marks = visit.book, visit.marks
    review = scan.findings.listed(Query(), marks)
    cases = list(book.cases.values())
    return visit.page(
        "today.html",
        title="Today",
        view=scan.view,
        verdict=verdict(scan.view),
        numbers=key_numbers(scan.view),
        first=review.rows[:8],
        reach=ruler_reach([(row["evidence"], row["threshold"]) for row in review.rows[:8]]),
        to_review=review.total,
        marks=marks,
        undecided={level: scan.findings.count(Decision.UNDECIDED, level) for level in Level},
        open_cases=[one for one in cases if one.state is CaseState.OPEN],
        awaiting=[one for one in cases if one.state is CaseState.AWAITS_SECOND],
        proposed=list(all_proposed(book).items()),
        decided=sum(one.state is CaseState.DECIDED for one in cases),
        labels={one: sum(label.verdict is one for label in book.feedback.labels.values()) for one in Verdict},
        off=_signals_off(scan.view),
        checked=sum(row.calibration_n > 0 and row.uniformity is not None for row in scan.view.calibration),
        sample=sample_rates(book.feedback),
    )


@page("calibration")
def calibration(visit: Visit) -> Response:
    """How each signal was calibrated, what the budgets bought, and how often each lookalike was taken for an attack."""
    scan, book = visit.scan, visit.book
    return visit.page(
        "calibration.html",
        title="Calibration",
        view=scan.view,
        lookalikes=lookalike_errors(scan.view.actors, book.feedback.labels),
        sample=sample_rates(book.feedback),
    )


def _signals_off(view: ScanView) -> list[tuple[str, str, float]]:
    """Signals whose null monitor is off: signal, stratum, p-value."""
    told = [(row.signal, row.stratum, row.uniformity) for row in view.calibration if row.calibration_n]
    return [(signal, stratum, p) for signal, stratum, p in told if p is not None and p < _OFF]
