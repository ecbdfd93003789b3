"""`stillwatch doctor`: what is wrong with this installation, and what to do."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from rich.console import Console
from rich.table import Table
from rich.text import Text

from stillwatch.cli.app import app
from stillwatch.cli.scan import DEFAULT_WORKSPACE

__all__ = ["doctor"]

_COLOURS = {"well": "green", "notice": "yellow", "ill": "red"}


@app.command
def doctor(
    workspace: Path = DEFAULT_WORKSPACE,
    /,
    *,
    json: Annotated[bool, Parameter(negative=())] = False,
) -> None:
    """Look an installation over and say what to do. Changes nothing; leaves with 1 when something needs help.

    Looked at are Python, libraries and extras; keys and who may read what; settings; every part of every table; half commits; room on
    the disk and memory; the standing, the journal and the watch.

    Args:
        workspace: Folder of the workspace.
        json: Print the findings as JSON.
    """
    import msgspec

    from stillwatch.pipeline import Health, checkup

    found = checkup(workspace)
    if json:
        sys.stdout.buffer.write(msgspec.json.encode(found) + b"\n")
    else:
        shown = Table(title=f"Stillwatch at {workspace}", title_justify="left", title_style="bold")
        for name in ("what", "", "seen", "what to do"):
            shown.add_column(name, overflow="fold")
        for one in found:
            shown.add_row(one.what, Text(one.health.value, _COLOURS[one.health.value]), Text(one.seen), Text(one.do))
        Console(highlight=False).print(shown)
    if any(one.health is Health.ILL for one in found):
        sys.exit(1)
