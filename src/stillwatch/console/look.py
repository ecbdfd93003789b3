"""How pages look: templates over the report's words, plots and style, so that a finding looks the same in both."""

from __future__ import annotations

import hashlib
import re
from functools import cache
from importlib import resources
from typing import Any

import jinja2

from stillwatch.cases import impact_estimates, standing_words
from stillwatch.report import furnish, sorting_script, stylesheet

__all__ = ["ASSETS", "asset", "render"]

ASSETS = ("auto.css", "light.css", "dark.css", "console.js", "sort.js", "mark.svg")
"""Everything that a page loads; all of it from here."""

_DARK = "@media (prefers-color-scheme: dark)"


def render(template: str, **facts: Any) -> str:
    """A page as text; every value in it is escaped and made inert."""
    return _environment().get_template(template).render(**facts)


@cache
def asset(name: str) -> tuple[bytes, str]:
    """An asset and its media type.

    Raises:
        KeyError: when there is none of this name.
    """
    if name not in ASSETS:
        raise KeyError(name)
    if name.endswith(".css"):
        style = stylesheet() + "\n" + _own("console.css")
        return _in_theme(style, name.removesuffix(".css")).encode(), "text/css; charset=utf-8"
    if name == "sort.js":
        return sorting_script().encode(), "text/javascript; charset=utf-8"
    media = "image/svg+xml" if name.endswith(".svg") else "text/javascript; charset=utf-8"
    return _own(name).encode(), media


def _in_theme(style: str, theme: str) -> str:
    """The style as the system wants it (`auto`), or light or dark for good."""
    if theme == "auto":
        return style
    media = "@media all" if theme == "dark" else "@media not all"
    return re.sub(r"color-scheme: light dark", f"color-scheme: {theme}", style.replace(_DARK, media))


@cache
def _address(name: str) -> str:
    """Where an asset is: its digest is part of it, so that browsers may keep it."""
    return f"/static/{name}?v={hashlib.sha256(asset(name)[0]).hexdigest()[:12]}"


def _own(name: str) -> str:
    return resources.files("stillwatch.console").joinpath("static", name).read_text(encoding="utf-8")


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.ChoiceLoader(
            [
                jinja2.PackageLoader("stillwatch.console", "templates"),
                jinja2.PrefixLoader({"report": jinja2.PackageLoader("stillwatch.report", "templates")}),
            ]
        ),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    furnish(environment)
    environment.globals["asset"] = _address
    environment.globals["impact_estimates"] = impact_estimates
    environment.globals["standing_words"] = standing_words
    return environment
