"""Actors over time: which of today's candidates was seen before, and what its evidence has come to.

Two sightings are of one actor when they share half of the accounts of the smaller, or half of the marks (shingles of its families, payment
instruments, devices): heads are cut and grow back, templates stay. One old actor in several candidates has split: the part that shares
most keeps the name. Several old ones in one candidate have merged, and the one that shares most gives it its name.

Evidence. Each day an actor has an e-value on the test slice of all that the logs hold by then. These are *added* with weights that sum
to 1 (`stats.look_share`): accounts have habits, so daily e-values must not be multiplied, and sums hold under any dependence of days.
Nothing of the test slice chooses a candidate's accounts or says whose heir it is. So the chance that the evidence of an actor for which
the null holds ever reaches 1/a is at most a, on however many days one looks, and e-BH over all actors ever tracked keeps its promise on
any one day.

A name may pass by marks, evidence never does: it goes on only where half of today's accounts were the actor's before. Where they were
not, the actor begins anew under its name, and what it was counts on as one more actor that was tried.

Evidence ages: for every `actors.evidence_half_life_days` on which an actor was not seen it counts half. What only ever gets less than an
e-process keeps its promise: where the one never reaches 1/a, neither does the other. An actor without evidence is still one that was tried.

A day is looked at once. An actor's first look at a day stands: a later scan of the same day gives it no second try at the day's weight.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from stillwatch.engine import table
from stillwatch.stats import look_share

__all__ = [
    "Recognised",
    "Sighting",
    "Standing",
    "actor_id",
    "lineage",
    "look_row",
    "looked",
    "marks_of",
    "recognise",
    "remembered",
    "standings",
    "whole_day",
]

Ints = npt.NDArray[np.int64]

DAY = 86_400_000_000
_SHARED = 0.5
_LEAST_MARKS = 2
_MOST_MARKS = 256


@dataclass(frozen=True, kw_only=True, slots=True)
class Sighting:
    """One candidate as tracking sees it: its accounts and its marks, both sorted, and the instant of its first exchange."""

    accounts: Ints
    marks: Ints
    first_at: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Recognised:
    """Each candidate's name, the actor that it split from, and which old actors are now part of another.

    `carries` says of each candidate whether enough of its accounts were the actor's before for the actor's evidence to be theirs.
    """

    actors: tuple[int, ...]
    split_from: tuple[int | None, ...]
    carries: tuple[bool, ...]
    merged: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """An actor's evidence so far, and how many looks had any; unknown evidence where none had.

    `waits`: an earlier scan of the same day was the actor's look, and what this one found beyond it waits for the next day.
    """

    evidence: float | None
    looks: int
    waits: bool = False


def actor_id(accounts: Ints, day: str, salt: int, given: Collection[int] = ()) -> int:
    """Keyed hash of the day of the first look and of the founding members: never changed, and none that was given before."""
    key = (salt & 0xFFFF_FFFF_FFFF_FFFF).to_bytes(8, "little")
    founded = day.encode() + np.sort(accounts).tobytes()
    while True:
        digest = hashlib.blake2b(founded, digest_size=8, key=key, person=b"actor").digest()
        name = int.from_bytes(digest, "little", signed=True)
        if name not in given:
            return name
        founded += digest


def whole_day(before: pa.Table, ended: int) -> int:
    """The day of a look, its first instant: the last day of the logs, and never before a day that was looked at."""
    known = pc.max(before.column("day").cast(pa.int64())).as_py()
    return max(ended // DAY * DAY, known or 0)


def recognise(before: pa.Table, day: int, seen: Sequence[Sighting], *, salt: int) -> Recognised:
    """Name today's candidates by the last look of every actor, be it of an earlier scan of the same day."""
    old = [row for row in _latest(before, day) if row["merged_into"] is None]
    people = _Shared([one.accounts for one in seen], least=1)
    signs = _Shared([one.marks for one in seen], least=_LEAST_MARKS)
    edges = []
    for o, row in enumerate(old):
        (shared, alike), (marked, marked_alike) = people.with_(row["founders"]), signs.with_(row["marks"])
        edges += [
            (-int(shared[n]), -int(marked[n]), row["actor"], int(seen[n].accounts[0]), o, n)
            for n in np.flatnonzero(alike | marked_alike).tolist()
        ]
    edges.sort()
    heir: dict[int, int] = {}
    parent: dict[int, int] = {}
    carrying: set[int] = set()
    for less_shared, *_, o, n in edges:
        if o not in heir and n not in parent:
            heir[o], parent[n] = n, o
            if -less_shared >= _SHARED * seen[n].accounts.size:
                carrying.add(n)
    best_old: dict[int, int] = {}
    best_new: dict[int, int] = {}
    for *_, o, n in edges:
        best_old.setdefault(n, o)
        best_new.setdefault(o, n)
    given = set(before.column("actor").to_pylist())
    names: list[int] = []
    for n, one in enumerate(seen):
        names.append(old[parent[n]]["actor"] if n in parent else actor_id(one.accounts, _date(day), salt, given))
        given.add(names[-1])
    return Recognised(
        actors=tuple(names),
        split_from=tuple(
            old[best_old[n]]["actor"] if n in best_old and n not in parent else None for n in range(len(seen))
        ),
        carries=tuple(n in carrying for n in range(len(seen))),
        # A day has one row an actor: one that was looked at today is told to have merged tomorrow, if it still has.
        merged={old[o]["actor"]: names[n] for o, n in best_new.items() if o not in heir and old[o]["day"] < day},
    )


