"""The signals room: what is measured about an account. One function a signal; `measure` runs them all."""

from __future__ import annotations

from stillwatch.signals import breadth, elicitation, fanout, repetition, replay, rhythm, sharing, turning, volume
from stillwatch.signals.examples import INPUTS, SUBJECT, Example, artifact, fact, launch, row, tables
from stillwatch.signals.measure import measure
from stillwatch.signals.registry import register
from stillwatch.signals.signal import MEASURED, SIGNALS, Signal, signal

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
    "tables",
]

FAMILIES = tuple(
    module.__name__.rpartition(".")[2]
    for module in (volume, rhythm, fanout, breadth, repetition, elicitation, replay, sharing, turning)
)
"""The files that declare signals, in the order in which they are shown."""
