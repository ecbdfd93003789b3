"""Single accounts as a report shows them, and how the signals that weigh them were calibrated."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from stillwatch.accounts import LOOKALIKES, Reading, explanations, resemblance
from stillwatch.core import Decision, handle
from stillwatch.engine import Store
from stillwatch.pipeline.view_rows import evidence_where, facts_by_account, grouped
from stillwatch.report import (
    QUANTILE_LEVELS,
    AccountView,
    CalibrationView,
    HistoryView,
    LookalikeCheck,
    SignalReading,
)
from stillwatch.signals import SIGNALS

__all__ = ["account_view", "account_views", "calibration_views", "explained"]

_ACCOUNTS_SHOWN = 50
_SIGNALS_SHOWN = 6
_MEANINGS = {one.name: one.meaning for one in LOOKALIKES}
_RANK: dict[str, int] = {Decision.REVIEW: 0, Decision.UNDECIDED: 1, Decision.QUIET: 2}


def account_views(
    store: Store,
    actors: Sequence[Mapping[str, Any]],
    members: Mapping[int, Sequence[Mapping[str, Any]]],
    *,
    threshold_p: float | None,
    histories: Callable[[Sequence[int]], Mapping[int, HistoryView]],
) -> tuple[AccountView, ...]:
    """The accounts with most evidence of their own, those for review first.

    Args:
        actors: rows of `actors`: an account says which actor for review it is a member of.
        members: rows of `actor_members` by actor.
        threshold_p: the p-value that the accounts' error budget demanded.
        histories: gives the evidence over days of some accounts.
    """
    rows = _strongest(store)
    accounts = [row["account"] for row in rows]
    of_them = pc.field("account").isin(pa.array(accounts, pa.int64()))
    signals = grouped(evidence_where(store, of_them & (pc.field("signal") != "combined")), "account")
    quantiles = {(row["signal"], row["stratum"]): row["quantiles"] for row in store.read("calibration").to_pylist()}
    facts = facts_by_account(store, accounts)
    for_review = {a["actor"] for a in actors if a["decision"] == Decision.REVIEW}
    over_days = histories(accounts)
    actor_of = {m["account"]: actor for actor, ms in members.items() if actor in for_review for m in ms}
    return tuple(
        _account(
            row,
            signals=signals.get(row["account"], []),
            quantiles=quantiles,
            facts=facts.get(row["account"], {}),
            actor=actor_of.get(row["account"]),
            threshold_p=threshold_p,
            history=over_days.get(row["account"]),
        )
        for row in rows
    )


def account_view(
    evidence: Sequence[Mapping[str, Any]],
    *,
    quantiles: Mapping[tuple[str, str], Sequence[float]],
    facts: Mapping[str, Any],
    actor: int | None,
    threshold_p: float | None,
) -> AccountView | None:
    """Any one account with all its signals; `None` where the run has no verdict on it.

    Args:
        evidence: its rows of `account_evidence`.
        quantiles: of each signal and stratum, from `calibration`.
        facts: its row of `account_facts`, or nothing.
        actor: the actor it is a member of, if any.
        threshold_p: the p-value that the accounts' error budget demanded.
    """
    combined = next((row for row in evidence if row["signal"] == "combined"), None)
    if combined is None:
        return None
    return _account(
        combined,
        signals=[row for row in evidence if row["signal"] != "combined" and row["signal"] in SIGNALS],
        quantiles=quantiles,
        facts=facts,
        actor=actor,
        threshold_p=threshold_p,
        history=None,
        show=len(evidence),
    )


def _strongest(store: Store) -> list[dict[str, Any]]:
    """The combined rows that are shown, in rank order."""
    worth_a_line = pc.field("e_value").is_valid() | (pc.field("decision") == Decision.REVIEW.value)
    combined = evidence_where(store, (pc.field("signal") == "combined") & worth_a_line)
    rank = pa.array([_RANK.get(d, len(_RANK)) for d in combined.column("decision").to_pylist()], pa.int8())
    by = [("rank", "ascending"), ("e_value", "descending"), ("account", "ascending")]
    rows: list[dict[str, Any]] = combined.append_column("rank", rank).sort_by(by).slice(0, _ACCOUNTS_SHOWN).to_pylist()
    return rows


def _account(
    row: Mapping[str, Any],
    *,
    signals: Sequence[Mapping[str, Any]],
    quantiles: Mapping[tuple[str, str], Sequence[float]],
    facts: Mapping[str, Any],
    actor: int | None,
    threshold_p: float | None,
    history: HistoryView | None,
    show: int = _SIGNALS_SHOWN,
) -> AccountView:
    resembled = explanations(_readings(signals, quantiles), facts)
    loudest_first = sorted(signals, key=lambda s: (s["e_value"] is None, -(s["e_value"] or 0.0), s["signal"]))
    return AccountView(
        handle=handle("account", row["account"]),
        decision=Decision(row["decision"]),
        reason=row["reason"] or "",
        exchanges=row["n"],
        stratum=row["stratum"],
        p_value=row["p_value"],
        e_value=row["e_value"],
        threshold_p=threshold_p,
        needed=row["needed"],
        calibration_n=row["calibration_n"],
        null=row["null"],
        proposal=row["proposal"],
        history=history,
        resembles=resemblance(resembled),
        lookalikes=tuple(
            LookalikeCheck(
                name=one.name, fits=one.fits if one.known else None, why=one.why, meaning=_MEANINGS[one.name]
            )
            for one in resembled
        ),
        actor=None if actor is None else handle("actor", actor),
        plan=facts.get("plan"),
        signup_path=facts.get("signup_path"),
        created=facts.get("created"),
        signals=tuple(_reading(s, quantiles.get((s["signal"], s["stratum"]), ())) for s in loudest_first[:show]),
    )


def _readings(
    signals: Sequence[Mapping[str, Any]], quantiles: Mapping[tuple[str, str], Sequence[float]]
) -> dict[str, Reading]:
    """The account's decided signals, beside what 95 % of its kin stay below."""
    level = QUANTILE_LEVELS.index(0.95)
    return {
        row["signal"]: Reading(
            title=SIGNALS[row["signal"]].title,
            value=row["value"],
            usual=next(iter(quantiles.get((row["signal"], row["stratum"]), ())[level : level + 1]), None),
            p_value=row["p_value"],
        )
        for row in signals
        if row["value"] is not None and row["needed"] is None
    }


