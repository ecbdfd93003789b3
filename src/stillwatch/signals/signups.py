"""Sign-ups as they look before any traffic: what the provider's records say of each account, and who signed up beside it.

A description for people who decide what to ask of a new account, never a verdict: honest customers sign up in batches, too.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import scipy

from stillwatch.engine import table

__all__ = ["FACETS", "LEAST_BACKGROUND", "signups"]

FACETS = ("batch", "disposable_mail", "prepaid_card", "unverified", "unchecked_programme")
"""What the score is the mean of, each from 0 to 1."""

LEAST_BACKGROUND = 100
"""Sign-ups of other days that are needed to say what is usual."""

_WEIGHT = 10
"""Like accounts on one day that make half a batch."""

_LEVEL = 0.95
_PROGRAMMES = ("education", "research", "startup")
_PREPAID = ("prepaid", "virtual")
_CHECKED = ("document", "organisation")

Floats = npt.NDArray[np.float64]


def signups(account_facts: pa.Table) -> pa.Table:
    """Score every account on record by its sign-up alone: rows of the table `signups`, ordered by account.

    `score` is the mean of the facets that are known. `low` and `high` bound it whatever the unknown facets are, and however the count
    of like accounts came about (exact Poisson limits, Garwood 1936, at 95 %). `batch` sets the accounts of the same registration
    pattern and UTC day against what that pattern's share among all other days' sign-ups makes of the day: k others where e were
    expected give (k - e) / (k + 10), at least 0. Unknown without a pattern, an opening date, or enough sign-ups on other days.

    Misled by a company that brings its staff, a class signed up by its teacher, a launch in the news.
    """
    facts = account_facts.sort_by("account")
    like, expected = _like(facts)
    batch, low, high = _batch(like, expected)
    verification, path = facts.column("verification"), facts.column("signup_path")
    programme = _among(path, _PROGRAMMES)
    unchecked = np.where(programme == 1, 1 - _among(verification, _CHECKED), programme)
    plain = [
        _among(facts.column("mail_kind"), ("disposable",)),
        _among(facts.column("card_kind"), _PREPAID),
        _among(verification, ("none",)),
        unchecked,
    ]
    values = np.vstack([batch, *plain]) if facts.num_rows else np.zeros((len(FACETS), 0))
    known = ~np.isnan(values)
    count = known.sum(axis=0)
    score = np.where(count > 0, np.nansum(values, axis=0) / np.maximum(count, 1), np.nan)
    sure = np.nansum(values[1:], axis=0)
    least = (sure + np.nan_to_num(low)) / len(FACETS)
    most = (sure + np.nan_to_num(high) + len(FACETS) - count) / len(FACETS)
    found = {
        "account": facts.column("account"),
        "created": facts.column("created"),
        "score": _known(score),
        "low": pa.array(least),
        "high": pa.array(most),
        "facts": pa.array(count.astype(np.int64)),
        "like": pa.array(np.nan_to_num(like).astype(np.int64), mask=np.isnan(like)),
        "expected": _known(expected),
    } | {name: _known(row) for name, row in zip(FACETS, values, strict=True)}
    schema = table("signups").schema
    return pa.table([found[name] for name in schema.names], schema=schema)


def _like(facts: pa.Table) -> tuple[Floats, Floats]:
    """Others of the same pattern and day, and how many the other days lead to expect; NaN where unknown."""
    days = pc.divide(facts.column("created").cast(pa.int64()), 86_400_000_000)
    known = pc.and_(pc.is_valid(days), pc.is_valid(facts.column("registration"))).to_numpy()
    like, expected = np.full(facts.num_rows, np.nan), np.full(facts.num_rows, np.nan)
    day = np.unique(days.to_numpy()[known], return_inverse=True)[1]
    pattern = np.unique(facts.column("registration").to_numpy()[known], return_inverse=True)[1]
    total = day.size
    of_day, of_pattern = np.bincount(day), np.bincount(pattern)
    _, cell, size = np.unique(pattern.astype(np.int64) * max(total, 1) + day, return_inverse=True, return_counts=True)
    others, here = total - of_day[day], size[cell]
    usual = (of_pattern[pattern] - here + 0.5) / (others + 1)
    enough = others >= LEAST_BACKGROUND
    like[known] = np.where(enough, here - 1, np.nan)
    expected[known] = np.where(enough, (of_day[day] - 1) * usual, np.nan)
    return like, expected


def _batch(like: Floats, expected: Floats) -> tuple[Floats, Floats, Floats]:
    """How much of a batch the account is in, and its limits."""
    tail = (1 - _LEVEL) / 2
    counts, place = np.unique(like, return_inverse=True)
    low = np.where(counts > 0, scipy.stats.chi2.ppf(tail, 2 * np.maximum(counts, 0.5)) / 2, counts)[place]
    high = (scipy.stats.chi2.ppf(1 - tail, 2 * counts + 2) / 2)[place]
    one, two, three = (np.maximum(k - expected, 0.0) / (k + _WEIGHT) for k in (like, low, high))
    return one, two, three


def _among(column: pa.ChunkedArray, words: tuple[str, ...]) -> Floats:
    """1 where a fact is one of some words, 0 where it is another, NaN where it is unknown."""
    said = pc.is_in(pc.utf8_lower(column), pa.array(words)).cast(pa.float64())
    return np.asarray(pc.if_else(pc.is_valid(column), said, pa.scalar(None, pa.float64())).to_numpy(), np.float64)


def _known(values: Floats) -> pa.Array:
    return pa.array(values, mask=np.isnan(values))
