"""Network addresses with realistic sharing: households, offices, campuses, mobile carriers behind NAT, cloud egress.

Every address lies in a block reserved by the IETF (240.0.0.0/4, RFC 1112; 2001:db8::/32, RFC 3849), so that no world names a real party.
Carriers and clouds are the same in all parts of a world; the rest are drawn by each part, from the same providers' blocks.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["campus", "carrier", "cloud", "households", "office"]

_PROVIDERS = 60


def _dotted(value: NDArray[np.int64]) -> list[str]:
    return [f"{v >> 24}.{(v >> 16) & 255}.{(v >> 8) & 255}.{v & 255}" for v in value.tolist()]


def households(rng: np.random.Generator, size: int) -> list[str]:
    """`size` different residential addresses over sixty providers; one in five is IPv6 with a /48 of its own."""
    found: dict[str, None] = {}
    while len(found) < size:
        n = size - len(found) + 8
        provider = np.minimum(rng.zipf(1.4, n) - 1, _PROVIDERS - 1)
        host = rng.integers(1, 255, n)
        middle = rng.integers(0, 256, n)
        v4 = _dotted(
            ((241 + provider // 20) << 24) | ((provider % 20) * 12 + rng.integers(0, 12, n)) << 16 | middle << 8 | host
        )
        site = rng.integers(0, 1 << 16, n)
        six = rng.random(n) < 0.2
        for k in range(n):
            found[f"2001:db8:{int(site[k]):x}:{int(middle[k]):x}::{int(host[k]):x}" if six[k] else v4[k]] = None
    return list(found)[:size]


def office(rng: np.random.Generator) -> str:
    """The one address behind which an office sits."""
    return _dotted(np.array([(244 << 24) | int(rng.integers(1 << 24))]))[0]


def campus(rng: np.random.Generator, size: int = 4) -> list[str]:
    """The few addresses of one university's NAT, in one /24."""
    base = (245 << 24) | (int(rng.integers(1 << 16)) << 8)
    return _dotted(base + rng.choice(np.arange(1, 250), size, replace=False))


def carrier(rng: np.random.Generator, size: int) -> list[str]:
    """`size` draws of a mobile carrier's address: six carriers, thirty addresses each, shared by thousands of people."""
    which = np.minimum(rng.zipf(1.6, size) - 1, 5)
    return _dotted((246 << 24) | (which << 16) | (rng.integers(0, 2, size) << 8) | rng.integers(10, 25, size))


def cloud(rng: np.random.Generator, size: int) -> list[str]:
    """`size` draws of a cloud's egress address: four clouds, 128 subnets each, reused by unrelated customers."""
    which = np.minimum(rng.zipf(1.5, size) - 1, 3)
    return _dotted((247 << 24) | (which << 16) | (rng.integers(0, 128, size) << 8) | rng.integers(1, 255, size))
