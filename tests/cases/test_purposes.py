"""A declared purpose counts between two days, by two hands where it allows distillation, and no more once it is ended."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from stillwatch.cases import Declared, Desk, Ground, Purpose, approve_purpose, declare_purpose, end_purpose, forget
from stillwatch.core import CaseError

from .desk import desk

ACCOUNT, ORG = "A-0000000000001", "O-0000000000002"
DAYS = dt.timedelta(days=30)


def declared(made: Desk, purpose: Purpose, *handles: str, by: str = "mary", days: dt.timedelta = DAYS) -> int:
    now = made.clock()
    names = handles or (ACCOUNT, ORG)
    return declare_purpose(made, purpose, names, declarer="Prof. Ada", since=now, until=now + days, by=by, why="form 7")


def on_register(made: Desk, number: int) -> Declared:
    return made.book().feedback.purposes[number]


def test_it_says_who_declared_what_for_whom_and_counts_between_two_days(tmp_path: Path) -> None:
    made = desk(tmp_path)
    one = on_register(made, declared(made, Purpose.RESEARCH))
    assert (one.declarer, one.purpose, one.handles, one.by, one.why) == (
        "Prof. Ada",
        "research",
        (ACCOUNT, ORG),
        "mary",
        "form 7",
    )
    assert one.counts(one.since)
    assert one.counts(one.until - dt.timedelta(seconds=1))
    assert not one.counts(one.since - dt.timedelta(seconds=1))
    assert not one.counts(one.until)


def test_distillation_counts_when_somebody_else_approves(tmp_path: Path) -> None:
    made = desk(tmp_path)
    number = declared(made, Purpose.DISTILLATION)
    assert on_register(made, number).waits
    assert not on_register(made, number).counts(made.clock())
    with pytest.raises(CaseError, match="needs a second person"):
        approve_purpose(made, number, by="mary", why="contract 9")
    with pytest.raises(CaseError, match="awaits a second person"):
        forget(made, "person:mary", by="joe", why=Ground.ERASURE_REQUEST)
    approve_purpose(made, number, by="joe", why="contract 9")
    assert on_register(made, number).counts(made.clock())
    assert on_register(made, number).approved_by == "joe"
    with pytest.raises(CaseError, match="does not wait"):
        approve_purpose(made, number, by="ann", why="again")


def test_what_is_ended_or_refused_counts_no_more(tmp_path: Path) -> None:
    made = desk(tmp_path)
    research, distillation = declared(made, Purpose.RESEARCH), declared(made, Purpose.DISTILLATION)
    end_purpose(made, research, by="joe", why="it was a resale")
    end_purpose(made, distillation, by="joe", why="no contract")
    assert not any(one.counts(made.clock()) or one.waits for one in made.book().feedback.purposes.values())
    with pytest.raises(CaseError, match="ended already"):
        end_purpose(made, research, by="joe", why="again")
    with pytest.raises(CaseError, match="does not wait"):
        approve_purpose(made, distillation, by="ann", why="late")


@pytest.mark.parametrize("handles", [("X-0000000000001",), ("mary",), (" ",)])
def test_it_covers_accounts_and_organisations_alone(tmp_path: Path, handles: tuple[str, ...]) -> None:
    with pytest.raises(CaseError, match=r"expected an account"):
        declared(desk(tmp_path), Purpose.RESEARCH, *handles)


@pytest.mark.parametrize("days", [dt.timedelta(0), dt.timedelta(days=-1), dt.timedelta(days=367)])
def test_it_has_an_end_within_a_year(tmp_path: Path, days: dt.timedelta) -> None:
    with pytest.raises(CaseError, match="within 366 days"):
        declared(desk(tmp_path), Purpose.RESEARCH, days=days)


def test_a_forgotten_account_is_covered_no_more_and_the_rest_stays(tmp_path: Path) -> None:
    made = desk(tmp_path)
    number = declared(made, Purpose.EVALUATION)
    forget(made, ACCOUNT, by="joe", why=Ground.ERASURE_REQUEST)
    assert on_register(made, number).handles == (ORG,)
