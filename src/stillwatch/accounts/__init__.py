"""The accounts room: measured signals to evidence per account, to a decision under an error budget, to sentences."""

from __future__ import annotations

from stillwatch.accounts.budgets import HARDER, Spent
from stillwatch.accounts.drift import drift_p
from stillwatch.accounts.evidence import COMBINED, LEAST_DECIDED, QUANTILES, Weighed, weigh
from stillwatch.accounts.explain import explain
from stillwatch.accounts.histories import HISTORIES, watch
from stillwatch.accounts.judge import DRIFTED, Judgement, decide, judge
from stillwatch.accounts.measured import Grid, Measured
from stillwatch.accounts.words import Basis, null_in_words

__all__ = [
    "COMBINED",
    "DRIFTED",
    "HARDER",
    "HISTORIES",
    "LEAST_DECIDED",
    "QUANTILES",
    "Basis",
    "Grid",
    "Judgement",
    "Measured",
    "Spent",
    "Weighed",
    "decide",
    "drift_p",
    "explain",
    "judge",
    "null_in_words",
    "watch",
    "weigh",
]
