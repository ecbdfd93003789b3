"""The command line: what it is called."""

from __future__ import annotations

from importlib.metadata import version

from cyclopts import App

__all__ = ["app"]

app = App(
    name="stillwatch",
    help="Finds who is distilling a model provider's models through its API, and shows the evidence.",
    suppress_keyboard_interrupt=False,
    version=lambda: f"stillwatch {version('stillwatch')}",
)
