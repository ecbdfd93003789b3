"""What stands on an actor's timeline beside launches: decisions of people, from when to when they counted, and accounts that stopped."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable

from stillwatch.cases import Case
from stillwatch.core import DecisionMark
from stillwatch.report import MemberView

__all__ = ["decision_marks", "stop_marks"]


def decision_marks(cases: Iterable[Case]) -> tuple[DecisionMark, ...]:
    """Every decision of these cases that ever was in force, and its end where it was withdrawn, oldest first."""
    marks = []
    for case in cases:
        for ruling in case.rulings:
            begun, ended = case.in_force_since(ruling), case.withdrawn_at(ruling)
            word = ruling.ruling.value.replace("_", " ")
            if begun is not None:
                marks.append(DecisionMark(what=f"{word} in force", at=dt.datetime.fromisoformat(begun)))
            if begun is not None and ended is not None:
                gone = "ended" if ruling.lapsed else "withdrawn"
                marks.append(DecisionMark(what=f"{word} {gone}", at=dt.datetime.fromisoformat(ended)))
    return tuple(sorted(marks, key=lambda mark: (mark.at, mark.what)))


def stop_marks(members: Iterable[MemberView]) -> tuple[DecisionMark, ...]:
    """The days on which members seem to have stopped, each at the first of that day. Logs do not say why."""
    days: dict[dt.date, list[dt.datetime]] = defaultdict(list)
    for member in members:
        if member.stopped is not None:
            days[member.stopped.date()].append(member.stopped)
    return tuple(
        DecisionMark(what="1 account stopped" if len(at) == 1 else f"{len(at):,} accounts stopped", at=min(at))
        for _, at in sorted(days.items())
    )
