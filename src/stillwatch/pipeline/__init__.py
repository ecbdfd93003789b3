"""The corridor where rooms meet, one screen per job."""

from __future__ import annotations

from stillwatch.pipeline.case_opening import case_opening
from stillwatch.pipeline.expand import expand_seed, seed_of
from stillwatch.pipeline.heard import Heard, Match, heard
from stillwatch.pipeline.policy_replay import Replayed, replay_policy
from stillwatch.pipeline.identities import identifiers, keep_identities
from stillwatch.pipeline.read_logs import Progress, Read
from stillwatch.pipeline.scan import Inputs, Scanned, last_view, scan
from stillwatch.pipeline.sharing import case_facts
from stillwatch.pipeline.standing import publish_standing, standing_file, standing_of
from stillwatch.pipeline.vault import raw_names

__all__ = [
    "Heard",
    "Inputs",
    "Match",
    "Progress",
    "Read",
    "Replayed",
    "Scanned",
    "case_facts",
    "case_opening",
    "expand_seed",
    "heard",
    "identifiers",
    "keep_identities",
    "last_view",
    "publish_standing",
    "raw_names",
    "replay_policy",
    "scan",
    "seed_of",
    "standing_file",
    "standing_of",
]
