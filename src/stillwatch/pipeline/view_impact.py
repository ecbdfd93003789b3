"""What an actor's requests came to: answers apart from attempts, what they were about, and what happened when accounts stopped.

All of it describes and none of it tests: nothing here made anybody a finding.
"""

from __future__ import annotations

import datetime as dt
import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from stillwatch.core import CapabilityShare, Displacement, ModelUse, Replacement, Technique
from stillwatch.report import technique_words

__all__ = ["LEAST_STOPPED", "displacement", "replacement", "sought_by", "uses_of"]

LEAST_STOPPED = 5
"""Accounts that have to have stopped before a half-life or a displacement is told."""

_LEAST_EXCHANGES = 50
"""Requests on either side of a stop below which shares by model are not told."""

_LEAST_SHARE = 0.01
"""Share of an actor's readable requests below which a technique is no capability that was sought."""

_MOST_NAMES = 6
_FAILED = ("error", "cancelled")
_EPOCH = dt.date(1970, 1, 1)


def uses_of(rows: Sequence[Mapping[str, Any]]) -> tuple[ModelUse, ...]:
    """Attempts by model, most first. Tokens are summed over answered attempts that have both counts."""
    by_model: dict[str, dict[str, Mapping[str, Any]]] = defaultdict(dict)
    for row in rows:
        by_model[row["model"]][row["outcome"] or "unknown"] = row
    made = []
    for model, told in by_model.items():
        ok = told.get("ok", {})
        answered = ok.get("attempts", 0)
        made.append(
            ModelUse(
                model=model,
                attempts=sum(row["attempts"] for row in told.values()),
                answered=answered,
                refused=_attempts(told, ("refused",)),
                failed=_attempts(told, _FAILED),
                unknown=_attempts(told, ("unknown",)),
                input_tokens=ok.get("input_tokens") or 0,
                output_tokens=ok.get("output_tokens") or 0,
                uncounted=answered - ok.get("counted", 0),
            )
        )
    return tuple(sorted(made, key=lambda use: (-use.attempts, use.model)))


def _attempts(told: Mapping[str, Mapping[str, Any]], outcomes: Sequence[str]) -> int:
    return sum(told[one]["attempts"] for one in outcomes if one in told)


def sought_by(own: Mapping[str, int] | None, everybody: Mapping[str, int]) -> tuple[CapabilityShare, ...]:
    """Each technique that the members use more than everybody else, by share of their readable requests, the largest first."""
    if not own or not own["readable"]:
        return ()
    rest = everybody["readable"] - own["readable"]
    found = []
    for bit, technique in enumerate(Technique):
        mine, others = own[f"technique_{bit}"], everybody[f"technique_{bit}"] - own[f"technique_{bit}"]
        if mine >= _LEAST_SHARE * own["readable"] and mine * rest > others * own["readable"]:
            found.append(
                CapabilityShare(
                    capability=technique_words(technique),
                    exchanges=mine,
                    of=own["readable"],
                    elsewhere=others,
                    elsewhere_of=rest,
                )
            )
    return tuple(sorted(found, key=lambda one: (-one.exchanges, one.capability)))


def replacement(members: Sequence[Mapping[str, Any]]) -> Replacement | None:
    """How soon stopped accounts were followed by others of the group; None when none stopped.

    Args:
        members: rows of `actor_members`; `replaces` names one that stopped within a day before.
    """
    stopped = {row["account"]: row["valid_to"] for row in members if row["valid_to"] is not None}
    if not stopped:
        return None
    followed: dict[int, dt.datetime] = {}
    for row in members:
        gone = row["replaces"]
        if gone in stopped:
            followed[gone] = min(row["valid_from"], followed.get(gone, row["valid_from"]))
    lags = sorted(max(0.0, (begun - stopped[gone]) / dt.timedelta(hours=1)) for gone, begun in followed.items())
    if len(stopped) < LEAST_STOPPED:
        return Replacement(stopped=len(stopped), replaced=len(lags), needed=LEAST_STOPPED)
    half = math.ceil(len(stopped) / 2)
    return Replacement(
        stopped=len(stopped), replaced=len(lags), half_life_hours=lags[half - 1] if len(lags) >= half else None
    )


def displacement(
    members: Sequence[Mapping[str, Any]],
    models: Sequence[tuple[int, str, int]],
    pathways: Sequence[tuple[int, str, int]] = (),
) -> Displacement | None:
    """Shares by model and by the way in before and after the day on which most of the stopping accounts stopped, and what accounts that
    began after it sent; None when too little says so.

    The day itself counts on neither side.

    Args:
        members: rows of `actor_members`.
        models: days since 1970, model and exchanges.
        pathways: days since 1970, way in and exchanges; those of which the logs name none are not among them.
    """
    days = Counter(row["valid_to"].date() for row in members if row["valid_to"] is not None)
    if days.total() < LEAST_STOPPED:
        return None
    since = min(days, key=lambda day: (-days[day], day))
    cut = (since - _EPOCH).days
    before, after = _sides(models, cut)
    if min(before.total(), after.total()) < _LEAST_EXCHANGES:
        return None
    everything = [day for day, _, _ in models]
    ways = _sides(pathways, cut)
    told = min(side.total() for side in ways) >= _LEAST_EXCHANGES
    new = [row["exchanges"] for row in members if row["valid_from"].date() > since]
    return Displacement(
        since=since,
        before=before.total(),
        after=after.total(),
        days_before=cut - min(everything),
        days_after=max(everything) - cut,
        shares=_shares(before, after, "other models"),
        pathways=_shares(*ways, "other ways") if told else (),
        new_accounts=len(new),
        by_new=sum(new),
    )


def _sides(counted: Sequence[tuple[int, str, int]], cut: int) -> tuple[Counter[str], Counter[str]]:
    """Exchanges by name before and after a day."""
    before: Counter[str] = Counter()
    after: Counter[str] = Counter()
    for day, name, exchanges in counted:
        if day != cut:
            (before if day < cut else after)[name] += exchanges
    return before, after


def _shares(before: Counter[str], after: Counter[str], rest: str) -> tuple[tuple[str, float, float], ...]:
    """Shares by name before and after, the largest first; small ones together as `rest`."""
    largest = sorted({*before, *after}, key=lambda one: (-before[one] - after[one], one))
    shares = [(one, before[one] / before.total(), after[one] / after.total()) for one in largest[:_MOST_NAMES]]
    if len(largest) > _MOST_NAMES:
        shares.append((rest, 1 - sum(row[1] for row in shares), 1 - sum(row[2] for row in shares)))
    return tuple(shares)
