"""The pictures of a printed case: when it happened, what became of the attempts, what they asked for, and how far the evidence goes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from stillwatch.core import CapabilityShare, ModelUse
from stillwatch.report.pdf_sheet import ACCENT, CALM, INK, SOFT, Sheet
from stillwatch.report.plot_timeline import bins
from stillwatch.report.view_actor import HourCount, ReleaseMark
from stillwatch.report.wording import count, day, e_words, moment, share

__all__ = ["capability_bars", "evidence_bar", "fates", "timeline_bars"]

_WIDTH = 493.0
_FONT, _BOLD = "Stillwatch", "Stillwatch-Bold"
_REFUSED, _FAILED = "#d9b44a", "#c9ced6"


def timeline_bars(sheet: Sheet, hours: Sequence[HourCount], releases: Sequence[ReleaseMark]) -> Any:
    """Requests over time: the finding's dark, all others of its accounts light, launches of models marked."""
    cells = bins(hours)
    drawing = _canvas(150)
    left, base, high = 38.0, 26.0, 96.0
    top = max(1, *(cell.harvest + cell.other for cell in cells))
    pitch = (_WIDTH - left) / len(cells)
    for level in (0.5, 1.0):
        _line(drawing, left, base + high * level, _WIDTH, base + high * level, CALM, 0.3)
        _words(drawing, left - 4, base + high * level - 2.5, count(round(top * level)), 6.5, anchor="end")
    for place, cell in enumerate(cells):
        x, low = left + place * pitch, cell.harvest / top * high
        _rect(drawing, x, base, max(0.6, pitch * 0.82), low, ACCENT)
        _rect(drawing, x, base + low, max(0.6, pitch * 0.82), cell.other / top * high, CALM)
    _line(drawing, left, base, _WIDTH, base, INK, 0.6)
    for share_ in (0.0, 0.5, 1.0):
        at = cells[0].at + share_ * len(cells) * timedelta(hours=cells[0].hours)
        anchor = {0.0: "start", 0.5: "middle", 1.0: "end"}[share_]
        _words(drawing, left + share_ * (_WIDTH - left), base - 10, moment(at), 6.5, anchor=anchor)
    for mark in releases[:4]:
        place_ = (mark.at - cells[0].at) / timedelta(hours=cells[0].hours)
        if 0 <= place_ <= len(cells):
            x = left + place_ * pitch
            _line(drawing, x, base, x, base + high + 8, INK, 0.8)
            _words(
                drawing, x + 3, base + high + 4, f"launch of {sheet.plain(mark.model)}, {day(mark.at)}", 6.5, bold=True
            )
    _key(drawing, left, 140, (("carries the finding", ACCENT), ("other requests of the same accounts", CALM)))
    _words(drawing, _WIDTH, 140, f"requests in steps of {cells[0].hours} h, UTC", 6.5, anchor="end")
    return drawing


def fates(sheet: Sheet, uses: Sequence[ModelUse]) -> Any:
    """What became of the attempts, model by model: answered, refused, failed, not recorded."""
    shown = uses[:6]
    drawing = _canvas(22 + 19 * len(shown))
    top = max(1, *(use.attempts for use in shown))
    y = 19.0 * len(shown) - 13
    _key(
        drawing,
        0,
        19 * len(shown) + 9,
        (("answered", ACCENT), ("refused", _REFUSED), ("failed", _FAILED), ("outcome not in the logs", CALM)),
    )
    for use in shown:
        _words(drawing, 0, y + 3, sheet.plain(use.model), 7.5)
        x = 150.0
        for part, color in (
            (use.answered, ACCENT),
            (use.refused, _REFUSED),
            (use.failed, _FAILED),
            (use.unknown, CALM),
        ):
            wide = part / top * 260
            _rect(drawing, x, y, wide, 11, color)
            x += wide
        _words(drawing, x + 5, y + 3, f"{count(use.answered)} of {count(use.attempts)} answered", 7)
        y -= 19
    return drawing


