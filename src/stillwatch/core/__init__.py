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
from stillwatch.core.extras import get_extra
from stillwatch.core.impact import CapabilityShare, Displacement, ListValue, ModelUse, Replacement, totals
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
from stillwatch.core.shown import DecisionMark, Example, FamilyView, HourCount, Piece, ReleaseMark, SharedThing

__all__ = [
    "OPEN_REQUESTS",
    "PRESSING",
    "CapabilityShare",
    "CaseError",
    "ContractError",
    "Decision",
    "DecisionMark",
    "DiskFull",
    "Displacement",
    "Error",
    "Estimate",
    "Evidence",
    "Example",
    "Explanation",
    "FamilyView",
    "Fault",
    "FormatError",
    "HourCount",
    "ListValue",
    "ModelUse",
    "Outcome",
    "Part",
    "Piece",
    "PolicyError",
    "Pseudonymiser",
    "ReleaseMark",
    "Replacement",
    "Settings",
    "SettingsError",
    "SharedThing",
    "Support",
    "TamperingFound",
    "Technique",
    "Undecidable",
    "Vote",
    "WorkspaceError",
    "best_first",
    "by_marks",
    "get_extra",
    "handle",
    "read_settings",
    "settings_from",
    "technique_mask",
    "told",
    "totals",
    "unhandle",
    "unknown",
]
