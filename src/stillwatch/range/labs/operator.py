"""The operator: its accounts, hired once for all labs so that cards, devices and proxies come back at each, and what they send."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from stillwatch.range import addresses
from stillwatch.range.campaigns.cover import conversations
from stillwatch.range.campaigns.crew import Crew, Infrastructure, hire
from stillwatch.range.campaigns.deliver import deliver
from stillwatch.range.campaigns.families import FAMILIES, NUMBERS, write
from stillwatch.range.campaigns.plan import HOUR, Plan, Requests, no_requests
from stillwatch.range.ground import Ground, Ints
from stillwatch.range.labs.shares import Share
from stillwatch.range.splits import Fold

__all__ = ["OPERATOR", "Hired", "hired", "send"]

OPERATOR = "hydra"
"""The operator's name in the sealed truth."""

_POOLS = 5
_LEAST, _MOST = 5, 9
"""Requests of one account over the day: as few as the reports say, and as many as an ordinary customer sends."""

_INFRASTRUCTURE = Infrastructure(
    proxy="pool",
    shared_payment=0.5,
    to_a_card=6,
    disposable_mail=0.5,
    one_device=0.1,
    young=25.0,
    product="coding",
    plans=(("plus", 0.4), ("payg", 0.6)),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Hired:
    """The operator's accounts at one lab, and which of its registrations each was opened with."""

    crew: Crew
    registration: Ints


def hired(shares: Sequence[Share], rng: np.random.Generator) -> list[Hired]:
    """Hire all accounts at once and deal them out; registrations are fewer than accounts, so that one comes back at several labs."""
    sizes = [share.operator for share in shares]
    whole = hire(_INFRASTRUCTURE, rng, sum(sizes), group=OPERATOR)
    proxies = [one for _ in range(_POOLS) for one in addresses.campus(rng, 4)]
    at = rng.integers(0, len(proxies), (2, sum(sizes))).tolist()
    whole = replace(whole, ip=[proxies[k] for k in at[0]], other_ip=[proxies[k] for k in at[1]])
    whole = whole.take(rng.permutation(len(whole)))
    registration = rng.integers(0, max(4, round(0.6 * len(whole))), len(whole))
    ends = np.cumsum(sizes).tolist()
    return [
        Hired(crew=whole.take(np.arange(end - size, end)), registration=registration[end - size : end])
        for size, end in zip(sizes, ends, strict=True)
    ]


def send(own: Hired, share: Share, ground: Ground, rng: np.random.Generator) -> None:
    """Settle the accounts at one lab and send a day of requests: two templates under fixed wordings, and sleepers' small talk."""
    rows = no_requests()
    first = 0
    for family, size in (("tagged", share.tagged), ("autograding", share.grading)):
        if size:
            rows = rows.join(_worked(family, np.arange(first, first + size), ground, rng))
            first += size
    counts = np.zeros(share.operator, np.int64)
    counts[first:] = rng.integers(_LEAST, _MOST, share.sleeping)
    hours = ground.horizon / HOUR
    if share.sleeping:
        rows = rows.join(conversations(ground, rng, counts, zone=own.crew.zone, fold=Fold.TEST, start=0, hours=hours))
    plan = Plan(name=OPERATOR, crew=own.crew, rows=rows, infrastructure=_INFRASTRUCTURE, hours=hours)
    deliver(plan, ground, rng)


def _worked(family: str, who: Ints, ground: Ground, rng: np.random.Generator) -> Requests:
    """A queue of requests of one family, dealt to some accounts round and round over the whole day."""
    loads = rng.integers(_LEAST, _MOST, len(who))
    size = int(loads.sum())
    made = write(FAMILIES[NUMBERS[family]], ground, rng, size, Fold.TEST, NUMBERS[family], np.zeros(0, np.int64))
    at = np.sort(rng.integers(0, ground.horizon, size))
    return replace(made, who=rng.permutation(np.repeat(who, loads)), at=at)
