"""What the gateway saw and what it cannot see: a pathway that bypasses it is uncovered, never clean."""

from __future__ import annotations

from typing import Any

from stillwatch.gateway.capture import Capture
from stillwatch.gateway.metrics import Metrics

__all__ = ["coverage"]

_BYPASS = {
    "batch": "answers are fetched as files later; read the batch files with stillwatch scan",
    "files": "uploads and downloads pass through unread",
    "realtime": "WebSocket sessions are not carried; they go past the gateway or fail",
    "fine_tuning": "jobs pass through unread",
    "assistants": "runs answer through polling; pass through unread",
    "stored_answers": "answers fetched again by id lose what the ruling hides, and are not captured; rules by model do not reach them",
    "partner clouds": "Bedrock, Vertex and Azure endpoints are other hosts; read their own logs with stillwatch scan",
    "other hosts": "whoever reaches the upstream by another way is not seen at all",
}


def coverage(metrics: Metrics, capture: Capture | None, pathway: str) -> dict[str, Any]:
    """Counts of this worker by pathway, as the coverage page of the admin port gives them."""
    by_dialect: dict[str, int] = {}
    for (dialect, _, _, _), count in metrics.requests.items():
        by_dialect[dialect] = by_dialect.get(dialect, 0) + count
    other = by_dialect.pop("other", 0)
    captured = (
        None
        if capture is None
        else {"written": capture.written, "dropped": capture.dropped, "waiting_bytes": capture.waiting}
    )
    return {
        "covered": {"pathway": pathway, "exchanges": by_dialect, "captured": captured},
        "passed_unread": other,
        "uncovered": [
            {"pathway": name, "calls_passed_through": metrics.uncovered.get(name, 0), "why": why}
            for name, why in _BYPASS.items()
        ],
    }
