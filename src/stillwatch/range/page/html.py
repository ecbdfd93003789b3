"""The page: one self-contained HTML file without scripts that loads nothing, from the result alone.

A content security policy inside the page allows its own style sheet, named by hash, and nothing else.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable
from importlib import resources

from markupsafe import Markup

from stillwatch.range.page.bars import draw_bars
from stillwatch.range.page.curves import draw_curves
from stillwatch.range.page.numbers import axis_label, between, is_number, written
from stillwatch.range.results import Bars, Cell, Column, Curves, Figure, Note, Provenance, Result, Section, Table, Unit
from stillwatch.report.inert import inert

__all__ = ["render_page"]

_LONG = 14
"""Rows from which on a table is folded away behind its first ones."""


def render_page(result: Result) -> str:
    """One study as a self-contained HTML page, readable in the dark, on a narrow screen and in print."""
    style = resources.files("stillwatch.range").joinpath("page", "page.css").read_text(encoding="utf-8").strip()
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'"
    sections = [(f"s{k}", section) for k, section in enumerate(result.sections, 1)]
    links = _joined(_tag('<li><a href="#{}">{}</a></li>', name, section.title) for name, section in sections)
    body = _joined(_section(name, section) for name, section in sections)
    provenance = result.provenance
    page = _tag(
        _PAGE,
        policy=policy,
        style=Markup(style),  # noqa: S704 - our own file
        title=result.title,
        preset=result.preset,
        question=result.question,
        date=provenance.date[:10],
        seed=provenance.seed,
        version=provenance.versions.get("stillwatch", "unknown"),
        links=links,
        answer=_joined(_tag("<li>{}</li>", sentence) for sentence in result.answer),
        body=body,
        limits=_joined(_tag("<li>{}</li>", sentence) for sentence in result.limits),
        provenance=_provenance(provenance),
    )
    return str(page) + "\n"


_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="color-scheme" content="light dark">
<title>{title} · Stillwatch range</title>
<style>{style}</style>
</head>
<body>
<a class="skip" href="#main">Skip to the result</a>
<div class="sheet">
<nav aria-label="Contents">
<p class="mark">Stillwatch range</p>
<ol><li><a href="#answer">Answer</a></li>{links}
<li><a href="#limits">What it cannot say</a></li><li><a href="#provenance">Where it comes from</a></li></ol>
</nav>
<main id="main">
<p class="eyebrow"><span>Preset {preset}</span><span>seed {seed}</span><span>{date}</span><span>Stillwatch {version}</span></p>
<h1>{title}</h1>
<p class="lede">{question}</p>
<ul class="answer" id="answer">{answer}</ul>
{body}
<section id="limits"><h2>What it cannot say</h2><ul class="limits">{limits}</ul></section>
<section id="provenance"><h2>Where it comes from</h2>{provenance}</section>
<footer>Made by stillwatch range run. Everything on this page is in result.json; the page loads nothing and runs no script.</footer>
</main>
</div>
</body>
</html>"""


def _tag(template: str, *values: object, **named: object) -> Markup:
    """A template of our own with every value escaped and made harmless."""
    return Markup(template).format(  # noqa: S704 - templates are literals of this file; `format` escapes the values
        *(_harmless(value) for value in values), **{name: _harmless(value) for name, value in named.items()}
    )


