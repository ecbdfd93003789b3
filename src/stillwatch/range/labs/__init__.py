"""Five labs with traffic of their own, and one operator whose accounts are spread over all of them; the truth is sealed apart."""

from __future__ import annotations

from stillwatch.range.labs.identities import IDENTITIES
from stillwatch.range.labs.shares import LABS, SMALL, Share
from stillwatch.range.labs.write import LabPaths, write_labs

__all__ = ["IDENTITIES", "LABS", "SMALL", "LabPaths", "Share", "write_labs"]
