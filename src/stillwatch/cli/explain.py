"""`stillwatch explain` and `stillwatch names`: one actor or account in sentences, and whose accounts they are."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.text import Text

from stillwatch.cli.app import app
from stillwatch.cli.scan import DEFAULT_WORKSPACE

__all__ = ["explain", "names"]


@app.command
def explain(handle: str, /, *, workspace: Path = DEFAULT_WORKSPACE) -> None:
    """Say what the last scan knows of one actor, account or family.

    Args:
        handle: A handle such as X-0QZ4N8W2K7HXA (actor), A-... (account) or F-... (family).
        workspace: Folder of the scan.
    """
    from stillwatch.engine import Workspace
    from stillwatch.pipeline import last_view
    from stillwatch.report import explain_lines

    console = Console(highlight=False)
    for line in explain_lines(last_view(Workspace(workspace, make=False)), handle):
        console.print(Text(line.text, style={"heading": "bold", "quiet": "dim"}.get(str(line.kind), "")))


@app.command
def names(handles: list[str], /, *, workspace: Path = DEFAULT_WORKSPACE) -> None:
    """Look up the raw account names behind handles in the workspace's vault; of an actor, all its members.

    Args:
        handles: Handles of accounts (A-...) or actors (X-...).
        workspace: Folder of the scan.
    """
    from stillwatch.engine import Workspace
    from stillwatch.pipeline import raw_names

    for shown, raw in raw_names(Workspace(workspace, make=False), handles):
        print(f"{shown}\t{raw}")
