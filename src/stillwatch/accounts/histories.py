"""Every account's history of evidence, a few numbers an account, looked at once a day without raising the chance of a false alarm.

Each day gives every account an e-value against that day's references. The sum of their logarithms is the account's *score*: what a
gambler who reinvested daily would have. It is no evidence by itself, for loud honest accounts are loud every day (`stats.looks`). So scores
are ranked among the references' scores, and each day's bet on the rank is added, weighted, to the account's *evidence*. The chance that
an honest account's evidence ever reaches 1/a is at most a.

Accounts come more or less often, and a sum over more days lies further out. So scores are compared over the latest 1, 2, 4, 8 and 16 days
with enough data, each length among the accounts of both sides that have as many; the day's bet is the average over these lengths. Where
an account has fewer days, or too few references have as many, that length bets nothing. Who enters a length is known without any score.
So each length is fair for an honest account if either its whole history is exchangeable with those of references, or how loud it is
on the days on which it comes does not hang on how often it comes. Where references come more often or less than others, only that can hold.

References enter each day with the most that their e-value could be beside the account tested, as in `comparison`; so their scores are never
too small, and the ranks are exact. Days are fed once, in order: a day that was fed before changes nothing.

An account is put up for review on the day on which it reaches what the budget asks, and stays so: of all that ever are, at most the
budget's share is wrong on average (`stats.shown_so_far`), and no honest account ever is with more than the budget's chance.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from stillwatch.accounts.drift import DRIFTED, drift_evidence, drift_p
from stillwatch.accounts.evidence import Weighed
from stillwatch.accounts.watched import ACTIONS, LEAST, LENGTHS, REFERENCE, TESTED, State
from stillwatch.accounts.words import Basis
from stillwatch.core.errors import WorkspaceError
from stillwatch.core.settings import BudgetSettings, DetectSettings
from stillwatch.engine import table
from stillwatch.stats import budget_tails, conformal_p, look_share, reachable, shown_so_far, tail_e

__all__ = ["Watch", "watch"]

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
        """Take up a watch from its tables. Looks that the histories do not know were cut off before they counted.

        Raises:
            WorkspaceError: when the looks that the histories know of are gone.
        """
        through = histories["through"][0].as_py() if histories.num_rows else None
        days = looks["day"].to_pylist()
        if through is not None and through not in days:
            raise WorkspaceError(
                f"table looks: nothing of {through}, the last day that table histories knows; restore it, or remove both tables "
                "to watch anew from the first day of the logs"
            )
        known = [through is not None and day <= through for day in days]
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

    Without cleared accounts nothing is fed, and the first look, which weighs most, waits for a day with enough of them.

    An account keeps the product type that it had when it first came. One that was cleared then is a reference whenever it is cleared:
    its clearance may lapse and come back. That is harmless: on the days between it is weighed as the tested are, by the same comparison,
    and that a clearance ends by its date hangs on no score. One that is cleared later is spared while it is, and calibrates nobody: a
    history that was tested is of another kind than one that calibrated. It is tested again when its clearance ends, which is harmless,
    too: a bet left out lowers evidence. Accounts without an exchange in the last `settings.window_days`, or without any day with enough
    data, are neither tested nor compared with. While a product type's guarantee is off, its accounts gather no evidence. It starts anew
    on the day `settings.watch_from`, with those cleared by then, and forgets what was gathered before, for that may have been drift
    already: a new watch of this type, with looks counted from 1 and a budget of its own. So does a type that has too few references left.

    Args:
        before: what the last call gave; `Watch.fresh()` in the beginning.
        day: the day; at or before the last one fed, nothing changes.
        weighed: the evidence of that day. Accounts that sent nothing count only by whether they are cleared.
        settings: the budgets, the share of references that may be hostile, the window, the day to start anew.
        exchanges: how many exchanges of each account were fed, for the books.
    """
    through = before.through
    if weighed.basis is not Basis.CLEARED or (through is not None and day <= through):
        return before
    if through is None and int((~np.isnan(weighed.ranked) & weighed.reference).sum()) < LEAST:
        return before
    sent = np.array([(exchanges or {}).get(one, 0) for one in weighed.grid.accounts.tolist()], dtype=np.int64)
    seen = (weighed.grid.n > 0).any(axis=0) | (sent > 0)
    now = State.of(before.histories).met(weighed, seen, _number(day))
    anew = _anew(now, before, settings, day)
    now.begin_anew(np.isin(now.product, anew), weighed)
    look = before.count + 1
    rows: list[dict[str, Any]] = []
    earlier = {name: row for name, row in before.last().items() if name not in anew}
    at = np.searchsorted(now.account, weighed.grid.accounts[seen])
    for name in sorted(set(now.product.tolist())):
        mine = now.product == name
        compared = mine & now.of_late(day=_number(day), window=settings.window_days)
        references, tested = compared & (now.role == REFERENCE), compared & (now.role == TESTED)
        hostile = math.ceil(settings.poisoned * int(references.sum()) - 1e-9)
        number = 1 if name in anew else earlier[name]["look"] + 1 if name in earlier else look
        drift = _drift(weighed, now, name, earlier.get(name, {}), settings, day)
        if drift["off_since"] is None:
            bets = _bets(now, tested, references, hostile, number, settings.budgets)
            now.bet[:] += look_share(number) * bets
        rows.append(
            {
                "day": day,
                "product": name,
                "look": number,
                "exchanges": int(sent[seen][mine[at]].sum()),
                "tested": int(tested.sum()),
                "references": int(references.sum()),
                "hostile": hostile,
                **drift,
            }
        )
    now.evidence[:] += now.bet
    now.part[:] += now.bet / max(1, sum(row["tested"] for row in rows))
    off = {row["product"] for row in rows if row["off_since"] is not None}
    _spend(now, settings.budgets, _number(day), look, np.isin(now.product, sorted(off)))
    looks = pa.Table.from_pylist(rows, schema=table("looks").schema)
    return Watch(histories=now.rows(look, day), looks=pa.concat_tables([before.looks, looks]).combine_chunks())


