"""What a report says of the days that were looked at one by one: which, what came late, and whose guarantee is off since when."""

from __future__ import annotations

from stillwatch.report.inert import inert
from stillwatch.report.tables import Table
from stillwatch.report.view_account import ProductWatch, WatchView
from stillwatch.report.wording import amount, count, day, e_words, p_words, plural

__all__ = ["off_words", "watch_table", "watch_words"]


def watch_words(watch: WatchView) -> str:
    """Which days were looked at one by one, and what came too late for it."""
    days = day(watch.first) if watch.first == watch.last else f"{day(watch.first)} to {day(watch.last)}"
    said = f"Looked at day by day, each day once and on its own exchanges: {days}, {plural(watch.looks, 'look')}."
    if watch.late:
        said += (
            f" {plural(watch.late, 'exchange')} of {plural(watch.late_days, 'day')} came after that day had been looked at; "
            "no history of days holds them."
        )
    return said


def off_words(one: ProductWatch) -> str:
    """That a product type's guarantee is off, since when and by what evidence."""
    return (
        f"Guarantee OFF for {one.product} accounts since {day(one.off_since)}: its cleared accounts no longer resemble the others "
        f"(evidence e = {e_words(one.drift_e)} in {plural(one.drift_looks, 'look')}; while they did, it would reach "
        f"{e_words(one.drift_needed)} at most once in {count(round(one.drift_needed))} such watches). Nobody new of this type is put up "
        "for review. Clear accounts as they are today."
    )


def watch_table(watch: WatchView) -> Table:
    """Whether the cleared accounts of each product type still resemble the others, after all days that were looked at."""
    header = ("product type", "tested", "cleared", "may be hostile", "last day's p", "evidence of drift", "guarantee")
    cells = [
        (
            one.product,
            amount(one.tested),
            amount(one.references),
            amount(one.hostile),
            "unknown" if one.drift_p is None else p_words(one.drift_p),
            f"e = {e_words(one.drift_e)} in {plural(one.drift_looks, 'look')}, off from {e_words(one.drift_needed)}",
            "holds" if one.off_since is None else f"OFF since {day(one.off_since)}",
        )
        for one in watch.products
    ]
    rows = tuple(tuple(map(inert, row)) for row in cells)
    return Table(title="Watched day by day", header=header, rows=rows, right=frozenset((1, 2, 3, 4)))
