"""Is a campaign found at a threshold that was chosen without it?

The threshold is on the e-value of a group. For each campaign left out, it is the largest at which the other campaigns are still found as
often as at any; ties go to the larger, which accuses fewer. The left-out campaign is then judged at it. The detector's other constants
were chosen by its makers on campaigns of their own, and no leaving out can undo that.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from stillwatch.range.results import Bars, Cell, Column, Result, Section, Table, Unit, bar_of
from stillwatch.range.studies.campaigns import campaign_tasks, studied
from stillwatch.range.studies.figures import OVER_WORLDS, world_table
from stillwatch.range.studies.order import Order
from stillwatch.range.studies.recorded import recorded
from stillwatch.range.studies.seen import OURS, Seen
from stillwatch.range.studies.tally import FOUND_PRECISION, FOUND_RECALL
from stillwatch.range.studies.work import work_off
from stillwatch.stats import clopper_pearson

__all__ = ["best_threshold", "reach", "study"]


def reach(seen: Seen, actor: str) -> float:
    """The largest threshold at which the campaign is found in this world; minus infinity where it is not found at any."""
    own = f"actor/{actor}"
    wanted = FOUND_RECALL * seen.groups.get(own, 0)
    scores = [
        -math.inf if c.score is None else c.score
        for c in seen.by(OURS).clusters
        if (n := c.members.get(own, 0)) and n >= wanted and n >= FOUND_PRECISION * c.size
    ]
    return max(scores, default=-math.inf)


def best_threshold(reaches: Sequence[float]) -> float:
    """The largest threshold at which most of some campaigns are found.

    >>> best_threshold([5.0, 80.0, float("-inf")])
    5.0
    """
    return min((x for x in reaches if x > -math.inf), default=math.inf)


def study(order: Order) -> Result:
    """Judge each campaign at the threshold that the others choose."""
    worked = work_off(order, campaign_tasks(order))
    worlds = studied(worked)
    reaches: Mapping[str, list[float]] = {name: [reach(s, name) for s in seen] for name, seen in worlds.items()}
    thresholds = {
        name: best_threshold([x for other, own in reaches.items() if other != name for x in own]) for name in worlds
    }
    found = {
        name: clopper_pearson(sum(x >= thresholds[name] for x in reaches[name]), len(reaches[name])) for name in worlds
    }
    none = sum(rate.value == 0 for rate in found.values())
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (
            name,
            thresholds[name] if math.isfinite(thresholds[name]) else None,
            found[name].value,
            clopper_pearson(
                sum(x >= 1 / order.settings.actors.actor_fdr for x in reaches[name]), len(reaches[name])
            ).value,
            sum(x > -math.inf for x in reaches[name]) / len(reaches[name]),
        )
        for name in worlds
    )
    return recorded(
        order,
        title="Leave one campaign out",
        question="Is a campaign found at a threshold that was chosen on all other campaigns?",
        answer=(
            f"{len(found) - none} of {len(found)} campaigns were found in at least one world at the threshold that the others chose.",
        ),
        sections=(
            Section(
                title="At the others' threshold",
                figures=(
                    Bars(
                        title="Worlds in which the campaign's group passes the threshold chosen without it",
                        bars=tuple(bar_of(name, rate, ours=True) for name, rate in found.items()),
                        interval=OVER_WORLDS,
                    ),
                    Table(
                        title="Thresholds",
                        columns=(
                            Column(name="left out"),
                            Column(name="threshold of the others", unit=Unit.EVIDENCE),
                            Column(name="found at it", unit=Unit.SHARE),
                            Column(name="found at the nominal level alone", unit=Unit.SHARE),
                            Column(name="grouped at all", unit=Unit.SHARE),
                        ),
                        rows=rows,
                        caption=(
                            "The threshold is on a group's e-value; innocent explanations, which may set a group aside as well, are not "
                            "applied here. Nominal level alone: an e-value of one over the level, for a single test."
                        ),
                    ),
                ),
            ),
            Section(title="The worlds", figures=(world_table(worked.all),)),
        ),
        worlds=worked.all,
        prompts=worked.prompts,
        limits=(
            "Only the threshold is chosen anew; what the detector looks at was chosen by people who knew these campaigns.",
        ),
    )
