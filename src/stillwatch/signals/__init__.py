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
    topic,
    turning,
    volume,
)
from stillwatch.signals.examples import INPUTS, SUBJECT, Example, about, artifact, fact, launch, row, signed_up, tables
from stillwatch.signals.measure import measure
from stillwatch.signals.registry import register
from stillwatch.signals.signal import MEASURED, SIGNALS, Signal, signal
from stillwatch.signals.signups import signups
from stillwatch.signals.topics import topics, topics_in_words

__all__ = [
    "FAMILIES",
    "INPUTS",
    "MEASURED",
    "SIGNALS",
    "SUBJECT",
    "Example",
    "Signal",
    "about",
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
    "topics",
    "topics_in_words",
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
        topic,
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
