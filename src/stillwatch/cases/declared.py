"""Declared purposes as the journal's records tell them: what a customer said beforehand that its bulk use is for, until when.

Evaluation, research, a course or a resale counts once somebody has recorded it; distillation that the provider allows counts when a second
person has approved it.

Misled by: a declaration is the customer's word. It ends, it exempts from degraded and delayed answers alone, and it is one innocent
explanation among others: it clears nobody.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from enum import StrEnum

from stillwatch.cases.checked import Told
from stillwatch.cases.fold import said

__all__ = ["NEEDS_APPROVAL", "Declared", "Purpose", "take_purpose"]


class Purpose(StrEnum):
    """What bulk use may be declared for; the words are those of `declared_programme` in the account facts."""

    EVALUATION = "evaluation"
    RESEARCH = "research"
    CLASSROOM = "classroom"
    DISTILLATION = "distillation"
    RESELLER = "reseller"


NEEDS_APPROVAL = frozenset({Purpose.DISTILLATION})
"""Purposes that count only when a second person has approved them: they allow what is looked for."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Declared:
    """One declaration: its record's number, its purpose, the accounts (A-...) and organisations (O-...) it covers, and who said so.

    `declarer` is who spoke for the customer, `by` who recorded it (`person` under a pseudonym), `approved_by` the second person.
    """

    number: int
    purpose: Purpose
    handles: tuple[str, ...]
    declarer: str
    since: dt.datetime
    until: dt.datetime
    by: str
    person: str
    at: str
    why: str
    approved_by: str | None = None
    ended_by: str | None = None

    @property
    def standing(self) -> bool:
        """Whether it counts at some time: nobody ended it, and who must approve it did."""
        return self.ended_by is None and (self.purpose not in NEEDS_APPROVAL or self.approved_by is not None)

    @property
    def waits(self) -> bool:
        """Whether it waits for a second person."""
        return self.ended_by is None and not self.standing

    def counts(self, now: dt.datetime) -> bool:
        """Whether it counts at an instant."""
        return self.standing and self.since <= now < self.until


def take_purpose(register: dict[int, Declared], told: Told) -> None:
    """Change the register as one record of a `purpose.*` kind says."""
    record = told.record
    if record.kind == "purpose.declared":
        register[record.seq] = Declared(
            number=record.seq,
            purpose=Purpose(record.body["purpose"]),
            handles=tuple(str(value) for name, value in told.private.items() if name.startswith("about/")),
            declarer=said(told, "declarer"),
            since=dt.datetime.fromisoformat(record.body["since"]),
            until=dt.datetime.fromisoformat(record.body["until"]),
            by=said(told, "by"),
            person=record.by,
            at=record.at,
            why=said(told),
        )
        return
    number, by = record.body["number"], said(told, "by")
    one = register[number]
    register[number] = replace(one, approved_by=by) if record.kind == "purpose.approved" else replace(one, ended_by=by)
