"""What people said of findings, as the journal's records tell it: labels, accounts to leave alone, random samples, declared purposes.

A label is what somebody found on looking; a pause keeps a finding out of the queue until a day; a sample is accounts drawn at random from
those that no scan flagged, which alone tells how many are missed.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from stillwatch.cases.checked import Told
from stillwatch.cases.declared import Declared, take_purpose
from stillwatch.cases.fold import said
from stillwatch.cases.record import FORGOTTEN

__all__ = ["Feedback", "Heard", "Label", "Pause", "Sample", "Verdict", "feedback_from"]


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
    """Everything that was said, by handle; a later word replaces an earlier one. Pauses that ran out are among them: ask `paused`.

    `revoked` gives why, by digest of an exhibit or an outcome, or id of a key: nothing of it is taken into a case any more.
    """

    labels: Mapping[str, Label] = field(default_factory=dict)
    pauses: Mapping[str, Pause] = field(default_factory=dict)
    samples: tuple[Sample, ...] = ()
    purposes: Mapping[int, Declared] = field(default_factory=dict)
    revoked: Mapping[str, str] = field(default_factory=dict)

    def paused(self, now: dt.datetime) -> dict[str, Pause]:
        """What is left alone at an instant."""
        return {name: one for name, one in self.pauses.items() if one.until > now}


def feedback_from(history: Iterable[Told]) -> Feedback:
    """What the journal's records say, in their order; what was forgotten is left out."""
    heard = Heard()
    for told in history:
        heard.take(told)
    return heard.feedback()


class Heard:
    """What was said so far, record by record."""

    def __init__(self) -> None:
        self._labels: dict[str, Label] = {}
        self._pauses: dict[str, Pause] = {}
        self._samples: list[Sample] = []
        self._purposes: dict[int, Declared] = {}
        self._revoked: dict[str, str] = {}

    def take(self, told: Told) -> None:
        """Hear one more record."""
        record, about = told.record, said(told, "handle")
        if record.kind == "sample.drawn":
            names = [value for name, value in told.private.items() if name.startswith("drawn/")]
            self._samples.append(Sample(**record.body, handles=tuple(names), by=said(told, "by"), at=record.at))
        elif record.kind.startswith("purpose."):
            take_purpose(self._purposes, told)
        elif record.kind == "exhibit.revoked":
            self._revoked[record.body["of"]] = said(told)
        elif about == FORGOTTEN:
            return
        elif record.kind == "label.set":
            verdict = Verdict(record.body["verdict"])
            self._labels[about] = Label(
                handle=about, verdict=verdict, by=said(told, "by"), at=record.at, why=said(told)
            )
        elif record.kind == "pause.set":
            until, good = dt.datetime.fromisoformat(record.body["until"]), record.body["good"]
            self._pauses[about] = Pause(
                handle=about, known_good=good, until=until, by=said(told, "by"), at=record.at, why=said(told)
            )
        elif record.kind == "pause.lifted":
            self._pauses.pop(about, None)

    def feedback(self) -> Feedback:
        """What stands now; what is heard later does not change it."""
        return Feedback(
            labels=dict(self._labels),
            pauses=dict(self._pauses),
            samples=tuple(self._samples),
            purposes=dict(self._purposes),
            revoked=dict(self._revoked),
        )
