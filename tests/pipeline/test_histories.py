"""Days go to the accounts' histories once and in order: over scans, after a crash, with any number of workers, and late rows never."""

from __future__ import annotations

import datetime as dt
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from stillwatch import accounts, signals
from stillwatch.accounts import Watch
from stillwatch.core import WorkspaceError, handle, settings_from
from stillwatch.engine import DuckEngine, Store, Workspace, table
from stillwatch.pipeline import Inputs, Scanned
from stillwatch.pipeline.histories import Calendar, as_measured, cleared_accounts, window
from stillwatch.report import explain_lines, render_html, render_markdown

from .logs import hashes, run, workspace, write_captures
from .weeks import CLEARED, LOOSE, PLANTED, a_day, cleared, name, week

Done = tuple[Workspace, Scanned]
WATCHED = ("histories", "looks")


def tables_of(space: Workspace, *names: str) -> dict[str, pa.Table]:
    return {one: Store(space.root).read(one) for one in names}


def handles(space: Workspace, kind: str, count: int) -> set[str]:
    return {handle("account", space.names.name("account", name(kind, i))) for i in range(count)}


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> Done:
    """Three days, scanned at once."""
    folder = tmp_path_factory.mktemp("three")
    space = workspace(folder / "w")
    return space, run(space, week(folder / "logs", range(3)), LOOSE)


def test_accounts_that_harvest_every_day_are_put_up_with_since_when_and_by_how_many_looks(three: Done) -> None:
    space, done = three
    review = [one for one in done.view.accounts_for_review if one.history and one.history.reached]
    assert {one.handle for one in review} == handles(space, "planted", PLANTED)
    for one in review:
        assert one.reason.startswith("up for review since 2026-07-20 by its evidence over days")
        assert "at look 1: weighed on 3 of 3 looks, day by day beside 50 cleared accounts" in one.reason
        said = "\n".join(line.text for line in explain_lines(done.view, one.handle))
        assert "up for review since 2026-07-20" in said.lower()
    budget = next(one for one in done.view.budgets if one.level == "accounts over days")
    assert (budget.tested, budget.found, budget.can_fire) == (16, 4, True)
    assert any("whole histories of honest accounts" in one for one in done.view.guarantees)
    assert done.view.watch is not None
    assert (done.view.watch.first, done.view.watch.last) == (dt.date(2026, 7, 20), dt.date(2026, 7, 22))
    for rendered in (render_html(done.view), render_markdown(done.view)):
        assert "Watched day by day" in rendered
        assert "20 Jul 2026 to 22 Jul 2026, 3 looks" in rendered
    assert "for review since 20 Jul 2026, look 1" in render_markdown(done.view)


def test_a_later_scan_with_more_days_goes_on_where_the_last_one_stopped(three: Done, tmp_path: Path) -> None:
    space = workspace(tmp_path / "w")
    inputs = week(tmp_path / "logs", range(3))
    first = run(space, Inputs(logs=inputs.logs[:2], cleared=inputs.cleared), LOOSE)
    assert first.view.watch is not None
    assert first.view.watch.looks == 2
    fed: list[dt.date] = []
    watch = accounts.watch

    def told(before: Watch, day: dt.date, *more: Any, **named: Any) -> Watch:
        fed.append(day)
        return watch(before, day, *more, **named)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(accounts, "watch", told)
        run(space, inputs, LOOSE)
    assert fed == [dt.date(2026, 7, 22)]
    assert tables_of(space, *WATCHED) == tables_of(three[0], *WATCHED)


def test_a_day_of_which_more_may_come_waits(tmp_path: Path) -> None:
    """A nightly scan at five past eleven finds an exchange of the last hour, and no end of the day."""
    space = workspace(tmp_path / "w")
    rows = [row for row in a_day(0) if (row["at"].hour, row["at"].minute) <= (23, 5)]
    assert rows[-1]["at"].hour == 23
    log = write_captures(tmp_path / "logs" / "a.jsonl", rows)
    inputs = Inputs(logs=[log], cleared=cleared(tmp_path / "logs"))
    assert run(space, inputs, LOOSE).view.watch is None
    assert tables_of(space, *WATCHED) == {one: table(one).schema.empty_table() for one in WATCHED}


def test_a_day_is_whole_when_the_logs_hold_its_first_hour_and_a_later_day() -> None:
    days = {10: 5, 11: 5, 12: 5}
    assert Calendar(exchanges=days, first_hour=240).whole(None) == [10, 11]
    assert Calendar(exchanges=days, first_hour=241).whole(None) == [11]
    assert Calendar(exchanges={**days, 15: 1}, first_hour=240).whole(dt.date(1970, 1, 12)) == [12]
    assert Calendar(exchanges={}, first_hour=0).whole(None) == []


