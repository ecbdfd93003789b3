"""What a request is for, in the eyes of whoever sends it: the sealed truth of a row."""

from __future__ import annotations

from enum import IntEnum

__all__ = ["HARVESTED", "PAID", "Purpose"]


class Purpose(IntEnum):
    """What a request is for. Everything but `OWN` is said of an operator's requests only."""

    OWN = -1
    """A customer's own."""
    HARVEST = 0
    """Its answer is kept for training."""
    DUPLICATE = 1
    """Asks for an item again that was asked before."""
    COVER = 2
    """Unrelated traffic that the operator sends to look ordinary."""
    PROBE = 3
    """Tests whether answers were degraded or where a threshold lies."""
    SEARCH = 4
    """Tries a technique; nearly all are refused."""
    BYSTANDER = 5
    """A genuine user's own request that shares the account; the operator does not pay for it."""
    POISON = 6
    """Sent early so that the calibration takes it for ordinary."""
    OFF_TARGET = 7
    """Harvested, but chosen to look ordinary and not for the job."""


PAID = tuple(p for p in Purpose if p not in (Purpose.OWN, Purpose.BYSTANDER))
"""Purposes of requests that an operator pays for."""

HARVESTED = (Purpose.HARVEST, Purpose.OFF_TARGET)
"""Purposes of requests whose answers are the yield."""
