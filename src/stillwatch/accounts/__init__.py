"""The accounts room: measured signals to evidence per account, to a decision under an error budget, to sentences."""

from __future__ import annotations

from stillwatch.accounts.budgets import HARDER, Spent
from stillwatch.accounts.drift import DRIFTED, drift_evidence, drift_p
from stillwatch.accounts.evidence import COMBINED, LEAST_DECIDED, QUANTILES, Weighed, weigh
from stillwatch.accounts.explain import explain
from stillwatch.accounts.histories import Watch, watch
from stillwatch.accounts.judge import Judgement, decide, judge
from stillwatch.accounts.lookalikes import LOOKALIKES, Reading, explanations, resemblance
from stillwatch.accounts.measured import Grid, Measured
from stillwatch.accounts.put_up import OverDays, Standing, spent_over_days, standings
from stillwatch.accounts.watched import LAPSED, REFERENCE, SPARED, TESTED
from stillwatch.accounts.words import Basis, kin, null_in_words

__all__ = [
    "COMBINED",
    "DRIFTED",
    "HARDER",
    "LAPSED",
    "LEAST_DECIDED",
    "LOOKALIKES",
    "QUANTILES",
    "REFERENCE",
    "SPARED",
    "TESTED",
    "Basis",
    "Grid",
    "Judgement",
    "Measured",
    "OverDays",
    "Reading",
    "Spent",
    "Standing",
    "Watch",
    "Weighed",
    "decide",
    "drift_evidence",
    "drift_p",
    "explain",
    "explanations",
    "judge",
    "kin",
    "null_in_words",
    "resemblance",
    "spent_over_days",
    "standings",
    "watch",
    "weigh",
]
