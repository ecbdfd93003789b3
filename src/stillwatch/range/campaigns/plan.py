"""A campaign before it is sent: its accounts and its requests as columns, which evasion moves change and `deliver` sends.

Everything an operator decides is here and nothing of what the provider answers by chance; so two plans can be compared number by number.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stillwatch.range.campaigns.crew import Crew, Infrastructure
from stillwatch.range.ground import Ints, Reply
from stillwatch.range.purpose import Purpose
from stillwatch.range.splits import Fold

__all__ = ["HOUR", "Plan", "Requests", "no_requests", "requests"]

HOUR = 3_600_000_000
"""An hour in microseconds."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Requests:
    """Requests as columns, one entry a request, in no order of time.

    `who` counts the plan's accounts from 0, `at` is in microseconds from the start, `text`, `frame`, `extra` and `system` number the
    ground's texts and frames (-1 for none), `item` is what is harvested (the same item asked in other words keeps its number), `family`
    indexes the families of prompts (-1 for traffic of no family), `before` is the row of the turn before or -1, `talk` the conversation,
    `model` indexes `MODELS`, `limit` is max_tokens (-1 for none) and `heat` the temperature (NaN for none).
    """

    who: Ints
    at: Ints
    text: Ints
    frame: Ints
    extra: Ints
    system: Ints
    item: Ints
    family: Ints
    purpose: Ints
    reply: Ints
    tokens_out: Ints
    before: Ints
    talk: Ints
    model: Ints
    limit: Ints
    heat: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.who)

    def take(self, rows: Ints | NDArray[np.bool_]) -> Requests:
        """Some rows, in the order given; a turn whose earlier turn is left out becomes a first turn."""
        chosen = np.flatnonzero(rows) if rows.dtype == np.bool_ else rows
        place = np.full(len(self) + 1, -1)
        place[chosen] = np.arange(len(chosen))
        columns: dict[str, Any] = {f.name: getattr(self, f.name)[chosen] for f in fields(self)}
        columns["before"] = place[columns["before"]]
        return Requests(**columns)

    def join(self, other: Requests) -> Requests:
        """These rows and then the other's; the other's accounts and items keep their numbers."""
        columns: dict[str, Any] = {
            f.name: np.concatenate([getattr(self, f.name), getattr(other, f.name)]) for f in fields(self)
        }
        n, talks = len(self), int(self.talk.max()) + 1 if len(self) else 0
        columns["before"][n:] = np.where(other.before >= 0, other.before + n, -1)
        columns["talk"][n:] = other.talk + talks
        return Requests(**columns)

    def begun(self) -> Ints:
        """When the conversation of each row began."""
        _, of = np.unique(self.talk, return_inverse=True)
        first = np.full(int(of.max()) + 1 if len(of) else 0, np.iinfo(np.int64).max)
        np.minimum.at(first, of, self.at)
        return first[of]

    def having(self, *purposes: Purpose) -> NDArray[np.bool_]:
        """Which rows have one of these purposes."""
        return np.isin(self.purpose, [int(p) for p in purposes])


def no_requests() -> Requests:
    """Columns without rows."""
    none = np.zeros(0, np.int64)
    return Requests(**{f.name: none for f in fields(Requests) if f.name != "heat"}, heat=np.zeros(0))


def requests(size: int, **columns: Any) -> Requests:
    """Requests of which only some columns are given; the others hold what means "none"."""
    empty: dict[str, Any] = {
        "who": 0, "at": 0, "frame": -1, "extra": -1, "system": -1, "family": -1, "purpose": int(Purpose.HARVEST),
        "reply": int(Reply.PROSE), "tokens_out": 200, "before": -1, "model": 1, "limit": -1,
    }  # fmt: skip
    empty["item"] = columns.get("text", 0)
    empty["talk"] = np.arange(size)
    empty["heat"] = np.nan
    empty.update(columns)
    whole = {
        k: np.broadcast_to(np.asarray(v, float if k == "heat" else np.int64), size).copy() for k, v in empty.items()
    }
    return Requests(**whole)


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """A campaign: `crew` its accounts, `rows` its requests over `hours` from `start`, `infrastructure` where it gets further accounts from.

    `outside` counts what is bought elsewhere (calls of a paraphraser, transcripts of a reseller); `bought` of the answers never pass the
    provider. `notes` are sentences for the report.
    """

    name: str
    crew: Crew
    rows: Requests
    infrastructure: Infrastructure
    hours: float
    start: int = 0
    fold: Fold = Fold.DEVELOP
    outside: float = 0.0
    bought: int = 0
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def end(self) -> int:
        """The end of the window in microseconds."""
        return self.start + round(self.hours * HOUR)

    def loads(self) -> Ints:
        """Requests of each account."""
        return np.bincount(self.rows.who, minlength=len(self.crew))

    def answers(self) -> int:
        """Different items harvested over the provider's API, on target."""
        return len(np.unique(self.rows.item[self.rows.having(Purpose.HARVEST)]))

    def but(self, *, note: str = "", **changes: Any) -> Plan:
        """The plan with some columns of its rows, or its own fields, changed."""
        own = {f.name for f in fields(Plan)}
        columns = {k: v for k, v in changes.items() if k not in own}
        rest = {k: v for k, v in changes.items() if k in own}
        if columns:
            rest["rows"] = replace(rest.get("rows", self.rows), **columns)
        if note:
            rest["notes"] = (*self.notes, note)
        return replace(self, **rest)

    def used(self) -> Plan:
        """The plan without accounts that send nothing, those that are left numbered anew."""
        kept, who = np.unique(self.rows.who, return_inverse=True)
        return self.but(crew=self.crew.take(kept), who=who.astype(np.int64))
