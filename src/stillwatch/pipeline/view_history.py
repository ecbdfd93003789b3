"""An actor over time as a report shows it: the days it was looked at, and what happened to it in between."""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from stillwatch.core import Decision, handle
from stillwatch.engine import Store
from stillwatch.pipeline.pictures import Pictures
from stillwatch.report import HistoryEvent, LookView

__all__ = ["events_by_actor", "looks_by_actor"]

_LEAST_EXCHANGES = 10
"""Exchanges of a day that say which model an actor mostly uses."""

_DAY = dt.timedelta(days=1)

_LEAST_TRIED = 20
_SEVERAL = 4
_ONE_ABOVE_ALL = 0.8
_OFTEN_REFUSED = 0.2
_SCALED_UP = 3.0
"""Of a search and what came of it: requests on either side, ways tried, share of the one that stays, of refusals, and times as many."""

Members = Mapping[int, Sequence[Mapping[str, Any]]]


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


def events_by_actor(store: Store, members: Members, pictures: Pictures) -> dict[int, tuple[HistoryEvent, ...]]:
    """What happened to every actor, oldest first: splits, mergers, replaced heads, moves to other models and pathways, searches that ended.

    Args:
        members: rows of `actor_members` by actor.
    """
    found: dict[int, list[HistoryEvent]] = defaultdict(list)
    for row in store.read("actor_lineage").to_pylist():
        for actor, what in _kin(row):
            found[actor].append(HistoryEvent(at=row["at"], what=what))
    for actor, rows in members.items():
        found[actor] += _replacements(rows)
    for actor, used in pictures.models.items():
        found[actor] += _moves(used)
    for actor, ways in pictures.pathways.items():
        found[actor] += _moves(ways, "the pathway ")
    for actor, tried in pictures.tried.items():
        found[actor] += _search_ended(tried)
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


def _moves(used: Sequence[tuple[int, str, int]], kind: str = "") -> list[HistoryEvent]:
    """Days on which most of an actor's traffic goes to another model, or pathway, than on the day before that had enough of it."""
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
                HistoryEvent(
                    at=at,
                    what=f"moved from {kind}{before} to {kind}{model} ({most / total:.0%} of the day's exchanges)",
                )
            )
        before = model
    return events


def _search_ended(tried: Sequence[tuple[int, int, int, int]]) -> list[HistoryEvent]:
    """The hour at which a search for ways of asking ended and the one that works was scaled up; nothing where none did.

    Before it: several ways, many of them refused. From it on: one way above all, hardly refused, and several times as much of it an hour.
    Of all such hours the one after which refusals fell most is told. Safety research and red teams search as well.

    Args:
        tried: hour since 1970, technique bits, asked and refused.
    """
    hours = sorted({hour for hour, _, _, _ in tried})
    best: tuple[float, HistoryEvent] | None = None
    for begun in hours[1:]:
        early, late = ([row for row in tried if (row[0] < begun) is side] for side in (True, False))
        first, then = _Tried.of(early, begun - hours[0]), _Tried.of(late, hours[-1] + 1 - begun)
        if not (first.asked >= _LEAST_TRIED <= then.asked and first.ways >= _SEVERAL and then.main >= _ONE_ABOVE_ALL):
            continue
        if (
            first.refused < _OFTEN_REFUSED
            or 2 * then.refused > first.refused
            or then.an_hour < _SCALED_UP * first.an_hour
        ):
            continue
        said = (
            f"a search for ways of asking ended: {first.ways} ways before, {first.refused:.0%} of requests refused; one way from then on, "
            f"{then.refused:.0%} refused, {then.an_hour / first.an_hour:.0f} times as many requests an hour"
        )
        at = dt.datetime.fromtimestamp(begun * 3600, dt.UTC)
        if best is None or first.refused - then.refused > best[0]:
            best = first.refused - then.refused, HistoryEvent(at=at, what=said)
    return [] if best is None else [best[1]]


@dataclass(frozen=True, slots=True)
class _Tried:
    """Requests that carry a technique over some hours: how many, how many ways, and shares of the commonest and of the refused."""

    asked: int
    ways: int
    main: float
    refused: float
    an_hour: float

    @classmethod
    def of(cls, rows: Sequence[tuple[int, int, int, int]], hours: int) -> _Tried:
        asked: Counter[int] = Counter()
        for _, technique, times, _ in rows:
            asked[technique] += times
        total = max(asked.total(), 1)
        common = asked.most_common(1)[0][1] if asked else 0
        return cls(
            asked.total(),
            len(asked),
            common / total,
            sum(row[3] for row in rows) / total,
            asked.total() / max(hours, 1),
        )
