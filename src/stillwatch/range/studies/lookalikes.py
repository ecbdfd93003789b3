"""Every benign population that resembles an attack, alone and together: which are accused."""

from __future__ import annotations

from collections.abc import Sequence

from stillwatch.core import Estimate
from stillwatch.range.lookalikes import LOOKALIKES
from stillwatch.range.results import Bars, Cell, Column, Result, Section, Table, Unit, bar_of
from stillwatch.range.studies.figures import OVER_WORLDS, decisions, false_accusations, world_table
from stillwatch.range.studies.order import Order
from stillwatch.range.studies.recorded import recorded
from stillwatch.range.studies.seen import OURS, Seen
from stillwatch.range.studies.tally import any_false
from stillwatch.range.studies.work import Task, Worked, work_off
from stillwatch.stats import clopper_pearson

__all__ = ["ALONE", "TOGETHER", "hit", "lookalike_tasks", "study"]

ALONE, TOGETHER = "alone", "together"


def lookalike_tasks(order: Order) -> list[Task]:
    """Each class alone among ordinary customers, none, and all together. The leave-one-out study asks for the same worlds."""
    tasks = [
        Task(at=(ALONE, name), seed=seed, only=(name,), keep_background=False)
        for name in LOOKALIKES
        for seed in order.seeds
    ]
    tasks += [Task(at=(ALONE, "none"), seed=seed, only=(), keep_background=False) for seed in order.seeds]
    tasks += [Task(at=(TOGETHER,), seed=seed) for seed in order.seeds]
    return tasks


def hit(seen: Seen, name: str) -> bool:
    """Whether an account of a class was a member of a group put up for review."""
    return any(c.accuses and c.members.get(f"lookalike/{name}") for c in seen.by(OURS).clusters)


def study(order: Order) -> Result:
    """Look at each population alone and at all of them together."""
    worked = work_off(order, lookalike_tasks(order))
    together = worked.worlds[(TOGETHER,)]
    plain = any_false(worked.worlds[(ALONE, "none")])
    accused = [name for name in LOOKALIKES if any(hit(s, name) for s in (*worked.worlds[(ALONE, name)], *together))]
    return recorded(
        order,
        title="Lookalikes: who is taken for an attack",
        question="Which benign populations are put up for review, alone among ordinary customers and all together?",
        answer=_answer(accused, plain),
        sections=(
            Section(title="Alone and together", figures=(_bars(worked), _table(worked))),
            Section(title="All together", figures=(false_accusations(together), decisions(together))),
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
    return f"{len(accused)} of {len(LOOKALIKES)} classes were accused at least once{told}", bare


def _bars(worked: Worked) -> Bars:
    rates = {
        name: clopper_pearson(sum(hit(s, name) for s in worlds), len(worlds))
        for name in LOOKALIKES
        if (worlds := worked.worlds[(ALONE, name)])
    }
    return Bars(
        title="Worlds in which the class was accused, alone among ordinary customers",
        bars=tuple(bar_of(name.replace("_", " "), rate, ours=True) for name, rate in rates.items()),
        interval=OVER_WORLDS,
    )


def _table(worked: Worked) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for name in LOOKALIKES:
        alone, together = worked.worlds[(ALONE, name)], worked.worlds[(TOGETHER,)]
        looked = [c for s in alone for c in s.by(OURS).clusters if c.members.get(f"lookalike/{name}")]
        reasons = sorted({c.reason for c in looked if not c.accuses})
        rows.append(
            (
                name.replace("_", " "),
                round(sum(s.groups.get(f"lookalike/{name}", 0) for s in alone) / len(alone)),
                sum(hit(s, name) for s in alone) / len(alone),
                sum(hit(s, name) for s in together) / len(together),
                "; ".join(reasons) or ("nothing tied them together" if not looked else "never set aside"),
            )
        )
    return Table(
        title="Each class",
        columns=(
            Column(name="class"),
            Column(name="accounts", unit=Unit.COUNT),
            Column(name="accused alone", unit=Unit.SHARE),
            Column(name="accused together", unit=Unit.SHARE),
            Column(name="what spared it"),
        ),
        rows=tuple(rows),
    )
