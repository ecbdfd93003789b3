"""Plots as SVG files that stand alone: panels of lines and dots, linear or logarithmic, with a key below."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

Point = tuple[float, float]

COLOURS = ("#0b6e99", "#c2571a", "#3d8b40", "#8e4585", "#a8323e", "#6b6b00", "#555555", "#1f3a93", "#b8860b", "#008080")
_LEFT, _RIGHT, _TOP, _FOOT, _LETTER = 58, 16, 34, 46, 6.4


@dataclass(frozen=True, kw_only=True)
class Line:
    """Points joined by a line; lines of one name share a colour and stand once in the key.

    `notes` are written at the points, `spans` are intervals of y drawn through them.
    """

    points: Sequence[Point]
    name: str = ""
    dashed: bool = False
    dots: bool = False
    notes: Sequence[str] = ()
    spans: Sequence[Point] = ()


@dataclass(frozen=True, kw_only=True)
class Panel:
    """One plot. `diagonal` draws the line on which y equals x, `level` a horizontal one; ticks are chosen where none are given."""

    title: str
    x: str
    y: str
    lines: Sequence[Line]
    x_log: bool = False
    y_log: bool = False
    x_ticks: Sequence[tuple[float, str]] = ()
    diagonal: bool = False
    level: float | None = None
    top: float | None = None


def chart(panels: Sequence[Panel], *, columns: int = 3, width: int = 320, height: int = 270) -> str:
    """All panels in rows of `columns`, and the key of their names."""
    columns = min(columns, len(panels))
    names = list(dict.fromkeys(line.name for panel in panels for line in panel.lines if line.name))
    colours = {name: COLOURS[k % len(COLOURS)] for k, name in enumerate(names)}
    rows = -(-len(panels) // columns)
    key, key_height = _key(names, colours, columns * width) if len(names) > 1 else ("", 0)
    whole = (columns * width, rows * height + key_height)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{whole[0]}" height="{whole[1]}" viewBox="0 0 {whole[0]} {whole[1]}" font-family="sans-serif" font-size="11">',
        f'<rect width="{whole[0]}" height="{whole[1]}" fill="#ffffff"/>',
    ]
    for k, panel in enumerate(panels):
        parts.append(f'<g transform="translate({k % columns * width} {k // columns * height})">')
        parts += _Frame(panel, width, height).drawn(colours)
        parts.append("</g>")
    if key:
        parts.append(f'<g transform="translate(0 {rows * height})">{key}</g>')
    return "\n".join([*parts, "</svg>"]) + "\n"


def _key(names: Sequence[str], colours: dict[str, str], width: int) -> tuple[str, int]:
    out, x, y = [], 12.0, 14
    for name in names:
        needed = 30 + _LETTER * len(name)
        if x + needed > width and x > 12:
            x, y = 12.0, y + 18
        out.append(f'<rect x="{x:.0f}" y="{y - 5}" width="14" height="4" fill="{colours[name]}"/>')
        out.append(f'<text x="{x + 18:.0f}" y="{y}">{escape(name)}</text>')
        x += needed
    return "".join(out), y + 12


class _Frame:
    """Where a value of one panel lies in pixels, and the drawing of it."""

    def __init__(self, panel: Panel, width: int, height: int) -> None:
        self._panel, self._width, self._height = panel, width, height
        xs = [x for line in panel.lines for x, _ in line.points]
        ys = [y for line in panel.lines for _, y in line.points] + [
            y for line in panel.lines for s in line.spans for y in s
        ]
        ys += [] if panel.level is None else [panel.level]
        if panel.diagonal:
            xs = ys = [*xs, *ys]
        self._x = _ends(xs, log=panel.x_log)
        low, high = _ends(ys, log=panel.y_log)
        self._y = (low, high if panel.top is None else panel.top)

    def _at(self, x: float, y: float) -> Point:
        across = _share(x, self._x, log=self._panel.x_log) * (self._width - _LEFT - _RIGHT)
        up = _share(y, self._y, log=self._panel.y_log) * (self._height - _TOP - _FOOT)
        return _LEFT + across, self._height - _FOOT - up

    def drawn(self, colours: dict[str, str]) -> list[str]:
        """Everything of the panel."""
        panel, low, right = self._panel, self._height - _FOOT, self._width - _RIGHT
        out = [f'<text x="{_LEFT}" y="18" font-weight="bold">{escape(panel.title)}</text>']
        out.append(f'<path d="M{_LEFT} {_TOP}V{low}H{right}" fill="none" stroke="#333"/>')
        for value, label in panel.x_ticks or _ticks(self._x, log=panel.x_log):
            x, _ = self._at(value, self._y[0])
            out.append(
                f'<path d="M{x:.1f} {low}v4" stroke="#333"/><text x="{x:.1f}" y="{low + 16}" text-anchor="middle">{label}</text>'
            )
        for value, label in _ticks(self._y, log=panel.y_log):
            _, y = self._at(self._x[0], value)
            out.append(
                f'<path d="M{_LEFT} {y:.1f}h-4" stroke="#333"/><path d="M{_LEFT} {y:.1f}H{right}" stroke="#eee"/>'
            )
            out.append(f'<text x="{_LEFT - 7}" y="{y + 4:.1f}" text-anchor="end">{label}</text>')
        if panel.diagonal:
            out.append(self._path([(self._x[0], self._x[0]), (self._x[1], self._x[1])], "#999", dashed=True))
        if panel.level is not None:
            out.append(self._path([(self._x[0], panel.level), (self._x[1], panel.level)], "#999", dashed=True))
        for line in panel.lines:
            out += self._line(line, colours.get(line.name, COLOURS[0]))
        middle = (_LEFT + right) / 2
        out.append(f'<text x="{middle:.0f}" y="{self._height - 10}" text-anchor="middle">{escape(panel.x)}</text>')
        place = f"{(_TOP + low) / 2:.0f}"
        out.append(
            f'<text x="13" y="{place}" transform="rotate(-90 13 {place})" text-anchor="middle">{escape(panel.y)}</text>'
        )
        return out

    def _line(self, line: Line, colour: str) -> list[str]:
        out = [self._path(line.points, colour, dashed=line.dashed)]
        for x, (below, above) in zip((x for x, _ in line.points), line.spans, strict=False):
            out.append(self._path([(x, below), (x, above)], colour, dashed=False))
        for k, point in enumerate(line.points if line.dots else ()):
            x, y = self._at(*point)
            out.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>')
            if k < len(line.notes):
                out.append(f'<text x="{x - 6:.1f}" y="{y - 8:.1f}" text-anchor="end">{escape(line.notes[k])}</text>')
        return out

    def _path(self, points: Sequence[Point], colour: str, *, dashed: bool) -> str:
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in (self._at(*point) for point in points))
        dash = ' stroke-dasharray="4 4"' if dashed else ""
        return f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.6"{dash}/>'


def _ends(values: Sequence[float], *, log: bool) -> Point:
    if log:
        return min(value for value in values if value > 0), max(values)
    return min(0.0, *values), max(values) * 1.08 or 1.0


def _share(value: float, ends: Point, *, log: bool) -> float:
    low, high = ends
    if log:
        value, low, high = math.log(max(value, low)), math.log(low), math.log(high)
    return min(1.0, max(0.0, (value - low) / (high - low))) if high > low else 0.5


def _ticks(ends: Point, *, log: bool) -> list[tuple[float, str]]:
    low, high = ends
    if log:
        powers = range(math.ceil(math.log10(low) - 1e-9), math.floor(math.log10(high) + 1e-9) + 1)
        step = -(-len(powers) // 6) or 1
        return [(10.0**power, _short(10.0**power)) for power in list(powers)[::step]]
    step = 10.0 ** math.floor(math.log10(high - low))
    step *= next(s for s in (0.2, 0.5, 1.0, 2.0) if (high - low) / (step * s) <= 6)
    return [(k * step, _short(k * step)) for k in range(math.ceil(low / step), math.floor(high / step + 1e-9) + 1)]


def _short(value: float) -> str:
    for unit, letter in ((1e6, "M"), (1e3, "k")):
        if abs(value) >= unit:
            return f"{value / unit:g} {letter}"
    return f"{value:.4g}"
