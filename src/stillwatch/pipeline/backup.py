"""A back-up of a workspace while it works, and the way back: every file under a digest, keys and names apart.

A table is copied as one manifest and the parts that it names, features before exchanges, so that what a scan commits meanwhile is at most a
half commit, which the next scan mends. The journal is copied up to its signed head. SQLite files are copied by SQLite. The catalogue
comes last: without it there is no back-up.

`keys/` and `vault/` go into a folder of their own, and only where one is named. Who has both has every name; who has the back-up alone has
texts under pseudonyms.

Misled by: forgetting. Whoever was forgotten after the keys were backed up is forgotten again on the way back only where the journal that is
restored says so. Replace back-ups of keys after every forgetting.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import errno
import hashlib
import json
import os
import shutil
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec

from stillwatch.core.errors import TamperingFound, WorkspaceError
from stillwatch.engine import TABLES, Workspace, durable_write, full_disk_is_an_error
from stillwatch.pipeline.landed import FOLDER

__all__ = ["Backup", "Kept", "back_up", "check_backup", "restore"]

_CATALOGUE = "BACKUP.json"
_FORM = 1
_SECRET = ("keys", "vault")
_STATE = ("version.json", "underway")
_TABLES_FIRST = ("features", "exchanges", "rejects")
_TRIES = 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Kept:
    """One file of a back-up: where it was below the workspace, its bytes, their SHA-256."""

    path: str
    bytes: int
    sha256: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Backup:
    """The catalogue of a back-up. `key` tells which pseudonym key belongs to it; `weighing`, that a scan was weighing meanwhile."""

    form: int
    made: dt.datetime
    version: str
    secret: bool
    key: str
    weighing: bool
    files: tuple[Kept, ...]

    @property
    def bytes(self) -> int:
        """Bytes of all files."""
        return sum(one.bytes for one in self.files)


def back_up(
    workspace: Workspace, target: Path, *, keys: Path | None = None, link: bool = False, now: dt.datetime | None = None
) -> Backup:
    """Copy a workspace into an empty folder, and keys and names into another where one is named; nobody has to stop working.

    Args:
        link: link parts of tables instead of copying them, where both folders are on one disk: a snapshot in no time, which dies with
            that disk.

    Raises:
        WorkspaceError: when a folder is not empty, or the one lies in the other or in the workspace.
        DiskFull: when there is no room; what was copied is no back-up.
    """
    made = now or dt.datetime.now(dt.UTC)
    _apart(workspace.root, target, keys)
    with full_disk_is_an_error(target):
        weighing = (workspace.root / "state" / "underway").exists()
        files = [
            *_landed(workspace.root, target),
            *_tables(workspace.root, target, link=link),
            *_rest(workspace.root, target),
        ]
        weighing = weighing or (workspace.root / "state" / "underway").exists()
        if weighing and not any(one.path == "state/underway" for one in files):
            (target / "state" / "underway").write_bytes(b"backed up while a scan was weighing")
            files.append(_kept(target, "state/underway"))
        told = _catalogue(target, files, made, workspace.key, secret=False, weighing=weighing)
        if keys is not None:
            names = [one for folder in _SECRET for one in _folder(workspace.root, keys, folder)]
            _catalogue(keys, names, made, workspace.key, secret=True, weighing=False)
    return told


def check_backup(folder: Path) -> Backup:
    """Hold every file of a back-up against its catalogue.

    Raises:
        WorkspaceError: when there is no catalogue, or a newer one.
        TamperingFound: with every file that is missing, changed, or not in the catalogue.
    """
    path = folder / _CATALOGUE
    try:
        raw = json.loads(path.read_bytes())
        if raw["form"] > _FORM:
            raise WorkspaceError(f"{path}: written by a newer Stillwatch (form {raw['form']}); update Stillwatch")
        told = msgspec.convert(raw, type=Backup)
    except FileNotFoundError as error:
        raise WorkspaceError(
            f"{path}: missing, so this is no back-up, or one that was cut off; make another"
        ) from error
    except (ValueError, KeyError, TypeError, msgspec.ValidationError) as error:
        raise WorkspaceError(f"{path}: damaged catalogue ({error.__class__.__name__})") from error
    faults = []
    for one in told.files:
        if Path(one.path).is_absolute() or ".." in Path(one.path).parts:
            faults.append(f"{one.path}: leads out of the back-up")
            continue
        try:
            got = _kept(folder, one.path)
        except OSError as error:
            faults.append(f"{one.path}: {error.strerror or 'cannot be read'}")
            continue
        if got != one:
            faults.append(f"{one.path}: not the bytes that were backed up")
    named = {one.path for one in told.files} | {_CATALOGUE}
    faults += [f"{path}: not in the catalogue" for path in _below(folder) if path not in named]
    if faults:
        raise TamperingFound([f"{folder}/{fault}" for fault in faults])
    return told


def restore(folder: Path, root: Path, *, keys: Path | None = None) -> Backup:
    """Make a workspace out of a back-up whose every digest holds, at once or not at all. Subjects that its journal forgot stay forgotten.

    Raises:
        WorkspaceError: when something is there already, or the keys are those of another workspace.
        TamperingFound: when back-up or keys are not as they were written.
    """
    if root.exists() and (not root.is_dir() or any(root.iterdir())):
        raise WorkspaceError(f"{root}: not empty; restore into a new folder and put it in its place yourself")
    told = check_backup(folder)
    if told.secret:
        raise WorkspaceError(f"{folder}: holds keys and names alone; name it with --keys")
    sources = [(folder, told)]
    if keys is not None:
        theirs = check_backup(keys)
        if not theirs.secret or theirs.key != told.key:
            raise WorkspaceError(f"{keys}: not the keys of {folder}")
        sources.append((keys, theirs))
    half = root.with_name(f".{root.name}.restoring")
    shutil.rmtree(half, ignore_errors=True)
    with full_disk_is_an_error(root.parent):
        half.mkdir(parents=True, mode=0o700)
        for source, catalogue in sources:
            for one in catalogue.files:
                _copy(source / one.path, half, one.path)
        _forget_again(half)
        if root.exists():
            root.rmdir()
        half.rename(root)
    return told


def _landed(root: Path, target: Path) -> Iterator[Kept]:
    """How far each source was read, and what landed up to there.

    Before the tables: whatever leaves the landing meanwhile is in them.
    """
    for position in sorted((root / FOLDER).glob("*/.position.json")):
        place = position.relative_to(root)
        yield _copy(position, target, str(place))
        reached = int(_told((target / place).read_bytes(), position)["number"])
        for path in sorted(position.parent.glob("[0-9]*")):
            if int(path.name[:12]) <= reached:
                with contextlib.suppress(FileNotFoundError):  # it was read meanwhile, and is in the tables
                    yield _copy(path, target, str(path.relative_to(root)))


def _tables(root: Path, target: Path, *, link: bool) -> Iterator[Kept]:
    others = [name for name in TABLES if name not in _TABLES_FIRST]
    for name in (*_TABLES_FIRST, *others):
        yield from _table(root, target, TABLES[name].name, link=link)


def _table(root: Path, target: Path, name: str, *, link: bool) -> list[Kept]:
    """One manifest with its parts. A part that is swept meanwhile belongs to an older manifest: begin again with the new one."""
    manifest = root / "tables" / name / "manifest.json"
    for _ in range(_TRIES):
        with contextlib.suppress(FileNotFoundError):
            if not manifest.exists():
                return []
            data = manifest.read_bytes()
            parts = [f"tables/{name}/{part['path']}" for part in _told(data, manifest)["parts"]]
            kept = [_copy(root / path, target, path, link=link) for path in parts]
            durable_write(_place(target, f"tables/{name}/manifest.json"), data, mode=0o600)
            return [*kept, _kept(target, f"tables/{name}/manifest.json")]
        shutil.rmtree(target / "tables" / name, ignore_errors=True)
    raise WorkspaceError(f"{manifest}: names parts that are not there; ask stillwatch doctor")


def _rest(root: Path, target: Path) -> Iterator[Kept]:
    """Everything but tables, keys and names: the journal up to its head, settings, reports, standing, sealed files, the inbox."""
    for name in _STATE:
        with contextlib.suppress(FileNotFoundError):
            yield _copy(root / "state" / name, target, f"state/{name}")
    yield from _journal(root, target)
    apart = {"tables", "state", FOLDER, *_SECRET}
    for folder in sorted(path.name for path in root.iterdir() if path.is_dir() and path.name not in apart):
        yield from _folder(root, target, folder)
    for path in sorted(root.glob("*.toml")):
        yield _copy(path, target, path.name)


def _journal(root: Path, target: Path) -> Iterator[Kept]:
    """The journal's head, and of its lines what that head acknowledges."""
    head, lines = root / "desk" / "journal.head", root / "desk" / "journal.jsonl"
    if not head.exists():
        return
    data = head.read_bytes()  # before the lines: they only ever grow
    size = int(_told(data, head)["size"])
    durable_write(_place(target, "desk/journal.head"), data, mode=0o600)
    yield _kept(target, "desk/journal.head")
    if size:
        with lines.open("rb") as file:
            durable_write(_place(target, "desk/journal.jsonl"), file.read(size), mode=0o600)
        yield _kept(target, "desk/journal.jsonl")


