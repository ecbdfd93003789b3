"""The corridor where rooms meet, one screen per job."""

from __future__ import annotations

from stillwatch.pipeline.case_opening import case_opening
from stillwatch.pipeline.expand import expand_seed, seed_of
from stillwatch.pipeline.policy_replay import Replayed, replay_policy
from stillwatch.pipeline.read_logs import Progress, Read
from stillwatch.pipeline.scan import Inputs, Scanned, last_view, scan
from stillwatch.pipeline.standing import publish_standing, standing_file, standing_of
from stillwatch.pipeline.vault import raw_names

__all__ = [
    "Inputs",
    "Progress",
    "Read",
    "Replayed",
    "Scanned",
    "case_opening",
    "expand_seed",
    "last_view",
    "publish_standing",
    "raw_names",
    "replay_policy",
    "scan",
    "seed_of",
    "standing_file",
    "standing_of",
]
