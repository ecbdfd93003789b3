"""Every benign family type that resembles an attack, alone among ordinary customers, and those of the demo together: which are accused."""

from __future__ import annotations

from collections.abc import Sequence

from stillwatch.core import Estimate
from stillwatch.range.demo import scale_of
from stillwatch.range.lookalikes.lookalike import Lookalike
from stillwatch.range.lookalikes.roster import ALL_LOOKALIKES
from stillwatch.range.recipe import Part
from stillwatch.range.results import Bars, Cell, Column, Result, Section, Table, Unit, bar_of
from stillwatch.range.studies.bench import Campaign
from stillwatch.range.studies.figures import GLANCE, OVER_SEEDS, OVER_WORLDS, decisions, false_accusations, world_table
from stillwatch.range.studies.order import Order
from stillwatch.range.studies.parts import of_part
from stillwatch.range.studies.recorded import recorded
from stillwatch.range.studies.seen import OURS, Seen
from stillwatch.range.studies.tally import any_false, mean_by_seed
from stillwatch.range.studies.work import Task, Worked, work_off
from stillwatch.stats import clopper_pearson

__all__ = ["ALONE", "TOGETHER", "hit", "lookalike_tasks", "study"]

ALONE, TOGETHER = "alone", "together"


_ABOUT = 2000
"""Exchanges of a family type, about: to see beforehand whether they fit the disk."""


def lookalike_tasks(order: Order) -> list[Task]:
    """Each type alone among ordinary customers, none, and the demo's all together. The leave-one-out study asks for the same worlds."""
    scale = scale_of(order.size.accounts)
    tasks = [
        Task(at=(ALONE, name), seed=seed, campaign=_spliced(one, scale), parts=())
        for name, one in ALL_LOOKALIKES.items()
        for seed in order.seeds
    ]
    tasks += [Task(at=(ALONE, "none"), seed=seed, parts=()) for seed in order.seeds]
    tasks += [Task(at=(TOGETHER,), seed=seed) for seed in order.seeds]
    return tasks


def _spliced(one: Lookalike, scale: float) -> Campaign:
    """A family type to be spliced in, as a campaign is; the truth says what it is."""
    part = Part(role="lookalike", name=one.name, scale=scale)
    return Campaign(name=f"type {one.name}", dial={"scale": scale}, make=of_part(part), exchanges=_ABOUT)


def hit(seen: Seen, name: str) -> bool:
    """Whether an account of a class was a member of a group put up for review."""
    return any(c.accuses and c.members.get(f"lookalike/{name}") for c in seen.by(OURS).clusters)


def study(order: Order) -> Result:
    """Look at each population alone and at all of them together."""
    worked = work_off(order, lookalike_tasks(order))
    together = worked.worlds[(TOGETHER,)]
    plain = any_false(worked.worlds[(ALONE, "none")])
    accused = [name for name in ALL_LOOKALIKES if any(hit(s, name) for s in worked.worlds[(ALONE, name)])]
    return recorded(
        order,
        title="Lookalikes: who is taken for an attack",
        question="Which benign populations are put up for review, among ordinary customers?",
        answer=_answer(accused, plain),
        sections=(
            Section(title=GLANCE, figures=(_glance(worked),)),
            Section(title="Each alone among ordinary customers", figures=(_bars(worked), _table(worked))),
            Section(title="Those of the demo all together", figures=(false_accusations(together), decisions(together))),
            Section(title="The worlds", figures=(world_table(worked.all),)),
        ),
        worlds=worked.all,
        prompts=worked.prompts,
        limits=("A population that nobody thought of is in none of these worlds.",),
    )


def _answer(accused: Sequence[str], plain: Estimate) -> tuple[str, ...]:
    told = f": {', '.join(name.replace('_', ' ') for name in accused)}." if accused else "."
    bare = (
        f"Without any lookalike, {plain.value:.0%} of {plain.n} worlds had a group put up for review "
        f"(95 % interval {plain.low:.0%} to {plain.high:.0%})."
    )
    return f"{len(accused)} of {len(ALL_LOOKALIKES)} family types were accused at least once{told}", bare


def _glance(worked: Worked) -> Bars:
    """All types in three numbers; those of whom an alarm is right are left out."""
    innocent = {name: worked.worlds[(ALONE, name)] for name, one in ALL_LOOKALIKES.items() if not one.finding_is_right}
    told = [(s.seed, float(hit(s, name))) for name, worlds in innocent.items() for s in worlds]
    together = worked.worlds[(TOGETHER,)]
    return Bars(
        title="How often the innocent are put up for review",
        bars=(
            bar_of(f"the mean of {len(innocent)} family types, each alone", mean_by_seed(told), ours=True),
            bar_of("any group, all of the demo's types together", any_false(together), ours=True),
            bar_of("any group, ordinary customers alone", any_false(worked.worlds[(ALONE, "none")]), ours=True),
        ),
        interval=f"first: {OVER_SEEDS}; others: {OVER_WORLDS}",
        prominent=True,
    )


def _bars(worked: Worked) -> Bars:
    rates = {
        name: clopper_pearson(sum(hit(s, name) for s in worlds), len(worlds))
        for name in ALL_LOOKALIKES
        if (worlds := worked.worlds[(ALONE, name)])
    }
    return Bars(
        title="Worlds in which the type was accused",
        bars=tuple(bar_of(_shown(name), rate, ours=True) for name, rate in rates.items()),
        interval=OVER_WORLDS,
    )


def _table(worked: Worked) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for name, one in ALL_LOOKALIKES.items():
        worlds = worked.worlds[(ALONE, name)]
        looked = [c for s in worlds for c in s.by(OURS).clusters if c.members.get(f"lookalike/{name}")]
        reasons = sorted({c.reason for c in looked if not c.accuses})
        rows.append(
            (
                _shown(name),
                one.stands_for,
                round(sum(s.groups.get(f"lookalike/{name}", 0) for s in worlds) / len(worlds)),
                sum(hit(s, name) for s in worlds) / len(worlds),
                one.trips,
                "; ".join(reasons) or ("nothing tied them together" if not looked else "never set aside"),
            )
        )
    return Table(
        title="Each family type",
        columns=(
            Column(name="type"),
            Column(name="stands for"),
            Column(name="accounts", unit=Unit.COUNT),
            Column(name="accused", unit=Unit.SHARE),
            Column(name="what looks like an attack"),
            Column(name="what spared it"),
        ),
        rows=tuple(rows),
        caption=_caption(),
    )


def _caption() -> str:
    right = [_shown(name) for name, one in ALL_LOOKALIKES.items() if one.finding_is_right]
    return (
        f"In {', '.join(right)} an alarm is right: the account is to be protected, and its owner is innocent."
        if right
        else ""
    )


def _shown(name: str) -> str:
    return name.replace("/", ": ").replace("_", " ")
