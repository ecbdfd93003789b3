"""Yield before action as figures: what campaigns had obtained when they were stopped, how late that was, and how dear it made an answer."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from statistics import fmean, median

from stillwatch.range.metrics.cost import yield_over_campaigns
from stillwatch.range.results import Bar, Bars, Cell, Column, Table, Unit, bar_of
from stillwatch.range.seeds import stream
from stillwatch.range.studies.figures import OF_SHARES
from stillwatch.range.studies.seen import Seen
from stillwatch.range.studies.tally import mean_of

__all__ = ["middling", "yield_sentence", "yields"]

Worlds = Mapping[str, Sequence[Seen]]


def _told(worlds: Sequence[Seen], name: str) -> list[float]:
    return [value for seen in worlds if (value := seen.told.get(name)) is not None]


def yields(worlds: Worlds) -> tuple[Bars, Table]:
    """The share of distinct answers that each campaign had, and when and at what price."""
    known = {name: told for name, seen in worlds.items() if (told := _told(seen, "yield"))}
    rows: list[tuple[Cell, ...]] = []
    for name in known:
        hours, dearer = _told(worlds[name], "detected_hours"), _told(worlds[name], "dearer")
        rows.append(
            (
                name,
                fmean(known[name]),
                len(hours) / len(worlds[name]),
                median(hours) if hours else None,
                median(dearer) if dearer else None,
            )
        )
    bars = Bars(
        title="Distinct answers obtained before action",
        bars=tuple(bar_of(name, mean_of(told), ours=True) for name, told in known.items()),
        interval=OF_SHARES,
        caption="1 is everything that the campaign asked for in the window: nobody acted, or only when it was over. A campaign of many "
        "requests runs for hours in a small world and is over before the first midnight.",
    )
    table = Table(
        title="When, and at what price",
        columns=(
            Column(name="campaign"),
            Column(name="obtained", unit=Unit.SHARE),
            Column(name="worlds with action", unit=Unit.SHARE),
            Column(name="hours to the first action", unit=Unit.NUMBER),
            Column(name="an answer costs", unit=Unit.FACTOR),
        ),
        rows=tuple(rows),
        caption="Hours and prices are medians over worlds. Price: five units an account and a hundredth for a thousand tokens out, against "
        "the same campaign with nobody acting; unknown where nothing was obtained.",
    )
    return bars, table


def middling(worlds: Worlds) -> tuple[Bars, ...]:
    """The middling campaign before action: what it had, how long it ran, and what an answer then cost it. Medians of campaigns' means."""
    figures = (
        ("Distinct answers that the median campaign had before action", "yield", Unit.SHARE),
        (
            "Hours from the first request to the first action, median of campaigns that were acted on",
            "detected_hours",
            Unit.NUMBER,
        ),
        (
            "What an answer cost the median campaign, as a multiple of its price with nobody acting",
            "dearer",
            Unit.FACTOR,
        ),
    )
    out = []
    for title, name, unit in figures:
        means = [fmean(told) for seen in worlds.values() if (told := _told(seen, name))]
        bar = Bar(
            label="Stillwatch, looking every night", value=median(means) if means else None, n=len(means), ours=True
        )
        out.append(Bars(title=title, bars=(bar,), unit=unit, prominent=True))
    return tuple(out)


def yield_sentence(worlds: Worlds, seed: int) -> str:
    """The median campaign's yield before action, in words."""
    shares = [fmean(told) if (told := _told(seen, "yield")) else math.nan for seen in worlds.values()]
    rate = yield_over_campaigns(shares, rng=stream(seed, "study", "yield"))
    if not rate.n:
        return "Of no campaign can it be said what it had obtained before action."
    return (
        f"Acting every night, the median campaign had {rate.value:.0%} of its distinct answers before anything was done (95 % interval "
        f"{rate.low:.0%} to {rate.high:.0%}, drawing campaigns again)."
    )
