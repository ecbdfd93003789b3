"""The window protocol of arXiv 2606.05725 on pairs at hand: splits, windows, thresholds and rates, the same for every peer.

Benign queries are shuffled by the seed: 80 % are the pool that peers are fitted to, 20 % are held out. Windows are drawn without
replacement (with it where there are fewer queries than a window has): 50 benign ones, and 50 at each attacker share, all attacker queries
at 100 %. Every peer sees the same windows.

What it is: the paper's rule on rebuilt pairs, hence an approximation. What misleads: windows of one pool share queries, so the unit of
doubt is the corpus; the null is one corpus and not many accounts.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from stillwatch.core.errors import Error
from stillwatch.range.peers.window_peer import Floats, Places, Queries, Tail, Threshold, WindowPeer, calibrate, draw
from stillwatch.range.seeds import stream
from stillwatch.range.windows.detectors import chosen
from stillwatch.range.windows.embedders import WindowEmbedder
from stillwatch.range.windows.embedders import embedder as embedder_of
from stillwatch.range.windows.pairs import Found, find_pairs, read_texts
from stillwatch.range.windows.results import Cell, PairRead, WindowsResult, averaged, label, summarise

__all__ = ["FRACTIONS", "SEEDS", "SIZES", "Scored", "rates", "run_windows", "windows_of"]

SEEDS = (1, 20, 42)
SIZES = (100, 200, 500, 1000, 1500)
FRACTIONS = (0.02, 0.05, 0.10, 0.25, 0.50, 1.0)

Progress = Callable[[str], None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Scored:
    """The scores of one peer on one pair: of its null windows, and of windows by share of attackers, the benign row first."""

    pair: str
    seed: int
    size: int
    peer: str
    null: Floats
    scores: Floats


Seen = Callable[[Scored], None]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Plan:
    sizes: tuple[int, ...]
    fractions: tuple[float, ...]
    windows: int
    null_draws: int
    fpr: float
    pool_share: float
    progress: Progress
    seen: Seen


@dataclass(frozen=True, kw_only=True, slots=True)
class _Sides:
    found: Found
    attacker: Queries


def run_windows(
    data: Path,
    *,
    seeds: Sequence[int] = SEEDS,
    sizes: Sequence[int] = SIZES,
    fractions: Sequence[float] = FRACTIONS,
    peers: Sequence[str] | None = None,
    embedder: str | WindowEmbedder = "hashed-words",
    pairs: Sequence[str] | None = None,
    windows: int = 50,
    null_draws: int = 1000,
    fpr: float = 0.05,
    pool_share: float = 0.8,
    progress: Progress | None = None,
    seen: Seen | None = None,
) -> WindowsResult:
    """Run the protocol on every pair in the folder `data` (or on `pairs`) with every peer (or `peers`, by name).

    Pairs that are not there are named in `missing`. `progress` is told what has been done, and `seen`
    is given all scores, for other levels than `fpr`. The same folder, arguments and
    machine give the same figures; about 25 minutes on one core for ten pairs and all defaults, 1 GB of memory.

    Raises:
        Error: if the folder holds no pair, a file cannot be read, or a name is unknown.
        ValueError: if a number cannot be used.
    """
    plan = _Plan(
        sizes=_checked("sizes", sizes, least=4),
        fractions=tuple(fractions),
        windows=windows,
        null_draws=null_draws,
        fpr=fpr,
        pool_share=pool_share,
        progress=progress or _silent,
        seen=seen or _silent,
    )
    if not plan.fractions or not all(0.0 < share <= 1.0 for share in plan.fractions):
        raise ValueError(f"fractions: got {list(fractions)}, expected shares above 0 and up to 1")
    if not 0.0 < pool_share < 1.0:
        raise ValueError(f"pool_share: got {pool_share}, expected a share between 0 and 1")
    if windows < 1 or null_draws < 20:
        raise ValueError(f"windows, null_draws: got {windows} and {null_draws}, expected at least 1 and 20")
    chosen_peers = chosen(peers)
    found, missing = find_pairs(data, None if pairs is None else tuple(pairs))
    model = embedder_of(embedder) if isinstance(embedder, str) else embedder
    cost: dict[str, float] = {}
    cells: list[Cell] = []
    read: list[PairRead] = []
    for benign in dict.fromkeys(one.benign for one in found):
        group = [one for one in found if one.benign == benign]
        started = time.process_time()
        normal = _embedded(model, group[0].normal)
        sides = [_Sides(found=one, attacker=_embedded(model, one.attacker)) for one in group]
        cost["embed"] = cost.get("embed", 0.0) + time.process_time() - started
        if len(normal) < 20:
            raise Error(f"{group[0].normal.name}: got {len(normal)} texts, expected at least 20")
        read += [_read(side, len(normal)) for side in sides]
        for seed in _checked("seeds", seeds, least=0):
            for peer in chosen_peers:
                started = time.process_time()
                cells += _run_peer(peer, normal, sides, seed, plan)
                cost[peer.name] = cost.get(peer.name, 0.0) + time.process_time() - started
                plan.progress(f"{benign}, seed {seed}, {peer.name}")
    order = {one.pair.name: place for place, one in enumerate(found)}
    cells.sort(key=lambda cell: (order[cell.pair], cell.seed, cell.peer, cell.size))
    read.sort(key=lambda one: order[one.name])
    return WindowsResult(
        embedder=model.name,
        embedder_version=model.version,
        seeds=tuple(seeds),
        sizes=plan.sizes,
        fractions=plan.fractions,
        null_draws=null_draws,
        fpr=fpr,
        pool_share=pool_share,
        pairs=tuple(read),
        missing={one.name: one.reason for one in missing},
        cells=tuple(cells),
        summaries=summarise(cells),
        cpu_seconds={name: round(seconds, 2) for name, seconds in cost.items()},
    )


def windows_of(
    rng: np.random.Generator, *, benign: int, attacker: int, size: int, shares: Sequence[float], count: int
) -> Places:
    """`count` windows for each share of attackers, in this order, as places: benign queries first, attackers after them.

    A share of 0 gives benign windows; a share between 0 and 1 gives at least one query of each side.
    """
    rows = []
    for share in shares:
        bad = round(size * share) if share in (0.0, 1.0) else min(max(round(size * share), 1), size - 1)
        for _ in range(count):
            parts = [draw(rng, benign, size - bad)] if bad < size else []
            parts += [benign + draw(rng, attacker, bad)] if bad else []
            rows.append(np.concatenate(parts))
    return np.stack(rows)


def rates(
    scores: Floats, threshold: Threshold, null: Floats, shares: Sequence[float]
) -> tuple[float, dict[str, float], dict[str, float]]:
    """Share of benign windows flagged, and by attacker share the share flagged and the AUC; `scores` has the benign row first."""
    flagged = threshold.flags(scores).mean(axis=1)
    strange = _strangeness(scores, threshold, null)
    tpr = {label(share): float(flagged[row]) for row, share in enumerate(shares, start=1)}
    auc = {label(share): _auc(strange[row], strange[0]) for row, share in enumerate(shares, start=1)}
    return float(flagged[0]), tpr, auc


def _run_peer(peer: WindowPeer, normal: Queries, sides: Sequence[_Sides], seed: int, plan: _Plan) -> list[Cell]:
    benign = sides[0].found.benign
    order = stream(seed, "windows", benign, "split").permutation(len(normal))
    cut = int(len(normal) * plan.pool_share)
    held_out = normal.take(order[cut:])
    fitted = peer.fit(normal.take(order[:cut]), stream(seed, "windows", benign, peer.name, "fit"))
    cells = []
    for size in plan.sizes:
        null = fitted.null(size, plan.null_draws, stream(seed, "windows", benign, peer.name, "null", str(size)))
        thresholds = [calibrate(null, tail, fpr=plan.fpr) for tail in peer.tails]
        for side in sides:
            name = side.found.pair.name
            traffic = _together(held_out, side.attacker)
            places = windows_of(
                stream(seed, "windows", name, "draw", str(size)),
                benign=len(held_out),
                attacker=len(side.attacker),
                size=size,
                shares=(0.0, *plan.fractions),
                count=plan.windows,
            )
            scores = fitted.score(traffic, places, stream(seed, "windows", name, peer.name, "score", str(size)))
            table = scores.reshape(-1, plan.windows)
            plan.seen(Scored(pair=name, seed=seed, size=size, peer=peer.name, null=null, scores=table))
            for threshold in thresholds:
                fpr, tpr, auc = rates(table, threshold, null, plan.fractions)
                average, accuracy = averaged(fpr, tpr)
                cells.append(
                    Cell(
                        pair=name,
                        corpus=side.found.pair.corpus,
                        seed=seed,
                        size=size,
                        peer=peer.name,
                        tail=threshold.tail,
                        nominal=threshold.nominal,
                        windows=plan.windows,
                        fpr=fpr,
                        tpr=tpr,
                        auc=auc,
                        average_tpr=average,
                        balanced_accuracy=accuracy,
                        held_out=len(held_out),
                        benign_redrawn=len(held_out) < size,
                        attacker_redrawn=len(side.attacker) < size * max(plan.fractions),
                        null_overlaps=cut < 2 * size,
                    )
                )
    return cells


def _strangeness(scores: Floats, threshold: Threshold, null: Floats) -> Floats:
    if threshold.tail is Tail.UPPER or threshold.low is None:
        return scores
    middle = float(np.median(null))
    above = (scores - middle) / max(threshold.high - middle, 1e-12)
    below = (middle - scores) / max(middle - threshold.low, 1e-12)
    return np.maximum(above, below)


def _auc(some: Floats, benign: Floats) -> float:
    return float((some[:, None] > benign).mean() + 0.5 * (some[:, None] == benign).mean())


def _embedded(model: WindowEmbedder, path: Path) -> Queries:
    texts = read_texts(path)
    return Queries(vectors=model.embed(texts), texts=texts)


def _together(benign: Queries, attacker: Queries) -> Queries:
    texts = [*(benign.texts or ()), *(attacker.texts or ())]
    return Queries(vectors=np.concatenate([benign.vectors, attacker.vectors]), texts=texts)


def _read(side: _Sides, normal: int) -> PairRead:
    pair = side.found.pair
    return PairRead(
        name=pair.name,
        corpus=pair.corpus,
        rebuilt=side.found.rebuilt,
        differs=pair.differs if side.found.rebuilt else "",
        normal=normal,
        attacker=len(side.attacker),
    )


def _checked(name: str, values: Sequence[int], *, least: int) -> tuple[int, ...]:
    if not values or any(value < least for value in values) or len(set(values)) < len(values):
        raise ValueError(f"{name}: got {list(values)}, expected different whole numbers of at least {least}")
    return tuple(values)


def _silent(_: object) -> None:
    return None
