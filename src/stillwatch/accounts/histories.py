"""Every account's history of evidence, a few numbers an account, looked at once a day without raising the chance of a false alarm.

Each day gives every account an e-value against that day's references. The sum of their logarithms is the account's *score*: what a
gambler who reinvested daily would have. It is no evidence by itself, for loud honest accounts are loud every day (`stats.looks`). So scores
are ranked among the references' scores, and each day's bet on the rank is added, weighted, to the account's *evidence*. The chance that
an honest account's evidence ever reaches 1/a is at most a, if whole histories of honest accounts and references are exchangeable.

References enter each day with the most that their e-value could be beside the account tested, as in `comparison`; so their scores are never
too small, and the ranks are exact. Days are fed once, in order: a day that was fed before changes nothing.

An account is put up for review on the day on which it reaches what the budget asks, and stays so: of all that ever are, at most the budget's
share is wrong on average (`stats.shown_so_far`), and no honest account ever is with more than the budget's chance.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from stillwatch.accounts.budgets import HARDER
from stillwatch.accounts.drift import DRIFTED, drift_evidence, drift_p
from stillwatch.accounts.evidence import Weighed
from stillwatch.accounts.words import Basis
from stillwatch.core.records import Decision
from stillwatch.core.settings import BudgetSettings, DetectSettings
from stillwatch.engine import table
from stillwatch.stats import budget_tails, conformal_p, look_share, reachable, shown_so_far, tail_e

__all__ = ["APART", "REFERENCE", "TESTED", "Watch", "watch"]

TESTED, REFERENCE, APART = "tested", "reference", "apart"
"""What an account is in its watch; `apart`: people changed their mind about it, so that it is neither."""

_EPOCH = dt.date(1970, 1, 1)
_Floats = npt.NDArray[np.float64]
_Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True, slots=True)
class Watch:
    """What is kept from look to look: the rows of tables `histories` and `looks`."""

    histories: pa.Table
    looks: pa.Table

    @staticmethod
    def kept(histories: pa.Table, looks: pa.Table) -> Watch:
        """Take up a watch from its tables. Looks that the histories do not know were cut off before they counted."""
        through = histories["through"][0].as_py() if histories.num_rows else None
        known = [through is not None and day <= through for day in looks["day"].to_pylist()]
        return Watch(histories=histories, looks=looks.filter(pa.array(known, pa.bool_())))

    @staticmethod
    def fresh() -> Watch:
        """A watch that has not looked yet."""
        return Watch(histories=table("histories").schema.empty_table(), looks=table("looks").schema.empty_table())

    @property
    def through(self) -> dt.date | None:
        """The last day that was looked at."""
        return self.histories["through"][0].as_py() if self.histories.num_rows else None

    @property
    def count(self) -> int:
        """Looks so far."""
        return int(self.histories["looks"][0].as_py()) if self.histories.num_rows else 0

    def last(self) -> dict[str, dict[str, Any]]:
        """The latest row of `looks` by product type."""
        return {row["product"]: row for row in self.looks.to_pylist()}

    def off(self) -> dict[str, dt.date]:
        """Product types whose guarantee is off, and since when."""
        return {name: row["off_since"] for name, row in self.last().items() if row["off_since"] is not None}


def watch(
    before: Watch,
    day: dt.date,
    weighed: Weighed,
    settings: DetectSettings,
    *,
    exchanges: Mapping[int, int] | None = None,
) -> Watch:
    """Feed one day, weighed on that day's exchanges alone, and look at everybody's history.

    Without cleared accounts nothing is fed. An account keeps the product type that it had when it first came. One that was cleared
    then is a reference for as long as it stays cleared; one that is cleared later is tested no more, and calibrates nobody: a
    history that was tested is of another kind than one that calibrated. Accounts without an exchange in the last
    `settings.window_days` are neither tested nor compared with until they return.

    Args:
        before: what the last call gave; `Watch.fresh()` in the beginning.
        day: the day; at or before the last one fed, nothing changes.
        weighed: the evidence of that day. Accounts that sent nothing count only by whether they are cleared.
        settings: the budgets, the share of references that may be hostile, the window.
        exchanges: how many exchanges of each account were fed, for the books.
    """
    through = before.through
    if weighed.basis is not Basis.CLEARED or (through is not None and day <= through):
        return before
    now = _State.of(before.histories).met(weighed, _number(day))
    look = before.count + 1
    rows: list[dict[str, Any]] = []
    earlier = before.last()
    fed = _fed(weighed, exchanges or {})
    for name in sorted(set(now.product.tolist())):
        mine = now.product == name
        recent = mine & (now.last > _number(day) - settings.window_days)
        references, tested = recent & (now.role == REFERENCE), recent & (now.role == TESTED)
        hostile = math.ceil(settings.poisoned * int(references.sum()) - 1e-9)
        bets = _bets(now.score[tested], now.score[references], hostile, settings.budgets)
        now.evidence[tested] += look_share(look) * bets
        now.bet[tested] = bets
        rows.append(
            {
                "day": day,
                "product": name,
                "look": look,
                "exchanges": fed.get(name, 0),
                "tested": int(tested.sum()),
                "references": int(references.sum()),
                "hostile": hostile,
                **_drift(weighed, now, name, earlier.get(name, {}), settings, day),
            }
        )
    now.part[:] += look_share(look) * now.bet / max(1, sum(row["tested"] for row in rows))
    off = {row["product"] for row in rows if row["off_since"] is not None}
    _spend(now, settings.budgets, _number(day), look, np.isin(now.product, sorted(off)))
    looks = pa.Table.from_pylist(rows, schema=table("looks").schema)
    return Watch(histories=now.rows(look, day), looks=pa.concat_tables([before.looks, looks]).combine_chunks())


def _number(day: dt.date) -> int:
    return (day - _EPOCH).days


def _fed(weighed: Weighed, exchanges: Mapping[int, int]) -> dict[str, int]:
    """Exchanges that were fed by product type, as the accounts are known today."""
    out: dict[str, int] = {}
    for account, place in zip(weighed.grid.accounts.tolist(), weighed.product.tolist(), strict=True):
        name = weighed.products[place]
        out[name] = out.get(name, 0) + exchanges.get(account, 0)
    return out


def _bets(tested: _Floats, references: _Floats, hostile: int, budgets: BudgetSettings) -> _Floats:
    """Today's e-value of every tested history against the references' of its product type."""
    if not references.size or not tested.size:
        return np.zeros(tested.size)
    tails = reachable(budget_tails(budgets.review), 1.0 / (references.size - hostile + 1.0))
    return tail_e(conformal_p(references, tested, hostile=hostile), tails)


def _drift(
    weighed: Weighed, now: _State, name: str, earlier: Mapping[str, Any], settings: DetectSettings, day: dt.date
) -> dict[str, Any]:
    """Today's look at whether the references of a product type still resemble those they are compared with."""
    at = np.minimum(np.searchsorted(now.account, weighed.grid.accounts), now.account.size - 1)
    able = ~np.isnan(weighed.ranked) & (now.account[at] == weighed.grid.accounts) & (now.product[at] == name)
    by_role = [weighed.ranked[able & (now.role[at] == role)] for role in (REFERENCE, TESTED)]
    p = drift_p(*by_role, hostile_share=settings.contamination)
    looks = int(earlier.get("drift_looks", 0)) + (p is not None)
    evidence = drift_evidence(float(earlier.get("drift_evidence", 0.0)), p, max(1, looks))
    since = earlier.get("off_since") or (day if evidence >= 1.0 / DRIFTED else None)
    return {"drift_p": p, "drift_looks": looks, "drift_evidence": evidence, "off_since": since}


