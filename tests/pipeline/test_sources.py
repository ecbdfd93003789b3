"""Streams as logs: what a broker acknowledged is in the tables once, through duplicates, reordering, restarts and cuts at any point."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.brokers import BROKERS, Broker

from stillwatch.core.errors import WorkspaceError
from stillwatch.engine import Workspace
from stillwatch.ingest import Landing, SourceAway, source_of
from stillwatch.pipeline import Inputs, Watcher, back_up, restore, scan

from .growing import NEVER, Clock, add, lines, requests
from .logs import NOW, SMALL, workspace


@pytest.fixture(params=sorted(BROKERS))
def broker(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Broker]:
    """Every broker that is installed."""
    with BROKERS[request.param](tmp_path) as made:
        yield made


def messages(first: int, last: int) -> list[bytes]:
    return lines(first, last).splitlines()


def watching(space: Workspace, broker: Broker, *logs: Path) -> Watcher:
    clock = Clock()
    inputs = Inputs(logs=logs, sources=[source_of(broker.address)])
    return Watcher(space, inputs, SMALL, NEVER, clock=clock, wall=clock.wall)


def expected(folder: Path, first: int, last: int) -> list[int]:
    """The ids of the same exchanges, read from a file."""
    space = workspace(folder / "plain")
    inputs = Inputs(logs=[add(folder / "plain.jsonl", lines(first, last))])
    Watcher(space, inputs, SMALL, NEVER, clock=Clock(), wall=Clock().wall).round()
    return requests(space)


def test_every_message_is_in_once_though_some_come_twice_in_another_order_and_the_broker_falls(
    broker: Broker, tmp_path: Path
) -> None:
    space = workspace(tmp_path / "w")
    watcher = watching(space, broker)
    chance = random.Random(3)  # noqa: S311 - seeded
    for first in (0, 40, 80):
        came = messages(first, first + 40)
        again = [one for one in messages(0, first) if chance.random() < 0.3]
        mixed = came + again
        chance.shuffle(mixed)
        broker.send(mixed)
        watcher.round()
        broker.stop()
        watcher.round()
        assert watcher.pulse.state == "behind"
        assert "no answer" in watcher.pulse.problem
        broker.start()
    broker.send(messages(110, 130))
    watcher.round()
    assert watcher.pulse.state == "watching"
    assert requests(space) == expected(tmp_path, 0, 130)


class Cut(BaseException):
    """The power is cut."""


STEPS = ("write", "position", "show", "after")


@pytest.mark.parametrize("step", STEPS)
def test_a_cut_at_any_step_of_landing_loses_nothing_and_lands_nothing_twice(
    broker: Broker, tmp_path: Path, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    space = workspace(tmp_path / "w")
    broker.send(messages(0, 30))
    with monkeypatch.context() as cut:
        cut_at(step, cut)
        with pytest.raises(Cut):
            Landing(space.root / "landing", source_of(broker.address)).look()
    broker.send(messages(30, 50))
    landing = Landing(space.root / "landing", source_of(broker.address))
    assert len(landing.files()) == (step == "after"), "what does not count yet is not shown"
    while landing.look().files:
        pass
    landed = b"".join(path.read_bytes() for path in landing.files()).splitlines()
    assert sorted(landed) == sorted(messages(0, 50))
    assert not list(landing.folder.glob(".[0-9]*"))


def cut_at(step: str, patch: pytest.MonkeyPatch) -> None:
    """Let the power fail before a step of landing, or after the last."""
    import stillwatch.ingest.sources.landing as module

    def cut(*_: Any, **__: Any) -> None:
        raise Cut

    if step == "write":
        patch.setattr(Landing, "_write", cut)
    elif step == "position":
        patch.setattr(module, "durable_write", cut)
    elif step == "show":
        patch.setattr(Path, "rename", cut)
    else:
        land = Landing._land

        def landed(self: Landing, *given: Any) -> None:
            land(self, *given)
            raise Cut

        patch.setattr(Landing, "_land", landed)


def test_a_watch_cut_before_it_releases_counts_nothing_twice(
    broker: Broker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    space = workspace(tmp_path / "w")
    broker.send(messages(0, 30))

    def cut(*_: Any) -> int:
        raise Cut

    with monkeypatch.context() as patch:
        patch.setattr(Landing, "release", cut)
        with pytest.raises(Cut):
            watching(space, broker).round()
    again = watching(space, broker)
    again.round()
    again.round()
    assert requests(space) == expected(tmp_path, 0, 30)
    assert not list((space.root / "landing").rglob("[0-9]*.jsonl"))


def test_what_is_in_the_tables_does_not_lie_in_the_landing(broker: Broker, tmp_path: Path) -> None:
    space = workspace(tmp_path / "w")
    watcher = watching(space, broker)
    broker.send(messages(0, 20))
    watcher.round()
    assert len(requests(space)) == 20
    assert not list((space.root / "landing").rglob("[0-9]*"))


def test_messages_that_were_deleted_before_they_were_read_are_told(broker: Broker, tmp_path: Path) -> None:
    space = workspace(tmp_path / "w")
    watcher = watching(space, broker)
    broker.send(messages(0, 10))
    watcher.round()
    broker.send(messages(10, 30))
    broker.delete_first(20)
    done = watcher.round()
    assert any("deleted before they were read" in note for note in done.notes)
    assert len(requests(space)) == 20


def test_a_stream_that_was_made_anew_is_read_from_its_beginning_and_that_is_told(tmp_path: Path) -> None:
    with BROKERS["kafka"](tmp_path) as broker:
        space = workspace(tmp_path / "w")
        watcher = watching(space, broker)
        broker.send(messages(0, 30))
        watcher.round()
        broker.stop()
        broker.start()
        broker.send(messages(20, 60))
        done = watcher.round()
        assert any("made anew" in note for note in done.notes)
        assert requests(space) == expected(tmp_path, 0, 60)


def test_what_is_no_exchange_is_rejected_with_a_reason_and_holds_nothing_up(broker: Broker, tmp_path: Path) -> None:
    space = workspace(tmp_path / "w")
    broker.send([*messages(0, 10), b"hello\nthere", b"", b'{"a": \n 1}'])
    watching(space, broker).round()
    assert len(requests(space)) == 10
    assert space.store.manifest("rejects").rows == 2


def test_a_broker_that_is_away_keeps_no_file_waiting_but_ends_a_scan(broker: Broker, tmp_path: Path) -> None:
    log = add(tmp_path / "a.jsonl", lines(0, 20))
    broker.stop()
    space = workspace(tmp_path / "w")
    done = watching(space, broker, log).round()
    assert done.fresh == 20
    with pytest.raises(SourceAway, match="no answer"):
        scan(space, Inputs(logs=[log], sources=[source_of(broker.address)]), SMALL, now=NOW)


def test_a_scan_reads_a_stream_to_its_end_and_again_changes_nothing(broker: Broker, tmp_path: Path) -> None:
    space = workspace(tmp_path / "w")
    broker.send(messages(0, 60))
    inputs = Inputs(logs=[], sources=[source_of(broker.address)])
    assert scan(space, inputs, SMALL, now=NOW).view.run.exchanges == 60
    assert scan(space, inputs, SMALL, now=NOW).unchanged


def test_a_damaged_position_is_said_and_not_guessed(broker: Broker, tmp_path: Path) -> None:
    landing = Landing(tmp_path / "landing", source_of(broker.address))
    broker.send(messages(0, 5))
    landing.look()
    (landing.folder / ".position.json").write_bytes(b'{"number": 1')
    with pytest.raises(WorkspaceError, match="damaged"):
        landing.look()


def test_a_back_up_goes_on_where_its_tables_and_its_landing_end(broker: Broker, tmp_path: Path) -> None:
    space = workspace(tmp_path / "w")
    broker.send(messages(0, 20))
    watching(space, broker).round()
    broker.send(messages(20, 30))
    Landing(space.root / "landing", source_of(broker.address)).look()
    back_up(space, tmp_path / "copy", keys=tmp_path / "keys")
    broker.send(messages(30, 40))
    restore(tmp_path / "copy", tmp_path / "again", keys=tmp_path / "keys")
    again = Workspace(tmp_path / "again")
    landing = Landing(again.root / "landing", source_of(broker.address))
    assert len(landing.files()) == 1, "what had landed"
    assert landing.look().count == 10, "what came since"
    watching(again, broker).round()
    assert requests(again) == expected(tmp_path, 0, 40)
