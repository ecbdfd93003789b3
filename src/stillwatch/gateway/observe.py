"""A gate that lets everything pass: for a first look at traffic, before there are rules."""

from __future__ import annotations

from stillwatch.policy import Asked, Ruling, Step, Used

__all__ = ["UnsafeObserveOnly"]

_OBSERVED = Ruling(step=Step.OBSERVE, code="observed", policy="none")


class UnsafeObserveOnly:
    """Watches, and stops nobody."""

    def decide(self, asked: Asked) -> Ruling:
        """Let it pass."""
        del asked
        return _OBSERVED

    def settle(self, asked: Asked, ruling: Ruling, used: Used) -> None:
        """Count nothing."""
