"""How fast somebody may go: the generic cell rate algorithm, exact, in whole numbers, over as many keys as come.

Source: ITU-T I.371 annex A. Of every key one number is kept, its theoretical arrival time: how far what was used so far reaches into the
future. Time is counted in microseconds times `amount`, so that one unit costs a whole number of ticks and nothing is ever rounded.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass

__all__ = ["Buckets", "Rate", "Running"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Rate:
    """`amount` units in a `window` of seconds, and up to `burst` of them at once."""

    amount: int
    window: int
    burst: int


class Buckets:
    """What every key has used of one rate.

    A key that has used up nothing at this moment is not kept: it reads the same as one that was never seen. Beyond `most` keys the older
    half is forgotten at once, so that no crowd of names costs memory; who is forgotten gets at most one more burst.

    >>> buckets = Buckets(Rate(amount=60, window=60, burst=2))
    >>> [buckets.take("a", at, 1) for at in (0, 0, 0, 1_000_000)]
    [0, 0, 1000000, 0]
    """

    __slots__ = ("_burst", "_half", "_old", "_per", "_unit", "_young", "rate")

    def __init__(self, rate: Rate, *, most: int = 200_000) -> None:
        self.rate = rate
        self._per = rate.amount
        self._unit = rate.window * 1_000_000
        self._burst = rate.burst * self._unit
        self._half = max(1, most // 2)
        self._young: dict[Hashable, int] = {}
        self._old: dict[Hashable, int] = {}

    def __len__(self) -> int:
        return len(self._young) + len(self._old)

    def charge(self, key: Hashable, now: int, cost: int) -> None:
        """Count what was used, allowed or not: a debt is paid back before anything more may be taken. A negative cost gives back."""
        arrival = self._young.get(key)
        if arrival is None:
            arrival = self._old.pop(key, 0)
        present = now * self._per
        arrival = max(arrival, present) + cost * self._unit
        if arrival <= present:
            self._young.pop(key, None)
            return
        self._young[key] = arrival
        if len(self._young) > self._half:
            self._old, self._young = self._young, {}

    def take(self, key: Hashable, now: int, cost: int) -> int:
        """Take `cost` if it may be taken now; otherwise the microseconds to wait, and nothing is taken."""
        return self.taker(cost)(key, now)

    def taker(self, cost: int) -> Callable[[Hashable, int], int]:
        """`take` of one cost, made ready for the hot path."""
        per, need = self._per, cost * self._unit
        most = self._burst - need

        def take(key: Hashable, now: int) -> int:
            present = now * per
            arrival = self._young.get(key)
            if arrival is None:
                arrival = self._old.pop(key, present) if self._old else present
            if arrival <= present:
                arrival = present
            elif arrival - present > most:
                self._young[key] = arrival
                return -(-(arrival - present - most) // per)
            self._young[key] = arrival + need
            if len(self._young) > self._half:
                self._old, self._young = self._young, {}
            return 0

        return take


class Running:
    """How many requests of every key are under way, at most `most` of each.

    A request that was never reported as over is forgotten an hour after its key was last heard of, so that a lost report locks nobody out.

    >>> running = Running(1)
    >>> running.start("a", 0), running.start("a", 0), running.end("a"), running.start("a", 0)
    (True, False, None, True)
    """

    __slots__ = ("_counts", "_last", "_lease", "_sweep", "most")

    def __init__(self, most: int, *, lease: int = 3600) -> None:
        self.most = most
        self._sweep = 10_000
        self._lease = lease * 1_000_000
        self._counts: dict[Hashable, int] = {}
        self._last: dict[Hashable, int] = {}

    def __len__(self) -> int:
        return len(self._counts)

    def start(self, key: Hashable, now: int) -> bool:
        """Count one more, unless as many as may run are under way."""
        count = self._counts.get(key, 0)
        if count >= self.most:
            if now - self._last[key] <= self._lease:
                return False
            count = 0
        self._counts[key] = count + 1
        self._last[key] = now
        if len(self._counts) > self._sweep:
            self._forget(now)
        return True

    def end(self, key: Hashable) -> None:
        """Count one less."""
        count = self._counts.get(key, 0) - 1
        if count > 0:
            self._counts[key] = count
        else:
            self._counts.pop(key, None)
            self._last.pop(key, None)

    def _forget(self, now: int) -> None:
        """Let go of keys whose reports were lost; looked for only when there are twice as many as last time."""
        for key in [key for key, last in self._last.items() if now - last > self._lease]:
            del self._counts[key], self._last[key]
        self._sweep = max(10_000, 2 * len(self._counts))
