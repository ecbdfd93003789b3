"""One alert: a finding that a person should look at, or a decision that was made about one, flat and in one line."""

from __future__ import annotations

import datetime as dt
import hashlib
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import msgspec

from stillwatch.cases import Case, RulingGiven, State
from stillwatch.core import totals
from stillwatch.report.view import ScanView
from stillwatch.report.view_account import AccountView
from stillwatch.report.view_actor import ActorView
from stillwatch.report.wording import plural, sentence

__all__ = ["KINDS", "Alert", "alerts_from"]

KINDS = ("finding.actor", "finding.account", "case.decided", "case.withdrawn")
"""What an alert can be about."""

_MEMBERS = 1000
_EPOCH = dt.datetime.fromtimestamp(0, dt.UTC)


@dataclass(frozen=True, kw_only=True, slots=True)
class Alert:
    """One alert. `id` is the same whenever the same thing is told again, so that whoever receives it twice counts it once.

    `severity` says how much there is of it and never how sure it is: that are `evidence`, `demanded` and `wrong_share`, the share of
    wrong ones among findings that the method was held to. Unknown is null. `caveat` belongs to the alert wherever it is shown.
    """

    id: str
    kind: str
    at: dt.datetime
    handle: str
    title: str
    sentence: str
    severity: str
    caveat: str
    accounts: int
    members: tuple[str, ...]
    members_left_out: int = 0
    exchanges: int | None = None
    attempts: int | None = None
    answered: int | None = None
    obtained: int | None = None
    capability: str | None = None
    techniques: tuple[str, ...] = ()
    first_seen: dt.datetime | None = None
    last_seen: dt.datetime | None = None
    evidence: float | None = None
    demanded: float | None = None
    p_value: float | None = None
    wrong_share: float | None = None
    explanations_open: tuple[str, ...] = ()
    case: str | None = None
    ruling: str | None = None
    reason: str | None = None
    appeal: str | None = None
    run: str | None = None
    version: str | None = None

    def flat(self) -> dict[str, Any]:
        """The alert as a line of the alert log: fields in one order, times as text, an infinite e-value as the largest double."""
        told: dict[str, Any] = msgspec.to_builtins(self)
        for name in ("evidence", "demanded"):
            value = told[name]
            if value is not None and not math.isfinite(value):
                told[name] = None if math.isnan(value) else 1.7976931348623157e308
        return {"product": "stillwatch", "form": "stillwatch.alert/1", **told}


_FINDING = (
    "A proposal to look, from the provider's own records. It is not proof of wrongdoing, names nobody, and says nothing of what answers "
    "were used for. Test innocent explanations before acting."
)
_DECISION = "One house's own decision about its own accounts; no recommendation to anybody else."


def alerts_from(view: ScanView, cases: Iterable[Case] = ()) -> tuple[Alert, ...]:
    """Every alert of a scan and of the cases at the desk, in the order of time and then of id."""
    found = [*_of_scan(view), *(alert for case in cases for alert in _of_case(case))]
    return tuple(sorted(found, key=lambda alert: (alert.at, alert.id)))


def _of_scan(view: ScanView) -> Iterator[Alert]:
    rates = {budget.level: budget.rate for budget in view.budgets}
    for actor in view.for_review:
        yield _of_actor(view, actor, rates.get("actors"))
    for account in view.accounts_for_review:
        if account.actor is None:
            yield _of_account(view, account, rates.get("accounts"))


def _of_actor(view: ScanView, actor: ActorView, rate: float | None) -> Alert:
    members = tuple(member.handle for member in actor.members)
    return Alert(
        id=_id(view.run.run, actor.handle, "finding.actor"),
        kind="finding.actor",
        at=actor.last_seen or view.run.last_at or _EPOCH,
        handle=actor.handle,
        title=f"{plural(actor.accounts, 'account')} that seem to act together",
        sentence=sentence(actor.reason),
        severity=_severity(actor.harvest_exchanges),
        caveat=_FINDING,
        accounts=actor.accounts,
        members=members[:_MEMBERS],
        members_left_out=max(0, len(members) - _MEMBERS),
        exchanges=actor.exchanges,
        attempts=actor.harvest_exchanges,
        answered=totals(actor.uses)[0] if actor.uses else None,
        obtained=actor.yield_exchanges,
        capability=actor.capability,
        techniques=actor.techniques,
        first_seen=actor.first_seen,
        last_seen=actor.last_seen,
        evidence=actor.e_value,
        demanded=actor.threshold,
        wrong_share=rate,
        explanations_open=tuple(one.name for one in actor.lookalikes if one.fits is None),
        run=view.run.run,
        version=view.run.version,
    )


def _of_account(view: ScanView, account: AccountView, rate: float | None) -> Alert:
    return Alert(
        id=_id(view.run.run, account.handle, "finding.account"),
        kind="finding.account",
        at=view.run.last_at or _EPOCH,
        handle=account.handle,
        title="One account unlike others of its kind",
        sentence=sentence(account.reason),
        severity="low",
        caveat=_FINDING,
        accounts=1,
        members=(account.handle,),
        exchanges=account.exchanges,
        evidence=account.e_value,
        p_value=account.p_value,
        wrong_share=rate,
        explanations_open=tuple(one.name for one in account.lookalikes if one.fits is None),
        run=view.run.run,
        version=view.run.version,
    )


def _of_case(case: Case) -> Iterator[Alert]:
    if case.state is State.MERGED:
        return
    for ruling in case.rulings:
        if ruling.counts:
            yield _of_ruling(case, ruling, "case.decided")
        elif ruling.withdrawn or (ruling.lapsed and case.in_force_since(ruling)):
            yield _of_ruling(case, ruling, "case.withdrawn")


def _of_ruling(case: Case, ruling: RulingGiven, kind: str) -> Alert:
    members = tuple(member.handle for member in case.members)
    undone = "" if kind == "case.decided" else " ended, its time is over" if ruling.lapsed else " was withdrawn"
    words = f"{ruling.ruling.value.replace('_', ' ')} for {ruling.reason.value.replace('_', ' ')}{undone}"
    at = (case.withdrawn_at(ruling) if undone else case.in_force_since(ruling)) or ruling.at
    return Alert(
        id=_id(case.id, str(ruling.number), kind),
        kind=kind,
        at=dt.datetime.fromisoformat(at),
        handle=case.handle,
        title=f"Case {case.id}: {words}",
        sentence=sentence(f"{words}; contested by naming {case.appeal(ruling.number)}"),
        severity="informational",
        caveat=_DECISION,
        accounts=len(members),
        members=members[:_MEMBERS],
        members_left_out=max(0, len(members) - _MEMBERS),
        case=case.id,
        ruling=ruling.ruling.value,
        reason=ruling.reason.value,
        appeal=case.appeal(ruling.number),
    )


def _severity(attempts: int) -> str:
    """How much there is of it: an order of magnitude of attempts a step."""
    return next((word for least, word in ((100_000, "high"), (1_000, "medium")) if attempts >= least), "low")


def _id(*facts: str) -> str:
    return hashlib.sha256("\n".join(facts).encode()).hexdigest()[:32]
