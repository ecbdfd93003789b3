"""The signals room: what is measured about an account. One function a signal; `measure` runs them all."""

from __future__ import annotations

from stillwatch.signals import (
    breadth,
    elicitation,
    entitlement,
    fanout,
    hidden,
    mixture,
    pace,
    relay,
    repetition,
    replay,
    rhythm,
    search,
    sharing,
    signup,
    turning,
    volume,
)
from stillwatch.signals.examples import INPUTS, SUBJECT, Example, artifact, fact, launch, row, signed_up, tables
from stillwatch.signals.measure import measure
from stillwatch.signals.registry import register
from stillwatch.signals.signal import MEASURED, SIGNALS, Signal, signal
from stillwatch.signals.signups import signups

__all__ = [
    "FAMILIES",
    "INPUTS",
    "MEASURED",
    "SIGNALS",
    "SUBJECT",
    "Example",
    "Signal",
    "artifact",
    "fact",
    "launch",
    "measure",
    "register",
    "row",
    "signal",
    "signed_up",
    "signups",
    "tables",
]

FAMILIES = tuple(
    module.__name__.rpartition(".")[2]
    for module in (
        volume,
        entitlement,
        rhythm,
        pace,
        fanout,
        hidden,
        breadth,
        repetition,
        elicitation,
        mixture,
        search,
        replay,
        relay,
        signup,
        sharing,
        turning,
    )
)
"""The files that declare signals, in the order in which they are shown."""
