"""What an adaptive attacker does against detection: moves on a plan, each with its price. Doors: `compose`, `price`, and `moves.KNOBS`."""

from __future__ import annotations

from stillwatch.range.evasion.move import Move, compose
from stillwatch.range.evasion.price import Price, price

__all__ = ["Move", "Price", "compose", "price"]
