"""What is wrong with an installation, and what to do about it: a list of small checks, none of which changes anything.

Each check looks at one thing and never ends the others: one that breaks is itself a finding. A new check is a function in `_CHECKS`.
"""

from __future__ import annotations

import datetime as dt
import json
import stat
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from stillwatch.cases import journal_faults, vouching
from stillwatch.core import read_settings
from stillwatch.core.errors import CaseError, Error, SettingsError, WorkspaceError
from stillwatch.engine import LAYOUT_VERSION, Store
from stillwatch.forum import read_policy as read_sharing
from stillwatch.pipeline.checkup_machine import machine_checks, room_left
from stillwatch.pipeline.checkup_tables import table_checks
from stillwatch.pipeline.finding import Finding, Health
from stillwatch.pipeline.tidying import TIDIED, due
from stillwatch.policy import read_standing

__all__ = ["checkup"]

_SECRET = ("keys", "vault", "desk", "sealed", "inbox")
"""Folders of which nobody but the owner may read anything."""
_FRESH = dt.timedelta(days=2)
_WORTH_JOINING = 100
"""Small parts from which on the doctor speaks of them."""


def checkup(root: Path, *, now: dt.datetime | None = None) -> list[Finding]:
    """Everything looked at, in order; without a workspace, the machine alone.

    Args:
        root: folder of the workspace; it is read, never written.
        now: the clock against which a stale standing is told; the system's by default.
    """
    found = list(_safely("machine", lambda: machine_checks()))
    here = _workspace(root)
    found.append(here)
    if here.health is Health.ILL:
        return found
    clock = now or dt.datetime.now(dt.UTC)
    for what, look in _CHECKS:
        found += _safely(what, lambda look=look: look(root, clock))  # type: ignore[misc]
    return found


def _safely(what: str, look: Callable[[], Iterable[Finding]]) -> Iterator[Finding]:
    """The findings of a check; what breaks it is one too."""
    try:
        yield from look()
    except (Error, OSError, ValueError, KeyError, TypeError) as error:
        told = str(error).splitlines()[0] if isinstance(error, Error | OSError) and str(error) else ""
        yield Finding(
            what=what,
            health=Health.ILL,
            seen=f"could not be looked at ({error.__class__.__name__}{': ' if told else ''}{told})",
            do="mend what is said above first, then ask again",
        )


def _workspace(root: Path) -> Finding:
    version = root / "state" / "version.json"
    if not root.exists():
        return _ill("workspace", f"{root}: not there", "name it: stillwatch doctor FOLDER; a first scan makes it")
    try:
        layout = int(json.loads(version.read_bytes())["layout"])
    except FileNotFoundError:
        return _ill("workspace", f"{version}: missing", "name another folder, or restore a back-up")
    except PermissionError:
        return _ill("workspace", f"{version}: may not be read", "run the doctor as the user who runs Stillwatch")
    except (ValueError, KeyError, TypeError):
        return _ill("workspace", f"{version}: damaged", f'write {{"layout": {LAYOUT_VERSION}}} into it')
    if layout > LAYOUT_VERSION:
        return _ill("workspace", f"made by a newer Stillwatch (layout {layout})", "update Stillwatch")
    return Finding(what="workspace", health=Health.WELL, seen=f"{root}, layout {layout}")


def _keys(root: Path, now: dt.datetime) -> Iterator[Finding]:
    key = root / "keys" / "pseudonym.key"
    try:
        good = len(bytes.fromhex(key.read_text().strip())) >= 16
        told = "" if good else "too short"
    except FileNotFoundError:
        told = "missing"
    except (ValueError, UnicodeDecodeError):
        told = "damaged"
    if told:
        yield _ill("pseudonym key", f"{key}: {told}", "restore it from the back-up of the keys; nothing replaces it")
    else:
        yield Finding(what="pseudonym key", health=Health.WELL, seen="there")
    if (root / "keys" / "collector.pub.pem").exists() and not (root / "keys" / "collector.pem").exists():
        yield _ill("collector's key", "its private half is gone", "restore it from the back-up of the keys")
    if (root / "keys" / "collector.next.pem").exists():
        yield _ill(
            "collector's key",
            "its replacement was cut off",
            f"finish it: stillwatch keys rotate --why ... --workspace {root}",
        )


def _permissions(root: Path, now: dt.datetime) -> Iterator[Finding]:
    open_ = []
    for name in _SECRET:
        folder = root / name
        for path in [folder, *folder.rglob("*")] if folder.exists() else []:
            public = path.name.endswith(".pub.pem") or path.suffix == ".lock"
            shut = any(not _to_others(one) for one in path.parents if root in one.parents or one == root)
            if not public and path.is_file() and _to_others(path) and not shut:
                open_.append(str(path.relative_to(root)))
    if open_:
        more = f" and {len(open_) - 3} more" if len(open_) > 3 else ""
        names = " ".join(name for name in _SECRET if (root / name).exists())
        yield _ill(
            "permissions",
            f"others may read {', '.join(open_[:3])}{more}",
            f"cd {root} && chmod -R go-rwx {names}; then ask who could have read them",
        )
    else:
        yield Finding(what="permissions", health=Health.WELL, seen="keys, vault and cases are their owner's alone")


