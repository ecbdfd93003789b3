"""Bars as inline SVG, one row each: name, bar with its interval, value in words."""

from __future__ import annotations

from markupsafe import Markup

from stillwatch.range.page.numbers import axis_label, between, written
from stillwatch.range.results import Bars
from stillwatch.report.svg import Drawing

__all__ = ["draw_bars"]

_WIDTH, _ROW, _TOP, _FOOT = 640.0, 26.0, 26.0, 22.0
_LETTER = 6.3
_END = 118.0
_WIDEST = 330.0
"""Room for names at most; a longer one is cut, and stands whole in its tip and in the numbers."""


def draw_bars(bars: Bars, *, uid: str) -> Markup:
    """One plot as an image; a bar without a value is said to be unknown."""
    left = min(_WIDEST, 14 + _LETTER * max((len(bar.label) for bar in bars.bars), default=4))
    letters = int((_WIDEST - 14) / _LETTER)
    right = _WIDTH - _END
    known = [v for bar in bars.bars for v in (bar.value, bar.high) if v is not None]
    if bars.level is not None:
        known.append(bars.level)
    most = max(known, default=0.0)
    top = 1.0 if most <= 0 or (bars.unit.value == "share" and most > 0.5) else most * 1.05
    height = _TOP + _ROW * len(bars.bars) + _FOOT
    drawing = Drawing(_WIDTH, height, kind="bars")

    def at(value: float) -> float:
        return left + (right - left) * min(1.0, max(0.0, value / top))

    base = height - _FOOT
    for step in range(5):
        x = at(top * step / 4)
        drawing.line(x, _TOP - 4, x, base, "axis" if step == 0 else "grid")
        drawing.words(x, base + 15, axis_label(round(top * step / 4, 4), bars.unit), "tick", anchor="middle")
    for row, bar in enumerate(bars.bars):
        y = _TOP + row * _ROW
        name = bar.label if len(bar.label) <= letters else bar.label[: letters - 1].rstrip() + "…"
        drawing.words(left - 9, y + 16, name, "tick strong", anchor="end")
        doubt = between(bar.low, bar.high, bars.unit)
        tip = f"{bar.label}: {written(bar.value, bars.unit)}" + (f" ({doubt})" if doubt else "")
        if bar.value is not None:
            drawing.rect(
                left, y + 5, max(1.0, at(bar.value) - left), 14, "ours" if bar.ours else "peer", radius=1.5, tip=tip
            )
        if bar.low is not None and bar.high is not None:
            drawing.line(at(bar.low), y + 12, at(bar.high), y + 12, "doubt")
            for end in (bar.low, bar.high):
                drawing.line(at(end), y + 8, at(end), y + 16, "doubt")
        drawing.words(right + 10, y + 16, written(bar.value, bars.unit), "tick strong")
    if bars.level is not None:
        x = at(bars.level)
        drawing.line(x, _TOP - 8, x, base, "level")
        drawing.words(x + 4, _TOP - 10, bars.level_name, "tick strong")
    told = "; ".join(f"{bar.label}: {written(bar.value, bars.unit)}" for bar in bars.bars)
    return drawing.picture(title=bars.title, desc=told, uid=uid)
