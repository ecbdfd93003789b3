"""Populations and candidates drawn as arrays, for the tests that look at one step alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
from scipy import sparse

from stillwatch.actors.candidate import Candidate
from stillwatch.actors.population import HeldOut
from stillwatch.actors.presence import Presence

Ints = npt.NDArray[np.int64]

HOUR = 3_600_000_000
DAYS = range(480_000, 480_048)
"""The two days of a log, in hours since 1970."""


def population(rng: np.random.Generator, size: int = 600, **changed: object) -> HeldOut:
    """Unlike customers: shares that differ between them, heavy-tailed loads, some of everything."""
    exchanges = np.maximum(rng.poisson(12 * rng.lognormal(-0.5, 1.0, size)), 1).astype(np.int64)
    account = np.arange(size, dtype=np.int64) * 10 + 5
    seen = rng.poisson(exchanges)
    asked = rng.beta(0.5, 8, size)
    begun = DAYS.start * HOUR + rng.integers(0, 30 * HOUR, size)
    bins = np.floor(np.log2(exchanges)).astype(np.int64)
    plain = HeldOut(
        account=account,
        exchanges=exchanges,
        elicited=asked * rng.random(size),
        asked=asked,
        known_items=rng.beta(0.2, 8, size),
        single=rng.beta(2, 2, size),
        tools=rng.beta(0.3, 2, size),
        telemetry=np.zeros(size),
        young=(rng.random(size) < 0.2).astype(np.float64),
        bin=bins,
        shares=(rng.random(size) < 0.1).astype(np.float64),
        org=account + 1_000_000,
        recorded=np.ones(size, np.bool_),
        programme=np.full(size, None, dtype=object),
        signup=np.full(size, "web", dtype=object),
        totals={int(a): (int(e + s), int(s)) for a, e, s in zip(account, exchanges, seen, strict=True)},
        loads=exchanges[seen > 0],
        whole_days=DAYS,
        pivoted=rng.beta(0.5, 5, size),
        moved=(rng.random(size) < 0.05).astype(np.float64),
        continued=np.full(size, np.nan),
        everyone=account,
        begun=begun,
        ended=begun + (rng.random(size) * (DAYS.stop * HOUR - begun)).astype(np.int64),
        presence=Presence(at_work=hours_of(exchanges, rng), bin=bins, hours=1.0),
    )
    return replace(plain, **changed)  # type: ignore[arg-type]


def hours_of(exchanges: Ints, rng: np.random.Generator) -> sparse.csr_matrix:
    """At work in some hours of two days, by day oftener than by night, each account at its own."""
    liking = np.tile(1 + 0.9 * np.sin(np.arange(24) / 24 * 2 * np.pi), 2)
    chances = 1 - np.exp(-exchanges[:, None] * liking / liking.sum())
    return sparse.csr_matrix((rng.random(chances.shape) < chances).astype(np.float32))


def asking(own: Candidate, account: Ints, rng: np.random.Generator, **changed: object) -> Candidate:
    """The candidate with other exchanges: whose they are, and what is known of them; the rest of them is new, anywhere and at any hour."""
    plain: dict[str, object] = {
        "prompt": rng.integers(0, 1 << 40, account.size),
        "cell": rng.integers(0, 64, account.size),
        "item": np.full(account.size, -1),
        "hour": DAYS.start + rng.integers(0, 48, account.size),
    }
    return replace(own, account=account, **(plain | changed))  # type: ignore[arg-type]


def candidate(rng: np.random.Generator, people: HeldOut, places: object, **changed: object) -> Candidate:
    """A candidate of the accounts at `places`, which behaves as its accounts do; its template is a random part of what all send."""
    at = np.sort(np.asarray(places, np.int64))
    carried = rng.beta(0.5, 5, people.account.size)
    uses = np.maximum(rng.binomial(people.exchanges[at], 0.5), 1).astype(np.int64)
    who = np.repeat(people.account[at], uses)
    idle = np.empty(0, np.int64)
    plain = Candidate(
        accounts=people.account[at],
        found_by=frozenset({"family"}),
        scopes=frozenset({"prompt"}),
        carried=carried,
        exclusivity=float(uses.sum() / people.exchanges[at].sum()),
        uses=uses,
        single=people.single.copy(),
        loads=people.exchanges[at],
        account=idle,
        prompt=idle,
        cell=idle,
        item=idle,
        hour=idle,
    )
    return replace(asking(plain, who, rng), **changed)  # type: ignore[arg-type]
