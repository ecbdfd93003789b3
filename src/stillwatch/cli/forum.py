"""`stillwatch forum`: what this house may tell other labs, and what they told it."""

from __future__ import annotations

from cyclopts import App

from stillwatch.cli.app import app

__all__ = ["forum_app"]

forum_app = App(
    name="forum", help="Warn other labs, by rules that are code. Nothing leaves that the rules have not read."
)
app.command(forum_app)
