"""What other houses told: indicators to look with, never verdicts."""

from __future__ import annotations

from starlette.responses import Response

from stillwatch.console.door import page
from stillwatch.console.visit import Visit
from stillwatch.pipeline import heard

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
    """Every indicator that was taken in, newest first; what matches in our own traffic is looked for when asked."""
    workspace = visit.house.workspace
    workspace.store.reload()
    rows = workspace.store.read("indicators_in", list(_COLUMNS)).to_pylist()
    rows.sort(key=lambda row: (row["received"], row["id"]), reverse=True)
    looked = heard(workspace, now=visit.now) if visit.query.get("look") == "yes" else None
    return visit.page(
        "inbox.html",
        title="Forum inbox",
        total=len(rows),
        rows=rows[:_SHOWN],
        looked=looked,
        matches={} if looked is None else {one.indicator: one for one in looked.matches},
        not_used=() if looked is None else looked.not_used,
    )
