"""`stillwatch tidy`: what is older than it may be kept goes, and small parts are joined."""

from __future__ import annotations

import datetime as dt
import getpass
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from stillwatch.cli.app import app
from stillwatch.cli.scan import DEFAULT_WORKSPACE

__all__ = ["tidy"]


@app.command
def tidy(
    workspace: Path = DEFAULT_WORKSPACE,
    /,
    *,
    settings: Path | None = None,
    by: str | None = None,
    look: Annotated[bool, Parameter(negative=())] = False,
) -> None:
    """Blank texts and drop exchanges that are older than the settings let them be kept, and join small parts of tables.

    The periods are keep.text_days and keep.days; without them only small parts are joined. What is under legal hold stays. It can be
    cut off at any point: the same command finishes it. Findings are brought up to date by the next scan or watch.

    Args:
        workspace: Folder of the workspace.
        settings: Settings file; stillwatch.toml in the workspace by default.
        by: Who asks for it, for the journal; the name of the system's user by default.
        look: Say what is due and change nothing.
    """
    from stillwatch.core import Error, read_settings
    from stillwatch.engine import Workspace
    from stillwatch.pipeline import tidy as run
    from stillwatch.pipeline import tidy_due

    if settings is not None and not settings.exists():
        raise Error(f"{settings}: no such settings file")
    chosen = read_settings(settings or workspace / "stillwatch.toml")
    opened = Workspace(workspace, make=False)
    if look:
        told = tidy_due(opened.store, chosen, dt.datetime.now(dt.UTC))
        print(
            f"Due: {told.text:,} parts with texts that are too old, {told.whole:,} parts that are too old, "
            f"{told.small:,} small parts to join"
        )
        return
    done = run(opened, chosen, by=by or getpass.getuser())
    print(
        f"Texts of {done.blanked:,} exchanges blanked, {done.dropped:,} exchanges dropped, {done.joined:,} small parts joined"
        + (f"; {done.held:,} accounts are under legal hold and stay" if done.held else "")
    )
