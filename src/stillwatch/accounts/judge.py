"""Evidence to decisions under an error budget. The machine proposes review at most; it never loosens to find somebody."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from stillwatch.accounts.budgets import HARDER, Spent, spend
from stillwatch.accounts.drift import DRIFTED
from stillwatch.accounts.evidence import COMBINED, Weighed, weigh
from stillwatch.accounts.histories import Watch
from stillwatch.accounts.measured import Measured
from stillwatch.accounts.put_up import put_up
from stillwatch.accounts.words import ALL, Basis, kin, null_in_words
from stillwatch.core.records import Decision
from stillwatch.core.settings import DetectSettings
from stillwatch.engine import table
from stillwatch.stats import benjamini_hochberg, p_needed

__all__ = ["Judgement", "decide", "judge"]

_QUIET, _REVIEW, _UNDECIDED = 0, 1, 2
_DECISIONS = (Decision.QUIET, Decision.REVIEW, Decision.UNDECIDED)
_LOUDEST = 3
_AGAIN = "; it is among the loudest of those cleared: look at it again, for if it is hostile it hides others"


@dataclass(frozen=True, kw_only=True, slots=True)
class Judgement:
    """What a run says of its accounts.

    Attributes:
        weighed: the evidence that it rests on.
        combined: one row of `account_evidence` per account with its decision and the reason.
        calibration: rows of `calibration`.
        tested: accounts among which the error budget was spent.
        threshold_p: p-value that the budget demanded; unknown where nobody could be put up for review.
        note: what could not be decided at all, in a sentence; empty when nothing stood in the way.
        spent: the budgets of actions beyond review, one record an action; none where nobody could be put up for review.
    """

    weighed: Weighed
    combined: pa.Table
    calibration: pa.Table
    tested: int
    threshold_p: float | None
    note: str
    spent: tuple[Spent, ...]

    def evidence(self) -> Iterator[pa.Table]:
        """All rows of `account_evidence`: one table a signal, then the combined rows."""
        yield from self.weighed.evidence()
        yield self.combined

    def accounts(self, decision: Decision) -> pa.Array:
        """The accounts with this decision, in ascending order."""
        found = pa.array([d == decision for d in self.combined["decision"].to_pylist()], pa.bool_())
        return self.combined["account"].combine_chunks().filter(found)


def judge(
    measured: Sequence[Measured],
    facts: pa.Table | None,
    settings: DetectSettings,
    *,
    accounts: pa.Array | None = None,
    cleared: pa.Array | None = None,
    singled_out: pa.Array | None = None,
    watched: Watch | None = None,
) -> Judgement:
    """Weigh every account's signals and decide: review, quiet or undecided. For the arguments see `weigh` and `decide`."""
    weighed = weigh(measured, facts, settings, accounts=accounts, cleared=cleared, singled_out=singled_out)
    return decide(weighed, settings, watched=watched)


def decide(weighed: Weighed, settings: DetectSettings, *, watched: Watch | None = None) -> Judgement:
    """Decide on weighed evidence.

    Review: the account's combined p-value passes Benjamini-Hochberg at `settings.budgets.review` among the accounts tested; these are
    all accounts with enough data that do not calibrate the others. The p-values share their calibration, for which the procedure
    keeps its promise (positive dependence: Bates and others 2023, arXiv 2104.08279).

    The hardest action that its evidence would carry is the account's proposal (see `budgets`). Accounts of a stratum that
    has drifted count among the tested, with p = 1. So do those of a product type whose guarantee its watch has turned off.

    Review, too: an account whose history over days has reached what the review budget asks, whatever the whole log says of it
    (`watched`; see `histories`). The two lists are two promises of the same size.

    Undecided: too little data; or unusual at that level alone (p <= budgets.review), where the calibration at hand cannot tell more. That
    is so for every account that calibrates the others, for an account beyond all references, and for a stratum that has drifted.

    Quiet: the rest. Quiet is not clean: it is what these signals could see.
    """
    q = settings.budgets.review
    p = weighed.p_average
    itself = weighed.basis is Basis.THEMSELVES
    testable = weighed.eligible if itself else weighed.eligible & ~weighed.reference
    drifted = np.array([d is not None and d < DRIFTED for d in weighed.drift], dtype=np.bool_)[weighed.stratum]
    off = {} if watched is None or itself else watched.off()
    drifted |= np.isin(np.array(weighed.products, dtype=np.str_), sorted(off))[weighed.product]
    tested = np.flatnonzero(testable)
    at_floor = p <= weighed.smallest_p * (1 + 1e-9)
    chosen = np.zeros(p.size, dtype=np.bool_)
    action = np.full(p.size, -1, dtype=np.int64)
    spent: list[Spent] = []
    if tested.size and not itself:
        believed = np.where(drifted, 1.0, p)[tested]
        chosen[tested] = benjamini_hochberg(believed, q=q).selected
        most = int(weighed.compared_n[tested].max())
        spent, action[tested] = spend(believed, (at_floor & ~drifted)[tested], most, settings.budgets)
    mute = at_floor & (weighed.smallest_p > q)
    alone = weighed.eligible & ((np.nan_to_num(p, nan=1.0) <= q) | mute) & ~chosen
    spared = weighed.reference & weighed.eligible & (weighed.basis is Basis.CLEARED)
    stuck = alone & ~spared & (weighed.reference | at_floor | drifted)
    code = np.where(chosen, _REVIEW, np.where(~weighed.eligible | stuck, _UNDECIDED, _QUIET))
    code[spared] = _QUIET
    calibrators = _calibrators_needed(int(tested.size), q, int((stuck & testable).sum()))
    cleared = _calibrators_needed(int(weighed.eligible.sum()), q, int((stuck & weighed.reference).sum()))
    reasons = _Reasons(
        weighed=weighed,
        tested=int(tested.size),
        calibrators=calibrators,
        cleared=cleared,
        drifted=drifted,
        spared=spared,
        loudest=spared & _among_the_loudest(weighed, settings.poisoned),
        action=action,
    )
    proposal = np.where(chosen, action + 1, -1)
    combined = _rows(weighed, code, reasons.all(code), proposal)
    return Judgement(
        weighed=weighed,
        combined=combined if watched is None else put_up(combined, watched, settings.budgets, cleared=_spared(weighed)),
        calibration=weighed.calibration,
        tested=int(tested.size),
        threshold_p=p_needed(int(tested.size), q, max(1, int(chosen.sum()))) if tested.size and not itself else None,
        note=_note(weighed, int(tested.size), int((stuck & testable).sum()), calibrators, drifted),
        spent=tuple(spent),
    )


