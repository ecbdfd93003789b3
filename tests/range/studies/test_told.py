"""Every study turns finished worlds into a result that can be shown, whatever the worlds hold."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence

import numpy as np
import pytest

from stillwatch.range.page import render_markdown, render_page
from stillwatch.range.presets import PRESETS
from stillwatch.range.results import Bars, Curves, Result, Table, read_result, render_result
from stillwatch.range.studies.figures import GLANCE
from stillwatch.range.studies.order import Order, Size
from stillwatch.range.studies.seen import OURS, OURS_ACCOUNTS, Cluster, Looked, Seen
from stillwatch.range.studies.work import Task, Worked

Orders = Callable[..., Order]
OF_WORLDS = [name for name in PRESETS if name != "windows"]


def made_up(order: Order, task: Task, *, mode: str) -> Seen:
    """A finished world of a task: everything found, nothing found, or every method refusing."""
    rng = np.random.default_rng([task.seed, len(task.name)])
    campaign = task.campaign
    groups = {"benign/chat": 400, "lookalike/extension": 40, "lookalike/classroom": 30}
    clusters: list[Cluster] = []
    if campaign is not None and campaign.exchanges:
        groups[f"actor/{campaign.name}"] = 50
        decision = "review" if mode == "found" else "set_aside"
        members = {f"actor/{campaign.name}": int(rng.integers(30, 51))}
        clusters.append(
            Cluster(decision=decision, score=float(rng.lognormal(5, 3)), members=members, reason="not shown")
        )
    if mode == "found":
        clusters.append(
            Cluster(decision="review", score=30.0, members={"lookalike/extension": 30}, reason="act together")
        )
        clusters.append(
            Cluster(decision="undecided", score=None, members={"lookalike/classroom": 9}, reason="undecided")
        )
    looked = []
    for method in task.detectors:
        alone = method == OURS_ACCOUNTS
        if mode == "refused" and method not in (OURS, OURS_ACCOUNTS):
            looked.append(Looked(method=method, refused="too many pairs"))
        else:
            ranks = {"0.01": (5, 50)} if mode != "nothing" else {}
            accused = {"benign/chat": 2} if alone and mode == "found" else {}
            looked.append(
                Looked(
                    method=method, clusters=() if alone else tuple(clusters), accused=accused, tested=100, ranks=ranks
                )
            )
    return Seen(
        name=task.name,
        recipe="r",
        seed=task.seed,
        accounts=sum(groups.values()),
        exchanges=9000,
        content="00",
        dial=dict(campaign.dial) if campaign else {},
        groups=groups,
        sent=campaign.exchanges if campaign else 0,
        told={"harvest": 60.0, "cost": None if mode == "nothing" else 1.5},
        looked=tuple(looked),
        cpu_seconds=1.0,
        finished="2026-01-01T00:00:00+00:00",
    )


def run(order: Order, mode: str, monkeypatch: pytest.MonkeyPatch) -> Result:
    """The study of a preset on made-up worlds."""
    study = importlib.import_module(f"stillwatch.range.studies.{PRESETS[order.preset].study}")

    def work_off(order: Order, tasks: Sequence[Task]) -> Worked:
        names = [task.name for task in tasks]
        assert len(set(names)) == len(names)
        worlds: dict[tuple[str | float, ...], list[Seen]] = {}
        for task in tasks:
            worlds.setdefault(task.at, []).append(made_up(order, task, mode=mode))
        return Worked(worlds=worlds, prompts="made up")

    def looking(order: Order) -> tuple[Callable[[Task], Seen], str]:
        return lambda task: made_up(order, task, mode=mode), "made up"

    monkeypatch.setattr(study, "work_off", work_off)
    monkeypatch.setattr(study, "looking", looking, raising=False)
    result: Result = study.study(order)
    return result


@pytest.mark.parametrize("mode", ["found", "nothing", "refused"])
@pytest.mark.parametrize("name", OF_WORLDS)
def test_a_study_tells_what_its_worlds_hold(
    order: Orders, monkeypatch: pytest.MonkeyPatch, name: str, mode: str
) -> None:
    asked = order(preset=name, size=Size(accounts=6000, exchanges=150_000, worlds=3))
    result = run(asked, mode, monkeypatch)
    assert read_result(render_result(result)) == result
    assert result.preset == name
    assert result.answer
    assert len(result.limits) >= 3
    figures = [figure for section in result.sections for figure in section.figures]
    assert any(isinstance(figure, Curves | Bars | Table) for figure in figures)
    page, text = render_page(result), render_markdown(result)
    for told in ("nan", "inf %", "None"):
        assert told not in text.replace("finance", "").replace("infra", "")
    assert page.count("<h2>") == len(result.sections) + 2


def test_the_limit_stands_first_and_large(order: Orders, monkeypatch: pytest.MonkeyPatch) -> None:
    result = run(order(preset="actors"), "found", monkeypatch)
    first = result.sections[0].figures[0]
    assert isinstance(first, Curves)
    assert first.prominent
    assert first.level == 0.01
    assert min(point.x for line in first.lines for point in line.points) == 0
    assert sum(isinstance(f, Curves) and f.prominent for s in result.sections for f in s.figures) == 1


def test_power_without_any_harvest_is_called_a_leak_and_not_passed_over(
    order: Orders, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the made-up worlds the campaign is found whatever it harvests: the truth has leaked, and the answer says so."""
    size = Size(accounts=6000, exchanges=150_000, worlds=6)
    leaking = " ".join(run(order(preset="actors", size=size), "found", monkeypatch).answer)
    assert "more than it may be: the truth leaks" in leaking
    quiet = " ".join(run(order(preset="actors", size=size), "nothing", monkeypatch).answer)
    assert "found to 0.0%, as it must be" in quiet