def _told(data: bytes, path: Path) -> dict[str, Any]:
    """The object in a file that must be one to be backed up."""
    try:
        return dict(json.loads(data))
    except (ValueError, TypeError) as error:
        raise WorkspaceError(f"{path}: damaged, so there is nothing whole to back up; ask stillwatch doctor") from error


def _folder(root: Path, target: Path, name: str) -> Iterator[Kept]:
    for path in _below(root / name):
        place = f"{name}/{path}"
        if place not in ("desk/journal.head", "desk/journal.jsonl") and not path.endswith(
            (".lock", "/lock", "-wal", "-shm")
        ):
            with contextlib.suppress(FileNotFoundError):  # replaced meanwhile: reports and standing are written whole
                yield _copy(root / place, target, place)


def _below(folder: Path) -> list[str]:
    """Files below a folder, sorted, without what is still being written."""
    found = (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    places = sorted(path.relative_to(folder) for path in found)
    return [
        str(place) for place in places if not any(part.startswith(".") for part in place.parts) and place.name != "lock"
    ]


def _copy(source: Path, target: Path, path: str, *, link: bool = False) -> Kept:
    place = _place(target, path)
    if source.suffix == ".sqlite":
        with (
            contextlib.closing(sqlite3.connect(f"file:{source}?mode=ro", uri=True)) as theirs,
            contextlib.closing(sqlite3.connect(place)) as ours,
        ):
            theirs.backup(ours)
        place.chmod(0o600)
        return _kept(target, path)
    if link:
        try:
            os.link(source, place)
            return _kept(target, path)
        except OSError as error:
            if error.errno not in (errno.EXDEV, errno.EPERM, errno.EMLINK):
                raise
    digest, size = hashlib.sha256(), 0
    with source.open("rb") as read:  # before the copy is begun: what is gone leaves none
        descriptor = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as written:
            while block := read.read(1 << 20):
                digest.update(block)
                size += len(block)
                written.write(block)
            written.flush()
            os.fsync(written.fileno())
    return Kept(path=path, bytes=size, sha256=digest.hexdigest())


def _kept(folder: Path, path: str) -> Kept:
    with (folder / path).open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        return Kept(path=path, bytes=file.tell(), sha256=digest)


def _place(target: Path, path: str) -> Path:
    place = target / path
    for folder in reversed(place.relative_to(target).parents[:-1]):
        (target / folder).mkdir(mode=0o700, exist_ok=True)
    return place


def _catalogue(
    target: Path, files: list[Kept], made: dt.datetime, key: bytes, *, secret: bool, weighing: bool
) -> Backup:
    told = Backup(
        form=_FORM,
        made=made,
        version=version("stillwatch"),
        secret=secret,
        key=hashlib.blake2b(key, digest_size=8, person=b"which key").hexdigest(),
        weighing=weighing,
        files=tuple(sorted(files, key=lambda one: one.path)),
    )
    durable_write(target / _CATALOGUE, msgspec.json.format(msgspec.json.encode(told)), mode=0o600)
    return told


def _apart(root: Path, target: Path, keys: Path | None) -> None:
    """Three folders of which none lies in another; those that are written are empty."""
    folders = [folder for folder in (root, target, keys) if folder is not None]
    for one in folders:
        for other in folders:
            if one is not other and one.resolve().is_relative_to(other.resolve()):
                raise WorkspaceError(f"{one}: lies in {other}; workspace, back-up and keys are kept apart")
    for one in folders[1:]:
        if one.exists() and (not one.is_dir() or any(one.iterdir())):
            raise WorkspaceError(f"{one}: not empty; name a new folder for each back-up")
        one.mkdir(parents=True, exist_ok=True, mode=0o700)


def _forget_again(root: Path) -> None:
    """Destroy the keys of subjects whom the journal says were forgotten: a back-up of keys may be older than that."""
    lines, subjects = root / "desk" / "journal.jsonl", root / "keys" / "subjects.sqlite"
    if not (lines.exists() and subjects.exists()):
        return
    records = (json.loads(line) for line in lines.read_bytes().splitlines())
    forgotten = [(one["body"]["subject"],) for one in records if one["kind"] == "subject.forgotten"]
    with contextlib.closing(sqlite3.connect(subjects)) as kept, kept:
        kept.execute("pragma secure_delete = on")
        kept.executemany("delete from subject where id = ?", forgotten)
