"""The tables of a run as the record that every report is drawn from: `ScanView`, one module for each of its parts.

view_actors     each candidate actor, with view_links (what ties it together) and view_examples (its texts, redacted)
view_accounts   single accounts, and how the signals were calibrated
view_doubt      what the findings are worth: budgets, what stays undecided, guarantees, limits
view_run        what was read, and under which settings
view_watch      the days that were looked at one by one
view_rows       the rows of tables that all of these read
"""

from __future__ import annotations

from functools import partial

from stillwatch.core import Decision, Settings
from stillwatch.engine import Workspace
from stillwatch.pipeline.detect import Findings
from stillwatch.pipeline.view_accounts import account_views, calibration_views
from stillwatch.pipeline.view_actors import actor_views
from stillwatch.pipeline.view_doubt import LIMITS, error_budgets, guarantees, undecided_counts
from stillwatch.pipeline.view_rows import grouped
from stillwatch.pipeline.view_run import rejects_by_reason
from stillwatch.pipeline.view_watch import history_views, watch_view
from stillwatch.report import RunFacts, ScanView

__all__ = ["view"]

_RANK = {Decision.REVIEW: 0, Decision.UNDECIDED: 1, Decision.SET_ASIDE: 2, Decision.QUIET: 3}


def view(
    workspace: Workspace,
    findings: Findings,
    settings: Settings,
    *,
    facts: RunFacts,
) -> ScanView:
    """Read the tables of the run that was just committed into a `ScanView`."""
    store = workspace.store
    ranked = sorted(
        store.read("actors").to_pylist(),
        key=lambda a: (_RANK[Decision(a["decision"])], -(a["evidence"] or 0.0), -a["accounts"], a["actor"]),
    )
    members = grouped(store.read("actor_members"), "actor")
    return ScanView(
        run=facts,
        actors=actor_views(store, ranked, members, findings.pictures, examples=settings.run.examples),
        accounts=account_views(
            store,
            ranked,
            members,
            threshold_p=findings.threshold_p,
            histories=partial(history_views, findings.followed, settings),
        ),
        budgets=error_budgets(ranked, findings, settings),
        calibration=calibration_views(store),
        undecided=undecided_counts(store, ranked, findings.basis),
        rejects=rejects_by_reason(store),
        guarantees=guarantees(findings),
        limits=LIMITS,
        watch=watch_view(findings.followed),
    )
