"""The ground floor: the words everyone speaks, the error tree, settings and keyed pseudonyms."""

from __future__ import annotations

from stillwatch.core.errors import (
    CaseError,
    ContractError,
    DiskFull,
    Error,
    Fault,
    FormatError,
    PolicyError,
    SettingsError,
    TamperingFound,
    Undecidable,
    WorkspaceError,
)
from stillwatch.core.explanation import Explanation, best_first, by_marks, told, unknown
from stillwatch.core.pseudonym import Pseudonymiser, handle, unhandle
from stillwatch.core.records import (
    OPEN_REQUESTS,
    PRESSING,
    Decision,
    Estimate,
    Evidence,
    Outcome,
    Part,
    Support,
    Technique,
    Vote,
    technique_mask,
)
from stillwatch.core.settings import Settings, read_settings, settings_from

__all__ = [
    "OPEN_REQUESTS",
    "PRESSING",
    "CaseError",
    "ContractError",
    "Decision",
    "DiskFull",
    "Error",
    "Estimate",
    "Evidence",
    "Explanation",
    "Fault",
    "FormatError",
    "Outcome",
    "Part",
    "PolicyError",
    "Pseudonymiser",
    "Settings",
    "SettingsError",
    "Support",
    "TamperingFound",
    "Technique",
    "Undecidable",
    "Vote",
    "WorkspaceError",
    "best_first",
    "by_marks",
    "handle",
    "read_settings",
    "settings_from",
    "technique_mask",
    "told",
    "unhandle",
    "unknown",
]
