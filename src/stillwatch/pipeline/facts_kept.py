"""Files of facts that were read already: the same bytes, with all that reading them left behind still there, are not read again.

A watch commits what the provider knows before every detection, and reading a file of facts costs as much as it has accounts. What is
kept below `state/facts.json` is how the file, the table and the names in the vault looked after it was read; where any of them looks
otherwise now, it is read anew. So a missing or damaged file costs time alone.
"""

from __future__ import annotations

import hashlib
import json
from importlib.metadata import version
from pathlib import Path
from typing import Any

from stillwatch.engine import Workspace, durable_write

__all__ = ["facts_name", "keep_facts", "kept_facts"]

_PIECE = 1 << 20


def facts_name(path: Path) -> str:
    """What the names and rejects of a file of facts are kept under."""
    return "facts-" + hashlib.blake2b(str(path).encode(), digest_size=8).hexdigest()


def kept_facts(workspace: Workspace, name: str, path: Path) -> list[str] | None:
    """What there was to say of a file of facts when it was read for a table, where nothing has changed since; None where it must be read.

    Raises:
        OSError: when the file cannot be read.
    """
    told = _all(workspace).get(name)
    if not isinstance(told, dict) or told.get("looks") != _looks(workspace, name, path):
        return None
    return [str(note) for note in told["notes"]]


def keep_facts(workspace: Workspace, name: str, path: Path, notes: list[str]) -> None:
    """Keep that a file of facts was read for a table, and what there was to say of it."""
    told = {**_all(workspace), name: {"looks": _looks(workspace, name, path), "notes": notes}}
    durable_write(_file(workspace), json.dumps(told).encode(), mode=0o600)


def _looks(workspace: Workspace, name: str, path: Path) -> list[Any]:
    """The file, the table, the names and the rejects as they are now."""
    left = facts_name(path)
    rejects = [one.path for one in workspace.store.manifest("rejects").parts if one.made_from == left]
    return [
        version("stillwatch"),
        str(path),
        _digest(path),
        [one.path for one in workspace.store.manifest(name).parts],
        _digest(workspace.root / "vault" / f"{left}.parquet"),
        rejects,
    ]


def _digest(path: Path) -> str | None:
    if not path.exists():
        return None
    found = hashlib.blake2b(digest_size=16)
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            found.update(piece)
    return found.hexdigest()


def _file(workspace: Workspace) -> Path:
    return workspace.root / "state" / "facts.json"


def _all(workspace: Workspace) -> dict[str, Any]:
    try:
        told = json.loads(_file(workspace).read_bytes())
    except (OSError, ValueError):
        return {}
    return told if isinstance(told, dict) else {}
