"""A study as Markdown: the same figures as tables, for the pages of the repository."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from stillwatch.range.page.numbers import axis_label, between, is_number, written
from stillwatch.range.results import Bars, Column, Curves, Figure, Note, Point, Result, Table, Unit
from stillwatch.report.inert import inert

__all__ = ["render_markdown"]


def render_markdown(result: Result) -> str:
    """One study as Markdown. Plots become tables of their numbers; a value stands with its interval."""
    told = result.provenance
    out = [f"# {_plain(result.title)}", _plain(result.question), "\n".join(f"- {_plain(one)}" for one in result.answer)]
    for section in result.sections:
        out.append(f"## {_plain(section.title)}")
        if section.lead:
            out.append(_plain(section.lead))
        for figure in section.figures:
            out += _figure(figure)
    out += ["## What it cannot say", "\n".join(f"- {_plain(one)}" for one in result.limits), "## Where it comes from"]
    machine = told.machine
    facts = (
        ("Command", f"`{told.command}`" if told.command else "run from Python"),
        ("Seeds", ", ".join(map(str, told.seeds)) if len(told.seeds) < 9 else f"{told.seeds[0]} to {told.seeds[-1]}"),
        ("Settings", ", ".join(f"{name} = {value}" for name, value in told.settings.items())),
        ("Prompts", told.prompts),
        ("Versions", ", ".join(f"{name} {value}" for name, value in told.versions.items())),
        ("Machine", f"{machine.processor}, {machine.cores} cores, {machine.system}"),
        ("Processor time", written(told.cpu_seconds, Unit.SECONDS)),
        ("Finished", told.date),
    )
    out.append("\n".join(f"- {name}: {_plain(value)}" for name, value in facts if value))
    return "\n\n".join(out) + "\n"


def _figure(figure: Figure) -> list[str]:
    match figure:
        case Curves():
            xs = sorted({point.x for line in figure.lines for point in line.points})
            known = [{point.x: point for point in line.points} for line in figure.lines]
            rows = [
                [axis_label(x, figure.x_unit), *(_point(points.get(x), figure.y_unit) for points in known)] for x in xs
            ]
            columns = [Column(name=figure.x_name), *(Column(name=line.name) for line in figure.lines)]
            return [f"### {_plain(figure.title)}", *_told(figure), _table(columns, rows)]
        case Bars():
            bars = [[bar.label, _value(bar.value, bar.low, bar.high, figure.unit), bar.remark] for bar in figure.bars]
            return [
                f"### {_plain(figure.title)}",
                *_told(figure),
                _table([Column(name=""), Column(name="value"), Column(name="remark")], bars),
            ]
        case Table():
            cells = [[written(v, c.unit) for v, c in zip(row, figure.columns, strict=True)] for row in figure.rows]
            caption = [_plain(figure.caption)] if figure.caption else []
            return [
                f"### {_plain(figure.title)}",
                *caption,
                _table(figure.columns, cells) if cells else "Nothing to show.",
            ]
        case Note():
            return [f"**{_plain(figure.title)}.** {_plain(figure.text)}"]


def _told(figure: Curves | Bars) -> list[str]:
    parts = [figure.caption]
    if figure.level is not None and figure.level_name:
        unit = figure.y_unit if isinstance(figure, Curves) else figure.unit
        parts.append(f"Level: {figure.level_name} ({written(figure.level, unit)}).")
    if figure.interval:
        parts.append(f"Intervals: {figure.interval}.")
    text = " ".join(part for part in parts if part)
    return [_plain(text)] if text else []


def _point(point: Point | None, unit: Unit) -> str:
    return "" if point is None else _value(point.value, point.low, point.high, unit)


def _value(value: float | None, low: float | None, high: float | None, unit: Unit) -> str:
    doubt = between(low, high, unit)
    return written(value, unit) + (f" ({doubt})" if doubt else "")


def _table(columns: Sequence[Column], rows: Iterable[Sequence[str]]) -> str:
    head = "| " + " | ".join(_plain(column.name) for column in columns) + " |"
    rule = "|" + "|".join("---:" if is_number(column.unit) else "---" for column in columns) + "|"
    return "\n".join([head, rule, *("| " + " | ".join(_plain(cell) for cell in row) + " |" for row in rows)])


def _plain(text: str) -> str:
    """Text that cannot break a table or a line."""
    return inert(text).replace("\n", " ").replace("|", "\\|")