def standings(
    before: pa.Table, day: int, recognised: Recognised, e_values: Sequence[float | None], *, half_life: int = 0
) -> tuple[list[Standing], list[float]]:
    """The evidence of today's actors with today's look, and that of all others that were ever tracked and have not merged.

    An actor that began anew counts among the others once for each time that it did, without evidence.

    Args:
        half_life: days unseen after which evidence counts half; 0: it never ages.
    """
    known = {row["actor"]: row for row in _latest(before, day)}
    today, ended = [], _begun_anew(before)
    for actor, carries, e_value in zip(recognised.actors, recognised.carries, e_values, strict=True):
        row = known.get(actor)
        if row is not None and row["day"] == day:
            waits = not carries or e_value != row["e_value"]
            evidence, looks = (row["evidence"], row["looks"]) if carries else (None, 0)
            today.append(Standing(evidence=evidence, looks=looks, waits=waits))
            continue
        so_far, looks = (_aged(row, day, half_life), row["looks"]) if row is not None and carries else (None, 0)
        ended += row is not None and not carries and row["looks"] > 0
        if e_value is not None:
            looks += 1
            so_far = (so_far or 0.0) + float(look_share([looks])[0]) * e_value
        today.append(Standing(evidence=so_far, looks=looks))
    others = [
        _aged(row, day, half_life) or 0.0
        for name, row in known.items()
        if name not in recognised.actors and row["merged_into"] is None
    ]
    return today, others + [0.0] * ended


def remembered(before: pa.Table, day: int, recognised: Recognised, seen: Sequence[Sighting]) -> list[Sighting]:
    """Today's sightings with the accounts that stood under these names before: where a look sees one day alone, most heads are idle on it.

    Whoever passes by marks is remembered, too. That gives nobody evidence: it goes on only once half of a day's accounts are known ones,
    from where it began anew.
    """
    known = {row["actor"]: row for row in _latest(before, day)}
    return [
        replace(one, accounts=np.union1d(one.accounts, np.array(known[actor]["founders"] or [], np.int64)))
        if actor in known
        else one
        for one, actor in zip(seen, recognised.actors, strict=True)
    ]


def look_row(
    actor: int, seen: Sighting, split_from: int | None, e_value: float | None, standing: Standing, decision: str
) -> dict[str, Any]:
    """Today's row of one actor, without its day."""
    return {
        "actor": actor,
        "first_at": seen.first_at,
        "accounts": int(seen.accounts.size),
        "e_value": e_value,
        "looks": standing.looks,
        "evidence": standing.evidence,
        "decision": decision,
        "founders": seen.accounts.tolist(),
        "marks": seen.marks.tolist(),
        "split_from": split_from,
        "merged_into": None,
    }


