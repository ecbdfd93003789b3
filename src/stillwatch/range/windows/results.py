"""The figures of a run of the window protocol: every cell, means over pairs with their doubt, the published ones beside them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from statistics import NormalDist
from typing import Any

import msgspec
import numpy as np

from stillwatch.core.errors import Error
from stillwatch.core.records import Estimate
from stillwatch.range.peers.window_peer import Floats, Tail
from stillwatch.range.seeds import stream
from stillwatch.range.windows.pairs import PAIRS
from stillwatch.range.windows.published import SOURCE, Published, published_mean

__all__ = [
    "AVERAGED",
    "ENOUGH",
    "Cell",
    "PairRead",
    "Summary",
    "WindowsResult",
    "averaged",
    "joined",
    "label",
    "shrunk",
    "summarise",
]

AVERAGED = (0.05, 0.10, 0.25, 0.50, 1.0)
"""Attacker shares whose rates the paper averages; 2 % is ours and stays out of the average."""


ENOUGH = 4
"""How many times a window's size must be held out, so that windows are not all the same window.

The mean of a window of W queries drawn from H without replacement spreads by the square root of 1 - W/H of what fresh queries would give
(the finite population correction). So held-out windows stray less than new traffic does and are flagged less: at H = 2 W an exact 5 % level
flags 1 % of them, and 4 is the smallest whole multiple at which it flags at least half of what it should. See `shrunk`.
"""

_DRAWS = 999
_PLAIN = ("pair", "seed", "size", "peer", "tail", "benign_redrawn", "attacker_redrawn", "null_overlaps", "fpr")
"""What a cell's row begins with in JSON."""


def shrunk(multiple: float, *, level: float = 0.05) -> float:
    """The share of held-out windows that an exact upper level flags when `multiple` times a window is held out.

    >>> [round(shrunk(k), 3) for k in (2, 3, 4, 10)]
    [0.01, 0.022, 0.029, 0.041]
    """
    normal = NormalDist()
    return 1.0 - normal.cdf(normal.inv_cdf(1.0 - level) / math.sqrt(1.0 - 1.0 / multiple))


def label(share: float) -> str:
    """An attacker share as a key of a table.

    >>> label(0.10), label(1.0)
    ('0.1', '1')
    """
    return f"{share:g}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Cell:
    """One pair, seed, window size, peer and tail.

    `fpr`: share of benign windows flagged; `tpr`: share flagged at each attacker share; `auc`: chance that such a window
    scores above a benign one, which hangs on no threshold. `held_out`: benign queries that windows were drawn from; `benign_redrawn`:
    they were fewer than a window, so windows repeat queries; `null_overlaps`: the pool was smaller than two windows;
    `attacker_redrawn`: as `benign_redrawn` for attacking queries.
    """

    pair: str
    corpus: str
    seed: int
    size: int
    peer: str
    tail: Tail
    nominal: float
    windows: int
    fpr: float
    tpr: dict[str, float]
    auc: dict[str, float]
    average_tpr: float | None
    balanced_accuracy: float | None
    held_out: int
    benign_redrawn: bool
    attacker_redrawn: bool
    null_overlaps: bool

    @property
    def enough(self) -> bool:
        """Whether there were benign queries enough for windows of this size; elsewhere rates measure the shortage, not the method."""
        return self.held_out >= ENOUGH * self.size and not self.null_overlaps


@dataclass(frozen=True, kw_only=True, slots=True)
class Summary:
    """Means over pairs and seeds for one peer, tail and size, with intervals from drawing whole corpora again.

    `seeds` are those that were run for it. `over` says which pairs: `all`, or `enough` for those with benign queries enough for
    the size. Few corpora make every interval too short (percentiles of drawing corpora again, Efron 1979); a single one leaves
    it at 0 to 1.
    """

    peer: str
    tail: Tail
    size: int
    over: str
    seeds: tuple[int, ...]
    pairs: tuple[str, ...]
    corpora: int
    nominal: float
    fpr: Estimate
    tpr: dict[str, Estimate]
    auc: dict[str, Estimate]
    average_tpr: Estimate | None
    balanced_accuracy: Estimate | None
    published: Published | None


