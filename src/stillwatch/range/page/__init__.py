"""A study as one self-contained HTML page with plots, and as Markdown."""

from __future__ import annotations

from stillwatch.range.page.html import render_page
from stillwatch.range.page.markdown import render_markdown

__all__ = ["render_markdown", "render_page"]
