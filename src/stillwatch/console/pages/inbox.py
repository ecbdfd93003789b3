"""What other houses told: indicators to look with, never verdicts."""

from __future__ import annotations

from starlette.responses import Response

from stillwatch.console.door import page
from stillwatch.console.visit import Visit
from stillwatch.pipeline import Heard, heard

__all__: list[str] = []

_SHOWN = 200
_COLUMNS = (
    "id",
    "sender",
    "kind",
    "value",
    "stands_alone",
    "confidence",
    "tlp",
    "corroboration",
    "valid_until",
    "revoked",
    "received",
)


@page("inbox")
def inbox(visit: Visit) -> Response:
    """Every indicator that was taken in, newest first."""
    return _listed(visit, None)


@page("look_with")
def look_with(visit: Visit) -> Response:
    """The same, beside what matches in our own traffic."""
    return _listed(visit, heard(visit.house.workspace, now=visit.now))


def _listed(visit: Visit, looked: Heard | None) -> Response:
    rows = visit.house.workspace.store.read("indicators_in", list(_COLUMNS)).to_pylist()
    rows.sort(key=lambda row: (row["received"], row["id"]), reverse=True)
    return visit.page(
        "inbox.html",
        title="Forum inbox",
        total=len(rows),
        rows=rows[:_SHOWN],
        looked=looked,
        matches={} if looked is None else {one.indicator: one for one in looked.matches},
        not_used=() if looked is None else looked.not_used,
    )