@dataclass(frozen=True, kw_only=True, slots=True)
class PairRead:
    """What was read for a pair, and how it differs from the paper's."""

    name: str
    corpus: str
    rebuilt: bool
    differs: str
    normal: int
    attacker: int


@dataclass(frozen=True, kw_only=True, slots=True)
class WindowsResult:
    """A whole run. `cpu_seconds` (by part) is the one thing in it that two runs do not share."""

    embedder: str
    embedder_version: str
    seeds: tuple[int, ...]
    sizes: tuple[int, ...]
    fractions: tuple[float, ...]
    null_draws: int
    fpr: float
    pool_share: float
    pairs: tuple[PairRead, ...]
    missing: dict[str, str]
    cells: tuple[Cell, ...]
    summaries: tuple[Summary, ...]
    published_source: str = SOURCE
    cpu_seconds: dict[str, float] = field(default_factory=dict, compare=False)

    def to_dict(self) -> dict[str, Any]:
        """The run as what JSON can hold, with cells as a table of named columns and figures to six digits."""
        plain: dict[str, Any] = _rounded(msgspec.json.decode(msgspec.json.encode(replace(self, cells=()))))
        shares = [label(share) for share in self.fractions]
        plain["cells"] = {
            "columns": [*_PLAIN, *(f"tpr {share}" for share in shares), *(f"auc {share}" for share in shares)],
            "rows": [
                _rounded(
                    [
                        *(getattr(cell, name) for name in _PLAIN),
                        *(cell.tpr[s] for s in shares),
                        *(cell.auc[s] for s in shares),
                    ]
                )
                for cell in self.cells
            ],
        }
        return plain


def averaged(fpr: float, tpr: dict[str, float]) -> tuple[float | None, float | None]:
    """Average TPR over the paper's five shares and balanced accuracy, or nothing when a share was not run.

    >>> averaged(0.0, {"0.05": 0.5, "0.1": 1.0, "0.25": 1.0, "0.5": 1.0, "1": 1.0})
    (0.9, 0.95)
    """
    if any(label(share) not in tpr for share in AVERAGED):
        return None, None
    average = sum(tpr[label(share)] for share in AVERAGED) / len(AVERAGED)
    return average, (average + 1.0 - fpr) / 2.0


def joined(parts: Sequence[WindowsResult]) -> WindowsResult:
    """Runs over different pairs, seeds or sizes, made one after another or on several machines, as the one run that they are parts of.

    Raises:
        Error: if they were run with different embedders, shares or settings, or if two hold the same cell.
    """
    if not parts:
        raise ValueError("parts: got none")
    first = parts[0]
    for part in parts[1:]:
        for name in ("embedder", "embedder_version", "fractions", "null_draws", "fpr", "pool_share"):
            if getattr(part, name) != getattr(first, name):
                raise Error(f"{name}: got {getattr(part, name)} in one part and {getattr(first, name)} in another")
    places = {pair.name: number for number, pair in enumerate(PAIRS)}
    cells = sorted(
        (cell for part in parts for cell in part.cells),
        key=lambda one: (places.get(one.pair, len(places)), one.seed, one.peer, one.size),
    )
    if len({(c.pair, c.seed, c.size, c.peer, c.tail) for c in cells}) < len(cells):
        raise Error("parts: two hold the same pair, seed, size and peer")
    read = {pair.name: pair for part in parts for pair in part.pairs}
    cost: dict[str, float] = {}
    for part in parts:
        for name, seconds in part.cpu_seconds.items():
            cost[name] = round(cost.get(name, 0.0) + seconds, 2)
    return replace(
        first,
        seeds=tuple(sorted({cell.seed for cell in cells})),
        sizes=tuple(sorted({cell.size for cell in cells})),
        pairs=tuple(sorted(read.values(), key=lambda one: places.get(one.name, len(places)))),
        missing={name: why for part in parts for name, why in part.missing.items() if name not in read},
        cells=tuple(cells),
        summaries=summarise(cells),
        cpu_seconds=cost,
    )


