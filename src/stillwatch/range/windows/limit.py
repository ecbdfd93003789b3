"""The in-distribution limit: what every peer finds when the attacker asks what honest users ask. It finds as much as it flags wrongly.

One benign set is split at random into pool, held-out queries and the attacker's queries, so both come from one distribution by
construction. Then no function of a window's queries alone can tell them apart: power equals the false-positive rate at every share
and size (Karchmer, SaTML 2023, proves more: that hard distributions exist on which honest and harvesting queries cannot be told apart
in polynomial time). A method that shows more here is leaking truth; one that claims more elsewhere is using something else.

The same curve read along the shares of the ordinary protocol shows how fast a real attacker gets there: one that draws a share m of
its queries from benign traffic is a pure window at attacker share 1 - m.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np

from stillwatch.core.errors import Undecidable
from stillwatch.core.records import Estimate
from stillwatch.range.peers.window_peer import Floats, Queries, Tail, WindowPeer, calibrate
from stillwatch.range.seeds import stream
from stillwatch.range.windows.detectors import chosen
from stillwatch.range.windows.protocol import rates, windows_of
from stillwatch.range.windows.results import label
from stillwatch.stats import bootstrap

__all__ = ["LimitResult", "LimitRow", "in_distribution_limit"]

_POOL, _HELD_OUT = 0.6, 0.2


@dataclass(frozen=True, kw_only=True, slots=True)
class LimitRow:
    """One peer, tail and size: its false-positive rate, its power by attacker share, and by how much power exceeds that rate.

    Intervals come from drawing whole splits again. `excess` is at an attacker share of 100 %: its interval should hold 0.
    """

    peer: str
    tail: Tail
    size: int
    nominal: float
    splits: int
    fpr: Estimate
    power: dict[str, Estimate]
    excess: Estimate


@dataclass(frozen=True, kw_only=True, slots=True)
class LimitResult:
    """The limit of every peer on one benign set."""

    benign: str
    queries: int
    rows: tuple[LimitRow, ...]

    def to_dict(self) -> dict[str, Any]:
        """The limit as what JSON can hold."""
        plain: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(self))
        return plain


def in_distribution_limit(
    benign: Queries,
    *,
    name: str,
    seed: int = 1,
    splits: int = 20,
    sizes: Sequence[int] = (100, 500),
    fractions: Sequence[float] = (0.05, 0.25, 1.0),
    peers: Sequence[str] | None = None,
    windows: int = 20,
    null_draws: int = 200,
    fpr: float = 0.05,
    progress: Callable[[str], None] | None = None,
) -> LimitResult:
    """Power of every peer (or of `peers`, by name) when attacking queries are benign ones, over independent splits of `benign`.

    Raises:
        Undecidable: if a fifth of the set is smaller than the largest window, since windows would then repeat queries.
    """
    if splits < 2:
        raise ValueError(f"splits: got {splits}, expected at least 2")
    needed = int(np.ceil(max(sizes) / _HELD_OUT)) + 2
    if len(benign) < needed:
        raise Undecidable(f"{name}: in-distribution limit at windows of {max(sizes)}", n=len(benign), needed=needed)
    found: dict[tuple[str, Tail, int], list[Floats]] = {}
    nominal: dict[Tail, float] = {}
    for split in range(splits):
        order = stream(seed, "limit", name, str(split), "split").permutation(len(benign))
        pool = benign.take(order[: int(len(benign) * _POOL)])
        rest = benign.take(order[int(len(benign) * _POOL) :])
        for peer in chosen(peers):
            for tail, size, share, row in _one(
                peer, pool, rest, seed, split, name, sizes, fractions, windows, null_draws, fpr
            ):
                found.setdefault((peer.name, tail, size), []).append(row)
                nominal[tail] = share
        if progress is not None:
            progress(f"{name}: split {split + 1} of {splits}")
    rows = [
        _row(peer, tail, size, nominal[tail], np.stack(units), fractions, seed)
        for (peer, tail, size), units in found.items()
    ]
    return LimitResult(benign=name, queries=len(benign), rows=tuple(rows))


def _one(
    peer: WindowPeer,
    pool: Queries,
    rest: Queries,
    seed: int,
    split: int,
    name: str,
    sizes: Sequence[int],
    fractions: Sequence[float],
    windows: int,
    null_draws: int,
    fpr: float,
) -> list[tuple[Tail, int, float, Floats]]:
    half = len(rest) // 2
    key = ("limit", name, str(split))
    fitted = peer.fit(pool, stream(seed, *key, peer.name, "fit"))
    out = []
    for size in sizes:
        null = fitted.null(size, null_draws, stream(seed, *key, peer.name, "null", str(size)))
        places = windows_of(
            stream(seed, *key, "draw", str(size)),
            benign=half,
            attacker=len(rest) - half,
            size=size,
            shares=(0.0, *fractions),
            count=windows,
        )
        scores = fitted.score(rest, places, stream(seed, *key, peer.name, "score", str(size))).reshape(-1, windows)
        for tail in peer.tails:
            threshold = calibrate(null, tail, fpr=fpr)
            false, power, _ = rates(scores, threshold, null, fractions)
            out.append((tail, size, threshold.nominal, np.array([false, *power.values()], dtype=np.float64)))
    return out


def _row(
    peer: str, tail: Tail, size: int, nominal: float, units: Floats, fractions: Sequence[float], seed: int
) -> LimitRow:
    rng = stream(seed, "limit", "bootstrap", peer, tail, str(size))
    means = [
        bootstrap(units[:, column], lambda drawn: float(drawn.mean()), rng=rng) for column in range(units.shape[1])
    ]
    return LimitRow(
        peer=peer,
        tail=tail,
        size=size,
        nominal=nominal,
        splits=len(units),
        fpr=means[0],
        power={label(share): means[place] for place, share in enumerate(fractions, start=1)},
        excess=bootstrap(units[:, -1] - units[:, 0], lambda drawn: float(drawn.mean()), rng=rng),
    )