def _number(day: dt.date) -> int:
    return (day - _EPOCH).days


def _anew(now: State, before: Watch, settings: DetectSettings, day: dt.date) -> list[str]:
    """Product types that start anew today: off, or short of references, since before the day that a person named."""
    begins = settings.begins
    if begins is None or day < begins:
        return []
    off = {name for name, since in before.off().items() if since < begins}
    enough = {row["product"] for row in before.looks.to_pylist() if row["references"] >= LEAST and row["day"] >= begins}
    references = now.of_late(day=_number(day), window=settings.window_days) & (now.role == REFERENCE)
    names = sorted(set(now.product.tolist()))
    return [
        name
        for name in names
        if name in off or (name not in enough and (references & (now.product == name)).sum() < LEAST)
    ]


def _bets(
    now: State, tested: _Flags, references: _Flags, hostile: int, number: int, budgets: BudgetSettings
) -> _Floats:
    """Today's e-values of one product type's tested histories, at its look of this number: the mean over the lengths possible by then."""
    lengths = [one for one in LENGTHS if one <= number]
    total = np.zeros(now.account.size)
    for length in lengths:
        score = now.score(length)
        ours, theirs = tested & ~np.isnan(score), references & ~np.isnan(score)
        n = int(theirs.sum())
        if n < LEAST or not ours.any():
            continue
        tails = reachable(budget_tails(budgets.review), 1.0 / (n - min(hostile, n) + 1.0))
        total[ours] += tail_e(conformal_p(score[theirs], score[ours], hostile=hostile), tails) / len(lengths)
    return total


def _drift(
    weighed: Weighed, now: State, name: str, earlier: Mapping[str, Any], settings: DetectSettings, day: dt.date
) -> dict[str, Any]:
    """Today's look at whether the references of a product type still resemble those they are compared with."""
    at = np.minimum(np.searchsorted(now.account, weighed.grid.accounts), now.account.size - 1)
    able = ~np.isnan(weighed.alike) & (now.account[at] == weighed.grid.accounts) & (now.product[at] == name)
    by_role = [weighed.alike[able & (now.role[at] == role)] for role in (REFERENCE, TESTED)]
    p = drift_p(*by_role, hostile_share=settings.contamination)
    looks = int(earlier.get("drift_looks", 0)) + (p is not None)
    evidence = drift_evidence(float(earlier.get("drift_evidence", 0.0)), p, max(1, looks))
    since = earlier.get("off_since") or (day if evidence >= 1.0 / DRIFTED else None)
    return {"drift_p": p, "drift_looks": looks, "drift_evidence": evidence, "off_since": since}


def _spend(now: State, budgets: BudgetSettings, day: int, look: int, off: _Flags) -> None:
    """Say who reaches what each budget asks today; nobody whose guarantee is off."""
    may = (now.role == TESTED) & ~off
    for place, action in enumerate(ACTIONS):
        q: float = getattr(budgets, action)
        passed = shown_so_far(np.where(may & (now.evidence >= 1.0 / q), now.part, 0.0), q=q)
        now.action[passed] = np.maximum(now.action[passed], place)
    new = (now.action >= 0) & (now.reached < 0)
    now.reached[new], now.reached_look[new] = day, look
