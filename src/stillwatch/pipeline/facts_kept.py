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

__all__ = ["digest_of", "facts_name", "keep_facts", "kept_facts"]

_PIECE = 1 << 20


def facts_name(path: Path) -> str:
    """What the names and rejects of a file of facts are kept under."""
    return "facts-" + hashlib.blake2b(str(path).encode(), digest_size=8).hexdigest()


def digest_of(path: Path) -> str | None:
    """What tells a file's content from another; nothing where there is no such file, or one that can be read only once."""
    if not path.is_file():
        return None
    found = hashlib.blake2b(digest_size=16)
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            found.update(piece)
    return found.hexdigest()


def kept_facts(workspace: Workspace, name: str, path: Path, digest: str | None) -> list[str] | None:
    """What there was to say of a file of facts when it was read for a table; None where anything changed since, so that it must be read."""
    told = _all(workspace).get(name)
    if digest is None or not isinstance(told, dict) or told.get("looks") != _looks(workspace, name, path, digest):
        return None
    return [str(note) for note in told["notes"]]


def keep_facts(workspace: Workspace, name: str, path: Path, digest: str | None, notes: list[str]) -> None:
    """Keep that a file of facts was read for a table, and what there was to say of it.

    Args:
        digest: of the file before it was read: what somebody wrote to it meanwhile makes it another file next time.
    """
    told = {**_all(workspace), name: {"looks": _looks(workspace, name, path, digest), "notes": notes}}
    durable_write(_file(workspace), json.dumps(told).encode(), mode=0o600)


def _looks(workspace: Workspace, name: str, path: Path, digest: str | None) -> list[Any]:
    """The file, the table, the names and the rejects as they are now."""
    left = facts_name(path)
    rejects = [one.path for one in workspace.store.manifest("rejects").parts if one.made_from == left]
    return [
        version("stillwatch"),
        str(path),
        digest,
        [one.path for one in workspace.store.manifest(name).parts],
        digest_of(workspace.root / "vault" / f"{left}.parquet"),
        rejects,
    ]


def _file(workspace: Workspace) -> Path:
    return workspace.root / "state" / "facts.json"


def _all(workspace: Workspace) -> dict[str, Any]:
    try:
        told = json.loads(_file(workspace).read_bytes())
    except (OSError, ValueError):
        return {}
    return told if isinstance(told, dict) else {}
