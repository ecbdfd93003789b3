"""Whether the tables of a workspace are as their manifests say: every part there, whole, and committed everywhere it belongs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from stillwatch.core.errors import WorkspaceError
from stillwatch.engine import TABLES, Manifest, Store
from stillwatch.pipeline.finding import Finding, Health

__all__ = ["table_checks"]

_SMALL = 256 << 10
_MANY = 5_000
_SHOWN = 3


def table_checks(root: Path) -> Iterator[Finding]:
    """Manifests, parts, half commits, leftovers, and whether the findings belong to what was read."""
    store = Store(root)
    manifests: dict[str, Manifest] = {}
    faults: list[str] = []
    missing: dict[str, set[str]] = {}
    leftovers = 0
    for name in TABLES:
        try:
            manifest = manifests[name] = store.manifest(name)
        except WorkspaceError as error:
            faults.append(str(error))
            continue
        for part in manifest.parts:
            wrong = _wrong(store.folder(name) / part.path, rows=part.rows, size=part.bytes)
            if wrong:
                faults.append(f"{name}/{part.path}: {wrong}")
                missing.setdefault(name, set()).update(piece for piece, _ in part.origins)
        named = {part.path for part in manifest.parts}
        leftovers += sum(
            str(path.relative_to(store.folder(name))) not in named for path in store.folder(name).glob("*/*")
        )
    yield Finding(
        what="tables",
        health=Health.ILL if faults else Health.WELL,
        seen=_first(faults) or f"{sum(len(one.parts) for one in manifests.values()):,} parts, all there and whole",
        do=_mend(missing) if faults else "",
    )
    yield _halves(manifests, leftovers)
    yield from _many(manifests)
    yield _findings(root, manifests)


def _wrong(path: Path, *, rows: int, size: int) -> str:
    """What is wrong with a part, by its size and its footer; no row is read."""
    try:
        if path.stat().st_size != size:
            return f"got {path.stat().st_size:,} bytes, expected {size:,}"
        got = pq.read_metadata(path).num_rows
        return "" if got == rows else f"got {got:,} rows, expected {rows:,}"
    except FileNotFoundError:
        return "missing"
    except OSError as error:
        return f"cannot be read ({error.strerror or 'damaged'})"
    except pa.ArrowException:
        return "damaged"


def _mend(missing: dict[str, set[str]]) -> str:
    raw = {"exchanges", "features", "rejects"}
    if missing and not raw & missing.keys():
        return "remove the folder of that table and scan again: it is made of the others"
    return "stillwatch restore a back-up; or remove the folders exchanges, features and rejects and scan the logs again"


def _halves(manifests: dict[str, Manifest], leftovers: int) -> Finding:
    whole = manifests["features"].done if "features" in manifests else {}
    half = sum(
        chunk not in whole for name in ("exchanges", "rejects") if name in manifests for chunk in manifests[name].done
    )
    if half or leftovers:
        return Finding(
            what="commits",
            health=Health.NOTICE,
            seen=f"{half} half commits and {leftovers} files that no manifest names: a scan was cut off, or is running",
            do="nothing is lost; the next scan or watch removes them",
        )
    return Finding(what="commits", health=Health.WELL, seen="none is half done")


def _many(manifests: dict[str, Manifest]) -> Iterator[Finding]:
    parts = manifests["features"].parts if "features" in manifests else ()
    small = sum(part.bytes < _SMALL for part in parts)
    if small >= _MANY:
        yield Finding(
            what="small parts",
            health=Health.NOTICE,
            seen=f"{small:,} parts of less than {_SMALL >> 10} KiB: each takes a moment of every scan",
            do="run stillwatch tidy, and let the watch look less often (--poll)",
        )


def _findings(root: Path, manifests: dict[str, Manifest]) -> Finding:
    """Whether a run was cut off while it weighed."""
    if (root / "state" / "underway").exists():
        return Finding(
            what="findings",
            health=Health.NOTICE,
            seen="a scan was cut off while it weighed, or is weighing now: findings are of two runs",
            do="run stillwatch scan with any log that is in; the watch does it by itself",
        )
    if "runs" in manifests and not manifests["runs"].rows:
        return Finding(what="findings", health=Health.NOTICE, seen="nothing was scanned yet", do="run stillwatch scan")
    return Finding(what="findings", health=Health.WELL, seen="of one run")


def _first(faults: list[str]) -> str:
    more = f" and {len(faults) - _SHOWN} more" if len(faults) > _SHOWN else ""
    return "; ".join(faults[:_SHOWN]) + more
