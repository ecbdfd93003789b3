"""What people decided about accounts, from the journal of cases: the hardest decision in force on each, with what an appeal names."""

from __future__ import annotations

from dataclasses import dataclass

from stillwatch.cases import Case, Desk, Ruling, State
from stillwatch.core import unhandle
from stillwatch.engine import Workspace

__all__ = ["HARDNESS", "Decided", "decided"]

HARDNESS = (Ruling.CLEAR, Ruling.NO_ACTION, Ruling.THROTTLE, Ruling.VERIFY, Ruling.BLOCK, Ruling.SUSPEND)
"""Decisions about accounts, mildest first; an attribution is about an organisation and restricts nobody."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Decided:
    """One decision in force on one account. The appeal names it; a clearance in a file of cleared accounts has none."""

    ruling: Ruling
    reason: str
    appeal: str | None = None


def decided(workspace: Workspace, desk: Desk | None = None) -> dict[int, Decided]:
    """The decisions in force, by account; an account in several cases has the hardest of theirs. Those whose time is over lapse first.

    Args:
        workspace: whose journal it is.
        desk: that journal where it is open already: it is then not read again, and its clock says the time.

    Raises:
        TamperingFound: when the journal is not as it was written: then nobody can say what was decided.
    """
    if desk is None and not (workspace.root / "desk").exists():
        return {}
    found: dict[int, Decided] = {}
    desk = desk or Desk(workspace)
    desk.lapse()
    for case in desk.cases().values():
        given = _hardest(case)
        if given is None:
            continue
        for member in case.members:
            account = _account(member.handle)
            held = None if account is None else found.get(account)
            if account is not None and (held is None or HARDNESS.index(given.ruling) > HARDNESS.index(held.ruling)):
                found[account] = given
    return found


def _hardest(case: Case) -> Decided | None:
    given = [one for one in case.in_force if one.ruling in HARDNESS]
    if case.state is State.MERGED or not given:
        return None
    hardest = max(given, key=lambda one: HARDNESS.index(one.ruling))
    return Decided(ruling=hardest.ruling, reason=hardest.reason.value, appeal=case.appeal(hardest.number))


def _account(name: str) -> int | None:
    try:
        kind, account = unhandle(name)
    except ValueError:
        return None
    return account if kind == "account" else None
