"""What people said of findings, so that the next scan and the next analyst know: labels, accounts to leave alone, a random sample.

All of it is records of the journal. A label is what somebody found on looking; a pause keeps a finding out of the queue until a day; a
sample is accounts drawn at random from those that no scan flagged, which alone tells how many are missed.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from stillwatch.cases.desk import Desk, subject_of
from stillwatch.cases.fold import said
from stillwatch.cases.journal import Entry, Private, Told
from stillwatch.cases.record import FORGOTTEN
from stillwatch.core.errors import CaseError

__all__ = ["Feedback", "Label", "Pause", "Sample", "Verdict", "draw", "feedback_from", "label", "leave", "lift"]

_LONGEST = dt.timedelta(days=366)
"""Nothing is left alone for longer without being looked at again."""


class Verdict(StrEnum):
    """What somebody found: a harvest (`true`), an ordinary customer (`false`), or that it cannot be told."""

    TRUE = "true"
    FALSE = "false"
    UNSURE = "unsure"


@dataclass(frozen=True, kw_only=True, slots=True)
class Label:
    """The last thing that was said of a handle: by whom, when (UTC) and why."""

    handle: str
    verdict: Verdict
    by: str
    at: str
    why: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Pause:
    """A handle that is left alone until an instant: because it is known to be good, or because it was looked at for now."""

    handle: str
    known_good: bool
    until: dt.datetime
    by: str
    at: str
    why: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Sample:
    """Accounts drawn evenly at random from `population` that nothing had flagged in a run."""

    run: str
    population: int
    handles: tuple[str, ...]
    by: str
    at: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Feedback:
    """Everything that was said, by handle; a later word replaces an earlier one. Pauses that ran out are among them: ask `paused`."""

    labels: Mapping[str, Label] = field(default_factory=dict)
    pauses: Mapping[str, Pause] = field(default_factory=dict)
    samples: tuple[Sample, ...] = ()

    def paused(self, now: dt.datetime) -> dict[str, Pause]:
        """What is left alone at an instant."""
        return {name: one for name, one in self.pauses.items() if one.until > now}


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
    if handle not in feedback_from(desk.journal.history()).paused(desk.clock()):
        raise CaseError(f"{handle}: is not left alone")
    _record(desk, "pause.lifted", handle, by, why, {})


def draw(desk: Desk, handles: Sequence[str], *, run: str, population: int, by: str) -> None:
    """Record a random sample of accounts that nothing flagged; whoever calls drew it, and says from how many."""
    desk.journal.begin()
    private = tuple(
        Private(field=f"drawn/{place}", subject=subject_of(name), value=name) for place, name in enumerate(handles)
    )
    desk.journal.append(Entry(kind="sample.drawn", by=by, body={"run": run, "population": population}, private=private))


def feedback_from(history: Iterable[Told]) -> Feedback:
    """What the journal's records say, in their order; what was forgotten is left out."""
    labels: dict[str, Label] = {}
    pauses: dict[str, Pause] = {}
    samples: list[Sample] = []
    for told in history:
        record, about = told.record, said(told, "handle")
        by, why = said(told, "by"), said(told)
        if record.kind == "sample.drawn":
            names = [value for name, value in told.private.items() if name.startswith("drawn/")]
            samples.append(Sample(**record.body, handles=tuple(names), by=by, at=record.at))
        elif about == FORGOTTEN:
            continue
        elif record.kind == "label.set":
            verdict = Verdict(record.body["verdict"])
            labels[about] = Label(handle=about, verdict=verdict, by=by, at=record.at, why=why)
        elif record.kind == "pause.set":
            until, good = dt.datetime.fromisoformat(record.body["until"]), record.body["good"]
            pauses[about] = Pause(handle=about, known_good=good, until=until, by=by, at=record.at, why=why)
        elif record.kind == "pause.lifted":
            pauses.pop(about, None)
    return Feedback(labels=labels, pauses=pauses, samples=tuple(samples))


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
