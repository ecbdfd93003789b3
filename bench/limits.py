"""Where every method ends: attackers who ask what honest users ask, on several sets of honest queries."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from statistics import NormalDist
from typing import Any

import msgspec
import numpy as np
from figures import Figures, bar

from stillwatch.range.peers.window_peer import Queries
from stillwatch.range.windows import LimitResult, in_distribution_limit
from stillwatch.range.windows.embedders import embedder
from stillwatch.range.windows.pairs import find_pairs, read_texts

CORPORA = ("squad", "agnews", "hate", "med")
"""Sets large enough for windows of `SIZE`; film sentences are left out, as they are short and of one kind like those of `hate`."""
MOST, SIZE, SPLITS, WINDOWS, NULL = 6000, 100, 40, 12, 60
SHARES = (0.05, 0.10, 0.25, 0.50, 1.0)


AGAIN_SEED, AGAIN_SPLITS = 2, 400
"""A method whose interval misses 0 is run once more on other splits, ten times as many: chance goes away, a leak stays."""


def limit(data: Path, keep: Path) -> Figures:
    """Power and false-positive rate of every window method where attacking queries are honest ones; a set that is done is not done again."""
    folder = keep / "limit"
    folder.mkdir(parents=True, exist_ok=True)
    found, _ = find_pairs(data)
    texts = {one.benign: one.normal for one in reversed(found) if one.benign in CORPORA}
    first = [_run(texts[name], folder, name, seed=1, splits=SPLITS, shares=SHARES) for name in CORPORA if name in texts]
    pooled = _pooled(first)
    together = NormalDist().inv_cdf(1 - 0.025 / len(pooled)) / NormalDist().inv_cdf(0.975)
    off = [one for one in pooled if abs(one["excess"]) > together * (one["high"] - one["low"]) / 2]
    suspects = sorted({one["peer"] for one in off})
    second = [
        _run(
            texts[one.benign],
            folder,
            one.benign,
            seed=AGAIN_SEED,
            splits=AGAIN_SPLITS,
            shares=SHARES[-1:],
            peers=suspects,
        )
        for one in first
        if suspects
    ]
    again = [
        row for row in _pooled(second) if any((row["peer"], row["tail"]) == (one["peer"], one["tail"]) for one in off)
    ]
    stay = [row for row in again if abs(row["excess"]) > together * (row["high"] - row["low"]) / 2]
    sets = f"{len(pooled)} methods and tails over {len(first)} sets"
    bars = [
        bar(
            f"no power beyond false alarms when attackers ask what customers ask: {sets}, {len(off)} looked at again",
            len(pooled) - len(stay),
            f"of {len(pooled)}",
            "all (95 % for all together)",
            not stay,
        )
    ]
    settings = {"window": SIZE, "splits": SPLITS, "windows": WINDOWS, "null_draws": NULL, "again": AGAIN_SPLITS}
    return bars, {"sets": [one.to_dict() for one in first], "pooled": pooled, "again": again, "settings": settings}


def _run(
    path: Path,
    folder: Path,
    name: str,
    *,
    seed: int,
    splits: int,
    shares: Sequence[float],
    peers: Sequence[str] | None = None,
) -> LimitResult:
    """One set, from the folder of finished ones or now."""
    beside = f"-seed{seed}-{'-'.join(peers)}" if peers is not None else ""
    kept = folder / f"{name}-{MOST}-{SIZE}-{splits}-{WINDOWS}-{NULL}{beside}.json"
    if not kept.exists():
        queries = read_texts(path)[:MOST]
        told = in_distribution_limit(
            Queries(vectors=embedder().embed(queries), texts=queries),
            name=name,
            seed=seed,
            splits=splits,
            sizes=(SIZE,),
            fractions=shares,
            windows=WINDOWS,
            null_draws=NULL,
            peers=peers,
        )
        half = kept.with_suffix(".half")
        half.write_bytes(msgspec.json.encode(told))
        half.rename(kept)
    return msgspec.json.decode(kept.read_bytes(), type=LimitResult, strict=False)


def _pooled(done: list[LimitResult]) -> list[dict[str, Any]]:
    """Each method over all sets: mean power by share, its false-positive rate, and the excess with an interval over sets and splits."""
    out = []
    rows = {(row.peer, row.tail) for one in done for row in one.rows}
    for peer, tail in sorted(rows):
        mine = [row for one in done for row in one.rows if (row.peer, row.tail) == (peer, tail)]
        # Sets are independent and of equal weight; the half-width of each comes from drawing its splits again.
        excess = float(np.mean([row.excess.value for row in mine]))
        half = float(np.sqrt(sum(((row.excess.high - row.excess.low) / 2) ** 2 for row in mine)) / len(mine))
        out.append(
            {
                "peer": peer,
                "tail": str(tail),
                "nominal": mine[0].nominal,
                "fpr": round(float(np.mean([row.fpr.value for row in mine])), 4),
                "power": {
                    share: round(float(np.mean([row.power[share].value for row in mine])), 4) for share in mine[0].power
                },
                "excess": round(excess, 4),
                "low": round(excess - half, 4),
                "high": round(excess + half, 4),
            }
        )
    return out
