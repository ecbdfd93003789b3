"""A workspace that is scanned day after day: one actor, one name, evidence that adds up, and the same tables when a day is done again."""

from __future__ import annotations

import datetime as dt
import shutil
import tomllib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from stillwatch.core import settings_from
from stillwatch.engine import TABLES, Workspace
from stillwatch.pipeline import Inputs, Scanned, scan
from stillwatch.report import ScanView, render_html, render_markdown

from .day import SMALL, TEMPLATE, exchange, key, write

FOUND = [name for name in TABLES if name.startswith("actor")]


def day_of(path: Path, number: int, *, workers: range) -> Path:
    """One day's log: some workers of one operator, who change from day to day, and customers who stay."""
    rng = np.random.default_rng(number)
    rows = []
    for i in range(420):
        who = int(rng.integers(60))
        words = " ".join(
            rng.choice(["river", "stone", "kitchen", "window", "garden", "letter", "engine", "bridge"], 14)
        )
        if who < 20:
            row = exchange(i, f"worker-{workers[who % len(workers)]}@customer.example", TEMPLATE + words)
        else:
            row = exchange(i, f"customer-{who}@customer.example", words)
        at = dt.datetime.fromisoformat(row["started_at"]) - dt.timedelta(hours=20) + dt.timedelta(days=number)
        row["started_at"] = at.isoformat()
        row["response"]["body"]["id"] = f"chatcmpl-{number}-{i}"
        rows.append(row)
    return write(path, rows)


def scanned(space: Workspace, *logs: Path) -> Scanned:
    return scan(space, Inputs(logs=list(logs)), settings_from(tomllib.loads(SMALL)))


def tables(space: Workspace) -> dict[str, list[dict[str, object]]]:
    space.store.reload()
    return {name: space.store.read(name).to_pylist() for name in FOUND}


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Three days; on each a third of the workers are gone and others in their place."""
    folder = tmp_path_factory.mktemp("days")
    return [day_of(folder / f"{day}.jsonl", day, workers=range(6 * day, 6 * day + 18)) for day in range(3)]


@dataclass(frozen=True, kw_only=True)
class Days:
    """A workspace that was scanned after each of three days, what was seen then, and a copy of it from before the last scan."""

    space: Workspace
    views: list[ScanView]
    before: Path


@pytest.fixture(scope="module")
def days(tmp_path_factory: pytest.TempPathFactory, logs: list[Path]) -> Days:
    folder = tmp_path_factory.mktemp("scanned")
    space = Workspace(key(folder / "w"))
    views = [scanned(space, *logs[: day + 1]).view for day in range(2)]
    before = Path(shutil.copytree(space.root, folder / "before"))
    return Days(space=space, views=[*views, scanned(space, *logs).view], before=before)


def test_an_actor_keeps_its_name_over_days_and_its_history_is_told(days: Days) -> None:
    views = days.views
    names = [{a.handle for a in view.for_review} for view in views]
    assert len(names[0]) == 1
    assert names[0] == names[1] == names[2]
    (actor,) = views[2].for_review
    assert [one.day.date().day for one in actor.looks] == [24, 25, 26]
    assert actor.e_value == actor.looks[-1].evidence
    assert sorted(one.evidence or 0.0 for one in actor.looks) == [one.evidence or 0.0 for one in actor.looks]
    assert any(m.stopped is not None for m in actor.members), "the workers of the first day"
    for told in (render_html(views[2]), render_markdown(views[2])):
        assert "Evidence over time" in told


def test_a_day_that_was_cut_off_and_done_again_gives_the_same_tables(
    days: Days, logs: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The looks are written first; the scan ends right after, and goes on."""
    cut = Workspace(days.before)
    looks = tables(cut)["actor_looks"]

    def ended(*given: object, **named: object) -> object:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr("stillwatch.pipeline.detect.draw", ended)
        with pytest.raises(KeyboardInterrupt):
            scanned(cut, *logs)
    assert tables(cut)["actor_looks"] != looks
    scanned(cut, *logs)
    assert tables(cut) == tables(days.space)
