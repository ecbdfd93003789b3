"""What histories add to a run's verdicts: whose evidence over days reached what a budget asks, since when, and by how many looks."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stillwatch.accounts.histories import Watch
from stillwatch.accounts.watched import ACTIONS, TESTED
from stillwatch.accounts.words import kin
from stillwatch.core.records import Decision
from stillwatch.core.settings import BudgetSettings

__all__ = ["OverDays", "Standing", "put_up", "spent_over_days", "standings"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """Where one account's history stands against the review budget.

    `e` is its part of the stakes times the accounts looked at, `needed` what the next account must reach. `reached` is the day on
    which it did; unknown while it has not. `sentence` says it all.
    """

    e: float
    needed: float
    days: int
    looks: int
    references: int
    reached: dt.date | None
    reached_look: int | None
    action: str | None
    sentence: str


@dataclass(frozen=True, kw_only=True, slots=True)
class OverDays:
    """How the review budget was spent on histories: `needed` is what one more must reach, `best` what the loudest has.

    No history passes `ceiling`, however long it is watched; so at least `together` must stand out for any to be put up for review.
    """

    q: float
    tested: int
    found: int
    needed: float
    best: float
    ceiling: float
    together: int

    @property
    def can_fire(self) -> bool:
        """Whether anybody could be put up for review at all."""
        return 0 < self.together <= self.tested

    @property
    def note(self) -> str:
        """What the calibration at hand cannot show, in a sentence; empty where it can show one account alone."""
        if self.together <= 1:
            return ""
        limit = (
            f"beside so few cleared accounts no history can pass e = {self.ceiling:,.0f}, however long it is watched"
        )
        if not self.can_fire:
            return f"Undecided: {limit}."
        return f"One account alone cannot be found: {limit}, so {self.together:,} must stand out together."


def standings(
    watched: Watch, accounts: Iterable[int], budgets: BudgetSettings, *, cleared: pa.Array
) -> dict[int, Standing]:
    """Where the histories of some accounts stand; without those that have none, that calibrate, or that are cleared by now."""
    histories = watched.histories
    asked = pc.is_in(histories["account"], pa.array(sorted(set(accounts)), pa.int64()))
    rows = histories.filter(pc.and_(asked, _tested(watched, cleared))).to_pylist()
    demand = _demand(watched, budgets)
    return {row["account"]: _standing(row, *demand, watched) for row in rows}


def put_up(combined: pa.Table, watched: Watch, budgets: BudgetSettings, *, cleared: pa.Array) -> pa.Table:
    """The combined rows of a run, where accounts whose histories reached the review budget are up for review.

    An account that is cleared by now keeps its row, though the watch may not have looked since: people's word counts.
    """
    tested = pc.and_(_tested(watched, cleared), pc.is_valid(watched.histories["reached"]))
    reached = {row["account"]: row for row in watched.histories.filter(tested).to_pylist()}
    if not reached:
        return combined
    demand = _demand(watched, budgets)
    rows = {name: combined[name].to_pylist() for name in ("decision", "reason", "proposal")}
    accounts = np.asarray(combined["account"], dtype=np.int64)
    for place in np.flatnonzero(np.isin(accounts, list(reached))).tolist():
        stands = _standing(reached[int(accounts[place])], *demand, watched)
        was_review = rows["decision"][place] == Decision.REVIEW
        before = rows["reason"][place]
        rows["decision"][place] = Decision.REVIEW.value
        rows["reason"][place] = f"{stands.sentence}; {'and ' if was_review else 'over the whole log: '}{before}"
        rows["proposal"][place] = max(
            (one for one in (rows["proposal"][place], stands.action) if one is not None), key=ACTIONS.index
        )
    for name, values in rows.items():
        place = combined.schema.get_field_index(name)
        combined = combined.set_column(place, combined.schema.field(name), pa.array(values, pa.string()))
    return combined


def spent_over_days(watched: Watch, budgets: BudgetSettings) -> OverDays | None:
    """How the review budget of the histories was spent; `None` before the first look."""
    if not watched.count:
        return None
    looked, needed = _demand(watched, budgets)
    ceiling = max(row["references"] - row["hostile"] for row in watched.last().values()) + 1
    return OverDays(
        q=budgets.review,
        tested=looked,
        found=_found(watched),
        needed=needed,
        best=float(pc.max(watched.histories["part"]).as_py()) * looked,
        ceiling=float(ceiling),
        together=max(1, math.ceil(looked / (budgets.review * ceiling) - 1e-9)),
    )


def _tested(watched: Watch, cleared: pa.Array) -> pa.ChunkedArray:
    """Histories of accounts that were tested last time and that nobody has cleared since."""
    spared = pc.is_in(watched.histories["account"], cleared.cast(pa.int64()))
    return pc.and_not(pc.equal(watched.histories["role"], TESTED), spared)


def _demand(watched: Watch, budgets: BudgetSettings) -> tuple[int, float]:
    """Histories looked at last time, and the evidence with which one more of them would be put up for review."""
    looked = sum(row["tested"] for row in watched.last().values() if row["day"] == watched.through)
    return looked, max(looked / (budgets.review * (_found(watched) + 1)), 1.0 / budgets.review)


def _found(watched: Watch) -> int:
    return int(pc.sum(pc.is_valid(watched.histories["reached"])).as_py() or 0)


def _standing(row: Mapping[str, Any], looked: int, needed: float, watched: Watch) -> Standing:
    last = watched.last()[row["product"]]
    e = row["part"] * looked
    by = f"{row['days']} of {_plural(row['looks'], 'look')}"
    kind = f"{last['references']:,} cleared {kin(row['product'])}"
    if row["reached"] is None:
        said = (
            f"over days its evidence is e = {e:.2g} after {by} with enough data; up for review from e = {needed:.3g} on"
        )
        if last["off_since"] is not None:
            said = f"over days nothing can be said since {last['off_since']}: the {kind} no longer resemble the others"
    else:
        said = (
            f"up for review since {row['reached']} by its evidence over days, which reached what the budget asks at look "
            f"{row['reached_look']}: weighed on {by}, day by day beside {kind}"
        )
    return Standing(
        e=e,
        needed=needed,
        days=row["days"],
        looks=row["looks"],
        references=last["references"],
        reached=row["reached"],
        reached_look=row["reached_look"],
        action=row["action"],
        sentence=said,
    )


def _plural(n: int, one: str) -> str:
    """A count with its noun.

    >>> _plural(1, "look"), _plural(3, "look")
    ('1 look', '3 looks')
    """
    return f"{n:,} {one}" + ("" if n == 1 else "s")