def _spend(now: _State, budgets: BudgetSettings, day: int, look: int, off: _Flags) -> None:
    """Say who reaches what each budget asks today; nobody whose guarantee is off."""
    may = (now.role == TESTED) & ~off
    for place, action in enumerate((Decision.REVIEW.value, *HARDER)):
        q: float = getattr(budgets, action)
        passed = shown_so_far(np.where(may & (now.evidence >= 1.0 / q), now.part, 0.0), q=q)
        now.action[passed] = np.maximum(now.action[passed], place)
    new = (now.action >= 0) & (now.reached < 0)
    now.reached[new], now.reached_look[new] = day, look


@dataclass(frozen=True, kw_only=True, slots=True)
class _State:
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
    def of(rows: pa.Table) -> _State:
        def whole(name: str) -> npt.NDArray[np.int64]:
            values = rows[name].cast(pa.int32()) if pa.types.is_date(rows[name].type) else rows[name]
            return np.asarray(values.fill_null(-1), dtype=np.int64)

        actions = {name: place for place, name in enumerate((Decision.REVIEW.value, *HARDER))}
        return _State(
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
            action=np.array([actions.get(one, -1) for one in rows["action"].to_pylist()], dtype=np.int64),
        )

    def met(self, weighed: Weighed, day: int) -> _State:
        """The histories after one more day, before anybody looks: who came, who was seen, and today's evidence in the scores."""
        seen = (weighed.grid.n > 0).any(axis=0)
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

    def _with(self, comers: npt.NDArray[np.int64], day: int) -> _State:
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
                pa.array([Decision.REVIEW.value, *HARDER]).take(pa.array(self.action, mask=self.action < 0)),
                pa.array(np.full(size, looks, dtype=np.int64)),
                pa.array([through] * size, pa.date32()),
            ],
            schema=table("histories").schema,
        )
