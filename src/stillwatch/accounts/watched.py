"""Table `histories` as arrays, to be fed one more day."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from stillwatch.accounts.budgets import HARDER
from stillwatch.accounts.evidence import Weighed
from stillwatch.core.records import Decision
from stillwatch.engine import table

__all__ = ["ACTIONS", "LAPSED", "LEAST", "LENGTHS", "REFERENCE", "SPARED", "TESTED", "State"]

TESTED, SPARED, REFERENCE, LAPSED = "tested", "spared", "reference", "lapsed"
"""What an account is in its watch. One that came as tested is spared while it is cleared; a reference lapses while it is not."""

LEAST = 20
"""References below which nothing is said: a day beside fewer of them with enough data counts for no history, and no length is bet on."""

LENGTHS = (1, 2, 4, 8, 16)
"""Histories are compared over so many of their latest days with enough data: fixed beforehand, and the same for both sides."""

ACTIONS = (Decision.REVIEW.value, *HARDER)
"""All actions, mildest first; an account's action is a place among them, -1 for none."""

_Floats = npt.NDArray[np.float64]
_Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True, slots=True)
class State:
    """The columns of `histories` as arrays in ascending order of account; days are whole days since 1970, -1 where unknown.

    `recent[a]` holds the logarithms of the account's latest daily e-values, newest first, NaN where it had no further day.
    """

    account: npt.NDArray[np.int64]
    product: npt.NDArray[np.object_]
    role: npt.NDArray[np.object_]
    first: npt.NDArray[np.int64]
    last: npt.NDArray[np.int64]
    days: npt.NDArray[np.int64]
    recent: _Floats
    evidence: _Floats
    part: _Floats
    bet: _Floats
    reached: npt.NDArray[np.int64]
    reached_look: npt.NDArray[np.int64]
    action: npt.NDArray[np.int64]

    @staticmethod
    def of(rows: pa.Table) -> State:
        def whole(name: str) -> npt.NDArray[np.int64]:
            values = rows[name].cast(pa.int32()) if pa.types.is_date(rows[name].type) else rows[name]
            return np.asarray(values.fill_null(-1), dtype=np.int64)

        kept = np.asarray(pc.list_value_length(rows["recent"]).fill_null(0), dtype=np.int64)
        recent = np.full((rows.num_rows, LENGTHS[-1]), np.nan)
        recent[np.arange(LENGTHS[-1]) < kept[:, None]] = np.array(pc.list_flatten(rows["recent"]), dtype=np.float64)
        return State(
            account=whole("account"),
            product=np.array(rows["product"].to_pylist(), dtype=object),
            role=np.array(rows["role"].to_pylist(), dtype=object),
            first=whole("first"),
            last=whole("last"),
            days=whole("days"),
            recent=recent,
            evidence=np.array(rows["evidence"], dtype=np.float64),
            part=np.array(rows["part"], dtype=np.float64),
            bet=np.zeros(rows.num_rows),
            reached=whole("reached"),
            reached_look=whole("reached_look"),
            action=np.array(
                [-1 if one is None else ACTIONS.index(one) for one in rows["action"].to_pylist()], dtype=np.int64
            ),
        )

    def score(self, length: int) -> _Floats:
        """The sum of each account's latest `length` logarithms; NaN where it has fewer."""
        return np.asarray(self.recent[:, :length].sum(axis=1), dtype=np.float64)

    def of_late(self, *, day: int, window: int) -> _Flags:
        """Accounts that take part: with an exchange in the last days, and at least one day that counts."""
        return np.asarray((self.last > day - window) & (self.days > 0))

    def met(self, weighed: Weighed, seen: _Flags, day: int) -> State:
        """The histories after one more day, before anybody looks: who came, who was seen, and today's evidence among the latest."""
        comers = np.setdiff1d(weighed.grid.accounts[seen], self.account)
        grown = self._with(comers, day)
        at = np.minimum(np.searchsorted(grown.account, weighed.grid.accounts), max(0, grown.account.size - 1))
        here = grown.account[at] == weighed.grid.accounts if grown.account.size else np.zeros(at.size, dtype=np.bool_)
        fresh = here & np.isin(weighed.grid.accounts, comers)
        names = np.array(weighed.products, dtype=object)
        grown.product[at[fresh]] = names[weighed.product[fresh]]
        grown.role[at[fresh]] = np.where(weighed.reference[fresh], REFERENCE, TESTED)
        came_cleared = np.isin(grown.role[at[here]], (REFERENCE, LAPSED))
        grown.role[at[here]] = np.where(
            weighed.reference[here],
            np.where(came_cleared, REFERENCE, SPARED),
            np.where(came_cleared, LAPSED, TESTED),
        )
        grown.last[at[here & seen]] = day
        able = here & _counts(weighed)
        grown.days[at[able]] += 1
        grown.recent[at[able], 1:] = grown.recent[at[able], :-1]
        grown.recent[at[able], 0] = np.log(weighed.ranked[able])
        return grown

    def begin_anew(self, which: _Flags, weighed: Weighed) -> None:
        """Forget what some accounts' roles, days and evidence were before today; who is cleared today is a reference."""
        today = which & np.isin(self.account, weighed.grid.accounts)
        at = np.searchsorted(weighed.grid.accounts, self.account[today])
        self.role[today] = np.where(weighed.reference[at], REFERENCE, TESTED)
        mine = _counts(weighed)[at]
        self.days[which], self.evidence[which], self.part[which] = 0, 0.0, 0.0
        self.days[today] = mine
        self.recent[which] = np.nan
        self.recent[today, 0] = np.where(mine, np.log(weighed.ranked[at]), np.nan)

    def _with(self, comers: npt.NDArray[np.int64], day: int) -> State:
        """The same histories and empty ones of newcomers."""
        size = comers.size
        account = np.concatenate([self.account, comers])
        order = np.argsort(account, kind="stable")
        start: dict[str, Any] = {"account": comers, "product": "", "role": TESTED, "first": day, "last": day}
        start |= {"recent": np.nan, "reached": -1, "reached_look": -1, "action": -1}

        def grown(name: str, old: npt.NDArray[Any]) -> npt.NDArray[Any]:
            new = np.empty((size, *old.shape[1:]), dtype=old.dtype)
            new[:] = start.get(name, 0)
            return np.concatenate([old, new])[order]

        return replace(self, **{name: grown(name, getattr(self, name)) for name in self.__slots__})

    def rows(self, looks: int, through: dt.date) -> pa.Table:
        """The rows of `histories`."""

        def dated(values: npt.NDArray[np.int64]) -> pa.Array:
            return pa.array(values.astype(np.int32), mask=values < 0).cast(pa.date32())

        size = self.account.size
        kept = ~np.isnan(self.recent)
        ends = np.concatenate([[0], kept.sum(axis=1).cumsum()]).astype(np.int32)
        return pa.Table.from_arrays(
            [
                pa.array(self.account),
                pa.array(self.product.tolist(), pa.string()),
                pa.array(self.role.tolist(), pa.string()),
                dated(self.first),
                dated(self.last),
                pa.array(self.days),
                pa.array(np.nansum(self.recent, axis=1)),
                pa.ListArray.from_arrays(pa.array(ends), pa.array(self.recent[kept])),
                pa.array(self.evidence),
                pa.array(self.part),
                dated(self.reached),
                pa.array(self.reached_look, mask=self.reached_look < 0),
                pa.array(ACTIONS).take(pa.array(self.action, mask=self.action < 0)),
                pa.array(np.full(size, looks, dtype=np.int64)),
                pa.array([through] * size, pa.date32()),
            ],
            schema=table("histories").schema,
        )


def _counts(weighed: Weighed) -> _Flags:
    """Accounts for which the day counts: with enough data, beside enough references. Scores have no say in it."""
    return np.asarray(~np.isnan(weighed.ranked) & (weighed.calibration_n[weighed.stratum] >= LEAST))
