"""Families of prompts, by what a harvest wants. `FAMILIES` lists them in the order that `Requests.family` counts by."""

from __future__ import annotations

from stillwatch.range.campaigns.families.family import Family, write
from stillwatch.range.campaigns.families.judging import AUTOGRADING, CRITIQUE
from stillwatch.range.campaigns.families.making import REWRITES, SYNTHETIC, TASKS
from stillwatch.range.campaigns.families.reasoning import POSTHOC, PRETEXT, TAGGED, WRITE_OUT
from stillwatch.range.campaigns.families.relaying import AGENTS, KNOWN, ORDINARY, PINNED, RELAY, RELAY_CODE
from stillwatch.range.campaigns.families.replay import ASKED, CLEANING, REPLAY
from stillwatch.range.campaigns.families.searching import SEARCH

__all__ = ["FAMILIES", "NUMBERS", "Family", "write"]

FAMILIES: tuple[Family, ...] = (
    WRITE_OUT, POSTHOC, TAGGED, PRETEXT, CRITIQUE, AUTOGRADING, TASKS, SYNTHETIC, REWRITES, REPLAY, CLEANING, AGENTS, RELAY, RELAY_CODE,
    PINNED, SEARCH, KNOWN, ORDINARY, ASKED,
)  # fmt: skip

NUMBERS: dict[str, int] = {family.key: number for number, family in enumerate(FAMILIES)}
"""The number of each family by its key."""
