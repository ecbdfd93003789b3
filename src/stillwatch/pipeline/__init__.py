"""The corridor where rooms meet, one screen per job."""

from __future__ import annotations

from stillwatch.pipeline.case_opening import case_opening
from stillwatch.pipeline.clearing import Cleared, clear_accounts, unflagged_accounts
from stillwatch.pipeline.expand import expand_seed, families_like, seed_of
from stillwatch.pipeline.one_account import Drawers, ExchangeLine, Text, exchanges_of, open_texts
from stillwatch.pipeline.read_logs import Progress, Read
from stillwatch.pipeline.scan import Inputs, Scanned, last_view, scan
from stillwatch.pipeline.vault import raw_names

__all__ = [
    "Cleared",
    "Drawers",
    "ExchangeLine",
    "Inputs",
    "Progress",
    "Read",
    "Scanned",
    "Text",
    "case_opening",
    "clear_accounts",
    "exchanges_of",
    "expand_seed",
    "families_like",
    "last_view",
    "open_texts",
    "raw_names",
    "scan",
    "seed_of",
    "unflagged_accounts",
]