GLANCED = [name for name in OF_WORLDS if name not in ("smoke", "heads")]


@pytest.mark.parametrize("name", GLANCED)
def test_every_study_has_a_few_figures_that_stand_first(
    order: Orders, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    result = run(order(preset=name), "found", monkeypatch)
    first = [f for section in result.sections for f in section.figures if isinstance(f, Bars) and f.prominent]
    assert 1 <= len(first) <= 4
    assert all(any(bar.ours for bar in figure.bars) for figure in first)
    assert sum(len(figure.bars) for figure in first) <= 20


def test_peers_stand_beside_ours_with_their_false_groups_and_refusals(
    order: Orders, monkeypatch: pytest.MonkeyPatch
) -> None:
    for mode in ("found", "refused"):
        figures = next(s for s in run(order(preset="actors"), mode, monkeypatch).sections if s.title == GLANCE).figures
        found, false, innocent = figures
        assert isinstance(found, Bars)
        assert isinstance(false, Bars)
        assert isinstance(innocent, Table)
        assert len(found.bars) == len(false.bars) == len(innocent.rows) > 5
        peers = [one for one in found.bars if not one.ours]
        assert all((one.value is None) == (mode == "refused") for one in peers)
        assert all(("refused" in one.remark) == (mode == "refused") for one in peers)


def test_no_two_worlds_of_a_study_differ_in_their_name_alone(order: Orders, monkeypatch: pytest.MonkeyPatch) -> None:
    """The leave-one-out studies look at the very worlds of their siblings, so a folder can be shared."""
    kept: dict[str, set[str]] = {}
    for name in ("campaigns", "leave-one-campaign-out", "lookalikes", "leave-one-lookalike-out"):
        kept[name] = {w.name for w in run(order(preset=name), "nothing", monkeypatch).provenance.worlds}
    assert kept["campaigns"] == kept["leave-one-campaign-out"]
    assert kept["lookalikes"] == kept["leave-one-lookalike-out"]
