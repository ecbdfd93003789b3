"""The actors room: families and shared things link accounts, dense cores become candidates, held-out data decides."""

from __future__ import annotations

from stillwatch.actors.carry import CARRIED
from stillwatch.actors.expand import INDICATORS, Expanded, Reached, Seed, Verdict, Workroom, expand
from stillwatch.actors.held_out_tests import TESTS
from stillwatch.actors.judge import Found, Gathered, Judged, find, gather, judged
from stillwatch.actors.links import KINDS
from stillwatch.actors.lookalikes import LOOKALIKES
from stillwatch.actors.profile import ActorTables, describe
from stillwatch.actors.sightings import BUCKETS, Counts, count_prompts

__all__ = [
    "BUCKETS",
    "CARRIED",
    "INDICATORS",
    "KINDS",
    "LOOKALIKES",
    "TESTS",
    "ActorTables",
    "Counts",
    "Expanded",
    "Found",
    "Gathered",
    "Judged",
    "Reached",
    "Seed",
    "Verdict",
    "Workroom",
    "count_prompts",
    "describe",
    "expand",
    "find",
    "gather",
    "judged",
]
