"""The page: one self-contained HTML file that loads nothing, from the view alone.

A content security policy inside the page forbids every request and every script but the one whose hash it names, so
even a hole in the escaping would stay inert.
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib import resources
from typing import Any

import jinja2
import numpy as np
from markupsafe import Markup

from stillwatch.report import wording
from stillwatch.report.inert import inert
from stillwatch.report.parts import three_parts
from stillwatch.report.plot_evidence import evidence_ruler, forest_axis, forest_head, forest_row, ruler_reach
from stillwatch.report.plot_links import LinkDrawing, draw_links
from stillwatch.report.plot_strip import strip
from stillwatch.report.plot_timeline import timeline
from stillwatch.report.standing import GLOSSARY, METHOD, STANDING_LIMITS
from stillwatch.report.tables import history_table, looks_table
from stillwatch.report.verdict import key_numbers, verdict
from stillwatch.report.view import ScanView
from stillwatch.report.view_actor import ActorView
from stillwatch.report.watching import off_words, watch_table, watch_words

__all__ = ["furnish", "harmless", "render_html", "sorting_script", "standalone", "stylesheet"]

_SEED = 20_260_223
"""Of the layout of links: the same view gives the same page."""


def render_html(view: ScanView) -> str:
    """One scan as a self-contained HTML page: no request to anywhere, readable without scripts, in print and in the
    dark.
    """
    return standalone(
        "page.html.j2",
        view=view,
        verdict=verdict(view),
        key_numbers=key_numbers(view),
        reach=ruler_reach([(actor.e_value, actor.threshold) for actor in view.actors]),
        glossary=GLOSSARY,
        method=METHOD,
        standing_limits=STANDING_LIMITS,
    )


def standalone(template: str, **facts: Any) -> str:
    """A page of a template with style, script and the policy that lets nothing else run or load."""
    style, script = _packaged("page.css"), _packaged("sort.js")
    policy = (
        f"default-src 'none'; style-src 'sha256-{_digest(style)}'; script-src 'sha256-{_digest(script)}'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )
    own = {"style": Markup(style), "script": Markup(script), "policy": policy}  # noqa: S704 - our own files
    return _environment().get_template(template).render(**own, **facts)


def _draw(actor: ActorView, uid: str) -> LinkDrawing | None:
    if actor.links is None:
        return None
    return draw_links(actor.links, uid=uid, name=actor.handle, rng=np.random.default_rng(_SEED))


def harmless(value: object) -> object:
    """What every value of a template goes through: text from outside loses what could command or hide."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return inert(value)
    return value


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("stillwatch.report", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    furnish(environment)
    return environment


def furnish(environment: jinja2.Environment) -> None:
    """Give an environment what the macros of `templates/` need: words, plots, and that every value becomes harmless.

    Other rooms draw their pages with these macros, so that a finding looks the same everywhere.
    """
    environment.finalize = harmless
    environment.filters.update({name: getattr(wording, name) for name in wording.__all__})
    environment.globals.update(
        three_parts=three_parts,
        off_words=off_words,
        watch_table=watch_table,
        watch_words=watch_words,
        forest_axis=forest_axis,
        forest_head=forest_head,
        forest_row=forest_row,
        evidence_ruler=evidence_ruler,
        ruler_reach=ruler_reach,
        timeline=timeline,
        draw_links=_draw,
        strip=strip,
        looks_table=looks_table,
        history_table=history_table,
    )


def stylesheet() -> str:
    """The report's style, which other pages build on."""
    return _packaged("page.css")


def sorting_script() -> str:
    """The script that sorts tables of the class `sortable`."""
    return _packaged("sort.js")


def _packaged(name: str) -> str:
    return resources.files("stillwatch.report").joinpath("templates", name).read_text(encoding="utf-8").strip()


def _digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
