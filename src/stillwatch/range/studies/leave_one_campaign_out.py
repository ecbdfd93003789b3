"""Is a campaign found at a threshold that was chosen without it?

The threshold is on the e-value of a group. For each campaign left out it is the one that does best on all others: campaigns found less
innocent groups accused, over their worlds; of equals the largest. The left-out campaign is then judged at it. The detector's other
constants were chosen by its makers, who knew campaigns of their own, and no leaving out can undo that.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from stillwatch.core import Estimate
from stillwatch.range.metrics.members import FOUND
from stillwatch.range.results import Bars, Cell, Column, Result, Section, Table, Unit, bar_of
from stillwatch.range.studies.campaigns import campaign_tasks, studied
from stillwatch.range.studies.figures import GLANCE, OVER_SEEDS, OVER_WORLDS, world_table
from stillwatch.range.studies.order import Order
from stillwatch.range.studies.recorded import recorded
from stillwatch.range.studies.seen import OURS, Cluster, Seen
from stillwatch.range.studies.tally import mean_by_seed
from stillwatch.range.studies.work import work_off
from stillwatch.stats import clopper_pearson

__all__ = ["best_threshold", "innocent_scores", "reach", "study"]


def _may_be_shown(cluster: Cluster) -> bool:
    """Whether a threshold decides about it: it has evidence, and no innocent explanation sets it aside."""
    return cluster.score is not None and not cluster.reason.startswith("an innocent explanation")


def reach(seen: Seen, actor: str) -> float:
    """The largest threshold at which the campaign is found in this world; minus infinity where it is not found at any."""
    own = f"actor/{actor}"
    wanted = FOUND * seen.groups.get(own, 0)
    scores = [
        c.score
        for c in seen.by(OURS).clusters
        if _may_be_shown(c)
        and c.score is not None
        and (n := c.members.get(own, 0))
        and n >= wanted
        and n >= FOUND * c.size
    ]
    return max(scores, default=-math.inf)


def innocent_scores(seen: Seen) -> list[float]:
    """The e-values of groups that are mostly innocent and that only a threshold keeps from being accused."""
    return [
        c.score
        for c in seen.by(OURS).clusters
        if _may_be_shown(c)
        and c.score is not None
        and 2 * sum(n for g, n in c.members.items() if g.startswith("actor/")) <= c.size
    ]


def best_threshold(reaches: Sequence[float], innocent: Sequence[float]) -> float:
    """The threshold at which campaigns found less innocent groups accused is largest; of equals the largest; infinite where none helps.

    >>> best_threshold([5.0, 80.0, 90.0], [3.0, 6.0, 7.0])
    80.0
    """
    best, at = 0, math.inf
    for threshold in sorted({x for x in reaches if x > -math.inf}, reverse=True):
        gain = sum(x >= threshold for x in reaches) - sum(x >= threshold for x in innocent)
        if gain > best:
            best, at = gain, threshold
    return at


def study(order: Order) -> Result:
    """Judge each campaign at the threshold that the others choose."""
    worked = work_off(order, campaign_tasks(order))
    worlds = studied(worked)
    reaches: Mapping[str, list[float]] = {name: [reach(s, name) for s in seen] for name, seen in worlds.items()}
    thresholds = {
        name: best_threshold(
            [x for other, own in reaches.items() if other != name for x in own],
            [x for other, seen in worlds.items() if other != name for s in seen for x in innocent_scores(s)],
        )
        for name in worlds
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
            f"{len(found) - none} of {len(found)} campaigns were found in at least one world at the threshold of the others.",
        ),
        sections=(
            Section(
                title=GLANCE,
                figures=(
                    Bars(
                        title="Campaigns found at the threshold that the others choose",
                        bars=(
                            bar_of(
                                f"the mean of {len(found)} campaigns", _mean(worlds, reaches, thresholds), ours=True
                            ),
                        ),
                        interval=OVER_SEEDS,
                        prominent=True,
                    ),
                ),
            ),
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
                            Column(name="could be shown at all", unit=Unit.SHARE),
                        ),
                        rows=rows,
                        caption=(
                            "The threshold is on a group's e-value; groups that an innocent explanation sets aside never pass. Nominal "
                            "level alone: an e-value of one over the level, as for a single test."
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


def _mean(
    worlds: Mapping[str, Sequence[Seen]], reaches: Mapping[str, Sequence[float]], thresholds: Mapping[str, float]
) -> Estimate:
    return mean_by_seed(
        (seen.seed, float(x >= thresholds[name]))
        for name, there in worlds.items()
        for seen, x in zip(there, reaches[name], strict=True)
    )
