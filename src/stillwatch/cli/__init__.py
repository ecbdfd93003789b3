"""The street door: the command `stillwatch`. Rooms are imported inside commands, so that `--help` is quick."""

from __future__ import annotations

from stillwatch.cli.app import app
from stillwatch.cli.door import main

__all__ = ["app", "main"]