def summarise(cells: Sequence[Cell]) -> tuple[Summary, ...]:
    """Means over pairs of every peer, tail and size, over all pairs and over those with queries enough."""
    groups: dict[tuple[str, Tail, int], list[Cell]] = {}
    for cell in cells:
        groups.setdefault((cell.peer, cell.tail, cell.size), []).append(cell)
    found = []
    for group in groups.values():
        found.append(_summary(group, "all"))
        short = {cell.pair for cell in group if not cell.enough}
        some = [cell for cell in group if cell.pair not in short]
        if short and some:
            found.append(_summary(some, "enough"))
    return tuple(found)


def _summary(cells: Sequence[Cell], over: str) -> Summary:
    first = cells[0]
    pairs = tuple(dict.fromkeys(cell.pair for cell in cells))
    columns = {"fpr": [cell.fpr for cell in cells]}
    columns |= {f"tpr {share}": [cell.tpr[share] for cell in cells] for share in first.tpr}
    columns |= {f"auc {share}": [cell.auc[share] for cell in cells] for share in first.auc}
    average = [cell.average_tpr for cell in cells if cell.average_tpr is not None]
    accuracy = [cell.balanced_accuracy for cell in cells if cell.balanced_accuracy is not None]
    if len(average) == len(accuracy) == len(cells):
        columns |= {"average": average, "accuracy": accuracy}
    mean = dict(zip(columns, _means(cells, np.array(list(columns.values())).T), strict=True))
    return Summary(
        peer=first.peer,
        tail=first.tail,
        size=first.size,
        over=over,
        seeds=tuple(sorted({cell.seed for cell in cells})),
        pairs=pairs,
        corpora=len({cell.corpus for cell in cells}),
        nominal=first.nominal,
        fpr=mean["fpr"],
        tpr={share: mean[f"tpr {share}"] for share in first.tpr},
        auc={share: mean[f"auc {share}"] for share in first.auc},
        average_tpr=mean.get("average"),
        balanced_accuracy=mean.get("accuracy"),
        published=published_mean(first.peer, first.tail, first.size, pairs),
    )


def _means(cells: Sequence[Cell], values: Floats) -> list[Estimate]:
    """The mean of each column of `values` (a row a cell), with percentile intervals from drawing whole corpora again."""
    corpora, at = np.unique([cell.corpus for cell in cells], return_inverse=True)
    n = len(corpora)
    total, count = np.zeros((n, values.shape[1])), np.bincount(at, minlength=n).astype(np.float64)
    np.add.at(total, at, values)
    mean = values.mean(axis=0)
    low, high = np.zeros_like(mean), np.ones_like(mean)
    method = "mean over pairs and seeds of a single corpus, no interval"
    if n > 1:
        rng = stream(0, "windows", "bootstrap", cells[0].peer, cells[0].tail, str(cells[0].size))
        drawn = rng.integers(0, n, size=(_DRAWS, n))
        low, high = np.quantile(total[drawn].sum(axis=1) / count[drawn].sum(axis=1)[:, None], [0.025, 0.975], axis=0)
        method = f"mean over pairs and seeds, bootstrap of corpora, {_DRAWS} draws"
    return [
        Estimate(value=float(mean[k]), low=float(low[k]), high=float(high[k]), n=n, method=method)
        for k in range(len(mean))
    ]


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 6)
    if isinstance(value, list):
        return [_rounded(one) for one in value]
    return {name: _rounded(one) for name, one in value.items()} if isinstance(value, dict) else value
