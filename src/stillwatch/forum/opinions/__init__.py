"""What others think of an indicator: seen too, not harvesting, or both, which is disputed; and how that comes back to the case."""

from __future__ import annotations
