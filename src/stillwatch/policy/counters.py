"""The limits in force: what each counts, for whom, what was used so far. An unchanged limit outlives a reload of the policy."""

from __future__ import annotations

from collections.abc import Hashable

from stillwatch.policy.rates import Buckets, Rate, Running
from stillwatch.policy.records import Used
from stillwatch.policy.rule import Counted, Limit, Per

__all__ = ["Counter", "Counters"]

_BUSY = 1_000_000
"""Microseconds after which somebody who has too many requests under way may ask again."""


class Counter:
    """One limit at work. `wait` asks, `begin` counts a request that goes on, `end` puts its true use in the place of what was reserved."""

    __slots__ = ("_buckets", "_counted", "_reserve", "_running", "per_actor")

    def __init__(self, limit: Limit, *, workers: int, most: int) -> None:
        rate = limit.rate
        share = Rate(amount=rate.amount, window=rate.window * workers, burst=max(1, rate.burst // workers))
        self.per_actor = limit.per is Per.ACTOR
        self._counted = limit.counted
        self._reserve = min(limit.reserve, share.burst)
        concurrent = limit.counted is Counted.CONCURRENT
        self._running = Running(max(1, rate.amount // workers)) if concurrent else None
        self._buckets = Buckets(share, most=most)

    def __len__(self) -> int:
        return len(self._buckets) if self._running is None else len(self._running)

    def wait(self, key: Hashable, now: int) -> int:
        """Microseconds until one more request fits; 0 when at once."""
        if self._running is not None:
            return 0 if self._running.fits(key, now) else _BUSY
        return self._buckets.wait(key, now, self._reserve)

    def begin(self, key: Hashable, now: int) -> None:
        """Count a request that goes on, with what it is taken to use until that is known."""
        if self._running is not None:
            self._running.start(key, now)
        else:
            self._buckets.charge(key, now, self._reserve)

    def end(self, key: Hashable, now: int, used: Used) -> None:
        """The request is over: what is unknown of its use stays at what was reserved."""
        if self._running is not None:
            self._running.end(key)
            return
        true = _use(self._counted, used)
        if true is not None:
            self._buckets.charge(key, now, true - self._reserve)


class Counters:
    """Every counter by the rule that it belongs to and its limit: the same limit of the same rule keeps what it counted.

    Args:
        workers: processes that share a limit; each gets an equal share of it.
        most: keys that one counter remembers.
    """

    def __init__(self, *, workers: int = 1, most: int = 200_000) -> None:
        self._workers = workers
        self._most = most
        self._kept: dict[tuple[Hashable, Limit], Counter] = {}

    def of(self, rule: Hashable, limit: Limit) -> Counter:
        """The counter of a rule's limit."""
        counter = self._kept.get((rule, limit))
        if counter is None:
            counter = self._kept[rule, limit] = Counter(limit, workers=self._workers, most=self._most)
        return counter

    def keep(self, rules: frozenset[Hashable]) -> None:
        """Forget the counters of rules that are gone."""
        self._kept = {key: counter for key, counter in self._kept.items() if key[0] in rules}

    def __len__(self) -> int:
        return sum(map(len, self._kept.values()))


def _use(counted: Counted, used: Used) -> int | None:
    if counted is Counted.REASONING_TOKENS:
        return used.reasoning_tokens
    if counted is Counted.TOKENS:
        known = [tokens for tokens in (used.input_tokens, used.output_tokens) if tokens is not None]
        return sum(known) if known else None
    return None
