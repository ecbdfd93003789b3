"""Every method that finds groups beside ours, in few figures: what each finds over all dials, and whom it accuses wrongly."""

from __future__ import annotations

from collections.abc import Sequence

from stillwatch.range.results import Bar, Bars, Cell, Column, Table, Unit, bar_of
from stillwatch.range.studies.figures import OVER_SEEDS
from stillwatch.range.studies.roster import name_of
from stillwatch.range.studies.seen import OURS, Seen
from stillwatch.range.studies.tally import catch, false_discoveries, is_false, mean_by_seed

__all__ = ["beside"]


def beside(
    turned: Sequence[tuple[str, Seen]], innocent: Sequence[Seen], methods: Sequence[str]
) -> tuple[Bars, Bars, Table]:
    """Recall and false discoveries of each method over worlds with a campaign, and what it says of worlds without one.

    `turned` are worlds with the campaign in each; a method that refused a world is judged on the others.
    """
    found, false = [], []
    for method in methods:
        done = [(kind, seen) for kind, seen in turned if not seen.by(method).refused]
        ours = method == OURS
        if not done:
            remark = "refused every world"
            found.append(Bar(label=name_of(method), value=None, ours=ours, remark=remark))
            false.append(Bar(label=name_of(method), value=None, ours=ours, remark=remark))
            continue
        remark = "" if len(done) == len(turned) else f"refused {len(turned) - len(done)} of {len(turned)} worlds"
        rate = mean_by_seed((seen.seed, float(catch(seen, kind, method=method).found)) for kind, seen in done)
        wrong = false_discoveries([seen for _, seen in done], method=method)
        found.append(bar_of(name_of(method), rate, ours=ours, remark=remark))
        false.append(bar_of(name_of(method), wrong, ours=ours, remark=remark))
    return (
        Bars(
            title="Campaigns found, mean over every value of every dial",
            bars=tuple(found),
            interval=OVER_SEEDS,
            caption="A method that puts everybody into one group finds nothing: at least half of the group must be the campaign's own.",
            prominent=True,
        ),
        Bars(
            title="Groups put up for review that are mostly innocent accounts",
            bars=tuple(false),
            interval=OVER_SEEDS,
            caption="Read it before the figure above. A peer puts up every group that it gives out; ours tests them first.",
            prominent=True,
        ),
        Table(
            title="Worlds without a campaign, by method",
            columns=(
                Column(name="method"),
                Column(name="false groups a world", unit=Unit.NUMBER),
                Column(name="innocent accounts accused", unit=Unit.RATE),
                Column(name="processor time a world", unit=Unit.SECONDS),
            ),
            rows=tuple(_row(innocent, method) for method in methods),
            caption="Unknown where the method refused every world.",
        ),
    )


def _row(innocent: Sequence[Seen], method: str) -> tuple[Cell, ...]:
    done = [seen for seen in innocent if not seen.by(method).refused]
    if not done:
        return name_of(method), None, None, None
    groups = [cluster for seen in done for cluster in seen.by(method).clusters if is_false(cluster)]
    accused = sum(cluster.size for cluster in groups) / sum(seen.accounts for seen in done)
    return (
        name_of(method),
        len(groups) / len(done),
        min(1.0, accused),
        sum(seen.by(method).seconds for seen in done) / len(done),
    )
