"""How much disk, memory and time traffic takes: the formula of docs/capacity.md, which a test holds to what was measured.

It is meant to err upwards: who plans by it has room. It is for prompts of about 1 KB; nearly all bytes are the texts themselves, so where a
workspace has traffic its own bytes an exchange are the better guide.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["BYTES_AN_EXCHANGE", "Needs", "needs"]

BYTES_AN_EXCHANGE = 1250
"""Tables on disk, of prompts of about 1 KB, compressed."""

_SPILL = 0.25
"""Share of the tables that a detection may write beside them for a while."""
_MEMORY, _MEMORY_EACH = 900 << 20, 300
"""Bytes of all processes together: the code with its libraries, and what a detection holds of every exchange."""
_START, _READ_EACH, _DETECT_EACH = 20.0, 130e-6, 40e-6
"""Seconds: to start and to write the report; of one core to read an exchange, which every core does; to detect, which about one does."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Needs:
    """What exchanges need: bytes of disk that stay, bytes beside them for a while, bytes of memory, seconds of a first scan."""

    disk: int
    spill: int
    memory: int
    seconds: float


def needs(exchanges: int, *, bytes_each: float = BYTES_AN_EXCHANGE, cores: int = 2) -> Needs:
    """What it takes to hold and scan this many exchanges.

    >>> told = needs(10_000_000)
    >>> round(told.disk / 2**30, 1), round(told.memory / 2**30, 1), round(told.seconds)
    (11.6, 3.7, 1070)
    """
    disk = int(exchanges * bytes_each)
    return Needs(
        disk=disk,
        spill=int(disk * _SPILL),
        memory=_MEMORY + exchanges * _MEMORY_EACH,
        seconds=_START + exchanges * (_READ_EACH / cores + _DETECT_EACH),
    )
