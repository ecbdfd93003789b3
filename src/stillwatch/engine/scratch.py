"""Folders of intermediate rows, each named by the process that works in it, so that nobody sweeps away what another is reading."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from pathlib import Path

__all__ = ["scratch_folder", "sweep_scratch"]

_OWNED = re.compile(r"engine-(\d{1,9})-.+")


def scratch_folder(within: Path | None) -> Path:
    """A fresh folder of this process, in the system's own place for such things where none is named."""
    return Path(tempfile.mkdtemp(prefix=f"engine-{os.getpid()}-", dir=within))


def sweep_scratch(folder: Path) -> None:
    """Remove everything that belongs to no process that lives.

    Misled by: a number that the system gave anew to another process keeps a folder until that one ends as well; processes of another
    container are not seen from here.
    """
    for path in folder.iterdir():
        named = _OWNED.fullmatch(path.name)
        if named is None or not _lives(int(named[1])):
            _remove(path)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # it is somebody else's
        return True
    return True
