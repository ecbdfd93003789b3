"""Where a value stands among the accounts it was compared with, on one line."""

from __future__ import annotations

import math
from collections.abc import Sequence

from markupsafe import Markup

from stillwatch.report.svg import Drawing

__all__ = ["strip"]


def strip(quantiles: Sequence[float], value: float | None = None, *, width: float = 170.0) -> Markup:
    """The population's quantiles (1, 5, 25, 50, 75, 95, 99 %) as nested bands with the value's mark.

    The scale is linear around the middle and logarithmic in the tails (asinh), so that heavy tails stay on the page.
    """
    known = [q for q in quantiles if math.isfinite(q)]
    if len(known) != 7:
        return Markup("")
    q01, q05, q25, q50, q75, q95, q99 = known
    unit = (q75 - q25) / 2 or (q95 - q05) / 4 or (q99 - q01) / 6 or abs(q50) / 2 or 1.0
    shown = value if value is not None and math.isfinite(value) else None

    def bent(x: float) -> float:
        return math.asinh((x - q50) / unit)

    ends = [bent(q01), bent(q99)] + ([] if shown is None else [bent(shown)])
    low, high = min(ends), max(ends)
    if high - low < 1e-9:
        low, high = low - 1, high + 1

    def at(x: float) -> float:
        return 7 + (width - 14) * (bent(x) - low) / (high - low)

    drawing = Drawing(width, 20, kind="strip")
    drawing.line(7, 10, width - 7, 10, "grid")
    for left, right, thick in ((q01, q99, 4.0), (q05, q95, 8.0), (q25, q75, 12.0)):
        drawing.rect(at(left), 10 - thick / 2, max(1.0, at(right) - at(left)), thick, "band")
    drawing.line(at(q50), 3, at(q50), 17, "median")
    if shown is not None:
        drawing.circle(at(shown), 10, 4.5, "harvest" if shown > q99 or shown < q01 else "neither")
    return drawing.picture()
