"""What left by the lanes beside the peers', as the journal has it: the log of legal process, and every embargo with its clock.

The journal is the only record. What left by these lanes is in no table from which anything is pushed to a hub.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from stillwatch.cases import FORGOTTEN, Desk
from stillwatch.cases.journal import Entry
from stillwatch.forum.lanes.embargo import Embargo
from stillwatch.forum.lanes.government import Asked, Process
from stillwatch.forum.rules.r15_lane import LANE_TYPES
from stillwatch.forum.words import ForumError, Lane

__all__ = [
    "Packaged",
    "ask_for_time",
    "begin_embargo",
    "embargo_of",
    "embargoes",
    "of_lane",
    "packages",
    "record_package",
    "record_told",
]

Object = dict[str, Any]

_PACKAGED, _BEGUN, _LONGER, _TOLD = "case.packaged", "embargo.begun", "embargo.longer", "embargo.told"


@dataclass(frozen=True, kw_only=True, slots=True)
class Packaged:
    """A line of the log of legal process: what was handed over, when, to whom, what asked for it, and who signed it off."""

    at: str
    case: str
    recipient: str
    asked: Asked
    reference: str
    sha256: str
    by: str


def of_lane(objects: Sequence[Object], lane: Lane) -> list[Object]:
    """The objects that a lane carries and that speak of nothing outside it: nothing refers to what stays behind."""
    kept = [one for one in objects if one["type"] in LANE_TYPES[lane]]
    while True:
        ids = {one["id"] for one in kept}
        whole = [one for one in kept if _named(one) <= ids]
        if len(whole) == len(kept):
            return kept
        kept = whole


def record_package(desk: Desk, *, case: str, recipient: str, process: Process, sha256: str, record: str) -> None:
    """Put a package into the log of legal process, before it is handed over. `record` is the digest of what was removed."""
    body = {
        "recipient": recipient,
        "asked": process.asked.value,
        "reference": process.reference,
        "sha256": sha256,
        "record": record,
    }
    desk.journal.append(Entry(kind=_PACKAGED, by=process.signed_off_by, case=case, body=body))


def packages(desk: Desk) -> list[Packaged]:
    """The log of legal process, in the order in which packages were made."""
    if not desk.journal.begun():
        return []
    return [
        Packaged(
            at=told.record.at,
            case=told.record.case or "",
            recipient=told.record.body["recipient"],
            asked=Asked(told.record.body["asked"]),
            reference=told.record.body["reference"],
            sha256=told.record.body["sha256"],
            by=told.private.get("by", FORGOTTEN),
        )
        for told in desk.journal.history()
        if told.record.kind == _PACKAGED
    ]


def embargoes(desk: Desk) -> dict[str, Embargo]:
    """Every embargo by its number, as its parties moved its clock."""
    found: dict[str, Embargo] = {}
    for told in desk.journal.history() if desk.journal.begun() else ():
        body = told.record.body
        if told.record.kind == _BEGUN:
            day = dt.date.fromisoformat(body["reported"])
            found[body["number"]] = Embargo.begun(body["number"], frozenset(body["parties"]), reported=day)
        elif told.record.kind == _LONGER:
            found[body["number"]] = found[body["number"]].longer(body["party"], body["days"])
    return found


def begin_embargo(
    desk: Desk, number: str, parties: frozenset[str], *, reported: dt.date, today: dt.date, by: str
) -> Embargo:
    """Start the clock of a flaw.

    Raises:
        ForumError: when it runs already, names nobody, or was reported in the future.
    """
    if reported > today:
        raise ForumError(f"{number}: reported on {reported}, which is still to come")
    made = Embargo.begun(number, parties, reported=reported)
    desk.journal.begin()
    with desk.journal.writing() as append:
        if number in embargoes(desk):
            raise ForumError(f"{number}: is under an embargo already; its clock is not set back")
        body = {"number": number, "reported": reported.isoformat(), "parties": sorted(parties)}
        append([Entry(kind=_BEGUN, by=by, body=body)])
    return made


def ask_for_time(desk: Desk, number: str, party: str, days: int, *, today: dt.date, by: str) -> Embargo:
    """Give a party the time that it asks for.

    Raises:
        ForumError: when there is no such embargo, it is over, or the party may not have that time.
    """
    desk.journal.begin()
    with desk.journal.writing() as append:
        one = embargo_of(desk, number)
        if today >= one.ends:
            raise ForumError(f"{number}: its clock ended on {one.ends}; what may be told by now is not taken back")
        made = one.longer(party, days)
        append([Entry(kind=_LONGER, by=by, body={"number": number, "party": party, "days": days})])
    return made


def record_told(desk: Desk, number: str, *, to: str, sha256: str, by: str) -> None:
    """Say in the journal to whom a flaw is told, before it is."""
    embargo_of(desk, number)
    desk.journal.append(Entry(kind=_TOLD, by=by, body={"number": number, "to": to, "sha256": sha256}))


def embargo_of(desk: Desk, number: str) -> Embargo:
    """The embargo of a flaw.

    Raises:
        ForumError: when there is none.
    """
    found = embargoes(desk).get(number)
    if found is None:
        raise ForumError(f"{number}: no such embargo; stillwatch forum embargo begin starts one")
    return found


def _named(one: Object) -> set[str]:
    """Every object that this one refers to."""
    single = {value for key, value in one.items() if key.endswith("_ref")}
    return single.union(*(set(value) for key, value in one.items() if key.endswith("_refs")))
