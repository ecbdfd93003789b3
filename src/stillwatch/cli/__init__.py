"""The street door: the command `stillwatch`. Rooms are imported inside commands, so that `--help` is quick."""

from __future__ import annotations

from stillwatch.cli.app import app, main

__all__ = ["app", "main"]
