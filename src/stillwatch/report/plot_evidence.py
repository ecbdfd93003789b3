"""How far the evidence reaches: observed against expected, and an e-value against what it had to pass."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from stillwatch.core.records import Support
from stillwatch.report.svg import Drawing
from stillwatch.report.view_actor import HeldOutTest

__all__ = ["ForestAxis", "evidence_ruler", "forest_axis", "forest_head", "forest_row", "ruler_reach"]

_WIDTH = 300.0
_PAD = 22.0
_REACHES = {2: 2, 4: 2, 8: 2, 16: 4, 64: 8, 256: 16, 1024: 32, 2**20: 1024}
"""How far an axis may reach, and the factor from one of its ticks to the next."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ForestAxis:
    """The shared axis of an actor's tests: observed divided by expected, on a log scale from 1/reach to reach."""

    reach: int

    def at(self, ratio: float) -> tuple[float, bool]:
        """Where a ratio lies in pixels, and whether it ran off the axis."""
        if ratio <= 0:
            return _PAD, True
        place = math.log(ratio) / math.log(self.reach)
        return _WIDTH / 2 + max(-1.0, min(1.0, place)) * (_WIDTH / 2 - _PAD), abs(place) > 1.0001

    @property
    def ticks(self) -> tuple[float, ...]:
        """The ratios that are written on the axis."""
        step = _REACHES[self.reach]
        ups = [step**k for k in range(1, 12) if step**k <= self.reach]
        return (*(1 / up for up in reversed(ups)), 1.0, *(float(up) for up in ups))


def _ratios(test: HeldOutTest) -> tuple[float, float, float] | None:
    """Low end, value and high end as multiples of what the null expects; none where that makes no sense."""
    if test.value is None or not test.expected or test.expected < 0 or test.value < 0:
        return None
    low = test.value if test.low is None else test.low
    high = test.value if test.high is None else test.high
    return low / test.expected, test.value / test.expected, high / test.expected


def forest_axis(tests: Sequence[HeldOutTest]) -> ForestAxis:
    """The narrowest axis that holds every test's value; intervals may run off it."""
    values = [ratios[1] for test in tests if (ratios := _ratios(test)) and ratios[1] > 0]
    worst = max((max(value, 1 / value) for value in values), default=2.0)
    return ForestAxis(reach=next((reach for reach in _REACHES if worst <= reach * 0.999), max(_REACHES)))


def forest_head(axis: ForestAxis) -> Markup:
    """The axis itself, drawn once above the rows."""
    drawing = Drawing(_WIDTH, 30, kind="forest")
    drawing.words(_WIDTH / 2, 11, "as expected under the null", "tick strong", anchor="middle")
    for tick in axis.ticks:
        x, _ = axis.at(tick)
        label = "1" if tick == 1 else f"{tick:,.0f}×" if tick > 1 else f"1/{1 / tick:,.0f}"
        drawing.words(x, 25, label, "tick", anchor="middle")
    return drawing.picture()


def forest_row(test: HeldOutTest, axis: ForestAxis) -> Markup:
    """One test's mark: its value and interval as multiples of what the null expects; an undecided test has none.

    Arrow heads stand where an interval, or the value itself, runs off the axis.
    """
    drawing = Drawing(_WIDTH, 26, kind="forest")
    middle, _ = axis.at(1.0)
    for tick in axis.ticks:
        x, _ = axis.at(tick)
        drawing.line(x, 0, x, 26, "null-line" if tick == 1 else "grid")
    if not test.decided:
        return drawing.picture()
    ratios = _ratios(test)
    if ratios is None:
        drawing.rect(middle - 66, 5, 132, 16, "paper", radius=2)
        drawing.words(middle, 17, "no multiple of the null", "tick", anchor="middle")
        return drawing.picture()
    cls = {Support.HARVEST: "harvest", Support.INNOCENT: "innocent", Support.NEITHER: "neither"}[test.supports]
    (low, off_low), (x, off), (high, off_high) = (axis.at(ratio) for ratio in ratios)
    if off and off_low and off_high:
        low = high = x
        off_low = off_high = False
    drawing.line(low, 13, high, 13, f"whisker {cls}")
    for end, beyond, way in ((low, off_low, -1), (high, off_high, 1)):
        if beyond:
            drawing.polygon([(end + way * 7, 13), (end, 9), (end, 17)], cls)
        elif test.low is not None and low < high:
            drawing.line(end, 9, end, 17, f"whisker {cls}")
    if off:
        drawing.polygon(
            [(x - 9, 13), (x + 1, 7), (x + 1, 19)] if ratios[1] < 1 else [(x + 9, 13), (x - 1, 7), (x - 1, 19)], cls
        )
    else:
        drawing.rect(x - 4.5, 8.5, 9, 9, cls, radius=1 if test.supports is Support.HARVEST else 4.5)
    return drawing.picture()


def ruler_reach(pairs: Sequence[tuple[float | None, float | None]]) -> float:
    """The longest power of ten that a group of rulers needs, so that they share one scale."""
    tops = [math.log10(min(x, 1e300)) for pair in pairs for x in pair if x is not None and x > 1]
    return max(2.0, math.ceil(max(tops, default=2.0) * 1.04))


def evidence_ruler(e: float | None, threshold: float | None, reach: float, *, width: float = 150.0) -> Markup:
    """An e-value on a log scale from 1 to 10^reach, with a tick at what it had to pass."""
    drawing = Drawing(width, 20, kind="ruler")
    inner = width - 12

    def at(x: float) -> float:
        return 6 + inner * max(0.0, min(1.0, math.log10(max(1.0, min(x, 1e300))) / reach))

    drawing.rect(6, 8, inner, 4, "track", radius=2)
    if e is not None:
        passed = threshold is not None and e >= threshold
        drawing.rect(6, 8, max(0.0, at(e) - 6), 4, "harvest" if passed else "neither", radius=2)
        drawing.circle(at(e), 10, 4.5, "harvest" if passed else "neither")
    if threshold is not None:
        drawing.line(at(threshold), 2, at(threshold), 18, "needed")
    return drawing.picture()
