"""Studies of the range as figures of the actors page: campaigns of the record, the surface of detectability, and the ablation."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from statistics import median
from typing import Any

import msgspec
from figures import Figures, bar
from range_studies import ordered, raw_of, say

from stillwatch.range import run_preset
from stillwatch.range.results import Cell, Result
from stillwatch.range.results import Table as Told
from stillwatch.range.studies.order import Order
from stillwatch.range.studies.seen import Kept, Seen
from stillwatch.range.studies.tally import catch, false_discoveries

_JOB = 1_000_000
"""Distinct answers of the job that yields are held against."""


def campaigns(chosen: argparse.Namespace) -> Figures:
    """A row for every campaign of the record: found or not, and what it had when it was named."""
    order = ordered(chosen, tell=say)
    result = run_preset(order).result
    by_name: dict[str, list[Seen]] = {}
    for one in _worlds(order, result):
        by_name.setdefault(one.name.removeprefix("campaign-").rsplit("-seed", 1)[0], []).append(one)
    among = f"among {order.size.accounts:,} customers"
    recorded = sorted((name for name in by_name if name[1:].isdigit()), key=lambda name: int(name[1:]))
    bars = [entry for name in recorded for entry in _campaign(name, by_name[name], among)]
    bars += [*_yield([by_name[name] for name in recorded], among)]
    every = [one for worlds in by_name.values() for one in worlds]
    wrong = false_discoveries(every).value
    bars.append(
        bar(f"campaigns: false groups of those for review, {among}", _percent(wrong), "%", "<= 5", wrong <= 0.05)
    )
    return bars, raw_of(result)


def surface(chosen: argparse.Namespace) -> Figures:
    """Every cell of the surface as a figure."""
    order = ordered(chosen, tell=say)
    result = run_preset(order).result
    among = f"among {order.size.accounts:,} customers"
    bars = []
    for table in _tables(result, "found, by accounts and requests of each"):
        kind = table.title.split(":")[0].lower()
        for accounts, each, found, *_, evidence in table.rows:
            name = f"surface: {kind}, {accounts:,} x {each}, {among} ({evidence})"
            value = _number(found)
            wanted = 0.5 if (accounts, each) == (50, 20) else None
            bars.append(
                bar(
                    name,
                    _percent(value),
                    "% of worlds",
                    "no bar" if wanted is None else f">= {100 * wanted:g}",
                    None if wanted is None else value >= wanted,
                )
            )
    return bars, raw_of(result)


def ablation(chosen: argparse.Namespace) -> Figures:
    """What is lost and who is accused without each thing."""
    order = ordered(chosen, tell=say)
    result = run_preset(order).result
    bars = []
    for table in _tables(result, "What is lost and who is accused"):
        for left_out, _, found, _, _, _, wrong, *_ in table.rows:
            without = str(left_out) if left_out == "everything in use" else f"without {left_out}"
            bars.append(bar(f"ablation, {without}: operators found", _number(found), "", "no bar", None))
            bars.append(bar(f"ablation, {without}: false groups", _number(wrong), "", "no bar", None))
    return bars, raw_of(result)


def _worlds(order: Order, result: Result) -> Iterator[Seen]:
    """The finished worlds of a result."""
    names = {one.name for one in result.provenance.worlds}
    for path in Kept(order.out / "worlds"):
        one = msgspec.json.decode(path.read_bytes(), type=Seen)
        if one.name in names:
            yield one


def _campaign(name: str, worlds: Sequence[Seen], among: str) -> Iterator[dict[str, Any]]:
    """Found in which share of worlds, and after what share of its distinct answers."""
    caught = [catch(one, actor) for one in worlds for actor in one.actors]
    if not caught:
        yield bar(f"{name}, {among}: never in the logs", None, "", "no bar", None)
        return
    yield bar(
        f"{name}, {among}: found in worlds",
        _percent(sum(one.found for one in caught) / len(caught)),
        "%",
        "no bar",
        None,
    )
    early = _told(worlds, "yield")
    if early:
        yield bar(
            f"{name}, {among}: yield before action",
            _percent(sum(early) / len(early)),
            "% of its answers",
            "no bar",
            None,
        )


def _yield(campaigns: Sequence[Sequence[Seen]], among: str) -> Iterator[dict[str, Any]]:
    """The median campaign's distinct answers before action, beside a job of a million; unstopped campaigns count with all that they asked.

    It holds only if the median campaign was stopped at all: one that was not would have gone on to the end of its job.
    """
    shares, answers = [], []
    for worlds in campaigns:
        early, asked = _told(worlds, "yield"), _told(worlds, "answers")
        if early and asked:
            shares.append(median(early))
            answers.append(median(early) * median(asked))
    if not shares:
        return
    stopped = median(shares) < 1
    value = median(answers) / _JOB
    yield bar(
        f"median yield before action, of its own answers in the window, {among}",
        _percent(median(shares)),
        "%",
        "no bar",
        None,
    )
    name = f"median yield before action, of a job of a million answers, {among}"
    yield bar(name, _percent(value), "%", "<= 5", stopped and value <= 0.05)


def _told(worlds: Sequence[Seen], name: str) -> list[float]:
    return [value for one in worlds if (value := one.told.get(name)) is not None]


def _tables(result: Result, title: str) -> Iterator[Told]:
    for section in result.sections:
        for figure in section.figures:
            if isinstance(figure, Told) and title in figure.title:
                yield figure


def _number(value: Cell) -> float:
    """A number of a table."""
    if not isinstance(value, int | float):
        raise TypeError(f"a number was expected in a table, got {value!r}")
    return float(value)


def _percent(share: float) -> float:
    return round(100 * share, 1)
