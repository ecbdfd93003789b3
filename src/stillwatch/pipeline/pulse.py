"""How a watch is doing, as figures: how far behind it is, what it did, and whether its findings are fresh."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["Pulse", "metric_lines"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Pulse:
    """One look at a watch.

    Attributes:
        at: when, by the system's clock.
        state: `starting`, `watching`, `behind` (something failed that the next round tries again) or `ended`.
        newest: when the newest exchange that is in began; unknown before there is one.
        lag_seconds: `at` minus `newest`, never below zero; unknown before there is an exchange.
        oldest_unread_seconds: for how long something of a file has been known and is not in; zero when all is in.
        unread: files of which something is not in.
        round_seconds: seconds since the last round ended.
        found_seconds: seconds since the findings were last brought up to date; unknown before they were.
        detect_seconds: how long that took.
        exchanges, parts: rows and files of the table `exchanges`.
        free_bytes: room left on the disk of the workspace.
        fresh, duplicates, rejects, rounds, detections, failures: counted since the start.
        actors: actors for review, as of the last detection.
        problem: what failed last, while it is not mended.
    """

    at: dt.datetime
    state: str
    newest: dt.datetime | None = None
    lag_seconds: float | None = None
    oldest_unread_seconds: float = 0.0
    unread: int = 0
    round_seconds: float = 0.0
    found_seconds: float | None = None
    detect_seconds: float | None = None
    exchanges: int = 0
    parts: int = 0
    free_bytes: int = 0
    fresh: int = 0
    duplicates: int = 0
    rejects: int = 0
    rounds: int = 0
    detections: int = 0
    failures: int = 0
    actors: int = 0
    problem: str = ""


_TOLD = (
    ("lag_seconds", "gauge", "Now minus the time of the newest exchange that was read."),
    ("oldest_unread_seconds", "gauge", "For how long something of a log has been known and was not read."),
    ("unread", "gauge", "Files of which something was not read yet."),
    ("round_seconds", "gauge", "Seconds since the last round ended; a round with a detection takes as long as that."),
    ("found_seconds", "gauge", "Seconds since the findings were brought up to date."),
    ("detect_seconds", "gauge", "How long the last detection took."),
    ("exchanges", "gauge", "Exchanges in the workspace."),
    ("parts", "gauge", "Files of the table of exchanges."),
    ("free_bytes", "gauge", "Room left on the disk of the workspace."),
    ("actors", "gauge", "Actors for review, as of the last detection."),
    ("fresh", "counter", "Exchanges read since the start."),
    ("duplicates", "counter", "Exchanges that came again and were counted once, since the start."),
    ("rejects", "counter", "Rows rejected since the start."),
    ("rounds", "counter", "Rounds since the start."),
    ("detections", "counter", "Detections since the start."),
    ("failures", "counter", "Rounds that failed and were tried again, since the start."),
)
_UNITS = {"unread": "unread_files", "actors": "actors_for_review", "free_bytes": "disk_free_bytes"}
_SAID = {
    "round_seconds": "round_age_seconds",
    "found_seconds": "findings_age_seconds",
    "detect_seconds": "detection_seconds",
}


def metric_lines(pulse: Pulse) -> Iterator[str]:
    """The pulse in the text format of Prometheus; what is unknown is left out, never zero."""
    for field, kind, told in _TOLD:
        value = getattr(pulse, field)
        if value is None:
            continue
        name = (
            f"stillwatch_watch_{_UNITS.get(field) or _SAID.get(field) or field}{'_total' if kind == 'counter' else ''}"
        )
        yield f"# HELP {name} {told}"
        yield f"# TYPE {name} {kind}"
        yield f"{name} {round(value, 3)}"
    yield "# HELP stillwatch_watch_up Whether the last round went through."
    yield "# TYPE stillwatch_watch_up gauge"
    yield f"stillwatch_watch_up {int(pulse.state == 'watching')}"