def looked(before: pa.Table, day: int, rows: Sequence[Mapping[str, Any]], recognised: Recognised) -> pa.Table:
    """All looks so far with today's rows beside them; rows that an earlier scan of today wrote stand.

    Accounts and marks are kept for an actor's look of today and its last one before alone.

    Args:
        rows: today's actors, without their day.
    """
    schema = table("actor_looks").schema
    latest = {row["actor"]: row for row in _latest(before, day - 1)}
    last = {actor: row["day"] for actor, row in latest.items()}
    merged = [
        {
            **latest[gone],
            "e_value": None,
            "day": day,
            "split_from": None,
            "merged_into": name,
            "founders": None,
            "marks": None,
        }
        for gone, name in recognised.merged.items()
    ]
    kept = [
        row if row["day"] in (day, last.get(row["actor"])) else {**row, "founders": None, "marks": None}
        for row in _rows(before)
    ]
    standing = {row["actor"] for row in kept if row["day"] == day}
    new = [{**row, "day": day} for row in rows if row["actor"] not in standing]
    made = pa.Table.from_pylist([*kept, *merged, *new], schema=schema)
    return made.sort_by([("actor", "ascending"), ("day", "ascending")])


def lineage(looks: pa.Table) -> pa.Table:
    """Rows of `actor_lineage`: when each actor ever tracked was born, what it split from and what it became part of."""
    events, born = [], set()
    for row in _rows(looks):
        actor = row["actor"]
        if actor not in born:
            born.add(actor)
            events.append({"actor": actor, "event": "born", "other": None, "at": row["first_at"]})
        events += [
            {"actor": actor, "event": event, "other": row[event], "at": row["day"]}
            for event in ("split_from", "merged_into")
            if row[event] is not None
        ]
    contract = table("actor_lineage")
    made = pa.Table.from_pylist(events, schema=contract.schema)
    return made.sort_by([(key, "ascending") for key in contract.key])


def marks_of(shingles: Ints, things: Ints) -> Ints:
    """At most 256 marks of an actor, always the smallest ones, so that samples of like sets are alike."""
    return np.unique(np.concatenate([shingles, things]))[:_MOST_MARKS]


def _aged(row: Mapping[str, Any], day: int, half_life: int) -> float | None:
    """An actor's evidence on a day, after the days since its last look on which it was not seen."""
    evidence: float | None = row["evidence"]
    if evidence is None or not half_life:
        return evidence
    idle = max((day - row["day"]) // DAY - 1, 0)
    return float(evidence * 0.5 ** (idle / half_life))


class _Shared:
    """How much of an old set each of several new ones shares."""

    def __init__(self, sets: Sequence[Ints], *, least: int) -> None:
        self._size = np.array([one.size for one in sets], np.int64)
        self._values = np.concatenate([np.empty(0, np.int64), *sets])
        self._owner = np.repeat(np.arange(len(sets)), self._size)
        self._least = least

    def with_(self, old: Sequence[int] | None) -> tuple[Ints, npt.NDArray[np.bool_]]:
        """Common values, and whether they are enough, and half of the smaller set, for each of the new sets."""
        own = np.array(old or [], np.int64)
        count = np.bincount(self._owner[np.isin(self._values, own)], minlength=self._size.size)
        return count, (count >= self._least) & (count >= _SHARED * np.minimum(own.size, self._size))


def _latest(before: pa.Table, day: int) -> list[dict[str, Any]]:
    """The last look of each actor up to a day, in the order of actors."""
    last: dict[int, dict[str, Any]] = {}
    for row in _rows(before):
        if row["day"] <= day:
            last[row["actor"]] = row
    return [last[actor] for actor in sorted(last)]


def _begun_anew(looks: pa.Table) -> int:
    """How often an actor with evidence began anew: its looks no longer count on."""
    return sum(
        one["actor"] == then["actor"] and 0 < one["looks"] != then["looks"] - (then["e_value"] is not None)
        for one, then in pairwise(_rows(looks))
    )


def _rows(looks: pa.Table) -> list[dict[str, Any]]:
    """Rows with instants as microseconds, by actor and day."""
    ordered = looks.sort_by([("actor", "ascending"), ("day", "ascending")])
    for name in ("day", "first_at"):
        place = ordered.schema.get_field_index(name)
        ordered = ordered.set_column(place, name, ordered.column(name).cast(pa.int64()))
    rows: list[dict[str, Any]] = ordered.to_pylist()
    return rows


def _date(microseconds: int) -> str:
    return str(np.datetime64(microseconds, "us").astype("datetime64[D]"))
