"""The window protocol of arXiv 2606.05725 on the pairs at hand, every method beside the published figures."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Sequence

from msgspec.structs import replace

from stillwatch.range.results import Cell, Column, Curves, Line, Note, Result, Section, Table, Unit, point_of
from stillwatch.range.studies.order import Order
from stillwatch.range.studies.recorded import recorded
from stillwatch.range.studies.roster import name_of
from stillwatch.range.windows import Summary, WindowsResult, run_windows

__all__ = ["OURS", "study", "told"]

OURS = ("mmd-matched", "ours-topics", "spread")
"""Methods of this table that are ours; the others are read from papers."""


def study(order: Order) -> Result:
    """Run the protocol. It is not resumed: it has no worlds, and ends in minutes.

    Raises:
        Error: when the folder holds no pair.
    """
    if order.data is None:
        raise ValueError("data: the preset is refused before it comes here")
    begun = time.process_time()
    steps = 0

    def tell(done: str) -> None:
        nonlocal steps
        steps += 1
        order.tell(done[:22], steps, steps + 1)

    found = run_windows(order.data, progress=tell)
    return told(order, found, time.process_time() - begun)


def told(order: Order, found: WindowsResult, seconds: float) -> Result:
    """A run of the protocol as a result."""
    largest = max(found.sizes)
    short = {cell.pair for cell in found.cells if cell.size == largest and not cell.enough}
    top = [one for one in found.summaries if one.size == largest and short.isdisjoint(one.pairs)]
    best = max(top, key=lambda one: one.balanced_accuracy.value if one.balanced_accuracy else 0.0, default=None)
    answer = [
        f"{len(found.pairs)} pairs were run with the embedder {found.embedder}; {len(found.missing)} are missing."
        + (f" Missing: {', '.join(found.missing)}." if found.missing else "")
    ]
    if best is not None and best.balanced_accuracy is not None:
        answer.append(
            f"At windows of {largest:,}, over the pairs with benign queries enough for them, the best balanced accuracy is "
            f"{best.balanced_accuracy.value:.1%}, by {name_of(best.peer)} ({best.tail.value} tail), at a realised false-positive rate "
            f"of {best.fpr.value:.1%}."
        )
    result = recorded(
        order,
        title="Windows: the protocol of arXiv 2606.05725",
        question="What do the published methods and ours reach on windows of queries, beside the published figures?",
        answer=answer,
        sections=(
            Section(
                title="Along the attacker's share of a window",
                lead="Means over pairs and seeds. At the left edge a window is nearly benign; no power means the false-positive rate.",
                figures=tuple(_curves(found, size) for size in (max(found.sizes), min(found.sizes))),
            ),
            Section(title="Every method at every size", figures=(_table(found.summaries),)),
            Section(title="Beside the published figures", figures=(_beside(found),)),
            Section(title="What was read", figures=(_pairs(found), *_missing(found))),
        ),
        worlds=(),
        prompts=f"pairs in the folder given by --data; embedder {found.embedder} {found.embedder_version}",
        limits=(
            "All pairs are rebuilt from public sources and approximate the paper's; its own queries were not published.",
            "Five pairs or fewer of one corpus are not five independent trials; intervals draw whole corpora again.",
        ),
    )
    return _dated(result, seconds, found)


def _dated(result: Result, seconds: float, found: WindowsResult) -> Result:
    settings = {
        "sizes": list(found.sizes),
        "shares": list(found.fractions),
        "null draws": found.null_draws,
        "nominal rate": found.fpr,
    }
    provenance = replace(
        result.provenance,
        seeds=found.seeds,
        settings=settings,
        cpu_seconds=round(seconds, 1),
        date=dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
    )
    return replace(result, provenance=provenance)


def _name(one: Summary) -> str:
    return f"{name_of(one.peer)}, {one.tail.value}"


def _curves(found: WindowsResult, size: int) -> Curves:
    lines = []
    for one in found.summaries:
        if one.size == size and one.over == "all":
            points = tuple(point_of(float(share), rate) for share, rate in one.tpr.items())
            lines.append(Line(name=_name(one), points=points, ours=one.peer in OURS))
    return Curves(
        title=f"Windows of {size:,} queries",
        x_name="share of the window's queries that attack",
        y_name="windows flagged",
        x_unit=Unit.SHARE,
        x_log=True,
        lines=tuple(lines),
        level=found.fpr,
        level_name=f"nominal rate {found.fpr:.0%}",
        interval="95 %, bootstrap over corpora",
        prominent=size == max(found.sizes),
    )


def _table(summaries: Sequence[Summary]) -> Table:
    rows: list[tuple[Cell, ...]] = [
        (
            name_of(one.peer),
            one.tail.value,
            one.size,
            one.over,
            one.fpr.value,
            *(one.tpr[share].value if share in one.tpr else None for share in ("0.05", "0.1", "0.25", "1")),
            None if one.average_tpr is None else one.average_tpr.value,
        )
        for one in sorted(summaries, key=lambda one: (-one.size, one.peer, one.tail.value, one.over))
    ]
    return Table(
        title="Rates by method, tail and window",
        columns=(
            Column(name="method"),
            Column(name="tail"),
            Column(name="window", unit=Unit.COUNT),
            Column(name="pairs"),
            Column(name="FPR", unit=Unit.SHARE),
            Column(name="TPR at 5 %", unit=Unit.SHARE),
            Column(name="at 10 %", unit=Unit.SHARE),
            Column(name="at 25 %", unit=Unit.SHARE),
            Column(name="at 100 %", unit=Unit.SHARE),
            Column(name="average", unit=Unit.SHARE),
        ),
        rows=tuple(rows),
        caption="Pairs: all, or only those with benign queries enough for windows of the size. Average: over 5, 10, 25, 50 and 100 %.",
    )


def _beside(found: WindowsResult) -> Table | Note:
    rows: list[tuple[Cell, ...]] = []
    for one in found.summaries:
        if one.published is not None and one.over == "all":
            for share in ("0.05", "0.1"):
                ours, theirs = one.tpr.get(share), one.published.tpr.get(share)
                rows.append(
                    (
                        name_of(one.peer),
                        one.tail.value,
                        one.size,
                        f"{float(share):.0%}",
                        None if ours is None else ours.value,
                        theirs,
                        None if ours is None or theirs is None else 100 * (ours.value - theirs),
                    )
                )
    if not rows:
        return Note(
            title="Nothing to hold beside",
            text="The published figures are for windows of 1,500, which this run does not have.",
        )
    return Table(
        title="True-positive rates, ours and published",
        columns=(
            Column(name="method"),
            Column(name="tail"),
            Column(name="window", unit=Unit.COUNT),
            Column(name="attacking share"),
            Column(name="here", unit=Unit.SHARE),
            Column(name="published", unit=Unit.SHARE),
            Column(name="difference in points", unit=Unit.NUMBER),
        ),
        rows=tuple(rows),
        caption=f"Published: {found.published_source}. Over the same pairs where the paper has them.",
    )


def _pairs(found: WindowsResult) -> Table:
    return Table(
        title="Pairs",
        columns=(
            Column(name="pair"),
            Column(name="benign corpus"),
            Column(name="rebuilt"),
            Column(name="benign queries", unit=Unit.COUNT),
            Column(name="attacking queries", unit=Unit.COUNT),
        ),
        rows=tuple((one.name, one.corpus, one.rebuilt, one.normal, one.attacker) for one in found.pairs),
    )


def _missing(found: WindowsResult) -> tuple[Table, ...]:
    if not found.missing:
        return ()
    rows: tuple[tuple[Cell, ...], ...] = tuple(found.missing.items())
    return (Table(title="Missing pairs", columns=(Column(name="pair"), Column(name="why")), rows=rows),)
