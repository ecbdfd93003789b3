"""Ours on windows: topic statistics of five kinds, combined by a rule that was fixed before the test pairs were looked at.

*Shift*: the means of 4,096 hashed words and of vectors of the table of meanings (`mean_shift`). *Second moment*: words and topic cells,
each weighed by one over its share. *Scan*: topic cells asked too often (`cell_scan`). *Novelty*: how far each text lies from benign
ones (in hashed words: nearest neighbour, residual energy; in meaning: the five nearest neighbours, the distance from the mean in units
of the benign spread), and how many of its words and pairs of words are new or rare; of each measure the mean and the shares of
texts beyond the benign 95th and 99th percentile. *Together*: the same seven measures of a text as ranks, combined before the mean is
taken, once by their sum and once by the sum of their squares: a little strange in every way is strange.

Every statistic is centred and scaled by null windows of as many different queries; the score is the sum over kinds of the mean of
what is above 0, weighed by `KINDS`. It is one-sided: what looks more ordinary than ordinary counts for nothing. It is not squared: the
scan has heavy tails, and squared it drowned the others. Views and weights were chosen on the developing pairs (SST-2, AG News, hate
speech; seeds 7 to 12), where the last kind carried most.

The null is the tested statistic itself. The pool is cut once: a quarter teaches what is familiar, an eighth is the yardstick for
limits and ranks, the rest is *open*. Neither open texts nor those of a test window taught anything, so given what was learnt
they are exchangeable. A null window comes from a quarter of the pool (as much as the protocol holds out) drawn at random from
the open part, and is compared with what is left of that part; a test window is compared with a rest drawn in the same way. Each
distinct text counts once in a window, so a corpus smaller than the window does not look narrow for being repeated.

Fewer queries spread more: a window that repeats its queries is scaled and ranked by null windows of as many different ones. Under
20 different queries, of a window that has more, it is undecided (nan); a pool under 80 different texts is refused.

Limits: of meaning it knows what a small table of words does. Questions about the same things in the words of the benign ones are not
seen; prompts in another language than the benign ones are strange to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from scipy import sparse

from stillwatch.range.peers._topic_views import MEASURES, learn
from stillwatch.range.peers.window_peer import (
    Floats,
    Places,
    Queries,
    Tail,
    draw_windows,
    window_peer,
)
from stillwatch.stats import cell_scan, mean_shift, rank_surprise, share_excess

__all__ = ["KINDS", "Topics"]

KINDS = {"shift": 2.0, "second moment": 1.0, "scan": 0.5, "novelty": 1.0, "together": 3.0}
"""What is combined, and how much each counts."""

_TAILS = (0.95, 0.99)
_TAUGHT, _YARDSTICK = 2, 1
"""Eighths of the pool."""

_LEAST_TEXTS = 80
_LEAST_DIFFERENT = 20
_SPLITS = 512
_SCALING = 400
_LEAST_SPREAD = 0.5
_LEAST_VARIANCE = np.repeat([0.0, *(tail * (1.0 - tail) for tail in _TAILS), 0.0], [*[len(MEASURES)] * 3, 2])
"""Of each column told of a text: what a small yardstick happens not to hold may still occur."""

_ROWS = 128
_RAISED = 4.0
_TOLD = 5 + 3 * len(MEASURES)
_PLACES = (slice(0, 2), slice(2, 4), slice(4, 5), slice(5, _TOLD), slice(_TOLD, _TOLD + 2))
"""Where the statistics of each kind stand."""


@dataclass(frozen=True, kw_only=True)
class _Sums:
    """What is added up over texts: columns of novelty, vectors of meaning and the squares of their numbers, cells and words."""

    n: Floats
    novelty: Floats
    meaning: Floats
    squares: Floats
    cells: Floats
    words: Floats


@dataclass(frozen=True, kw_only=True)
class _Scale:
    """Of null windows of so many different queries: centre and spread of each statistic, and what they combine to."""

    centre: Floats
    spread: Floats
    combined: Floats = field(default_factory=lambda: np.empty(0))


class _FittedTopics:
    def __init__(self, pool: Queries, rng: np.random.Generator) -> None:
        texts = _texts(pool)
        if len(set(texts)) < _LEAST_TEXTS:
            raise ValueError(f"pool: got {len(set(texts))} different texts, expected at least {_LEAST_TEXTS}")
        order = [texts[place] for place in rng.permutation(len(texts))]
        ruler, rest = (len(texts) * eighths // 8 for eighths in (_TAUGHT, _TAUGHT + _YARDSTICK))
        self._learnt = learn(list(dict.fromkeys(order[:ruler])), rng)
        self._yardstick = self._learnt.views(list(dict.fromkeys(order[ruler:rest]))).novelty
        self._limits = np.quantile(self._yardstick, _TAILS, axis=0)
        self._variance = np.maximum(self._told(self._yardstick).var(axis=0), _LEAST_VARIANCE)
        held = order[rest:]
        self._row = {text: row for row, text in enumerate(dict.fromkeys(held))}
        self._views = self._learnt.views(list(self._row))
        self._columns = self._told(self._views.novelty)
        self._rng = rng
        rows, apart = np.array([self._row[text] for text in held]), len(texts) // 4
        splits = rows[np.stack([rng.permutation(len(rows)) for _ in range(_SPLITS)])]
        self._apart, self._rest = splits[:, :apart], self._sums(splits[:, apart:])
        self._scale: dict[int, _Scale] = {}

    def null(self, size: int, draws: int, rng: np.random.Generator) -> Floats:
        places, split = draw_windows(rng, self._apart.shape[1], size, draws), rng.integers(0, _SPLITS, draws)
        return self._scores(self._statistics(self._apart[split[:, None], places], split), _different(places))

    def score(self, traffic: Queries, windows: Places, rng: np.random.Generator) -> Floats:
        rows, different = self._rows(_texts(traffic)), _different(windows)
        scores = self._scores(self._statistics(rows[windows], rng.integers(0, _SPLITS, len(windows))), different)
        return np.where(different < min(_LEAST_DIFFERENT, windows.shape[1]), np.nan, scores)

    def _scores(self, statistics: Floats, different: Places) -> Floats:
        """How rare the combined statistic is among null windows of as many different queries; beyond all of them, how far."""
        scores, scaled_as = np.empty(len(statistics)), self._scaled_as(different)
        for one in np.unique(scaled_as).tolist():
            scale, here = self._scaled(one), scaled_as == one
            combined, beside = _combined(statistics[here], scale), scale.combined
            beyond = np.log(np.maximum(combined / max(beside.max(), 1e-9), 1.0))
            scores[here] = rank_surprise(combined[:, None], beside[:, None])[:, 0] + beyond
        return scores

    def _scaled_as(self, different: Places) -> Places:
        """The next lower size for which a scale is kept: a coarse grid, and no more queries than null windows can hold."""
        grid = np.unique(np.floor(1.1 ** np.arange(8, 100)).astype(np.int64))
        held = np.minimum(different, self._apart.shape[1])
        return np.where(held < grid[0], held, grid[np.searchsorted(grid, held, side="right") - 1])

    def _scaled(self, different: int) -> _Scale:
        if different not in self._scale:
            among, split = self._apart.shape[1], self._rng.integers(0, _SPLITS, _SCALING)
            places = draw_windows(self._rng, among, different, _SCALING)
            some = self._statistics(self._apart[split[:, None], places], split)
            scale = _Scale(centre=some.mean(axis=0), spread=np.maximum(some.std(axis=0), _LEAST_SPREAD))
            self._scale[different] = replace(scale, combined=_combined(some, scale))
        return self._scale[different]

    def _rows(self, texts: Sequence[str]) -> Places:
        """Rows of texts in the views; those not seen before are measured and added."""
        fresh = [text for text in dict.fromkeys(texts) if text not in self._row]
        if fresh:
            known, views = len(self._views), self._learnt.views(fresh)
            self._views = self._views.followed_by(views)
            self._columns = np.concatenate([self._columns, self._told(views.novelty)])
            self._row.update((text, known + place) for place, text in enumerate(fresh))
        return np.array([self._row[text] for text in texts], dtype=np.int64)

    def _statistics(self, windows: Places, split: Places) -> Floats:
        parts = [
            self._some(windows[low : low + _ROWS], split[low : low + _ROWS]) for low in range(0, len(windows), _ROWS)
        ]
        return np.concatenate(parts)

    def _some(self, windows: Places, split: Places) -> Floats:
        own, rest = self._sums(windows), self._rest
        n, m = np.maximum(own.n, 2.0), rest.n[split]  # one text over and over is compared as if it were two
        cells, words = rest.cells[split], rest.words[split]
        odd = share_excess(own.novelty, n[:, None], rest.novelty[split], m[:, None], variance=self._variance)
        alone = (
            mean_shift(own.meaning, own.squares, n, rest.meaning[split], rest.squares[split], m),
            mean_shift(own.words, own.words, n, words, words, m),
            _second_moment(own.words, n, words, m),
            _second_moment(own.cells, n, cells, m),
            cell_scan(own.cells, n[:, None] * (cells + 1.0) / m[:, None]).log_e,
        )
        return np.concatenate([np.stack(alone, axis=1), odd], axis=1)

    def _sums(self, windows: Places) -> _Sums:
        """Sums over the distinct texts of each window."""
        rows, size = windows.shape
        found = sparse.csr_array(
            (np.ones(rows * size, dtype=np.float32), windows.reshape(-1), np.arange(0, rows * size + 1, size)),
            shape=(rows, len(self._views)),
        )
        found.sum_duplicates()
        found.data[:] = 1.0
        return _Sums(
            n=found.sum(axis=1).astype(np.float64),
            novelty=(found @ self._columns).astype(np.float64),
            meaning=(found @ self._views.meaning).astype(np.float64),
            squares=(found @ (self._views.meaning**2)).astype(np.float64),
            cells=(found @ self._views.cells).toarray().astype(np.float64),
            words=(found @ self._views.words).toarray().astype(np.float64),
        )

    def _told(self, novelty: Floats) -> Floats:
        """Each measure as it is, whether it lies beyond each limit, and all of them together."""
        rare = rank_surprise(novelty, self._yardstick)
        both = np.stack([rare.sum(axis=1), (rare * rare).sum(axis=1)], axis=1)
        return np.concatenate([novelty, *(novelty > limit for limit in self._limits), both], axis=1).astype(np.float64)


def _combined(statistics: Floats, scale: _Scale) -> Floats:
    above = np.maximum((statistics - scale.centre) / scale.spread, 0.0)
    total: Floats = sum(
        (weight * above[:, of].mean(axis=1) for of, weight in zip(_PLACES, KINDS.values(), strict=True)),
        np.zeros(len(above)),
    )
    return total


def _second_moment(own: Floats, n: Floats, rest: Floats, m: Floats) -> Floats:
    return mean_shift(own, own, n, rest, rest, m, weights=1.0 / ((rest + _RAISED) / m[:, None]))


def _different(windows: Places) -> Places:
    """How many different queries each window holds."""
    ordered = np.sort(windows, axis=1)
    different: Places = 1 + np.count_nonzero(np.diff(ordered, axis=1), axis=1).astype(np.int64)
    return different


def _texts(queries: Queries) -> Sequence[str]:
    if queries.texts is None:
        raise ValueError("texts: got none, and topics are told from texts")
    return queries.texts


@window_peer
class Topics:
    """Shift, second moment, scan and novelty of a window's texts together, upper tail."""

    name = "ours-topics"
    tails = (Tail.UPPER,)

    def fit(self, pool: Queries, rng: np.random.Generator) -> _FittedTopics:
        return _FittedTopics(pool, rng)
