"""Curves as inline SVG: our own in colour with their intervals as bands, peers in grey with dashes, each named at its right end."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from stillwatch.range.page.numbers import axis_label, between, written
from stillwatch.range.results import Curves, Line, Point
from stillwatch.report.svg import Drawing, number

__all__ = ["draw_curves"]

_OURS = ("one", "two", "three", "four", "five")
_DASHES = ("", "d1", "d2", "d3", "d4", "d5", "d6")
_LEFT, _TOP, _FOOT = 46.0, 14.0, 44.0
_LETTER = 6.3
_PITCH = 14.0


@dataclass(frozen=True, kw_only=True, slots=True)
class _Frame:
    """Where a value lies in pixels. On a logarithmic axis, zero has a place of its own left of the smallest value."""

    curves: Curves
    width: float
    height: float
    right: float
    low: float
    high: float
    zero: bool
    top: float

    @property
    def bottom(self) -> float:
        return self.height - _FOOT

    def x(self, value: float) -> float:
        first = _LEFT + (28.0 if self.zero else 0.0)
        if self.curves.x_log and value <= 0:
            return _LEFT + 4
        low, high = (math.log(self.low), math.log(self.high)) if self.curves.x_log else (self.low, self.high)
        place = math.log(value) if self.curves.x_log else value
        share = (place - low) / (high - low) if high > low else 0.5
        return first + 6 + share * (self.right - first - 12)

    def y(self, value: float) -> float:
        return self.bottom - (self.bottom - _TOP) * min(1.0, max(0.0, value / self.top))


def draw_curves(curves: Curves, *, uid: str) -> Markup:
    """One plot as an image."""
    frame = _frame(curves)
    drawing = Drawing(frame.width, frame.height, kind="curves large" if curves.prominent else "curves")
    _axes(drawing, frame)
    names = _classes(curves.lines)
    for line, cls in zip(curves.lines, names, strict=True):
        if line.ours:
            _band(drawing, frame, line, cls)
    for line, cls in zip(curves.lines, names, strict=True):
        _line(drawing, frame, line, cls)
    _ends(drawing, frame, names)
    return drawing.picture(title=f"{curves.title}, against {curves.x_name}", desc=_described(curves), uid=uid)


def _frame(curves: Curves) -> _Frame:
    width, height = (900.0, 340.0) if curves.prominent else (520.0, 260.0)
    longest = max((len(line.name) for line in curves.lines), default=0)
    xs = [point.x for line in curves.lines for point in line.points]
    positive = [x for x in xs if x > 0]
    zero = curves.x_log and any(x <= 0 for x in xs)
    values = [v for line in curves.lines for p in line.points for v in (p.value, p.high) if v is not None]
    shares = curves.y_unit.value in ("share", "rate")
    top = 1.0 if shares else max([*values, 1e-9]) * 1.08
    return _Frame(
        curves=curves,
        width=width,
        height=height,
        right=width - min(width * 0.36, 14 + longest * _LETTER),
        low=min(positive if curves.x_log else xs, default=0.0),
        high=max(positive if curves.x_log else xs, default=1.0),
        zero=zero,
        top=top,
    )


def _classes(lines: Sequence[Line]) -> list[str]:
    ours = peers = 0
    out = []
    for line in lines:
        if line.ours:
            out.append(f"line {_OURS[ours % len(_OURS)]}")
            ours += 1
        else:
            out.append(f"line peer {_DASHES[peers % len(_DASHES)]}".rstrip())
            peers += 1
    return out


def _axes(drawing: Drawing, frame: _Frame) -> None:
    curves = frame.curves
    for step in range(5):
        value = frame.top * step / 4
        y = frame.y(value)
        drawing.line(_LEFT, y, frame.right, y, "axis" if step == 0 else "grid")
        drawing.words(_LEFT - 7, y + 4, axis_label(value, curves.y_unit), "tick", anchor="end")
    last = -math.inf
    for value in sorted({point.x for line in curves.lines for point in line.points}):
        x, label = frame.x(value), axis_label(value, curves.x_unit)
        drawing.line(x, frame.bottom, x, frame.bottom + 4, "axis")
        half = len(label) * _LETTER / 2
        if x - half > last:
            drawing.words(x, frame.bottom + 17, "none" if frame.zero and value <= 0 else label, "tick", anchor="middle")
            last = x + half + 5
    drawing.words((_LEFT + frame.right) / 2, frame.height - 6, curves.x_name, "tick strong", anchor="middle")
    if curves.level is not None:
        y = frame.y(curves.level)
        drawing.line(_LEFT, y, frame.right, y, "level")
        if curves.level_name:
            drawing.words(frame.right - 4, y - 5, curves.level_name, "tick strong", anchor="end")


def _known(line: Line) -> list[Point]:
    return [point for point in sorted(line.points, key=lambda p: p.x) if point.value is not None]


def _band(drawing: Drawing, frame: _Frame, line: Line, cls: str) -> None:
    points = [p for p in _known(line) if p.low is not None and p.high is not None]
    if len(points) < 2:
        return
    upper = [(frame.x(p.x), frame.y(p.high or 0.0)) for p in points]
    lower = [(frame.x(p.x), frame.y(p.low or 0.0)) for p in reversed(points)]
    drawing.polygon([*upper, *lower], f"band {cls}")


def _line(drawing: Drawing, frame: _Frame, line: Line, cls: str) -> None:
    points = _known(line)
    unit = frame.curves.y_unit
    places = [(frame.x(p.x), frame.y(p.value or 0.0)) for p in points]
    if len(places) > 1:
        drawing.path("M" + "L".join(f"{number(x)} {number(y)}" for x, y in places), cls)
    for point, (x, y) in zip(points, places, strict=True):
        doubt = between(point.low, point.high, unit)
        told = f"{line.name}, {axis_label(point.x, frame.curves.x_unit)}: {written(point.value, unit)}"
        told += f" ({doubt})" if doubt else ""
        drawing.circle(x, y, 3.2 if line.ours else 2.4, cls.replace("line", "dot", 1), tip=told)


def _ends(drawing: Drawing, frame: _Frame, names: Sequence[str]) -> None:
    """Names at the right ends, pushed apart where they would cover each other."""
    ends = []
    for line, cls in zip(frame.curves.lines, names, strict=True):
        points = _known(line)
        if points:
            ends.append((frame.y(points[-1].value or 0.0), frame.x(points[-1].x), line.name, cls))
    ends.sort(key=lambda end: (end[0], end[2]))
    spots: list[float] = []
    for y, *_ in ends:
        spots.append(max(y, spots[-1] + _PITCH) if spots else y)
    over = (spots[-1] - frame.bottom) if spots else 0.0
    for k in range(len(spots) - 1, -1, -1):
        if over > 0:
            ceiling = frame.bottom if k == len(spots) - 1 else spots[k + 1] - _PITCH
            spots[k] = min(spots[k], ceiling)
    for (y, x, name, cls), spot in zip(ends, spots, strict=True):
        place = frame.right + 8
        if abs(spot - y) > 3 or x < frame.right - 12:
            drawing.line(x + 5, y, place - 3, spot, "leader")
        drawing.words(place, spot + 4, name, cls.replace("line", "name", 1))


def _described(curves: Curves) -> str:
    told = []
    for line in curves.lines:
        points = _known(line)
        if points:
            values = "; ".join(f"{axis_label(p.x, curves.x_unit)}: {written(p.value, curves.y_unit)}" for p in points)
            told.append(f"{line.name}: {values}")
    return ". ".join(told) + "."
