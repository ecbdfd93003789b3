"""How many accounts a part gets in a world that is smaller than the full demo."""

from __future__ import annotations

__all__ = ["scaled"]


def scaled(size: int, scale: float, *, least: int = 1) -> int:
    """`size` accounts shrunk in proportion, but never under `least`.

    >>> scaled(300, 1.0), scaled(300, 0.1), scaled(3, 0.1, least=2)
    (300, 30, 2)
    """
    return max(least, round(size * min(1.0, scale)))
