"""`stillwatch backup` and `stillwatch restore`: a copy of a workspace that is whole, and the way back."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from stillwatch.cli.app import app
from stillwatch.cli.scan import DEFAULT_WORKSPACE

__all__ = ["backup", "restore"]

_Flag = Annotated[bool, Parameter(negative=())]


@app.command
def backup(
    target: Path, /, *, workspace: Path = DEFAULT_WORKSPACE, keys: Path | None = None, link: _Flag = False
) -> None:
    """Back a workspace up into an empty folder while it works; every file is kept with its digest.

    Keys and the names behind pseudonyms are left out, unless a folder is named for them: keep that one elsewhere, and replace it after
    somebody was forgotten.

    Args:
        target: Folder for the back-up; made when it is absent.
        workspace: Folder of the workspace.
        keys: Folder for keys and names, apart from the other.
        link: Link the parts of tables instead of copying them, on one disk: quick, and lost with that disk.
    """
    from stillwatch.engine import Workspace
    from stillwatch.pipeline import back_up

    told = back_up(Workspace(workspace, make=False), target, keys=keys, link=link)
    print(f"{len(told.files):,} files, {told.bytes:,} bytes in {target}")
    if told.weighing:
        print("A scan was weighing meanwhile: after a restore, the next scan makes the findings anew.")
    print(f"Keys and names in {keys}" if keys else "Without keys and names: they are backed up with --keys FOLDER")


@app.command
def restore(
    source: Path, /, *, workspace: Path = DEFAULT_WORKSPACE, keys: Path | None = None, check: _Flag = False
) -> None:
    """Make a workspace out of a back-up, after every digest was held against its catalogue.

    Args:
        source: Folder of the back-up.
        workspace: New folder for the workspace.
        keys: Folder of keys and names that was backed up with it.
        check: Check the back-up and restore nothing.
    """
    from stillwatch.pipeline import check_backup
    from stillwatch.pipeline import restore as run

    if check:
        for folder in (source, *([keys] if keys else [])):
            told = check_backup(folder)
            print(f"{folder}: {len(told.files):,} files of {told.made:%Y-%m-%d %H:%M} UTC, each as it was written")
        return
    told = run(source, workspace, keys=keys)
    print(f"{workspace}: as of {told.made:%Y-%m-%d %H:%M} UTC, {len(told.files):,} files")
    if keys is None:
        print(f"Put keys/ and vault/ back into {workspace} before anything else: without them it does not open.")
