"""A watch detects when it is time: by a clock that nobody can set, when something is new, and never for more than half of the time."""

from __future__ import annotations

import datetime as dt
import gzip
from pathlib import Path
from typing import Any

import pytest

from stillwatch.engine import Workspace
from stillwatch.pipeline import Scanned, Schedule, Watcher, standing_file
from stillwatch.pipeline import watching as room

from .growing import Clock, add, lines, watch
from .logs import Day


class Scans:
    """Stands in for the scan: when it was asked for, and how long it takes."""

    notes = ()
    unchanged = False
    view = type("View", (), {"for_review": ()})

    def __init__(self, clock: Clock, takes: float = 0.0) -> None:
        self.clock, self.takes, self.at = clock, takes, list[float]()

    def __call__(self, *_: Any, **more: Any) -> Scans:
        self.at.append(self.clock.seconds - 1000)
        self.clock.pass_by(self.takes)
        return self


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def scans(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Scans:
    stand_in = Scans(clock)
    monkeypatch.setattr(room, "scan", stand_in)
    return stand_in


def rounds(over: Watcher, clock: Clock, log: Path, *, count: int, seconds: float = 30.0, each: int = 1) -> None:
    """Rounds, with `each` new exchanges before every one of them."""
    for _ in range(count):
        first = log.read_bytes().count(b"\n") if log.exists() else 0
        add(log, lines(first, first + each))
        over.round()
        clock.pass_by(seconds)


def test_the_first_detection_is_due_as_soon_as_there_is_anything(
    tmp_path: Path, space: Workspace, clock: Clock, scans: Scans
) -> None:
    log = tmp_path / "logs/api.jsonl"
    over = watch(space, [log.parent], clock, Schedule(every=600, rows=100))
    over.round()
    assert scans.at == []
    rounds(over, clock, log, count=1)
    assert scans.at == [0]


def test_the_first_detection_waits_for_files_that_are_about_to_be_read_but_not_for_ever(
    tmp_path: Path, space: Workspace, clock: Clock, scans: Scans
) -> None:
    log = tmp_path / "logs/api.jsonl"
    packed = add(log.parent / "old.jsonl.gz", gzip.compress(lines(50, 60)))
    over = watch(space, [log.parent], clock, Schedule(every=600, rows=100, settle=100))
    rounds(over, clock, log, count=3)
    assert scans.at == []
    rounds(over, clock, log, count=2)
    assert (scans.at, over.pulse.fresh) == ([120], 15)

    growing = watch(space, [log.parent], clock, Schedule(every=600, rows=100, settle=100))
    for _ in range(25):
        add(packed, b"x")
        growing.round()
        clock.pass_by(30)
    assert scans.at == [120, 750]


def test_the_next_ones_come_on_schedule_and_only_when_something_is_new(
    tmp_path: Path, space: Workspace, clock: Clock, scans: Scans
) -> None:
    log = tmp_path / "logs/api.jsonl"
    over = watch(space, [log.parent], clock, Schedule(every=100, rows=100))
    rounds(over, clock, log, count=6)
    assert scans.at == [0, 120]
    for _ in range(10):
        clock.pass_by(30)
        over.round()
    assert scans.at == [0, 120, 240], "one for the last rows, none for quiet"


def test_enough_new_exchanges_bring_it_forward(tmp_path: Path, space: Workspace, clock: Clock, scans: Scans) -> None:
    log = tmp_path / "logs/api.jsonl"
    over = watch(space, [log.parent], clock, Schedule(every=1e6, rows=4))
    rounds(over, clock, log, count=5, each=2)
    assert scans.at == [0, 60, 120]


def test_a_long_detection_is_followed_by_as_long_a_rest(
    tmp_path: Path, space: Workspace, clock: Clock, scans: Scans
) -> None:
    scans.takes = 200
    log = tmp_path / "logs/api.jsonl"
    over = watch(space, [log.parent], clock, Schedule(every=10, rows=1))
    rounds(over, clock, log, count=9)
    assert scans.at == [0, 410]


@pytest.mark.parametrize("jump", [dt.timedelta(days=-400), dt.timedelta(days=1), dt.timedelta(days=400)])
def test_a_calendar_that_jumps_moves_no_schedule_and_makes_no_lag_negative(
    tmp_path: Path, space: Workspace, clock: Clock, scans: Scans, jump: dt.timedelta
) -> None:
    log = tmp_path / "logs/api.jsonl"
    over = watch(space, [log.parent], clock, Schedule(every=100, rows=100))
    rounds(over, clock, log, count=2)
    clock.now += jump
    for _ in range(4):
        over.round()
        clock.pass_by(30)
    assert scans.at == [0, 120]
    lag = over.pulse.lag_seconds
    assert lag is not None
    assert lag >= 0
    assert over.pulse.oldest_unread_seconds == 0


def test_a_watch_ends_with_the_findings_and_the_standing_of_a_scan(
    day: Day, scanned: tuple[Workspace, Scanned], space: Workspace
) -> None:
    over = watch(space, [day.logs], Clock(), Schedule(every=0, rows=1, settle=0), mapping=day.mapping)
    done = over.round()
    assert done.fresh == day.exchanges
    assert done.scanned is not None
    assert standing_file(space).exists()
    theirs, ours = scanned[1].view, done.scanned.view
    assert [one.handle for one in ours.actors] == [one.handle for one in theirs.actors]
    assert [one.e_value for one in ours.actors] == [one.e_value for one in theirs.actors]
    assert ours.accounts_for_review == theirs.accounts_for_review
    assert over.round().scanned is None
