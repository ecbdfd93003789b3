"""Numbers of a result as people read them, by their unit."""

from __future__ import annotations

from stillwatch.range.results import Cell, Unit
from stillwatch.report.wording import e_words

__all__ = ["UNKNOWN", "axis_label", "between", "is_number", "written"]

UNKNOWN = "unknown"


def written(value: Cell, unit: Unit) -> str:
    """A value in its unit; unknown is said.

    >>> written(0.1234, Unit.SHARE), written(0.00042, Unit.RATE), written(12345, Unit.COUNT), written(None, Unit.SHARE)
    ('12.3 %', '0.042 %', '12,345', 'unknown')
    >>> written(True, Unit.TEXT), written(2.5, Unit.FACTOR), written(75.2, Unit.SECONDS)
    ('yes', '2.5 ×', '75 s')
    """
    if value is None:
        return UNKNOWN
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return value
    match unit:
        case Unit.SHARE:
            return _share(float(value))
        case Unit.RATE:
            return "0 %" if value == 0 else f"{100 * value:.2g} %" if abs(value) < 0.1 else _share(float(value))
        case Unit.COUNT:
            return f"{value:,.0f}"
        case Unit.EVIDENCE:
            return e_words(float(value))
        case Unit.SECONDS:
            return f"{value:,.0f} s" if value >= 10 else f"{value:.1f} s"
        case Unit.FACTOR:
            return f"{value:.3g} ×"
        case _:
            return f"{value:.4g}"


def _share(value: float) -> str:
    text = f"{100 * value:.1f}"
    return f"{text.removesuffix('.0')} %"


def axis_label(value: float, unit: Unit) -> str:
    """A value as short as a tick of an axis wants it.

    >>> axis_label(0.5, Unit.SHARE), axis_label(0.001, Unit.SHARE), axis_label(3000, Unit.COUNT)
    ('50 %', '0.1 %', '3,000')
    """
    if unit in (Unit.SHARE, Unit.RATE):
        return f"{100 * value:g} %"
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:g}"


def between(low: float | None, high: float | None, unit: Unit) -> str:
    """An interval; empty where there is none.

    >>> between(0.1, 0.25, Unit.SHARE), between(None, 0.25, Unit.SHARE)
    ('10 to 25 %', '')
    """
    if low is None or high is None:
        return ""
    first, last = written(low, unit), written(high, unit)
    return f"{first.removesuffix(' %')} to {last}" if last.endswith(" %") else f"{first} to {last}"


def is_number(unit: Unit) -> bool:
    """Whether a column of this unit is set to the right."""
    return unit is not Unit.TEXT
