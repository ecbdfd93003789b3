"""A flaw of a model or an API, told to those who have to mend it and to nobody else until its clock ends.

The clock is set when the flaw is reported and can be moved once for each party that asks for time. It never tells which accounts used
the flaw: that is the peers' lane, and its rules.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import Any

from stillwatch.forum.lint import lint
from stillwatch.forum.rules.policy import Policy
from stillwatch.forum.rules.rule import Setting
from stillwatch.forum.words import Carrier, ForumError, Lane, Way

__all__ = ["DAYS", "LONGEST", "Embargo", "may_tell"]

DAYS = 90
LONGEST = 180


@dataclass(frozen=True, kw_only=True, slots=True)
class Embargo:
    """One flaw under embargo: its number, when it was reported, who has to mend it, who asked for time, and when it ends."""

    number: str
    reported: dt.date
    parties: frozenset[str]
    ends: dt.date
    asked: frozenset[str] = frozenset()

    @staticmethod
    def begun(number: str, parties: frozenset[str], *, reported: dt.date) -> Embargo:
        """An embargo of `DAYS` days.

        Raises:
            ForumError: when it names nobody.
        """
        if not parties:
            raise ForumError(f"{number}: an embargo names those who have to mend the flaw")
        return Embargo(number=number, reported=reported, parties=parties, ends=reported + dt.timedelta(days=DAYS))

    def longer(self, party: str, days: int) -> Embargo:
        """The embargo with more time for a party, which each may ask for once, up to `LONGEST` days in all.

        Raises:
            ForumError: when it is no party or asked before, or the time is too long.
        """
        if party not in self.parties or party in self.asked:
            raise ForumError(f"{self.number}: {party} is no party, or has asked for time before")
        ends = self.ends + dt.timedelta(days=days)
        if days < 1 or (ends - self.reported).days > LONGEST:
            raise ForumError(f"{self.number}: an embargo lasts {LONGEST} days at most")
        return replace(self, ends=ends, asked=self.asked | {party})


def may_tell(embargo: Embargo, objects: list[dict[str, Any]], *, to: str, policy: Policy, now: dt.datetime) -> None:
    """Whether these objects may be told to somebody by the embargo's lane today; returns when they may.

    Raises:
        ForumError: when the embargo lasts and `to` is no party, or with every refusal of the rules.
    """
    if to not in embargo.parties and now.date() < embargo.ends:
        raise ForumError(
            f"{embargo.number}: under embargo until {embargo.ends}; {to} is none of those who have to mend it"
        )
    found = lint(objects, Setting(way=Way.OUT, now=now, policy=policy, lane=Lane.EMBARGO, carrier=Carrier.FILE))
    if not found.passes:
        raise ForumError("\n".join(map(str, found.refusals)))