def explained(store: Store, accounts: Sequence[int]) -> dict[int, str]:
    """The innocent explanation that fits each of some accounts best; accounts that none fits are left out."""
    of_them = pc.field("account").isin(pa.array(accounts, pa.int64()))
    signals = grouped(evidence_where(store, of_them & (pc.field("signal") != "combined")), "account")
    quantiles = {(row["signal"], row["stratum"]): row["quantiles"] for row in store.read("calibration").to_pylist()}
    facts = facts_by_account(store, accounts)
    found = {a: explanations(_readings(signals.get(a, []), quantiles), facts.get(a, {})) for a in accounts}
    return {account: held[0].name for account, held in found.items() if held[0].fits}


def _reading(row: Mapping[str, Any], quantiles: Sequence[float]) -> SignalReading:
    signal = SIGNALS[row["signal"]]
    return SignalReading(
        signal=row["signal"],
        n=row["n"],
        title=signal.title,
        unit=signal.unit,
        value=row["value"],
        needed=row["needed"],
        p_value=row["p_value"],
        e_value=row["e_value"],
        quantiles=tuple(quantiles),
        null=row["null"],
        sentence=row["reason"] or signal.meaning,
    )


def calibration_views(store: Store) -> tuple[CalibrationView, ...]:
    """How each signal was calibrated in each stratum."""
    return tuple(_calibration(row) for row in store.read("calibration").to_pylist())


def _calibration(row: Mapping[str, Any]) -> CalibrationView:
    signal = SIGNALS.get(row["signal"])
    return CalibrationView(
        signal=row["signal"],
        stratum=row["stratum"],
        accounts=row["accounts"],
        undecided=row["undecided"],
        trimmed=row["trimmed"],
        calibration_n=row["calibration_n"],
        contamination_bound=row["contamination_bound"],
        smallest_p=row["smallest_p"],
        uniformity=row["uniformity"],
        quantiles=tuple(row["quantiles"]),
        meaning=signal.meaning if signal else "The account's evidence taken together.",
        unit=signal.unit if signal else "e-value",
    )
