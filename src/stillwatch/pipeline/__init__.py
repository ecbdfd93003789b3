"""The corridor where rooms meet, one screen per job."""

from __future__ import annotations

from stillwatch.pipeline.case_opening import case_opening
from stillwatch.pipeline.expand import expand_seed, seed_of
from stillwatch.pipeline.identities import identifiers, keep_identities
from stillwatch.pipeline.read_logs import Progress, Read
from stillwatch.pipeline.scan import Inputs, Scanned, last_view, scan
from stillwatch.pipeline.vault import raw_names

__all__ = [
    "Inputs",
    "Progress",
    "Read",
    "Scanned",
    "case_opening",
    "expand_seed",
    "identifiers",
    "keep_identities",
    "last_view",
    "raw_names",
    "scan",
    "seed_of",
]
