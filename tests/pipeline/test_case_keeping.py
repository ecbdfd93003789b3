"""A scan goes into the cases of its actors: new members while a case is open, a closed one opened again, mergers and splits proposed."""

from __future__ import annotations

import datetime as dt
import shutil
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest

from stillwatch.cases import (
    Case,
    Desk,
    Opening,
    Purpose,
    Reason,
    Ruling,
    State,
    declare_purpose,
    follow,
    proposed,
    undo,
    undoable,
)
from stillwatch.core import Settings, handle, settings_from, unhandle
from stillwatch.engine import TABLES, Workspace
from stillwatch.pipeline import Scanned, case_opening
from stillwatch.pipeline.case_keeping import keep_cases
from stillwatch.report import ActorView, ScanView

from .logs import NOW, START, run
from .logs import Day as SmallDay

PLAIN, OPENS = Settings(), settings_from({"cases": {"open": "review"}})
OTHER = handle("actor", 77)


@pytest.fixture
def copy(scanned: tuple[Workspace, Scanned], tmp_path: Path) -> tuple[Workspace, ScanView]:
    """The scanned day, to write to."""
    shutil.copytree(scanned[0].root, tmp_path / "w")
    return Workspace(tmp_path / "w"), scanned[1].view


def records(space: Workspace) -> int:
    return len(Desk(space).book().history)


def opened(space: Workspace, view: ScanView, *, members: int = 5) -> Case:
    """A case about the first actor with only some of its members, opened before the logs begin."""
    opening = case_opening(view, view.for_review[0].handle)
    desk = Desk(space, lambda: START - dt.timedelta(days=1))
    return desk.open(_cut(opening, members), by="mary")


def _cut(opening: Opening, members: int) -> Opening:
    return replace(opening, members=opening.members[:members])


def with_lineage(space: Workspace, event: str, own: str, other: str) -> None:
    row = {"actor": unhandle(own)[1], "event": event, "other": unhandle(other)[1], "at": START}
    with space.writing():
        space.store.put("actor_lineage", pa.Table.from_pylist([row], schema=TABLES["actor_lineage"].schema))


def test_actors_for_review_get_a_case_where_the_settings_say_so_and_only_once(copy: tuple[Workspace, ScanView]) -> None:
    space, view = copy
    assert keep_cases(space, PLAIN, view) == ()
    assert not (space.root / "desk" / "journal.head").exists()
    assert keep_cases(space, OPENS, view) == (f"cases: {len(view.for_review)} opened",)
    assert {case.handle for case in Desk(space).cases().values()} == {actor.handle for actor in view.for_review}
    before = records(space)
    assert keep_cases(space, OPENS, view) == ()
    assert records(space) == before


def test_new_members_join_an_open_case_once(copy: tuple[Workspace, ScanView]) -> None:
    space, view = copy
    case = opened(space, view)
    assert keep_cases(space, PLAIN, view) == ("cases: 1 continued",)
    now = Desk(space).case(case.id)
    assert {m.handle for m in now.members} == {m.handle for m in view.for_review[0].members}
    assert "the pipeline saw" in now.history[-1].note
    assert keep_cases(space, PLAIN, view) == ()


def test_a_decision_never_reaches_members_whom_it_did_not_name(copy: tuple[Workspace, ScanView]) -> None:
    space, view = copy
    case = opened(space, view)
    Desk(space).decide(case.id, Ruling.VERIFY, Reason.HARVEST_AT_SCALE, by="mary", note="seen")
    assert keep_cases(space, PLAIN, view) == ("cases: 1 continued",)
    assert len(Desk(space).case(case.id).members) == 5
    assert keep_cases(space, PLAIN, view) == ()
    Desk(space).reopen(case.id, by="joe", why="the others too")
    keep_cases(space, PLAIN, view)
    assert len(Desk(space).case(case.id).members) == len(view.for_review[0].members)


