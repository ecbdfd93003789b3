"""The policy: standing and facts of a request in, an action in proportion out. Pure rules; an empty policy does not load."""

from __future__ import annotations

from stillwatch.policy.records import Asked, Clamp, Dialect, Gate, Hide, Ruling, Step, Used

__all__ = ["Asked", "Clamp", "Dialect", "Gate", "Hide", "Ruling", "Step", "Used"]
