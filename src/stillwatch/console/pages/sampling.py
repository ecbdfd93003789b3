"""What random samples of accounts that nothing flagged say: how many harvests a scan misses, with its doubt."""

from __future__ import annotations

from dataclasses import dataclass

from stillwatch.cases import Feedback, Sample, Verdict
from stillwatch.core import Estimate
from stillwatch.stats import clopper_pearson

__all__ = ["SampleRate", "sample_rates"]


@dataclass(frozen=True, kw_only=True, slots=True)
class SampleRate:
    """One sample: how many were looked at and found to harvest, and the share among the unflagged that follows (95 %).

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
