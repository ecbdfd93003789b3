"""What the machine lends an installation: Python, libraries, extras, room on the disk, memory, a place for compiled loops."""

from __future__ import annotations

import importlib
import os
import re
import shutil
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from stillwatch.core.errors import WorkspaceError
from stillwatch.core.extras import get_extra
from stillwatch.engine import Store
from stillwatch.pipeline.capacity import BYTES_AN_EXCHANGE, needs
from stillwatch.pipeline.finding import Finding, Health

__all__ = ["machine_checks", "room_left"]

_MODULES = {
    "argon2-cffi": "argon2",
    "cel-expr-python": "cel_expr_python",
    "nats-py": "nats",
    "openmined-psi": "private_set_intersection.python",
    "pynacl": "nacl",
}
"""Modules of the extras that are not called like their packages."""
_WANTED = re.compile(r"([A-Za-z0-9._-]+)(?:\[[^]]*\])?\s*([^;]*)(?:;\s*(.*))?")
_BOUND = re.compile(r"(>=|<=|==|!=|<|>)\s*([0-9][0-9.]*)")
_EXTRA = re.compile(r"extra == ['\"]([^'\"]+)['\"]")
_DAYS_OF_ROOM = 14


def machine_checks() -> Iterator[Finding]:
    """Python, libraries and extras against what this version of Stillwatch asks for."""
    told = metadata.metadata("stillwatch")
    yield _python(told["Requires-Python"] or "")
    wanted = [_Wanted(line) for line in metadata.requires("stillwatch") or []]
    core = [fault for one in wanted if one.extra is None and (fault := one.fault())]
    yield Finding(
        what="libraries",
        health=Health.ILL if core else Health.WELL,
        seen="; ".join(core) or f"all {sum(one.extra is None for one in wanted)} as wanted",
        do="install this version of Stillwatch again, as docs/operate.md says" if core else "",
    )
    for extra in sorted({one.extra for one in wanted if one.extra not in (None, "dev")} - {None}, key=str):
        others = {one.name for one in wanted if one.extra not in (extra, "dev")}
        yield _extra(str(extra), [one for one in wanted if one.extra == extra], others)
    yield _loops()


def room_left(root: Path) -> Iterator[Finding]:
    """Whether disk and memory last, by what the workspace holds and takes a day."""
    store = Store(root)
    try:
        store.manifest("exchanges"), store.manifest("features")
    except WorkspaceError:
        return  # which is said of the tables
    parts = [part for name in ("exchanges", "features") for part in store.manifest(name).parts]
    rows = store.manifest("features").rows
    each = sum(part.bytes for part in parts) / rows if rows else BYTES_AN_EXCHANGE
    days: dict[str, int] = {}
    for part in store.manifest("features").parts:
        day = part.path.partition("/")[0]
        days[day] = days.get(day, 0) + part.rows
    busiest = max(days.values(), default=0)
    want, free = needs(rows, bytes_each=each), shutil.disk_usage(root).free
    daily = busiest * each
    lasts = (free - want.spill) / daily if daily else None
    seen = f"{_size(free)} free; {rows:,} exchanges of {each:,.0f} bytes, {busiest:,} on the busiest day"
    health, do = Health.WELL, ""
    if free < want.spill:
        health, do = Health.ILL, f"free {_size(want.spill - free)}: a scan may need as much beside the tables"
    elif lasts is not None and lasts < _DAYS_OF_ROOM:
        health, do = Health.NOTICE, f"room for {lasts:.0f} more days like the busiest one; free some or add a disk"
    yield Finding(what="disk", health=health, seen=seen, do=do)
    memory = _memory()
    if memory is not None and rows:
        short = memory < want.memory
        yield Finding(
            what="memory",
            health=Health.NOTICE if short else Health.WELL,
            seen=f"{_size(memory)}; a scan of these exchanges takes about {_size(want.memory)}",
            do="run scans where there is more memory, or keep fewer days" if short else "",
        )


class _Wanted:
    """One requirement of the package."""

    def __init__(self, line: str) -> None:
        found = _WANTED.fullmatch(line.strip())
        name, bounds, marker = found.groups() if found else (line, "", "")
        extra = _EXTRA.search(marker or "")
        self.name, self.extra = name, extra[1] if extra else None
        self.bounds = _BOUND.findall(bounds)

    def installed(self) -> str | None:
        try:
            return metadata.version(self.name)
        except metadata.PackageNotFoundError:
            return None

    def fault(self) -> str | None:
        """What is wrong with what is installed; `None` when nothing is."""
        has = self.installed()
        if has is None:
            return f"{self.name} is missing"
        wrong = [f"{sign}{bound}" for sign, bound in self.bounds if not _keeps(has, sign, bound)]
        return f"{self.name} {has} where {', '.join(wrong)} is wanted" if wrong else None


def _extra(name: str, wanted: list[_Wanted], others: set[str]) -> Finding:
    """An extra of which only what `others` bring too is there was not asked for."""
    what = f"extra {name}"
    here = [one for one in wanted if one.installed() is not None]
    own = [one for one in wanted if one.name not in others]
    if not any(one in here for one in own or wanted):
        return Finding(what=what, health=Health.WELL, seen="not installed")
    faults = [fault for one in wanted if (fault := one.fault())] + [
        fault for one in here if (fault := _import(one.name))
    ]
    return Finding(
        what=what,
        health=Health.NOTICE if faults else Health.WELL,
        seen="; ".join(faults) or "installed, and every import works",
        do=f"if this installation is to use it, {get_extra(name)}" if faults else "",
    )


def _import(package: str) -> str | None:
    try:
        importlib.import_module(_MODULES.get(package.lower(), package.lower().replace("-", "_")))
    except Exception as error:
        return f"{package} cannot be imported ({error.__class__.__name__})"
    return None


def _python(bounds: str) -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    good = all(_keeps(version, sign, bound) for sign, bound in _BOUND.findall(bounds))
    return Finding(
        what="Python",
        health=Health.WELL if good else Health.ILL,
        seen=f"{version} at {sys.executable}",
        do="" if good else f"install Python {bounds} and Stillwatch into an environment of it",
    )


def _loops() -> Finding:
    """Where compiled loops are kept; without a place each process compiles them anew, which takes a minute."""
    named = os.environ.get("NUMBA_CACHE_DIR")
    beside = Path(__file__).parents[1] / "text" / "__pycache__"
    own = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "stillwatch"
    for place in [Path(named)] if named else [beside, own]:
        there = next(one for one in (place, *place.parents) if one.exists())
        if os.access(there, os.W_OK):
            return Finding(what="compiled loops", health=Health.WELL, seen=f"kept in {place}")
    return Finding(
        what="compiled loops",
        health=Health.NOTICE,
        seen="no folder for them can be written, so every process compiles them anew",
        do="set NUMBA_CACHE_DIR to a folder that this user can write",
    )


def _keeps(has: str, sign: str, bound: str) -> bool:
    a, b = _numbers(has), _numbers(bound)
    width = max(len(a), len(b))
    a, b = a + (0,) * (width - len(a)), b + (0,) * (width - len(b))
    return {">=": a >= b, "<=": a <= b, "==": a == b, "!=": a != b, "<": a < b, ">": a > b}[sign]


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(one) for one in re.match(r"[0-9.]*", version)[0].split(".") if one)  # type: ignore[index]


def _memory() -> int | None:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError):
        return None


def _size(count: float) -> str:
    return f"{count / 2**30:,.1f} GiB" if abs(count) >= 2**30 else f"{count / 2**20:,.0f} MiB"