def _harmless(value: object) -> object:
    return inert(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _joined(parts: Iterable[Markup]) -> Markup:
    return Markup("").join(parts)


def _section(name: str, section: Section) -> Markup:
    figures: list[Markup] = []
    small: list[Markup] = []
    for k, figure in enumerate(section.figures, 1):
        drawn = _figure(figure, f"{name}-{k}")
        if isinstance(figure, Curves) and not figure.prominent:
            small.append(drawn)
            continue
        if small:
            figures.append(_tag('<div class="pair">{}</div>', _joined(small)))
            small = []
        figures.append(drawn)
    if small:
        figures.append(_tag('<div class="pair">{}</div>', _joined(small)))
    lead = _tag('<p class="lead">{}</p>', section.lead) if section.lead else Markup("")
    return _tag('<section id="{}"><h2>{}</h2>{}{}</section>', name, section.title, lead, _joined(figures))


def _figure(figure: Figure, uid: str) -> Markup:
    match figure:
        case Curves():
            return _plot(figure, draw_curves(figure, uid=uid), _curve_numbers(figure))
        case Bars():
            return _plot(figure, draw_bars(figure, uid=uid), _bar_numbers(figure))
        case Table():
            return _tag(
                '<div class="figure"><h3>{}</h3>{}{}</div>', figure.title, _caption(figure.caption), _table(figure)
            )
        case Note():
            return _tag('<aside class="note"><h3>{}</h3><p>{}</p></aside>', figure.title, figure.text)


def _plot(figure: Curves | Bars, drawn: Markup, numbers: Markup) -> Markup:
    told = " ".join(
        part for part in (figure.caption, f"Intervals: {figure.interval}." if figure.interval else "") if part
    )
    cls = "figure wide" if isinstance(figure, Curves) and figure.prominent else "figure"
    return _tag(
        '<figure class="{}"><h3>{}</h3><div class="scroll" role="region" aria-label="{}" tabindex="0">{}</div>'
        "<figcaption>{}</figcaption><details><summary>The numbers</summary>{}</details></figure>",
        cls,
        figure.title,
        figure.title,
        drawn,
        told,
        numbers,
    )


def _caption(text: str) -> Markup:
    return _tag('<p class="caption">{}</p>', text) if text else Markup("")


def _table(table: Table) -> Markup:
    if not table.rows:
        return Markup('<p class="empty">Nothing to show.</p>')
    if len(table.rows) <= _LONG:
        return _rows(table.columns, table.rows, table.title)
    return _tag(
        "{}<details><summary>{} more rows</summary>{}</details>",
        _rows(table.columns, table.rows[: _LONG - 4], table.title),
        len(table.rows) - _LONG + 4,
        _rows(table.columns, table.rows[_LONG - 4 :], table.title),
    )


def _rows(columns: Iterable[Column], rows: Iterable[tuple[Cell, ...]], name: str) -> Markup:
    columns = tuple(columns)
    head = _joined(
        _tag('<th scope="col"{}>{}</th>', Markup(' class="n"') if is_number(c.unit) else Markup(""), c.name)
        for c in columns
    )
    body = _joined(
        _tag("<tr>{}</tr>", _joined(_cell(v, c, k == 0) for k, (v, c) in enumerate(zip(r, columns, strict=True))))
        for r in rows
    )
    return _tag(
        '<div class="scroll" role="region" aria-label="{}" tabindex="0"><table><thead><tr>{}</tr></thead><tbody>{}</tbody></table></div>',
        name,
        head,
        body,
    )


def _cell(value: Cell, column: Column, first: bool) -> Markup:
    text = written(value, column.unit)
    if first:
        return _tag('<th scope="row">{}</th>', text)
    cls = " ".join(name for name, on in (("n", is_number(column.unit)), ("unknown", value is None)) if on)
    return _tag('<td class="{}">{}</td>', cls, text) if cls else _tag("<td>{}</td>", text)


def _curve_numbers(curves: Curves) -> Markup:
    xs = sorted({point.x for line in curves.lines for point in line.points})
    columns = [Column(name=curves.x_name), *(Column(name=line.name) for line in curves.lines)]
    known = [{point.x: point for point in line.points} for line in curves.lines]
    rows: list[tuple[Cell, ...]] = []
    for x in xs:
        row: list[Cell] = [axis_label(x, curves.x_unit)]
        for points in known:
            point = points.get(x)
            row.append("" if point is None else _with_doubt(point.value, point.low, point.high, curves.y_unit))
        rows.append(tuple(row))
    return _rows(columns, rows, f"{curves.title}, numbers")


def _bar_numbers(bars: Bars) -> Markup:
    columns = (Column(name=""), Column(name="value"), Column(name="n", unit=Unit.COUNT), Column(name="remark"))
    rows = [(bar.label, _with_doubt(bar.value, bar.low, bar.high, bars.unit), bar.n, bar.remark) for bar in bars.bars]
    return _rows(columns, rows, f"{bars.title}, numbers")


def _with_doubt(value: float | None, low: float | None, high: float | None, unit: Unit) -> str:
    doubt = between(low, high, unit)
    return written(value, unit) + (f" ({doubt})" if doubt else "")


def _provenance(told: Provenance) -> Markup:
    machine = told.machine
    memory = "" if machine.memory_gb is None else f", {machine.memory_gb:g} GB"
    seeds = f"{told.seeds[0]} to {told.seeds[-1]}" if len(told.seeds) > 1 else ", ".join(map(str, told.seeds))
    facts = (
        ("command", told.command or "run from Python"),
        ("seeds of the worlds", seeds),
        ("settings", ", ".join(f"{name} = {value}" for name, value in told.settings.items())),
        ("prompts", told.prompts),
        ("versions", ", ".join(f"{name} {value}" for name, value in told.versions.items())),
        ("machine", f"{machine.processor}, {machine.cores} cores{memory}, {machine.system}"),
        ("processor time", written(told.cpu_seconds, Unit.SECONDS)),
        ("last world finished", told.date),
    )
    return _tag(
        '<dl class="facts">{}</dl>', _joined(_tag("<div><dt>{}</dt><dd>{}</dd></div>", k, v) for k, v in facts if v)
    )
