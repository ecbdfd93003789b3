"""The person at the desk: asks for a check of identity whoever the scan puts up for review, and lets go whoever passes it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Set

import numpy as np

from stillwatch.cases import Case, Desk, Reason, Ruling, State
from stillwatch.core import Decision, Settings, handle
from stillwatch.engine import Workspace
from stillwatch.ingest import account_id
from stillwatch.pipeline import case_opening, publish_standing
from stillwatch.report import ScanView

__all__ = ["PASSES", "Analyst", "Checks"]

PASSES = {"organisation": 0.99, "payment": 0.97, "phone": 0.95, "email": 0.9, "none": 0.8}
"""Share of genuine customers who pass a check of identity when asked, by what had been checked of them before. Assumed: no provider has
published such rates. They bound what the rates by population can say, which is how the populations differ."""
FORGED = 0.1
"""Share of a campaign's accounts that pass with somebody else's papers. Assumed likewise."""


class Checks:
    """Checks of identity: who was asked, and who passed."""

    def __init__(self, verification: dict[str, str], guilty: Callable[[str], bool], rng: np.random.Generator) -> None:
        self._verification, self._guilty, self._rng = verification, guilty, rng
        self.asked: dict[str, bool] = {}

    def ask(self, account: str) -> None:
        """An account is told to verify itself; the first time it tries."""
        if account not in self.asked:
            chance = FORGED if self._guilty(account) else PASSES[self._verification.get(account) or "none"]
            self.asked[account] = bool(self._rng.random() < chance)

    @property
    def passed(self) -> set[str]:
        """Who passed."""
        return {account for account, passes in self.asked.items() if passes}


class Analyst:
    """Decides through the desk, as the commands and the console do."""

    def __init__(self, workspace: Workspace, settings: Settings) -> None:
        self._workspace, self._settings = workspace, settings
        self._clock = dt.datetime(2026, 9, 15, tzinfo=dt.UTC)
        self._desk = Desk(workspace, clock=lambda: self._clock)
        self._held: set[str] = set()
        self._freed: set[str] = set()

    def look(self, view: ScanView, passed: Set[str], *, now: dt.datetime) -> int:
        """Decide about new findings and about whoever passed; returns how many accounts are asked to verify themselves."""
        self._clock = now
        through = {handle("account", self._workspace.names.name("account", account_id(one))) for one in passed}
        for case in list(self._desk.cases().values()) if self._held else ():
            freed = {member.handle for member in case.members} & (through - self._freed)
            if freed and any(given.ruling is Ruling.VERIFY for given in case.in_force):
                self._desk.reopen(case.id, by="analyst", why="members passed the check")
                self._sorted(self._desk.case(case.id), freed)
        for actor in view.actors:
            if actor.decision is Decision.REVIEW:
                opening = case_opening(view, actor.handle)
                members = {member.handle for member in opening.members}
                if members - self._held:
                    self._sorted(self._desk.open(opening, by="analyst"), members & through)
        publish_standing(self._workspace, self._settings, desk=self._desk)
        return len(self._held - self._freed)

    def _sorted(self, case: Case, freed: Set[str]) -> None:
        members = {member.handle for member in case.members}
        if freed and freed != members:
            own = self._desk.split(case.id, sorted(freed), by="analyst", why="passed the check")
            self._desk.decide(own.id, Ruling.CLEAR, Reason.AUTHORISED_USE, by="analyst", note="passed the check")
        ruling, reason = Ruling.VERIFY, Reason.COORDINATED_ACCOUNTS
        if freed == members:
            ruling, reason = Ruling.CLEAR, Reason.AUTHORISED_USE
        self._freed |= freed
        self._held |= members
        assert self._desk.case(case.id).state is State.OPEN
        self._desk.decide(case.id, ruling, reason, by="analyst", note="put up for review by the scan")
