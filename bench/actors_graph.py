"""Candidate groups from links alone: a population with popular things, busy accounts and a few operators, passed through once."""

from __future__ import annotations

import argparse
import resource
import time

import numpy as np
import numpy.typing as npt
from figures import Figures, bar

from stillwatch.actors.cores import groups
from stillwatch.actors.links import KINDS

Ints = npt.NDArray[np.int64]

_OPERATORS = 40
_HEADS = 250
_SHARED = 4
"""Operators, accounts of each, and things that each of these accounts shares with the others."""
_MOST = 200


def graph(chosen: argparse.Namespace) -> Figures:
    """Time, memory, and which of the operators that were put in came out."""
    accounts, links = chosen.accounts or 1_000_000, chosen.links
    account, thing, kind, heads = _population(accounts, links, np.random.default_rng(chosen.seed))
    weight = np.ones(account.size)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    begun = time.perf_counter()
    found = groups(account, thing, weight, np.isin(kind, (0, 1)), kind, least=5, most=_MOST)
    seconds = time.perf_counter() - begun
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    whole = sum(any(np.isin(own, one.accounts).mean() >= 0.9 for one in found) for own in heads)
    size = f"{accounts:,} accounts, {account.size:,} links"
    bars = [
        bar(f"graph pass: {size}", round(seconds, 1), "s", "<= 300", seconds <= 300),
        bar("graph pass: peak memory", round(peak / 1024, 2), "GiB", "<= 6", peak <= 6 * 1024),
        bar(f"graph pass: operators whole among {_OPERATORS}", whole, "", "no bar", None),
    ]
    return bars, {
        "accounts": accounts,
        "links": int(account.size),
        "seconds": seconds,
        "peak_mib": peak,
        "before_mib": before,
        "candidates": len(found),
    }


def _population(accounts: int, links: int, rng: np.random.Generator) -> tuple[Ints, Ints, Ints, list[Ints]]:
    """Links whose things are shared as unevenly as templates and addresses are, and operators among them.

    Accounts hold few things each, a few of them hundreds; a tenth of the things of a kind are shared by most of those who share any.
    """
    share = np.array([0.6, 0.05, 0.0, 0.0, 0.1, 0.1, 0.1, 0.05])
    kind = rng.choice(len(KINDS), links, p=share).astype(np.int64)
    who = np.minimum((rng.pareto(1.2, links) * accounts / 8).astype(np.int64), accounts - 1)
    who = np.where(rng.random(links) < 0.7, rng.integers(0, accounts, links), who)
    thing = (rng.pareto(0.9, links) * accounts / 50).astype(np.int64) % (accounts // 2)
    heads = [rng.choice(accounts, _HEADS, replace=False) for _ in range(_OPERATORS)]
    own = np.arange(_OPERATORS * _SHARED).reshape(_OPERATORS, _SHARED) + accounts
    who = np.concatenate([who, *(np.repeat(one, _SHARED) for one in heads)])
    thing = np.concatenate([thing, *(np.tile(row, _HEADS) for row in own)])
    kind = np.concatenate([kind, np.zeros(_OPERATORS * _HEADS * _SHARED, np.int64)])
    known = np.unique((who * (2 * accounts) + thing) * len(KINDS) + kind)
    pair, kind = known // len(KINDS), known % len(KINDS)
    return pair // (2 * accounts), pair % (2 * accounts) * len(KINDS) + kind, kind, heads
