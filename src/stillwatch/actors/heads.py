"""Heads that are cut and grow back: which accounts of an actor stopped, which began soon after, and how long a head lasts.

An account has stopped when it has been silent for a day and for three times its own usual gap, at the end of the logs. A new head began
after the first of them stopped; it replaces the one that stopped last before it, within a day, each one at most once. All of them are
members for what it sends or shares, not for when it began. That the logs end explains nothing: heads that still work count as lasting
at least so long (Kaplan and Meier 1958).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

__all__ = ["REPLACED_WITHIN", "Heads", "heads", "shifted_p"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

REPLACED_WITHIN = 86_400_000_000
"""Microseconds after a head stopped within which a new one counts as its replacement."""

_SILENT = 86_400_000_000
_GAPS = 3


@dataclass(frozen=True, kw_only=True)
class Heads:
    """The accounts of one actor in time. Instants and lengths in microseconds, one entry an account in the order given.

    `replaces` is the place of the head that each one replaced, -1 for none; `fresh` says which began after the first one had stopped.
    """

    begun: Ints
    ended: Ints
    stopped: npt.NDArray[np.bool_]
    fresh: npt.NDArray[np.bool_]
    replaces: Ints

    @cached_property
    def gaps(self) -> Ints:
        """How long after the end of another each replacement began."""
        new = np.flatnonzero(self.replaces >= 0)
        return self.begun[new] - self.ended[self.replaces[new]]

    def half_life(self) -> tuple[float, float, float] | None:
        """Days after which half of the heads have stopped, with a 95 % interval; unknown where fewer than half did.

        The interval is where the log-log band of the survival curve (Greenwood's variance) crosses one half; its upper end is infinite
        where the band does not.
        """
        life = (self.ended - self.begun) / 86_400_000_000
        times, place = np.unique(life[self.stopped], return_inverse=True)
        if not times.size:
            return None
        died = np.bincount(place)
        at_risk = (life[None, :] >= times[:, None]).sum(axis=1)
        left = np.cumprod(1 - died / at_risk)
        with np.errstate(divide="ignore", invalid="ignore"):
            greenwood = np.cumsum(died / (at_risk * np.maximum(at_risk - died, 0)))
            spread = 1.96 * np.sqrt(greenwood) / np.abs(np.log(left))
            low, high = left ** np.exp(spread), left ** np.exp(-spread)
        low, high = np.where(np.isnan(low), 0.0, low), np.where(np.isnan(high), left, high)
        if left[-1] > 0.5:
            return None
        first = [float(times[np.argmax(band <= 0.5)]) if band[-1] <= 0.5 else np.inf for band in (left, low, high)]
        return first[0], first[1], first[2]


def heads(begun: Ints, ended: Ints, exchanges: Ints, *, until: int) -> Heads:
    """Sort out the heads of one actor.

    Args:
        begun, ended: instants of the first and last exchange of each account.
        exchanges: how many each sent.
        until: the end of the logs.
    """
    gap = (ended - begun) // np.maximum(exchanges - 1, 1)
    stopped = until - ended >= np.maximum(_SILENT, _GAPS * gap)
    fresh = begun > (ended[stopped].min() if stopped.any() else until)
    return Heads(
        begun=begun, ended=ended, stopped=stopped, fresh=fresh, replaces=_replaced(begun, ended, stopped, fresh)
    )


def _replaced(begun: Ints, ended: Ints, stopped: npt.NDArray[np.bool_], fresh: npt.NDArray[np.bool_]) -> Ints:
    """The place of the head that each one replaced: the last one that had stopped and that nobody replaced yet."""
    replaces = np.full(begun.size, -1, np.int64)
    gone = np.flatnonzero(stopped)
    gone = gone[np.argsort(ended[gone], kind="stable")]
    waiting: list[int] = []
    upcoming = 0
    for new in np.flatnonzero(fresh)[np.argsort(begun[fresh], kind="stable")].tolist():
        while upcoming < gone.size and ended[gone[upcoming]] <= begun[new]:
            waiting.append(int(gone[upcoming]))
            upcoming += 1
        if waiting and begun[new] - ended[waiting[-1]] <= REPLACED_WITHIN:
            replaces[new] = waiting.pop()
    return replaces


def shifted_p(found: Heads, rng: np.random.Generator, *, draws: int = 199) -> tuple[float, float]:
    """How often new heads would follow stopped ones as closely if they began at any other time, as a p-value; and the expected share.

    Null: the instants at which new heads begin, shifted together by the same time round the span in which they could, are as good. A shift
    keeps how they bunch. The statistic is the mean wait since the last stop, cut at a day.
    """
    new = np.flatnonzero(found.fresh)
    stops = np.sort(found.ended[found.stopped])
    begun = found.begun[new]
    start, span = stops[0], max(int(max(begun.max(), stops[-1]) - stops[0]), 1)

    def waits(at: Ints) -> Floats:
        since = at - stops[np.maximum(np.searchsorted(stops, at, side="right") - 1, 0)]
        return np.asarray(np.minimum(since, REPLACED_WITHIN), np.float64)

    shifts = rng.integers(0, span, draws)
    drawn = [waits(start + (begun - start + shift) % span) for shift in shifts.tolist()]
    value = waits(begun).mean()
    p_value = (1 + sum(float(one.mean()) <= value for one in drawn)) / (1 + draws)
    return p_value, float(np.mean([(one < REPLACED_WITHIN).mean() for one in drawn]))