def _spared(weighed: Weighed) -> pa.Array:
    """The accounts that people have cleared, as of this run."""
    cleared = weighed.reference if weighed.basis is Basis.CLEARED else np.zeros_like(weighed.reference)
    return pa.array(weighed.grid.accounts[cleared])


def _among_the_loudest(weighed: Weighed, poisoned: float) -> npt.NDArray[np.bool_]:
    """As many of each stratum's references as may be hostile, at least one: the loudest, for a person to look at again."""
    honest = np.divide(1.0, weighed.smallest_p) - 1.0
    rank = np.nan_to_num(weighed.p_average * honest, nan=np.inf)
    most = np.maximum(1.0, np.ceil(poisoned * weighed.calibration_n[weighed.stratum] - 1e-9))
    return np.asarray(rank <= most * (1 + 1e-9))


def _calibrators_needed(m: int, q: float, together: int) -> int:
    """Reference accounts with which `together` accounts, all beyond every reference, would pass among m."""
    return math.ceil(m / (q * max(1, together)) - 1e-9) - 1 if m else 0


def _note(weighed: Weighed, tested: int, stuck: int, needed: int, drifted: npt.NDArray[np.bool_]) -> str:
    if not weighed.eligible.any():
        return "No account has enough data to be decided."
    if weighed.basis is Basis.THEMSELVES:
        return (
            f"Nobody has cleared any account of this log, so its accounts calibrate one another: that ranks them, and can put none "
            f"up for review. {stuck:,} of {tested:,} are unusual at the budget's level alone; deciding them needs at least "
            f"{needed:,} cleared accounts."
        )
    if drifted.any():
        names = sorted({weighed.products[one] for one in np.unique(weighed.product[drifted])})
        return (
            f"The cleared accounts no longer resemble the other {', '.join(map(kin, names))}: nobody new was put up for review there. "
            "Clear accounts as they are today."
        )
    if stuck:
        return f"{stuck:,} accounts are more unusual than the calibration can express; it needs at least {needed:,} accounts."
    return ""