def capability_bars(sheet: Sheet, sought: Sequence[CapabilityShare]) -> Any:
    """What was asked for: the accounts' share of requests dark, everybody else's light, the largest share as the whole length."""
    shown = sought[:6]
    drawing = _canvas(22 + 25 * len(shown))
    y = 25.0 * len(shown) - 14
    scale = 220 / max(one.exchanges / one.of for one in shown)
    _key(drawing, 0, 25 * len(shown) + 9, (("these accounts", ACCENT), ("everybody else in the same logs", CALM)))
    for one in shown:
        mine, rest = one.exchanges / one.of, one.elsewhere / one.elsewhere_of if one.elsewhere_of else None
        _words(drawing, 0, y + 2, sheet.plain(one.capability), 7.5)
        _rect(drawing, 210, y + 3, max(0.5, mine * scale), 7, ACCENT)
        _words(drawing, 214 + mine * scale, y + 4, share(mine), 7)
        _rect(drawing, 210, y - 6, max(0.5, (rest or 0) * scale), 7, CALM)
        _words(drawing, 214 + (rest or 0) * scale, y - 5, share(rest), 7)
        y -= 25
    return drawing


def evidence_bar(e: float, threshold: float) -> Any:
    """The evidence beside what was demanded, on a scale of powers of ten."""
    drawing = _canvas(48)
    reach = max(2.0, 1.15 * math.log10(max(10.0, min(e, 1e300), threshold)))

    def at(x: float) -> float:
        return max(0.0, min(1.0, math.log10(max(1.0, min(x, 1e300))) / reach)) * _WIDTH

    _rect(drawing, 0, 22, _WIDTH, 6, CALM)
    _rect(drawing, 0, 22, at(e), 6, ACCENT)
    _line(drawing, at(threshold), 17, at(threshold), 33, INK, 1.4)
    middle = at(threshold)
    anchor = "start" if middle < 90 else "end" if middle > _WIDTH - 90 else "middle"
    _words(drawing, middle, 7, f"demanded: {e_words(threshold)}", 7, anchor=anchor)
    found = at(e)
    _words(drawing, found, 37, f"found: {e_words(e)}", 7, bold=True, anchor="start" if found < 90 else "end")
    return drawing


def _canvas(height: float) -> Any:
    from reportlab.graphics.shapes import Drawing

    return Drawing(_WIDTH, height)


def _rect(drawing: Any, x: float, y: float, wide: float, high: float, color: str) -> None:
    from reportlab.graphics.shapes import Rect
    from reportlab.lib.colors import HexColor

    if wide > 0 and high > 0:
        drawing.add(Rect(x, y, wide, high, fillColor=HexColor(color), strokeColor=None))


def _line(drawing: Any, x1: float, y1: float, x2: float, y2: float, color: str, width: float) -> None:
    from reportlab.graphics.shapes import Line
    from reportlab.lib.colors import HexColor

    drawing.add(Line(x1, y1, x2, y2, strokeColor=HexColor(color), strokeWidth=width))


def _words(
    drawing: Any, x: float, y: float, text: str, size: float, *, bold: bool = False, anchor: str = "start"
) -> None:
    from reportlab.graphics.shapes import String
    from reportlab.lib.colors import HexColor

    color = HexColor(INK if bold else SOFT)
    drawing.add(
        String(x, y, text, fontName=_BOLD if bold else _FONT, fontSize=size, fillColor=color, textAnchor=anchor)
    )


def _key(drawing: Any, x: float, y: float, entries: Sequence[tuple[str, str]]) -> None:
    from reportlab.pdfbase.pdfmetrics import stringWidth

    for words, color in entries:
        _rect(drawing, x, y, 7, 7, color)
        _words(drawing, x + 10, y + 0.5, words, 7)
        x += 24 + stringWidth(words, _FONT, 7)
