"""The limits in force: what each counts, for whom, what was used so far. An unchanged limit outlives a reload of the policy."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Protocol

from stillwatch.policy.rates import Buckets, Rate, Running
from stillwatch.policy.records import Used
from stillwatch.policy.rule import Counted, Limit, Per

__all__ = ["Counter", "Counters"]

_BUSY = 1_000_000
"""Microseconds after which somebody who has too many requests under way may ask again."""


class Counter(Protocol):
    """One limit at work, for many keys."""

    per_actor: bool

    def begin(self, key: Hashable, now: int) -> int:
        """Count a request with what it is taken to use until that is known: 0; or the microseconds to wait, and nothing is counted."""
        ...

    def undo(self, key: Hashable, now: int) -> None:
        """Take back what was counted this very moment."""
        ...

    def end(self, key: Hashable, now: int, used: Used) -> None:
        """The request is over: its true use takes the place of what was reserved; what is unknown of it stays."""
        ...

    def __len__(self) -> int: ...


class _Rated:
    """Requests or tokens in a window of time."""

    __slots__ = ("_buckets", "_counted", "_reserve", "begin", "per_actor")

    def __init__(self, limit: Limit, share: Rate, most: int) -> None:
        self.per_actor = limit.per is Per.ACTOR
        self._counted = limit.counted
        self._reserve = min(limit.reserve, share.burst)
        self._buckets = Buckets(share, most=most)
        self.begin = self._buckets.taker(self._reserve)

    def __len__(self) -> int:
        return len(self._buckets)

    def undo(self, key: Hashable, now: int) -> None:
        self._buckets.charge(key, now, -self._reserve)

    def end(self, key: Hashable, now: int, used: Used) -> None:
        true = _use(self._counted, used)
        if true is not None and true != self._reserve:
            self._buckets.charge(key, now, true - self._reserve)


class _Concurrent:
    """Requests under way."""

    __slots__ = ("_running", "per_actor")

    def __init__(self, limit: Limit, most: int) -> None:
        self.per_actor = limit.per is Per.ACTOR
        self._running = Running(most)

    def __len__(self) -> int:
        return len(self._running)

    def begin(self, key: Hashable, now: int) -> int:
        return 0 if self._running.start(key, now) else _BUSY

    def undo(self, key: Hashable, now: int) -> None:
        self._running.end(key)

    def end(self, key: Hashable, now: int, used: Used) -> None:
        self._running.end(key)


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
            counter = self._kept[rule, limit] = self._make(limit)
        return counter

    def _make(self, limit: Limit) -> Counter:
        rate, workers = limit.rate, self._workers
        if limit.counted is Counted.CONCURRENT:
            return _Concurrent(limit, max(1, rate.amount // workers))
        share = Rate(amount=rate.amount, window=rate.window * workers, burst=max(1, rate.burst // workers))
        return _Rated(limit, share, self._most)

    def keep(self, rules: frozenset[Hashable]) -> None:
        """Forget the counters of rules that are gone."""
        self._kept = {key: counter for key, counter in self._kept.items() if key[0] in rules}

    def __len__(self) -> int:
        return sum(map(len, self._kept.values()))


def _use(counted: Counted, used: Used) -> int | None:
    """What a request used; where reasoning is not counted apart it may be all that came out, and counts so."""
    if counted is Counted.REASONING_TOKENS:
        return used.output_tokens if used.reasoning_tokens is None else used.reasoning_tokens
    if counted is Counted.TOKENS:
        known = [tokens for tokens in (used.input_tokens, used.output_tokens) if tokens is not None]
        return sum(known) if known else None
    return None