def _rows(
    weighed: Weighed, code: npt.NDArray[np.int64], reasons: list[str], proposal: npt.NDArray[np.int64]
) -> pa.Table:
    grid = weighed.grid
    evidence = np.array([one.evidence for one in grid.signals], dtype=np.bool_)
    n = grid.n[evidence].max(axis=0, initial=0)
    needs = np.array([one.needs for one in grid.signals], dtype=np.int64)[evidence]
    short = grid.n[evidence] < needs[:, None]
    least = np.where(short & (needs[:, None] > n), needs[:, None], np.iinfo(np.int64).max).min(
        axis=0, initial=np.iinfo(np.int64).max
    )
    waits = ~weighed.eligible & (least < np.iinfo(np.int64).max)
    nulls = [null_in_words("their evidence taken together", name, weighed.basis) for name in weighed.strata]
    return pa.Table.from_arrays(
        [
            pa.array(grid.accounts),
            pa.array([COMBINED] * grid.accounts.size, pa.string()),
            _nan_is_null(weighed.average),
            pa.array(n),
            pa.array(least, mask=~waits),
            _nan_is_null(weighed.p_average),
            _nan_is_null(weighed.average),
            pa.array(weighed.strata).take(pa.array(weighed.stratum)),
            pa.array(weighed.compared_n),
            pa.array(nulls).take(pa.array(weighed.stratum)),
            pa.array([str(d) for d in _DECISIONS]).take(pa.array(code)),
            pa.array(
                [
                    f"undecided, n = {have}, needs {want}" if wait else reason
                    for have, want, wait, reason in zip(
                        n.tolist(), least.tolist(), waits.tolist(), reasons, strict=True
                    )
                ],
                pa.string(),
            ),
            pa.array([Decision.REVIEW.value, *HARDER]).take(pa.array(proposal, mask=proposal < 0)),
        ],
        schema=table("account_evidence").schema,
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class _Reasons:
    """Writes the sentence beside each decision."""

    weighed: Weighed
    tested: int
    calibrators: int
    cleared: int
    drifted: npt.NDArray[np.bool_]
    spared: npt.NDArray[np.bool_]
    loudest: npt.NDArray[np.bool_]
    action: npt.NDArray[np.int64]

    def all(self, code: npt.NDArray[np.int64]) -> list[str]:
        eligible, p = self.weighed.eligible.tolist(), self.weighed.p_average.tolist()
        crowds = self._crowds()
        out: list[str] = []
        for place, decided in enumerate(code.tolist()):
            if not eligible[place]:
                out.append("undecided: too few signals could be measured")
            elif self.spared[place]:
                out.append(
                    f"cleared by an analyst; it calibrates the others and was not tested{_AGAIN if self.loudest[place] else ''}"
                )
            elif decided == _QUIET:
                out.append(f"not unusual enough among {crowds[place].rstrip(',')} (p = {p[place]:.2g})")
            elif decided == _REVIEW:
                reach = "" if self.action[place] < 0 else f"; strong enough to {HARDER[self.action[place]]}"
                out.append(
                    f"more unusual than {crowds[place]} allow for (p = {p[place]:.2g}){reach}; loudest: {self._loudest(place)}"
                )
            else:
                out.append(f"undecided: {self._stuck(place, crowds[place], p[place])}")
        return out

    def _crowds(self) -> list[str]:
        """Whom each account was held against: the accounts of its stratum, or those of all types where it is loud among its own."""
        own = self.weighed.calibration_n.tolist()
        names = [f"{n:,} {kin(name)}" for n, name in zip(own, self.weighed.strata, strict=True)]
        wider = [f"{{:,}} accounts of all product types, {name} among them," for name in names]
        return [
            names[code] if n <= own[code] else wider[code].format(n)
            for code, n in zip(self.weighed.stratum.tolist(), self.weighed.compared_n.tolist(), strict=True)
        ]

    def _stuck(self, place: int, crowd: str, p: float) -> str:
        if self.drifted[place]:
            return "unusual, but so is the log: the cleared accounts no longer resemble it"
        if self.weighed.reference[place]:
            return (
                f"among the most unusual of {crowd} (p = {p:.2g}), but accounts that calibrate one another cannot show who is "
                f"guilty: needs at least {self.cleared:,} cleared accounts; loudest: {self._loudest(place)}"
            )
        if self.weighed.strata[self.weighed.stratum[place]] == ALL:
            name = kin(self.weighed.products[self.weighed.product[place]])
            crowd = f"{crowd} or of the few {name} among them"
        return (
            f"beyond all of {crowd.rstrip(',')} (p = {p:.2g}), which are too few to show it among {self.tested:,} tested: needs at least "
            f"{self.calibrators:,}; loudest: {self._loudest(place)}"
        )

    def _loudest(self, place: int) -> str:
        e = np.nan_to_num(self.weighed.e[:, place], nan=0.0)
        loud = [int(s) for s in np.argsort(-e, kind="stable")[:_LOUDEST] if e[s] > 1.0]
        signals, values = self.weighed.grid.signals, self.weighed.grid.values
        told = ", ".join(f"{signals[s].title} {values[s, place]:.3g}" for s in loud) or "none by itself"
        return told + self._asks_about(place)

    def _asks_about(self, place: int) -> str:
        account = int(self.weighed.grid.accounts[place])
        said = [one.words(account) for one in self.weighed.grid.signals if one.words is not None]
        return "".join(f"; beyond others it asks about {one}" for one in said if one)


def _nan_is_null(values: npt.NDArray[np.float64]) -> pa.Array:
    return pa.array(values, mask=np.isnan(values))
