"""How much disk, memory and time traffic takes: the formula of docs/capacity.md, held to what was measured by a test.

It is meant to err upwards: who plans by it has room. Prompts of about 1 KB and answers kept as they are; with other texts the bytes change
with the texts, which are nearly all of them, so where a workspace has traffic its own bytes an exchange are the better guide.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["BYTES_AN_EXCHANGE", "Needs", "needs"]

BYTES_AN_EXCHANGE = 1250
"""Tables on disk, of prompts of about 1 KB, compressed."""

_SPILL = 0.25
"""Share of the tables that a detection may write beside them for a while."""
_MEMORY_BASE, _MEMORY_AN_EXCHANGE = 700 << 20, 620
"""Of all processes together: what the code and its libraries take, and what a detection holds of every exchange."""
_START_SECONDS, _CORE_SECONDS_AN_EXCHANGE = 20.0, 0.00020
"""Core-seconds: reading and detecting, of which reading runs on every core and detecting on about one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Needs:
    """What a number of exchanges needs: bytes of disk that stay, bytes of disk beside them for a while, bytes of memory, core-seconds."""

    disk: int
    spill: int
    memory: int
    core_seconds: float


def needs(exchanges: int, *, bytes_each: float = BYTES_AN_EXCHANGE) -> Needs:
    """What it takes to hold and scan this many exchanges.

    >>> round(needs(10_000_000).disk / 2**30, 1)
    11.6
    """
    disk = int(exchanges * bytes_each)
    return Needs(
        disk=disk,
        spill=int(disk * _SPILL),
        memory=_MEMORY_BASE + exchanges * _MEMORY_AN_EXCHANGE,
        core_seconds=_START_SECONDS + exchanges * _CORE_SECONDS_AN_EXCHANGE,
    )
