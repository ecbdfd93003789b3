"""An actor over time as a report shows it: the days it was looked at, and what happened to it in between."""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from stillwatch.core import Decision, handle
from stillwatch.engine import Store
from stillwatch.report import HistoryEvent, LookView

__all__ = ["events_by_actor", "looks_by_actor"]

_LEAST_EXCHANGES = 10
"""Exchanges of a day that say which model an actor mostly uses."""

_DAY = dt.timedelta(days=1)

Members = Mapping[int, Sequence[Mapping[str, Any]]]
Models = Mapping[int, Sequence[tuple[int, str, int]]]


def looks_by_actor(store: Store) -> dict[int, tuple[LookView, ...]]:
    """Every look at every actor, oldest first."""
    found: dict[int, list[LookView]] = defaultdict(list)
    columns = ["actor", "day", "accounts", "decision", "e_value", "evidence", "merged_into"]
    rows = store.read("actor_looks", columns).sort_by([("actor", "ascending"), ("day", "ascending")])
    for row in rows.to_pylist():
        if row["merged_into"] is None:
            found[row["actor"]].append(
                LookView(
                    day=row["day"],
                    accounts=row["accounts"],
                    decision=Decision(row["decision"]),
                    e_value=row["e_value"],
                    evidence=row["evidence"],
                )
            )
    return {actor: tuple(looks) for actor, looks in found.items()}


def events_by_actor(store: Store, members: Members, models: Models) -> dict[int, tuple[HistoryEvent, ...]]:
    """What happened to every actor, oldest first: splits and mergers, heads that were replaced, moves to other models.

    Args:
        members: rows of `actor_members` by actor.
        models: days since 1970, model and exchanges, by actor.
    """
    found: dict[int, list[HistoryEvent]] = defaultdict(list)
    for row in store.read("actor_lineage").to_pylist():
        for actor, what in _kin(row):
            found[actor].append(HistoryEvent(at=row["at"], what=what))
    for actor, rows in members.items():
        found[actor] += _replacements(rows)
    for actor, used in models.items():
        found[actor] += _moves(used)
    return {actor: tuple(sorted(events, key=lambda e: (e.at, e.what))) for actor, events in found.items()}


def _kin(row: Mapping[str, Any]) -> Iterator[tuple[int, str]]:
    """What a row of `actor_lineage` means to each of the two actors; a birth is told by the actor's first exchange."""
    if row["other"] is None:
        return
    own, other = handle("actor", row["actor"]), handle("actor", row["other"])
    if row["event"] == "split_from":
        yield row["actor"], f"split from {other}, which had its accounts before"
        yield row["other"], f"{own} split from it"
    elif row["event"] == "shares_pool_with":
        hand = "one operator with several jobs, or several that share a pool; these logs do not say which"
        yield row["actor"], f"its accounts hold payment instruments or devices of {other}: {hand}"
    else:
        yield row["actor"], f"became part of {other}"
        yield row["other"], f"{own} became part of it"


def _replacements(rows: Sequence[Mapping[str, Any]]) -> list[HistoryEvent]:
    """Days on which accounts began within a day after others had stopped."""
    begun = Counter(row["valid_from"].date() for row in rows if row["replaces"] is not None)
    return [
        HistoryEvent(
            at=dt.datetime.combine(day, dt.time(), dt.UTC),
            what="one account began within a day after another stopped"
            if count == 1
            else f"{count} accounts began within a day after others stopped",
        )
        for day, count in sorted(begun.items())
    ]


def _moves(used: Sequence[tuple[int, str, int]]) -> list[HistoryEvent]:
    """Days on which most of an actor's traffic goes to another model than on the day before that had enough of it."""
    days: dict[int, Counter[str]] = defaultdict(Counter)
    for day, model, exchanges in used:
        days[day][model] += exchanges
    events, before = [], None
    for day in sorted(days):
        total, (model, most) = days[day].total(), days[day].most_common(1)[0]
        if total < _LEAST_EXCHANGES or 2 * most <= total:
            continue
        if before is not None and model != before:
            at = dt.datetime.fromtimestamp(0, dt.UTC) + day * _DAY
            events.append(
                HistoryEvent(at=at, what=f"moved from {before} to {model} ({most / total:.0%} of the day's exchanges)")
            )
        before = model
    return events
