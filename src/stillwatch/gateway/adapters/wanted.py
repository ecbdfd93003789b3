"""What a policy wants of an account at any request: blocked or not, and its limits as rates, for a host that carries them out itself.

Rules that match facts of a request hold for some requests only, and conditions of service for everybody: neither is said here.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from math import floor

from stillwatch.policy import Asked, Dialect, Gatekeeper, Policy, Standing, Step, Used
from stillwatch.policy.counters import Counter, Counters
from stillwatch.policy.decisions import work_out
from stillwatch.policy.effects import UNAVAILABLE
from stillwatch.policy.rule import Counted, Limit, Per

__all__ = ["Wanted", "Wishes", "rates_of"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """What is wanted of one account, and why: the code and rule of the ruling, its appeal, and the actor with which it shares limits."""

    blocked: bool
    limits: tuple[Limit, ...]
    code: str
    rule: str
    appeal: str | None
    actor: int | None
    account: int


class _Told:
    """A limit that counts nothing."""

    def __init__(self, limit: Limit) -> None:
        self.limit = limit
        self.per_actor = limit.per is Per.ACTOR

    def begin(self, key: Hashable, now: int) -> int:
        return 0

    def undo(self, key: Hashable, now: int) -> None: ...

    def end(self, key: Hashable, now: int, used: Used) -> None: ...

    def __len__(self) -> int:
        return 0


class _Telling(Counters):
    def of(self, rule: Hashable, limit: Limit) -> Counter:
        return _Told(limit)


class Wishes(Gatekeeper):
    """A gate that says which limits hold instead of counting under them."""

    def __init__(self, policy: Policy, standing: Standing) -> None:
        super().__init__(policy)
        self._counters = _Telling()
        self._now = work_out(policy, standing, self._counters)

    def of(self, account: int, at: float) -> Wanted | None:
        """What is wanted of an account at a time; none of one without standing, or where the standing cannot be trusted."""
        if self._now.find(account) < 0:
            return None
        ruling = self.decide(Asked(at=at, account=account, dialect=Dialect.OTHER))
        taken = [(counter.limit, key) for counter, key in ruling.taken if isinstance(counter, _Told)]
        blocked = ruling.step in (Step.BLOCK, Step.VERIFY)
        if ruling.code == UNAVAILABLE or not (blocked or taken):
            return None
        return Wanted(
            blocked=blocked,
            limits=tuple(limit for limit, _ in taken),
            code=ruling.code,
            rule=ruling.rule,
            appeal=ruling.appeal,
            actor=next((key for limit, key in taken if limit.per is Per.ACTOR and key != account), None),
            account=account,
        )


_FIELDS = {
    Counted.REQUESTS: "rpm_limit",
    Counted.TOKENS: "tpm_limit",
    Counted.CONCURRENT: "max_parallel_requests",
}


def rates_of(limits: tuple[Limit, ...], *, keys: int, actor_keys: int) -> tuple[dict[str, int], tuple[str, ...]]:
    """(limits of one key as a host knows them, by minute; what of them is not carried out as the policy says).

    A host counts by key, so the keys of an account, or of all accounts of an actor, get equal shares.
    """
    rates: dict[str, int] = {}
    lost: list[str] = []
    for limit in limits:
        words = f"{limit.rate.amount} {limit.counted.value} per {limit.per.value}"
        field = _FIELDS.get(limit.counted)
        if field is None:
            lost.append(f"{words}: not carried out")
            continue
        share = max(1, actor_keys if limit.per is Per.ACTOR else keys)
        exact = limit.rate.amount / share
        if limit.counted is not Counted.CONCURRENT:
            exact *= 60 / limit.rate.window
            if limit.rate.window != 60:
                lost.append(f"{words} in {limit.rate.window} s: as an average by minute")
        rate = max(1, floor(exact))
        if exact < 1:
            lost.append(f"{words}: less than 1 for each key, set to 1")
        rates[field] = min(rate, rates.get(field, rate))
    return rates, tuple(lost)