def test_rows_that_come_late_for_a_day_are_counted_and_never_fed(three: Done, tmp_path: Path) -> None:
    root = tmp_path / "w"
    before = tables_of(three[0], *WATCHED)
    shutil.copytree(three[0].root, root)
    late = [
        {**row, "request": f"late-{i}", "at": row["at"] - dt.timedelta(minutes=1)}
        for i, row in enumerate(a_day(1)[100:130])
    ]
    older = [{**row, "request": f"older-{i}", "at": row["at"] - dt.timedelta(days=9)} for i, row in enumerate(late[:7])]
    log = write_captures(tmp_path / "late.jsonl", late + older)
    done = run(Workspace(root), [log], LOOSE)
    assert any(one.startswith("30 exchanges came after their day had been looked at (days: 1)") for one in done.notes)
    assert tables_of(Workspace(root), *WATCHED) == before
    assert done.view.watch is not None
    assert (done.view.watch.late, done.view.watch.late_days) == (30, 1)
    assert "30 exchanges of 1 day came after that day had been looked at" in render_markdown(done.view)
    assert run(Workspace(root), [log], LOOSE).view == done.view


def test_a_scan_cut_off_between_the_two_tables_ends_with_those_of_an_undisturbed_one(
    three: Done, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    space = workspace(tmp_path / "w")
    inputs = week(tmp_path / "logs", range(3))
    put = Store.put

    def cut_off(self: Store, name: str, rows: Any, **more: Any) -> Any:
        if name == "histories":
            raise KeyboardInterrupt
        return put(self, name, rows, **more)

    with monkeypatch.context() as patched:
        patched.setattr(Store, "put", cut_off)
        with pytest.raises(KeyboardInterrupt):
            run(space, inputs, LOOSE)
    two = settings_from({**_raw(), "run": {"workers": 2, "memory_mb": 400}})
    again = run(Workspace(space.root), inputs, two)
    assert tables_of(space, *WATCHED) == tables_of(three[0], *WATCHED)
    assert hashes(space.root, "tables/histories", "tables/looks") == hashes(
        three[0].root, "tables/histories", "tables/looks"
    )
    assert again.view.accounts == three[1].view.accounts
    assert run(Workspace(space.root), inputs, two).unchanged


def _raw() -> dict[str, Any]:
    return {
        "detect": {"budgets": {"review": 0.5}, "least_stratum": 20, "poisoned": 0.0},
        "actors": {"family_support": 5, "least_members": 5, "hub_share": 0.9},
    }


def test_a_day_is_weighed_on_its_own_exchanges_alone(three: Done) -> None:
    """What is measured on one day of three is what is measured on logs that hold that day alone."""
    space, _ = three
    store = Store(space.root)
    with DuckEngine(store, memory_mb=400) as engine:
        calendar = Calendar(exchanges={20654: 1, 20655: 1, 20656: 1}, first_hour=0)
        last = engine.to_arrow(window(engine, calendar, 1))
    assert {one.date() for one in last["at"].to_pylist()} == {dt.date(2026, 7, 20) + dt.timedelta(days=2)}
    assert last.num_rows * 3 == store.manifest("features").rows


def test_the_last_days_alone_are_compared_where_the_logs_are_longer_than_the_window(tmp_path: Path) -> None:
    """An account that went quiet before the window is undecided, though the logs hold it."""
    space = workspace(tmp_path / "w")
    gone = a_day(0, others=1, planted=0)
    log = [
        write_captures(tmp_path / "logs" / "0.jsonl", gone),
        write_captures(tmp_path / "logs" / "1.jsonl", a_day(1, others=0, planted=0)),
    ]
    short = settings_from({**_raw(), "detect": {**_raw()["detect"], "window_days": 1}, "run": {"workers": 1}})
    run(space, Inputs(logs=log, cleared=cleared(tmp_path / "logs")), short)
    row = next(
        one
        for one in space.store.read("account_evidence").to_pylist()
        if one["signal"] == "combined" and one["account"] == space.names.name("account", name("other", 0))
    )
    assert row["decision"] == "undecided"
    assert row["n"] == 0


def test_a_clearance_counts_for_as_long_as_it_is_set_to_and_for_ever_without_a_date() -> None:
    """One that was given later counts, too: who looked at an account then has seen what it did before."""
    dated = [None, *(dt.datetime(2026, 7, day, tzinfo=dt.UTC) for day in (20, 1, 30))]
    rows = [{"account": i, "label": "cleared", "at": at} for i, at in enumerate(dated)]
    labels = pa.Table.from_pylist(rows, schema=table("labels").schema)
    assert cleared_accounts(labels, dt.date(2026, 7, 21), 10).to_pylist() == [0, 1, 3]
    assert cleared_accounts(labels, dt.date(2026, 7, 21), 365).to_pylist() == [0, 1, 2, 3]
    assert cleared_accounts(labels, dt.date(2027, 7, 21), 10).to_pylist() == [0]
    assert cleared_accounts(table("labels").schema.empty_table(), dt.date(2026, 7, 21), 10).to_pylist() == []


def test_each_day_counts_the_clearances_of_that_day(tmp_path: Path) -> None:
    space = workspace(tmp_path / "w")
    inputs = week(tmp_path / "logs", range(3))
    listed = tmp_path / "cleared.csv"
    rows = [f"{name('cleared', i)},{'2026-07-20' if i < 10 else ''}\n" for i in range(CLEARED)]
    listed.write_text("account,at\n" + "".join(rows))
    two_days = settings_from(
        {**_raw(), "detect": {**_raw()["detect"], "clearance_days": 2}, "run": {"workers": 1, "memory_mb": 400}}
    )
    done = run(space, Inputs(logs=inputs.logs, cleared=listed), two_days)
    watched = tables_of(space, *WATCHED)
    assert watched["looks"]["references"].to_pylist() == [50, 50, 40]
    assert watched["histories"]["role"].to_pylist().count("lapsed") == 10
    assert "10 clearances are older than detect.clearance_days and count no more" in done.notes


def test_a_first_scan_of_many_days_that_is_cut_off_goes_on_from_what_it_committed_and_keeps_no_scratch(
    three: Done, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    space = workspace(tmp_path / "w")
    inputs = week(tmp_path / "logs", range(3))
    fed: list[dt.date] = []
    scratch: list[int] = []
    watch = accounts.watch

    def told(before: Watch, day: dt.date, *more: Any, **named: Any) -> Watch:
        if len(fed) == 2:
            fed.clear()
            raise KeyboardInterrupt
        fed.append(day)
        scratch.append(len(list(space.scratch.rglob("within-*"))))
        return watch(before, day, *more, **named)

    monkeypatch.setattr("stillwatch.pipeline.histories._COMMITTED_EVERY", 1)
    monkeypatch.setattr(accounts, "watch", told)
    with pytest.raises(KeyboardInterrupt):
        run(space, inputs, LOOSE)
    run(Workspace(space.root), inputs, LOOSE)
    assert fed == [dt.date(2026, 7, 22)]
    assert scratch == [0, 0, 0]
    assert tables_of(space, *WATCHED) == tables_of(three[0], *WATCHED)


def test_clearances_that_count_no_more_are_said(tmp_path: Path, space: Workspace) -> None:
    listed = tmp_path / "cleared.csv"
    listed.write_text(f"account,at\n{name('cleared', 0)},2020-01-01\n{name('cleared', 1)},2026-07-01\n")
    done = run(space, Inputs(logs=[write_captures(tmp_path / "a.jsonl", a_day(0)[:40])], cleared=listed))
    assert "1 clearances are older than detect.clearance_days and count no more" in done.notes
    assert done.view.watch is None, "nothing of a later day is there"


def test_a_damaged_history_is_said_and_nothing_is_fed(three: Done, tmp_path: Path) -> None:
    root = tmp_path / "w"
    shutil.copytree(three[0].root, root)
    (root / "tables" / "histories" / "manifest.json").write_text("{")
    with pytest.raises(WorkspaceError, match="damaged manifest"):
        run(Workspace(root), [write_captures(tmp_path / "more.jsonl", a_day(3)[:50])], LOOSE)


def test_signals_of_evidence_alone_are_measured_by_day() -> None:
    given = {one.name: pa.table({"account": [1], "value": [1.0], "n": [9]}) for one in signals.SIGNALS.values()}
    assert [one.name for one in as_measured(given)] == list(signals.SIGNALS)
    some = {"prompt_breadth": given["prompt_breadth"]}
    assert [one.name for one in as_measured(some)] == ["prompt_breadth"]
    assert np.all([one.evidence == signals.SIGNALS[one.name].evidence for one in as_measured(given)])
