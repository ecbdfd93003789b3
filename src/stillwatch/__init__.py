"""Stillwatch finds who is distilling a model provider's models through its API.

These names are what other programs may build on; they change only with a line in the changelog that says so.

>>> import stillwatch
>>> stillwatch.Settings().run.engine
'duckdb'
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stillwatch.core import Error, Settings, read_settings
    from stillwatch.engine import Workspace
    from stillwatch.ingest import source_of
    from stillwatch.pipeline import Inputs, Scanned, Schedule, Watcher, last_view
    from stillwatch.pipeline.scan import scan
    from stillwatch.report import pictures, render_html

__all__ = [
    "Error",
    "Inputs",
    "Scanned",
    "Schedule",
    "Settings",
    "Watcher",
    "Workspace",
    "last_view",
    "pictures",
    "read_settings",
    "render_html",
    "scan",
    "source_of",
]

_ROOMS = {
    "core": ("Error", "Settings", "read_settings"),
    "engine": ("Workspace",),
    "ingest": ("source_of",),
    "pipeline": ("Inputs", "Scanned", "Schedule", "Watcher", "last_view", "scan"),
    "report": ("pictures", "render_html"),
}
_HOME = {name: room for room, names in _ROOMS.items() for name in names}


def __getattr__(name: str) -> Any:
    """A name from the room that has it, opened when it is first asked for: `import stillwatch` alone opens none."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(import_module(f"stillwatch.{_HOME[name]}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
