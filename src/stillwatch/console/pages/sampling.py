"""What random samples of accounts that nothing flagged say: how many attackers a scan misses, with its doubt.

Accounts of a sample that a person found to be ordinary customers calibrate the next scan. Only those: accounts that somebody looked at
because they were loud are no fair picture of honest ones.
"""

from __future__ import annotations

import datetime as dt
import logging
from dataclasses import dataclass

from stillwatch.cases import Feedback, Sample, Verdict
from stillwatch.console.house import House
from stillwatch.core import Estimate, WorkspaceError, unhandle
from stillwatch.pipeline import Cleared, clear_accounts
from stillwatch.stats import clopper_pearson

__all__ = ["SampleRate", "clear_the_sampled", "sample_rates"]


_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class SampleRate:
    """One sample: how many were looked at and found to be attackers, and the share among the unflagged that follows (95 %).

    `rate` is unknown until somebody was looked at. Accounts that people left unsure count as not looked at, which flatters nobody.
    """

    sample: Sample
    drawn: int
    judged: int
    hostile: int
    rate: Estimate | None


def sample_rates(feedback: Feedback) -> tuple[SampleRate, ...]:
    """What each sample says so far, the latest first."""
    return tuple(_rate(one, feedback) for one in reversed(feedback.samples))


def _rate(sample: Sample, feedback: Feedback) -> SampleRate:
    said = [feedback.labels[name].verdict for name in sample.handles if name in feedback.labels]
    judged = sum(one is not Verdict.UNSURE for one in said)
    hostile = sum(one is Verdict.TRUE for one in said)
    rate = clopper_pearson(hostile, judged) if judged else None
    return SampleRate(sample=sample, drawn=len(sample.handles), judged=judged, hostile=hostile, rate=rate)


def clear_the_sampled(house: House) -> bool:
    """Bring the table of cleared accounts in step with the samples' labels; whether that could be done now.

    While a scan writes to the workspace it cannot; the labels are in the journal, and the next one brings the table in step.
    """
    feedback = house.book().feedback
    drawn = {name for sample in feedback.samples for name in sample.handles}
    cleared = [
        Cleared(account=unhandle(name)[1], by=one.by, at=dt.datetime.fromisoformat(one.at))
        for name, one in sorted(feedback.labels.items())
        if name in drawn and one.verdict is Verdict.FALSE
    ]
    try:
        clear_accounts(house.workspace, cleared)
    except WorkspaceError:
        _LOG.warning("cleared accounts were not written: the workspace is being written to")
        return False
    return True
