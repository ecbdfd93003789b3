"""Keep the register of declared purposes: record one, approve one by a second person, end one. Each step is a record of the journal."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from stillwatch.cases.declared import Declared, Purpose
from stillwatch.cases.desk import Desk, subject_of
from stillwatch.cases.journal import Entry, Private
from stillwatch.core import handle, unhandle
from stillwatch.core.errors import CaseError

__all__ = ["approve_purpose", "declare_purpose", "end_purpose"]

_LONGEST = dt.timedelta(days=366)
"""A declaration is asked for again after this."""
_MOST = 1000
"""Accounts and organisations of one declaration."""


def declare_purpose(
    desk: Desk,
    purpose: Purpose,
    handles: Sequence[str],
    *,
    declarer: str,
    since: dt.datetime,
    until: dt.datetime,
    by: str,
    why: str,
) -> int:
    """Record what somebody declared; the number under which it is approved and ended.

    Args:
        desk: whose journal it goes into.
        purpose: what for.
        handles: accounts (A-...) and organisations (O-...) that it covers.
        declarer: who said so for the customer.
        since: from when it counts; may lie back, where an agreement does.
        until: when it ends, at most 366 days after it began.
        by: who records it.
        why: where it is written: the agreement, the ticket, the form.

    Raises:
        CaseError: when it covers nobody, is not about accounts and organisations, has no declarer or reason, or no such end.
    """
    if not declarer.strip() or not why.strip():
        raise CaseError("a declared purpose needs who declared it, and where that is written")
    if not dt.timedelta(0) < until - since <= _LONGEST or until <= desk.clock():
        raise CaseError(
            f"got {since:%Y-%m-%d} to {until:%Y-%m-%d}, expected an end ahead, within 366 days of its begin"
        )
    named = tuple(dict.fromkeys(_customer(one) for one in handles))
    if not 0 < len(named) <= _MOST:
        raise CaseError(f"got {len(named)} accounts and organisations, expected 1 to {_MOST}")
    private = (
        *(Private(field=f"about/{n}", subject=subject_of(name), value=name) for n, name in enumerate(named)),
        Private(field="declarer", subject=f"organisation:{declarer}", value=declarer),
        Private(field="note", subject=f"organisation:{declarer}", value=why),
    )
    body = {
        "purpose": purpose.value,
        "since": since.astimezone(dt.UTC).isoformat(),
        "until": until.astimezone(dt.UTC).isoformat(),
    }
    desk.journal.begin()
    return desk.journal.append(Entry(kind="purpose.declared", by=by, body=body, private=private)).seq


def approve_purpose(desk: Desk, number: int, *, by: str, why: str) -> None:
    """Approve a declaration that waits for a second person.

    Raises:
        CaseError: when none of this number waits, this person recorded it, or no reason is given.
    """
    with desk.journal.writing() as append:
        one = _found(desk, number)
        if not one.waits:
            raise CaseError(f"declared purpose {number}: does not wait for anybody's approval")
        me = desk.journal.subjects.known(f"person:{by}")
        if me is not None and me.id == one.person:
            raise CaseError(f"declared purpose {number}: {one.purpose} needs a second person; {by} recorded it")
        append([_step("purpose.approved", one, by, why)])


def end_purpose(desk: Desk, number: int, *, by: str, why: str) -> None:
    """End a declaration before its time, or refuse one that waits; it counts no more, for earlier logs neither.

    Raises:
        CaseError: when there is none of this number, it was ended already, or no reason is given.
    """
    with desk.journal.writing() as append:
        one = _found(desk, number)
        if one.ended_by is not None:
            raise CaseError(f"declared purpose {number}: was ended already")
        append([_step("purpose.ended", one, by, why)])


def _found(desk: Desk, number: int) -> Declared:
    register = desk.book().feedback.purposes
    if number not in register:
        raise CaseError(f"declared purpose {number}: there is none of this number")
    return register[number]


def _step(kind: str, one: Declared, by: str, why: str) -> Entry:
    if not why.strip():
        raise CaseError(f"declared purpose {one.number}: say why")
    note = Private(field="note", subject=f"organisation:{one.declarer}", value=why)
    return Entry(kind=kind, by=by, body={"number": one.number}, private=(note,))


def _customer(name: str) -> str:
    try:
        kind, number = unhandle(name.strip())
    except ValueError:
        kind, number = "", 0
    if kind not in ("account", "org"):
        raise CaseError(f"{name}: expected an account (A-...) or an organisation (O-...)")
    return handle(kind, number)
