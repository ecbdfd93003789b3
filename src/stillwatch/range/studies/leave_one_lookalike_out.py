"""Is a benign population spared at a threshold that was chosen without it?

The threshold is on the e-value of a group: for each class left out, the smallest at which none of the other classes is accused in any world
where it stands alone. The left-out class is then judged at it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from stillwatch.range.lookalikes.roster import ALL_LOOKALIKES
from stillwatch.range.results import Bars, Cell, Column, Result, Section, Table, Unit, bar_of
from stillwatch.range.studies.figures import GLANCE, OVER_SEEDS, OVER_WORLDS, world_table
from stillwatch.range.studies.lookalikes import ALONE, lookalike_tasks
from stillwatch.range.studies.order import Order
from stillwatch.range.studies.recorded import recorded
from stillwatch.range.studies.seen import OURS, Seen
from stillwatch.range.studies.tally import mean_by_seed
from stillwatch.range.studies.work import work_off
from stillwatch.stats import clopper_pearson

__all__ = ["loudest", "study"]


def loudest(seen: Seen, name: str) -> float:
    """The largest e-value of a group with accounts of a class that no innocent explanation set aside; minus infinity without one."""
    scores = [
        c.score
        for c in seen.by(OURS).clusters
        if c.score is not None
        and c.members.get(f"lookalike/{name}")
        and not c.reason.startswith("an innocent explanation")
    ]
    return max(scores, default=-math.inf)


def study(order: Order) -> Result:
    """Judge each class at the threshold that spares all others."""
    worked = work_off(order, lookalike_tasks(order))
    loud: Mapping[str, list[float]] = {
        name: [loudest(s, name) for s in worked.worlds[(ALONE, name)]] for name in ALL_LOOKALIKES
    }
    floor = 1 / order.settings.actors.actor_fdr
    needed = {
        name: max([floor, *(x for other, own in loud.items() if other != name for x in own)]) for name in ALL_LOOKALIKES
    }
    accused = {name: clopper_pearson(sum(x > needed[name] for x in own), len(own)) for name, own in loud.items()}
    spared = [name for name, one in ALL_LOOKALIKES.items() if not one.finding_is_right]
    spared_told = [
        (seen.seed, float(x > needed[name]))
        for name in spared
        for seen, x in zip(worked.worlds[(ALONE, name)], loud[name], strict=True)
    ]
    hit = [name for name, rate in accused.items() if rate.value > 0]
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (
            name.replace("/", ": ").replace("_", " "),
            needed[name],
            max(own) if math.isfinite(max(own)) else None,
            accused[name].value,
        )
        for name, own in loud.items()
    )
    return recorded(
        order,
        title="Leave one lookalike out",
        question="Is a benign population spared at a threshold that was chosen on all others?",
        answer=(
            f"{len(hit)} of {len(ALL_LOOKALIKES)} family types were accused at a threshold that spares every other class"
            + (f": {', '.join(name.replace('_', ' ') for name in hit)}." if hit else "."),
        ),
        sections=(
            Section(
                title=GLANCE,
                figures=(
                    Bars(
                        title="Family types accused at the threshold that spares all others",
                        bars=(bar_of(f"the mean of {len(spared)} types", mean_by_seed(spared_told), ours=True),),
                        interval=OVER_SEEDS,
                        prominent=True,
                    ),
                ),
            ),
            Section(
                title="At the others' threshold",
                figures=(
                    Bars(
                        title="Worlds in which the class passes the threshold that spares all others",
                        bars=tuple(
                            bar_of(name.replace("/", ": ").replace("_", " "), rate, ours=True)
                            for name, rate in accused.items()
                        ),
                        interval=OVER_WORLDS,
                    ),
                    Table(
                        title="Thresholds",
                        columns=(
                            Column(name="left out"),
                            Column(name="threshold that spares the others", unit=Unit.EVIDENCE),
                            Column(name="its loudest group", unit=Unit.EVIDENCE),
                            Column(name="accused", unit=Unit.SHARE),
                        ),
                        rows=rows,
                        caption="Groups that an innocent explanation sets aside are spared before any threshold and do not count.",
                    ),
                ),
            ),
            Section(title="The worlds", figures=(world_table(worked.all),)),
        ),
        worlds=worked.all,
        prompts=worked.prompts,
        limits=(
            "Only the threshold is chosen anew; the innocent explanations were written by people who knew these classes.",
        ),
    )