def test_whom_a_split_took_out_does_not_come_back(copy: tuple[Workspace, ScanView]) -> None:
    space, view = copy
    case = opened(space, view, members=100)
    out = case.members[0].handle
    Desk(space).split(case.id, [out], by="mary", why="a customer of its own")
    assert keep_cases(space, PLAIN, view) == ()
    assert out not in {m.handle for m in Desk(space).case(case.id).members}


def test_whom_an_undone_merger_gave_back_does_not_come_back(copy: tuple[Workspace, ScanView]) -> None:
    space, view = copy
    case = opened(space, view)
    desk = Desk(space, lambda: START - dt.timedelta(days=1))
    whole = case_opening(view, view.for_review[0].handle)
    other = desk.open(replace(whole, handle=OTHER, members=whole.members[5:]), by="mary")
    desk.merge(case.id, other.id, by="mary", why="one template")
    last = undoable(desk.book(), case.id)
    assert last is not None
    undo(desk, case.id, last.seq, by="mary", why="a reseller")
    assert keep_cases(space, PLAIN, view) == ()
    assert len(Desk(space).case(case.id).members) == 5


@pytest.mark.parametrize(
    ("ruling", "days", "state"),
    [
        (Ruling.NO_ACTION, -1, State.OPEN),
        (Ruling.NO_ACTION, 60, State.DECIDED),
        (Ruling.CLEAR, -1, State.DECIDED),
    ],
)
def test_a_case_closed_without_action_is_opened_again_when_its_actor_acts_after_that(
    copy: tuple[Workspace, ScanView], ruling: Ruling, days: int, state: State
) -> None:
    space, view = copy
    case = opened(space, view, members=100)
    at = START + dt.timedelta(days=days)
    Desk(space, lambda: at).decide(case.id, ruling, Reason.TOO_LITTLE_EVIDENCE, by="mary", note="looked")
    keep_cases(space, PLAIN, view)
    assert Desk(space).case(case.id).state is state
    before = records(space)
    assert keep_cases(space, PLAIN, view) == ()
    assert records(space) == before


def test_a_split_and_a_merger_of_actors_are_proposed_once_with_their_lineage(copy: tuple[Workspace, ScanView]) -> None:
    space, view = copy
    case = opened(space, view, members=100)
    actor = view.for_review[0]
    part: ActorView = replace(actor, handle=OTHER, members=actor.members[:2])
    with_lineage(space, "split_from", OTHER, actor.handle)
    apart = replace(view, actors=(*(one for one in view.actors), part))
    told = ("cases: 1 proposed to merge or split",)
    assert keep_cases(space, PLAIN, apart) == told
    assert keep_cases(space, PLAIN, apart) == ()
    assert any("split off its 2 members" in event.note for event in Desk(space).case(case.id).history)
    Desk(space).open(replace(case_opening(view, actor.handle), handle=OTHER), by="mary")
    with_lineage(space, "merged_into", OTHER, actor.handle)
    assert keep_cases(space, PLAIN, view) == told
    assert "become part of" in Desk(space).case(case.id).history[-1].note
    split, merge = proposed(Desk(space).book(), case.id)
    assert (split.step, len(split.members), merge.step, merge.hinders) == ("split", 2, "merge", "")
    assert len(follow(Desk(space), case.id, split.seq, by="mary", why="as proposed").members) == 2
    assert follow(Desk(space), case.id, merge.seq, by="mary", why="as proposed").id == case.id
    assert keep_cases(space, PLAIN, view) == ()


def test_a_scan_does_it_and_says_so(copy: tuple[Workspace, ScanView], day: SmallDay) -> None:
    space, view = copy
    opened(space, view)
    asked = {"declarer": "Prof. Ada", "by": "mary", "why": "form 7"}
    until = NOW + dt.timedelta(days=9)
    declare_purpose(Desk(space, lambda: NOW), Purpose.RESEARCH, ["A-0000000000001"], since=START, until=until, **asked)
    assert "cases: 1 continued" in run(space, day.inputs()).notes
