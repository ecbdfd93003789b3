"""How often chance alone, dealing the same cards again, does as well: permutation tests with exact error rates."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from stillwatch.core.records import Evidence
from stillwatch.stats._arguments import numbers, whole

__all__ = ["permutation_p", "sequential_permutation"]


def permutation_p(observed: float, draws: npt.ArrayLike, *, larger_is_worse: bool = True) -> float:
    """The share of re-deals, the observed one among them, at least as extreme: `(1 + b) / (1 + B)`.

    Null: the observed value is exchangeable with the draws. Never 0; at least `1 / (B + 1)`.
    Source: Phipson and Smyth (2010), arXiv 1603.05766. Misled by deals that break a structure the null keeps
    (clusters, hours).

    >>> permutation_p(5.0, [1.0, 2.0, 5.0])
    0.5
    """
    sign = 1.0 if larger_is_worse else -1.0
    others = sign * numbers(draws, "draws").ravel()
    value = sign * float(numbers(observed, "observed"))
    slack = 1e-12 * max(1.0, abs(value)) if math.isfinite(value) else 0.0
    return (1.0 + int((others >= value - slack).sum())) / (1.0 + others.size)


def sequential_permutation(
    observed: float,
    draw: Callable[[np.random.Generator, int], npt.ArrayLike],
    *,
    rng: np.random.Generator,
    null: str,
    stop_after: int = 20,
    most: int = 9_999,
    batch: int = 200,
) -> Evidence:
    """A permutation p-value that stops early when the answer is plainly dull.

    `draw(rng, size)` gives `size` values under the null. Draws end once `stop_after` of them reach the observed
    value, at the l-th draw, and then `p = stop_after / l`; or after `most` draws, and then `p = (1 + b) / (1 +
    most)`. Either way `P(p <= t) <= t`. `Evidence.n` is the number of draws used; the e-value is the calibrated p
    (`p_to_e`, kappa 0.5).

    Source: Besag and Clifford (1991). The result depends on `batch` only through how `draw` uses `rng`.

    >>> import numpy as np
    >>> dull = sequential_permutation(0.0, lambda rng, k: rng.normal(size=k), rng=np.random.default_rng(3), null="mean 0")
    >>> dull.n < 100, dull.p_value > 0.2
    (True, True)
    """
    value = float(numbers(observed, "observed"))
    goal, limit = whole(stop_after, "stop_after", least=1), whole(most, "most", least=1)
    size = whole(batch, "batch", least=1)
    slack = 1e-12 * max(1.0, abs(value)) if math.isfinite(value) else 0.0
    done, reached = 0, 0
    p_value: float | None = None
    while done < limit:
        batch_size = min(size, limit - done)
        drawn = numbers(draw(rng, batch_size), "draw").ravel()
        if drawn.size != batch_size:
            raise ValueError(f"draw: gave {drawn.size} values, expected {batch_size}")
        running = reached + np.cumsum(drawn >= value - slack)
        if int(running[-1]) >= goal:
            done += int(np.searchsorted(running, goal)) + 1
            p_value = goal / done
            break
        reached = int(running[-1])
        done += batch_size
    if p_value is None:
        p_value = (1.0 + reached) / (1.0 + limit)
    return Evidence(
        value=value, n=done, p_value=p_value, e_value=0.5 / math.sqrt(p_value), null=null, method="Besag-Clifford"
    )
