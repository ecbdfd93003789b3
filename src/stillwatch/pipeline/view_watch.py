"""The accounts' watch as a report shows it: which days were looked at, what came late, and where each history stands."""

from __future__ import annotations

from collections.abc import Iterable

from stillwatch import accounts
from stillwatch.core import Settings
from stillwatch.pipeline.histories import Followed
from stillwatch.report import HistoryView, ProductWatch, WatchView

__all__ = ["history_views", "watch_view"]


def watch_view(followed: Followed) -> WatchView | None:
    """The watch after a run; `None` before the first look."""
    watched = followed.watch
    if watched.through is None:
        return None
    return WatchView(
        first=min(watched.looks["day"].to_pylist()),
        last=watched.through,
        looks=watched.count,
        late=followed.late,
        late_days=followed.late_days,
        products=tuple(
            ProductWatch(
                product=name,
                tested=row["tested"],
                references=row["references"],
                hostile=row["hostile"],
                drift_p=row["drift_p"],
                drift_looks=row["drift_looks"],
                drift_e=row["drift_evidence"],
                drift_needed=1.0 / accounts.DRIFTED,
                off_since=row["off_since"],
            )
            for name, row in sorted(watched.last().items())
        ),
    )


def history_views(followed: Followed, settings: Settings, shown: Iterable[int]) -> dict[int, HistoryView]:
    """Where the histories of some accounts stand."""
    stands = accounts.standings(followed.watch, shown, settings.detect.budgets, cleared=followed.cleared)
    return {
        account: HistoryView(
            e=one.e,
            needed=one.needed,
            days=one.days,
            looks=one.looks,
            reached=one.reached,
            reached_look=one.reached_look,
            sentence=one.sentence,
        )
        for account, one in stands.items()
    }
