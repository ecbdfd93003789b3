"""Say something of a finding, so that the next scan and the next analyst know: a label, to leave it alone, a random sample.

All of it is records of the journal; what they tell is in `heard`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from stillwatch.cases.desk import Desk, subject_of
from stillwatch.cases.heard import Verdict
from stillwatch.cases.journal import Entry, Private
from stillwatch.core.errors import CaseError

__all__ = ["draw", "label", "leave", "lift"]

_LONGEST = dt.timedelta(days=366)
"""Nothing is left alone for longer without being looked at again."""


def label(desk: Desk, handle: str, verdict: Verdict, *, by: str, why: str) -> None:
    """Say what was found on looking at an actor or account.

    Raises:
        CaseError: when no reason is given.
    """
    _record(desk, "label.set", handle, by, why, {"verdict": verdict.value})


def leave(desk: Desk, handle: str, *, until: dt.datetime, known_good: bool, by: str, why: str) -> None:
    """Leave an actor or account alone until an instant, at most a year ahead.

    Raises:
        CaseError: when the instant is not ahead, or further than a year, or no reason is given.
    """
    ahead = until - desk.clock()
    if not dt.timedelta(0) < ahead <= _LONGEST:
        raise CaseError(f"{handle}: got an end of {until:%Y-%m-%d}, expected one within a year from now")
    _record(desk, "pause.set", handle, by, why, {"until": until.astimezone(dt.UTC).isoformat(), "good": known_good})


def lift(desk: Desk, handle: str, *, by: str, why: str) -> None:
    """End it before its time.

    Raises:
        CaseError: when the handle is not left alone.
    """
    if handle not in desk.book().feedback.paused(desk.clock()):
        raise CaseError(f"{handle}: is not left alone")
    _record(desk, "pause.lifted", handle, by, why, {})


def draw(desk: Desk, handles: Sequence[str], *, run: str, population: int, by: str) -> None:
    """Record a random sample of accounts that nothing flagged; whoever calls drew it, and says from how many."""
    desk.journal.begin()
    private = tuple(
        Private(field=f"drawn/{place}", subject=subject_of(name), value=name) for place, name in enumerate(handles)
    )
    desk.journal.append(Entry(kind="sample.drawn", by=by, body={"run": run, "population": population}, private=private))


def _record(desk: Desk, kind: str, handle: str, by: str, why: str, body: dict[str, object]) -> None:
    if not why.strip():
        raise CaseError(f"{handle}: say why")
    subject = subject_of(handle)
    private = (
        Private(field="handle", subject=subject, value=handle),
        Private(field="note", subject=subject, value=why),
    )
    desk.journal.begin()
    desk.journal.append(Entry(kind=kind, by=by, body=body, private=private))
