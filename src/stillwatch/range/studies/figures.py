"""Figures that several studies share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from stillwatch.range.results import Bars, Column, Table, Unit, bar_of
from stillwatch.range.studies.seen import OURS, Seen
from stillwatch.range.studies.tally import wrongly_accused

__all__ = [
    "GLANCE",
    "GROUPED",
    "OF_SHARES",
    "OVER_SEEDS",
    "OVER_WORLDS",
    "decisions",
    "false_accusations",
    "hit_worlds",
    "world_table",
]

GROUPED = (
    "Grouped: the share of the campaign's accounts that ties brought together in groups mostly its own, whatever was decided of them. "
    "Recall: the share in such groups that were put up for review. Precision: the campaign's share of the best of these."
)
"""What the columns of a table of campaigns say."""

GLANCE = "At a glance"
"""The title of a study's first section: the few figures that a page of benchmarks has before all others."""

OVER_SEEDS = "95 %, Hoeffding-Bentkus over seeds"
"""What the intervals of means over many worlds of few backgrounds are."""

OVER_WORLDS = "95 %, Clopper-Pearson over worlds"
"""What the intervals of shares of worlds are."""

OF_SHARES = "95 %, Hoeffding-Bentkus over worlds"
"""What the intervals of mean shares over worlds are."""


def false_accusations(worlds: Sequence[Seen], *, method: str = OURS) -> Table:
    """Innocent accounts in groups put up for review, by class."""
    rows = tuple(
        (
            one.group.replace("/", ": ", 1).replace("_", " "),
            one.accounts,
            one.accused,
            one.accused / one.accounts,
            one.seeds_hit.value,
            one.seeds_hit.high,
        )
        for one in wrongly_accused(worlds, method=method)
    )
    return Table(
        title="Innocent accounts in groups put up for review, by class",
        columns=(
            Column(name="class"),
            Column(name="accounts", unit=Unit.COUNT),
            Column(name="accused", unit=Unit.COUNT),
            Column(name="share", unit=Unit.RATE),
            Column(name="seeds with any", unit=Unit.SHARE),
            Column(name="at most (95 %)", unit=Unit.SHARE),
        ),
        rows=rows,
        caption=(
            "Over all worlds; those of one seed share their innocent customers, who are looked at again in each. The last column is the "
            "upper end of a two-sided Clopper-Pearson interval over seeds."
        ),
    )


def hit_worlds(worlds: Sequence[Seen], *, method: str = OURS) -> Bars:
    """The share of worlds in which any account of a class was accused."""
    return Bars(
        title="Worlds in which accounts of a class were accused",
        bars=tuple(
            bar_of(
                one.group.replace("/", ": ", 1).replace("_", " "),
                one.seeds_hit,
                remark=f"{one.accused:,} of {one.accounts:,} accounts",
                ours=True,
            )
            for one in wrongly_accused(worlds, method=method)
        ),
        interval=OVER_WORLDS,
    )


def decisions(worlds: Sequence[Seen], *, method: str = OURS) -> Table:
    """What became of the groups that were looked at, by decision and by why."""
    counts = Counter((c.decision, c.reason) for s in worlds for c in s.by(method).clusters)
    return Table(
        title="Groups that were looked at, by what became of them",
        columns=(
            Column(name="decision"),
            Column(name="why"),
            Column(name="groups", unit=Unit.COUNT),
            Column(name="a world", unit=Unit.NUMBER),
        ),
        rows=tuple(
            (decision.replace("_", " "), reason, n, n / len(worlds))
            for (decision, reason), n in sorted(counts.items(), key=lambda x: (-x[1], x[0]))
        )[:20],
    )


def world_table(worlds: Sequence[Seen]) -> Table:
    """The worlds with their content hashes and what they cost."""
    return Table(
        title="Worlds",
        columns=(
            Column(name="world"),
            Column(name="accounts", unit=Unit.COUNT),
            Column(name="exchanges", unit=Unit.COUNT),
            Column(name="processor time", unit=Unit.SECONDS),
            Column(name="content"),
        ),
        rows=tuple((s.name, s.accounts, s.exchanges, s.cpu_seconds, s.content.replace("+", " + ")) for s in worlds),
        caption="The same seed and size give the same content everywhere. A background counts for the first world that needed it.",
    )
