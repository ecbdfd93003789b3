"""A workspace: the folder where one installation keeps its tables, keys, state and settings.

stillwatch.toml   settings (optional)
tables/           Parquet parts under manifests (`engine.store`)
state/            version, lock, sketches, scratch
keys/             the pseudonym key, readable by its owner alone
vault/            raw identities behind the pseudonyms, readable by their owner alone
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

from stillwatch.core.errors import WorkspaceError
from stillwatch.core.pseudonym import Pseudonymiser
from stillwatch.engine.store import Store, durable_write

__all__ = ["LAYOUT_VERSION", "Workspace"]

LAYOUT_VERSION = 1
"""Raised when folders of a workspace change their meaning."""


class Workspace:
    """One open workspace.

    Args:
        root: its folder; made, with a fresh key, when it is absent or empty.

    Raises:
        WorkspaceError: when the folder holds something else, or was made by a newer Stillwatch.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        version = root / "state" / "version.json"
        if version.exists():
            self._check_version(version)
        elif root.exists() and not root.is_dir():
            raise WorkspaceError(f"{root}: not a folder")
        elif root.exists() and any(p.name not in ("stillwatch.toml", "state", "keys") for p in root.iterdir()):
            raise WorkspaceError(
                f"{root}: neither empty nor a Stillwatch workspace; name another folder with --workspace"
            )
        else:
            for folder in ("tables", "state"):
                (root / folder).mkdir(parents=True, exist_ok=True)
            for folder in ("keys", "vault"):
                (root / folder).mkdir(parents=True, exist_ok=True, mode=0o700)
            self._key()
            durable_write(version, json.dumps({"layout": LAYOUT_VERSION}).encode())
        self.store = Store(root)
        self.key = self._key()
        self.names = Pseudonymiser(self.key)

    @staticmethod
    def _check_version(path: Path) -> None:
        try:
            layout = int(json.loads(path.read_bytes())["layout"])
        except (ValueError, KeyError, TypeError) as error:
            raise WorkspaceError(
                f"{path}: damaged ({error.__class__.__name__}); expected {{'layout': {LAYOUT_VERSION}}}"
            ) from error
        if layout > LAYOUT_VERSION:
            raise WorkspaceError(
                f"{path}: made by a newer Stillwatch (layout {layout}, this one knows {LAYOUT_VERSION}); update Stillwatch"
            )

    def _key(self) -> bytes:
        path = self.root / "keys" / "pseudonym.key"
        try:
            key = bytes.fromhex(path.read_text().strip())
        except FileNotFoundError:
            key = secrets.token_bytes(32)
            durable_write(path, key.hex().encode() + b"\n", mode=0o600)
        except ValueError as error:
            raise WorkspaceError(
                f"{path}: damaged key; restore it, without it no pseudonym can be made again"
            ) from error
        if len(key) < 16:
            raise WorkspaceError(f"{path}: damaged key; restore it, without it no pseudonym can be made again")
        return key

    @property
    def scratch(self) -> Path:
        """Folder for intermediate rows; nothing in it outlives a run."""
        path = self.root / "state" / "scratch"
        path.mkdir(parents=True, exist_ok=True)
        return path

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        """Be the only writer.

        Raises:
            WorkspaceError: when another process writes to this workspace.
        """
        path = self.root / "state" / "lock"
        with path.open("a+") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                file.seek(0)
                raise WorkspaceError(
                    f"{self.root}: process {file.read().strip() or '?'} is writing here; wait for it or name another --workspace"
                ) from error
            file.truncate(0)
            file.write(str(os.getpid()))
            file.flush()
            self.store.reload()
            yield
