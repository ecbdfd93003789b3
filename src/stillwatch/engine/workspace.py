"""A workspace: the folder where one installation keeps its tables, keys, state and settings.

stillwatch.toml   settings (optional)
tables/           Parquet parts under manifests (`engine.store`), raw text among them: readable by their owner alone
state/            version, lock, sketches, scratch
keys/             the pseudonym key, the signing key and the keys of subjects, readable by their owner alone
desk/             the journal of cases (`cases.journal`)
sealed/           sealed case files
standing/         who stands how, as gateways read it (`pipeline.standing`)
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
from stillwatch.engine.scratch import sweep_scratch
from stillwatch.engine.store import Store, durable_write, full_disk_is_an_error

__all__ = ["LAYOUT_VERSION", "Workspace"]

LAYOUT_VERSION = 1
"""Raised when folders of a workspace change their meaning."""


class Workspace:
    """One open workspace.

    Args:
        root: its folder; made, with a fresh key, when it is absent or empty.
        make: whether it may be made; otherwise it must be there.

    Raises:
        WorkspaceError: when the folder holds something else, is not there and may not be made, has lost its key, or was made by a
            newer Stillwatch.
    """

    def __init__(self, root: Path, *, make: bool = True) -> None:
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
        elif not make:
            raise WorkspaceError(
                f"{root}: no Stillwatch workspace; run stillwatch scan first, or name it with --workspace"
            )
        else:
            with full_disk_is_an_error(root):
                root.mkdir(parents=True, exist_ok=True, mode=0o700)
                (root / "state").mkdir(exist_ok=True, mode=0o700)
                (root / "keys").mkdir(exist_ok=True, mode=0o700)
            if not self._key_file.exists():
                durable_write(self._key_file, secrets.token_bytes(32).hex().encode() + b"\n", mode=0o600)
            durable_write(version, json.dumps({"layout": LAYOUT_VERSION}).encode())
        with full_disk_is_an_error(root):
            (root / "tables").mkdir(exist_ok=True, mode=0o700)
            (root / "vault").mkdir(exist_ok=True, mode=0o700)
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

    @property
    def _key_file(self) -> Path:
        return self.root / "keys" / "pseudonym.key"

    def _key(self) -> bytes:
        try:
            key = bytes.fromhex(self._key_file.read_text().strip())
        except FileNotFoundError as error:
            raise WorkspaceError(
                f"{self._key_file}: missing; restore it, without it no pseudonym can be made again"
            ) from error
        except ValueError:
            key = b""
        if len(key) < 16:
            raise WorkspaceError(
                f"{self._key_file}: damaged key; restore it, without it no pseudonym can be made again"
            )
        return key

    @property
    def scratch(self) -> Path:
        """Folder for intermediate rows; nothing in it outlives the process that put it there."""
        path = self.root / "state" / "scratch"
        path.mkdir(parents=True, exist_ok=True)
        return path

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        """Be the only writer. What ended processes left in scratch is removed; what others are at work with stays.

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
            sweep_scratch(self.scratch)
            self.store.reload()
            yield
