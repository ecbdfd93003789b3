"""What is on the register of declared purposes reaches the innocent explanations and the standing, and leaves both when it is ended."""

from __future__ import annotations

import datetime as dt
import shutil
from pathlib import Path

import pyarrow as pa
import pytest

from stillwatch.cases import Desk, Purpose, approve_purpose, declare_purpose, end_purpose
from stillwatch.core import handle
from stillwatch.engine import TABLES, Workspace
from stillwatch.pipeline import Scanned, publish_standing
from stillwatch.pipeline.purposes import facts_with_purposes, keep_purposes
from stillwatch.report import ActorView

from .logs import NOW, SMALL, START, run
from .logs import Day as SmallDay

DAY = START.date()


def desk_at(space: Workspace, now: dt.datetime = NOW) -> Desk:
    return Desk(space, lambda: now)


def declared(desk: Desk, *handles: str, purpose: Purpose = Purpose.EVALUATION) -> int:
    since = START - dt.timedelta(days=5)
    until = NOW + dt.timedelta(days=100)
    return declare_purpose(
        desk, purpose, handles, declarer="Prof. Ada", since=since, until=until, by="mary", why="form 7"
    )


def fits(actor: ActorView) -> bool | None:
    return next(one.fits for one in actor.lookalikes if one.name.replace("_", " ") == "declared purpose")


def with_facts(space: Workspace, *rows: dict[str, object]) -> None:
    with space.writing():
        space.store.put("account_facts", pa.Table.from_pylist(list(rows), schema=TABLES["account_facts"].schema))


@pytest.fixture
def copy(scanned: tuple[Workspace, Scanned], tmp_path: Path) -> tuple[Workspace, Scanned]:
    """The scanned day, to write to."""
    shutil.copytree(scanned[0].root, tmp_path / "w")
    return Workspace(tmp_path / "w"), scanned[1]


def test_a_declared_purpose_is_an_innocent_explanation_of_the_next_scan_until_it_is_ended(
    copy: tuple[Workspace, Scanned], day: SmallDay
) -> None:
    space, first = copy
    actor = first.view.for_review[0]
    assert not fits(actor)
    number = declared(desk_at(space), *(member.handle for member in actor.members))
    second = run(space, day.inputs())
    assert not second.unchanged
    assert fits(next(one for one in second.view.actors if one.handle == actor.handle))
    assert run(space, day.inputs()).unchanged, "the same register changes nothing"
    end_purpose(desk_at(space), number, by="joe", why="it was a resale")
    third = run(space, day.inputs())
    assert not fits(next(one for one in third.view.actors if one.handle == actor.handle))


def test_a_few_members_purpose_does_not_excuse_those_who_declared_nothing(
    copy: tuple[Workspace, Scanned], day: SmallDay
) -> None:
    space, first = copy
    actor = first.view.for_review[0]
    declared(desk_at(space), *(member.handle for member in actor.members[:3]))
    told = run(space, day.inputs())
    assert fits(next(one for one in told.view.actors if one.handle == actor.handle)) is False


def test_the_standing_follows_the_register_at_once(copy: tuple[Workspace, Scanned]) -> None:
    space, _ = copy
    account = space.store.read("standing").to_pylist()[0]["account"]
    desk = desk_at(space)

    def purposes(at: Desk = desk) -> list[str]:
        rows = publish_standing(space, SMALL, desk=at).rows.to_pylist()
        return next(row["purposes"] for row in rows if row["account"] == account)

    assert purposes() == []
    number = declared(desk, handle("account", account), purpose=Purpose.DISTILLATION)
    assert purposes() == [], "one person alone allows nobody to distil"
    approve_purpose(desk, number, by="joe", why="contract 9")
    assert purposes() == ["distillation"]
    assert purposes(desk_at(space, NOW + dt.timedelta(days=101))) == [], "its time is over"
    end_purpose(desk, number, by="joe", why="the contract ended")
    assert purposes() == []


def test_an_organisations_purpose_covers_its_accounts_and_goes_before_the_file_of_facts(tmp_path: Path) -> None:
    space = Workspace(tmp_path / "w")
    with_facts(
        space,
        {"account": 1, "org": 7, "declared_programme": "reseller"},
        {"account": 2, "org": 8, "declared_programme": "classroom"},
    )
    declared(desk_at(space), handle("org", 7), handle("account", 3), purpose=Purpose.RESEARCH)
    with space.writing():
        assert keep_purposes(space) == ()
    told = facts_with_purposes(space.store, DAY)
    assert told is not None
    assert [(row["account"], row["declared_programme"]) for row in told.to_pylist()] == [
        (1, "research"),
        (2, "classroom"),
        (3, "research"),
    ]
    assert facts_with_purposes(space.store, DAY - dt.timedelta(days=6)) is None, "before it was declared"


def test_a_journal_that_cannot_be_trusted_changes_nothing_and_is_said(tmp_path: Path) -> None:
    space = Workspace(tmp_path / "w")
    with_facts(space, {"account": 1})
    declared(desk_at(space), handle("account", 1))
    with space.writing():
        keep_purposes(space)
        path = space.root / "desk" / "journal.jsonl"
        path.write_bytes(path.read_bytes().replace(b"evaluation", b"reselling!"))
        (note,) = keep_purposes(space)
    assert note.startswith("warning: declared purposes are those of the scan before")
    assert space.store.read("purposes").num_rows == 1
