"""One thing that the doctor looked at: how it is, what was seen, and what to do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Finding", "Health"]


class Health(StrEnum):
    """How a thing is: as it should be, as somebody may want it otherwise, or in need of help."""

    WELL = "well"
    NOTICE = "notice"
    ILL = "ill"


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """What was looked at, how it is, what was seen, and what to do about it where that is anything."""

    what: str
    health: Health
    seen: str
    do: str = ""