def _settings(root: Path, now: dt.datetime) -> Iterator[Finding]:
    readers: tuple[tuple[str, Callable[[Path], object]], ...] = (
        ("stillwatch.toml", read_settings),
        ("forum.toml", read_sharing),
    )
    for name, read in readers:
        path = root / name
        if not path.exists():
            continue
        try:
            read(path)
            yield Finding(what=name, health=Health.WELL, seen="can be read, no unknown keys")
        except SettingsError as error:
            yield _ill(name, "; ".join(map(str, error.faults)), f"edit {path}")


def _standing(root: Path, now: dt.datetime) -> Iterator[Finding]:
    path = root / "standing" / "standing.arrow"
    standing = read_standing(path)
    if standing.made is None:
        yield Finding(what="standing", health=Health.NOTICE, seen="none was published", do="run stillwatch scan")
        return
    age = now - dt.datetime.fromtimestamp(standing.made, dt.UTC)
    stale = age > _FRESH
    yield Finding(
        what="standing",
        health=Health.NOTICE if stale else Health.WELL,
        seen=f"{standing.rows.num_rows:,} accounts, serial {standing.serial}, {age.total_seconds() / 3600:,.1f} hours old",
        do="gateways rest on it: run stillwatch scan, or keep stillwatch watch running" if stale else "",
    )


def _journal(root: Path, now: dt.datetime) -> Iterator[Finding]:
    folder, public = root / "desk", root / "keys" / "collector.pub.pem"
    if not (folder / "journal.head").exists():
        if (root / "keys" / "journal.name").exists():
            yield _ill("journal", "there was one, and it is gone", "restore it; stillwatch case journal says more")
        else:
            yield Finding(what="journal", health=Health.WELL, seen="not begun")
        return
    try:
        faults = journal_faults(folder, *vouching(public.parent))
    except (CaseError, FileNotFoundError) as error:
        yield _ill("journal", f"its public key cannot be read: {error}", "restore keys/collector.pub.pem")
        return
    if faults:
        yield _ill("journal", str(faults[0]), "change nothing; keep a copy and compare it with a back-up")
    else:
        yield Finding(what="journal", health=Health.WELL, seen="every record as it was written, up to its signed head")


def _watch(root: Path, now: dt.datetime) -> Iterator[Finding]:
    path = root / "state" / "watch.json"
    if not path.exists():
        return
    told = json.loads(path.read_bytes())
    age = (now - dt.datetime.fromisoformat(told["at"])).total_seconds()
    late = told["state"] != "ended" and age > 3600
    if late or told["problem"]:
        seen = told["problem"] or f"said nothing for {age / 3600:,.1f} hours"
        yield Finding(what="watch", health=Health.NOTICE, seen=seen, do="look at its log; start it again")
    else:
        yield Finding(what="watch", health=Health.WELL, seen=f"{told['state']}, {told['unread']} files not read yet")


def _keeping(root: Path, now: dt.datetime) -> Iterator[Finding]:
    """Whether anything is older than the settings let it be kept, or is worth joining. What cannot be read is told by other checks."""
    try:
        settings = read_settings(root / "stillwatch.toml")
        told = due(Store(root), settings, now)
    except (SettingsError, WorkspaceError):
        return
    path = root / TIDIED
    last = dt.datetime.fromisoformat(json.loads(path.read_bytes())["at"]) if path.exists() else None
    old = (told.text or told.whole) and (last is None or now - last > _FRESH)  # parts with rows on hold stay due
    if not old and told.small < _WORTH_JOINING:
        kept = settings.keep
        periods = f"texts for {kept.text_days} days, exchanges for {kept.days} (0: for good)"
        yield Finding(what="keeping", health=Health.WELL, seen=f"{periods}; nothing is due")
        return
    yield Finding(
        what="keeping",
        health=Health.NOTICE,
        seen=f"{told.text:,} parts hold texts that are too old, {told.whole:,} are too old themselves, {told.small:,} can be joined",
        do=f"run stillwatch tidy {root}, or let its timer do it",
    )


def _to_others(path: Path) -> bool:
    return bool(path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO))


def _ill(what: str, seen: str, do: str) -> Finding:
    return Finding(what=what, health=Health.ILL, seen=seen, do=do)


_CHECKS: tuple[tuple[str, Callable[[Path, dt.datetime], Iterable[Finding]]], ...] = (
    ("keys", _keys),
    ("permissions", _permissions),
    ("settings", _settings),
    ("tables", lambda root, now: table_checks(root)),
    ("keeping", _keeping),
    ("disk", lambda root, now: room_left(root)),
    ("standing", _standing),
    ("journal", _journal),
    ("watch", _watch),
)
