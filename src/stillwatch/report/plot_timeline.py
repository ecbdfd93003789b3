"""When an actor worked: stacked bars of its harvest and its other exchanges, with model launches and decisions marked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from markupsafe import Markup

from stillwatch.core import DecisionMark, HourCount, ReleaseMark
from stillwatch.report.svg import Drawing
from stillwatch.report.wording import count, moment, span

__all__ = ["Bin", "bins", "timeline"]

_STEPS = (1, 2, 3, 6, 12, 24, 24 * 7, 24 * 28)
"""Hours that one bar may stand for."""

_MOST = 170
_MOST_MARKS = 6
_LEFT, _RIGHT, _TOP, _BASE, _WIDTH, _HEIGHT = 46.0, 10.0, 26.0, 148.0, 940.0, 178.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Bin:
    """A stretch of `hours` hours from `at`: exchanges that carry the harvest, and all others."""

    at: datetime
    hours: int
    harvest: int
    other: int


def bins(hours: Sequence[HourCount]) -> tuple[Bin, ...]:
    """Hours joined into at most 170 equal stretches, with the empty ones filled in."""
    if not hours:
        return ()
    first = min(hour.at for hour in hours).replace(minute=0, second=0, microsecond=0)
    reach = int((max(hour.at for hour in hours) - first) / timedelta(hours=1)) + 1
    step = next((step for step in _STEPS if reach <= step * _MOST), -(-reach // _MOST))
    if step > 1:
        first = first.replace(hour=first.hour - first.hour % min(step, 24))
        reach = int((max(hour.at for hour in hours) - first) / timedelta(hours=1)) + 1
    harvest = [0] * (-(-reach // step))
    other = [0] * len(harvest)
    for hour in hours:
        place = int((hour.at - first) / timedelta(hours=step))
        harvest[place] += hour.harvest
        other[place] += hour.other
    return tuple(
        Bin(at=first + timedelta(hours=i * step), hours=step, harvest=a, other=b)
        for i, (a, b) in enumerate(zip(harvest, other, strict=True))
    )


def _nice(top: int) -> int:
    """A round number that is not below `top`, for the height of the axis."""
    size = int(10 ** (len(str(max(1, top))) - 1))
    halves = (2, 3, 4, 5, 6, 8, 10, 12, 14, 16, 18)
    return next((half * size // 2 for half in halves if half * size // 2 >= top), 10 * size)


def timeline(
    hours: Sequence[HourCount],
    releases: Sequence[ReleaseMark],
    *,
    uid: str,
    name: str,
    decisions: Sequence[DecisionMark] = (),
) -> Markup:
    """The bars as an image; empty when there are no hours. Marks outside of the hours are not drawn."""
    cells = bins(hours)
    if not cells:
        return Markup("")
    drawing = Drawing(_WIDTH, _HEIGHT, kind="timeline")
    top = _nice(max(cell.harvest + cell.other for cell in cells))
    pitch = (_WIDTH - _LEFT - _RIGHT) / len(cells)
    wide = min(30.0, max(1.0, pitch - (1.5 if pitch > 4 else 0.4)))
    scale = (_BASE - _TOP) / max(1, top)
    for level in (0.5, 1.0):
        y = _BASE - (_BASE - _TOP) * level
        drawing.line(_LEFT, y, _WIDTH - _RIGHT, y, "grid")
        label = top * level
        drawing.words(
            _LEFT - 6, y + 4, count(int(label)) if label == int(label) else f"{label:.1f}", "tick", anchor="end"
        )
    for i, cell in enumerate(cells):
        x = _LEFT + i * pitch + (pitch - wide) / 2
        tip = f"{moment(cell.at)}: {count(cell.harvest)} harvest, {count(cell.other)} other"
        low, high = cell.harvest * scale, cell.other * scale
        if cell.harvest:
            drawing.rect(x, _BASE - low, wide, low, "harvest", tip=tip)
        if cell.other:
            drawing.rect(x, _BASE - low - high, wide, high, "other", tip=tip)
    drawing.line(_LEFT, _BASE, _WIDTH - _RIGHT, _BASE, "axis")
    _time_ticks(drawing, cells, pitch)
    launches = [(mark.at, f"launch of {mark.model[:40]}") for mark in releases]
    _marks(drawing, cells, pitch, launches, style="launch", height=12)
    _marks(drawing, cells, pitch, [(mark.at, mark.what[:40]) for mark in decisions], style="ban", height=24)
    harvest, other = sum(cell.harvest for cell in cells), sum(cell.other for cell in cells)
    peak = max(cells, key=lambda cell: cell.harvest)
    desc = (
        f"{count(harvest)} harvest and {count(other)} other exchanges, {span(cells[0].at, cells[-1].at)} UTC, in steps of "
        f"{cells[0].hours} h. Most harvest in one step: {count(peak.harvest)} from {moment(peak.at)}."
    )
    return drawing.picture(title=f"Exchanges of {name} over time", desc=desc, uid=uid)


def _time_ticks(drawing: Drawing, cells: Sequence[Bin], pitch: float) -> None:
    step = cells[0].hours
    every = next(
        (k for k in (1, 2, 3, 4, 6, 12, 24, 48, 24 * 7, 24 * 28, 24 * 91) if k >= step and k / step * pitch >= 38),
        24 * 364,
    )
    since = cells[0].at.replace(hour=0)
    for i, cell in enumerate(cells):
        if int((cell.at - since) / timedelta(hours=1)) % every:
            continue
        x = _LEFT + i * pitch + (pitch / 2 if every == step else 0)
        midnight = cell.at.hour == 0
        drawing.line(x, _BASE, x, _BASE + (6 if midnight else 4), "axis")
        if every < 24:
            drawing.words(x, _BASE + 16, f"{cell.at:%H}", "tick", anchor="middle")
        if midnight or i == 0:
            drawing.words(
                x, _BASE + (28 if every < 24 else 16), f"{cell.at.day} {cell.at:%b}", "tick strong", anchor="middle"
            )


def _marks(
    drawing: Drawing,
    cells: Sequence[Bin],
    pitch: float,
    marks: Sequence[tuple[datetime, str]],
    *,
    style: str,
    height: float,
) -> None:
    """Upright lines with words at a height; as many as can be read, the first ones."""
    within = [
        (place, words)
        for at, words in sorted(marks)
        if 0 <= (place := (at - cells[0].at) / timedelta(hours=cells[0].hours)) <= len(cells)
    ]
    for place, words in within[:_MOST_MARKS]:
        x = _LEFT + place * pitch
        drawing.line(x, height - 8, x, _BASE, style)
        right = x > _WIDTH * 0.75
        drawing.words(x + (-5 if right else 5), height, words, "tick strong", anchor="end" if right else "start")
