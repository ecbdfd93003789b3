"""Table `histories` as arrays, to be fed one more day."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from stillwatch.accounts.budgets import HARDER
from stillwatch.accounts.evidence import Weighed
from stillwatch.core.records import Decision
from stillwatch.engine import table

__all__ = ["ACTIONS", "APART", "REFERENCE", "TESTED", "State"]

TESTED, REFERENCE, APART = "tested", "reference", "apart"
"""What an account is in its watch; `apart`: people changed their mind about it, so that it is neither."""

ACTIONS = (Decision.REVIEW.value, *HARDER)
"""All actions, mildest first; an account's action is a place among them, -1 for none."""

_Floats = npt.NDArray[np.float64]
_Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True, slots=True)
class State:
    """The columns of `histories` as arrays in ascending order of account; days are whole days since 1970, -1 where unknown."""

    account: npt.NDArray[np.int64]
    product: npt.NDArray[np.object_]
    role: npt.NDArray[np.object_]
    first: npt.NDArray[np.int64]
    last: npt.NDArray[np.int64]
    days: npt.NDArray[np.int64]
    score: _Floats
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

        return State(
            account=whole("account"),
            product=np.array(rows["product"].to_pylist(), dtype=object),
            role=np.array(rows["role"].to_pylist(), dtype=object),
            first=whole("first"),
            last=whole("last"),
            days=whole("days"),
            score=np.array(rows["score"], dtype=np.float64),
            evidence=np.array(rows["evidence"], dtype=np.float64),
            part=np.array(rows["part"], dtype=np.float64),
            bet=np.zeros(rows.num_rows),
            reached=whole("reached"),
            reached_look=whole("reached_look"),
            action=np.array(
                [-1 if one is None else ACTIONS.index(one) for one in rows["action"].to_pylist()], dtype=np.int64
            ),
        )

    def met(self, weighed: Weighed, seen: _Flags, day: int) -> State:
        """The histories after one more day, before anybody looks: who came, who was seen, and today's evidence in the scores."""
        comers = np.setdiff1d(weighed.grid.accounts[seen], self.account)
        grown = self._with(comers, day)
        at = np.minimum(np.searchsorted(grown.account, weighed.grid.accounts), max(0, grown.account.size - 1))
        here = grown.account[at] == weighed.grid.accounts if grown.account.size else np.zeros(at.size, dtype=np.bool_)
        fresh = here & np.isin(weighed.grid.accounts, comers)
        names = np.array(weighed.products, dtype=object)
        grown.product[at[fresh]] = names[weighed.product[fresh]]
        grown.role[at[fresh]] = np.where(weighed.reference[fresh], REFERENCE, TESTED)
        grown.role[at[here]] = np.where(
            (grown.role[at[here]] == REFERENCE) == weighed.reference[here], grown.role[at[here]], APART
        )
        grown.last[at[here & seen]] = day
        able = here & ~np.isnan(weighed.ranked)
        grown.days[at[able]] += 1
        grown.score[at[able]] += np.log(weighed.ranked[able])
        return grown

    def begin_anew(self, which: _Flags, weighed: Weighed) -> None:
        """Forget what some accounts' roles, scores and evidence were before today; who is cleared today is a reference."""
        today = which & np.isin(self.account, weighed.grid.accounts)
        at = np.searchsorted(weighed.grid.accounts, self.account[today])
        self.role[today] = np.where(weighed.reference[at], REFERENCE, TESTED)
        mine = ~np.isnan(weighed.ranked[at])
        self.days[which], self.score[which], self.evidence[which], self.part[which] = 0, 0.0, 0.0, 0.0
        self.days[today] = mine
        self.score[today] = np.where(mine, np.log(weighed.ranked[at]), 0.0)

    def _with(self, comers: npt.NDArray[np.int64], day: int) -> State:
        """The same histories and empty ones of newcomers."""
        size = comers.size
        account = np.concatenate([self.account, comers])
        order = np.argsort(account, kind="stable")
        start: dict[str, Any] = {"account": comers, "product": "", "role": TESTED, "first": day, "last": day}
        start |= {"reached": -1, "reached_look": -1, "action": -1}

        def grown(name: str, old: npt.NDArray[Any]) -> npt.NDArray[Any]:
            new = np.empty(size, dtype=old.dtype)
            new[:] = start.get(name, 0)
            return np.concatenate([old, new])[order]

        return replace(self, **{name: grown(name, getattr(self, name)) for name in self.__slots__})

    def rows(self, looks: int, through: dt.date) -> pa.Table:
        """The rows of `histories`."""

        def dated(values: npt.NDArray[np.int64]) -> pa.Array:
            return pa.array(values.astype(np.int32), mask=values < 0).cast(pa.date32())

        size = self.account.size
        return pa.Table.from_arrays(
            [
                pa.array(self.account),
                pa.array(self.product.tolist(), pa.string()),
                pa.array(self.role.tolist(), pa.string()),
                dated(self.first),
                dated(self.last),
                pa.array(self.days),
                pa.array(self.score),
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
