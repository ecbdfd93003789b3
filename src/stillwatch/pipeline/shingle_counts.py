"""How often shingles were sent, carried from one detection to the next: only parts of the features that are new are counted.

Mining templates begins by leaving out shingles that cannot have been sent often enough (`actors.count_prompts`). What was counted of a
part stands as long as the part does, and counts add. Kept is one byte a bucket in `state/shingle-counts.bin`, at most 16 MiB whatever the
history; where a part is gone or was written again, or another version of Stillwatch counted, all is counted anew. A count that is too
high costs time alone and one that is too low would lose a template: so the file is held to its digest, and one that is damaged is told
and made anew.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from importlib.metadata import version
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from stillwatch.actors import BUCKETS, Counts, count_prompts
from stillwatch.engine import Engine, Store, durable_write
from stillwatch.pipeline.carried import parts_of_features

__all__ = ["SHINGLE_COUNTS", "shingle_counts"]

SHINGLE_COUNTS = "shingle-counts.bin"
"""The file below a workspace's folder of state: a line of JSON, then a byte a bucket, compressed."""

_FORM = 1
_PACKED = "zstd"
_MOST = 255
"""Beyond it a bucket is full."""

_Bytes = npt.NDArray[np.uint8]


class _Damaged(Exception):
    """The file is not what was written."""


def shingle_counts(
    engine: Engine, store: Store, state: Path, *, support: int, days: Collection[str] | None = None
) -> tuple[Counts | None, tuple[str, ...]]:
    """Counts of the prompts' shingles of the discovery slice by bucket, never too low, and what there is to say of them.

    Args:
        state: the workspace's folder of state.
        support: how often a shingle must have been sent to count; where that is more than a byte can hold nothing is counted here.
        days: which days are looked at; all of them by default.
    """
    if support > _MOST:
        return None, ()
    files = set(store.files("features", days=days))
    known = parts_of_features(store)
    parts = {f"{name} {path.stat().st_mtime_ns}": path for name, (path, _) in known.items() if path in files}
    path, notes = state / SHINGLE_COUNTS, tuple[str, ...]()
    try:
        counts, counted = _kept(path)
    except FileNotFoundError:
        counts, counted = _none(), frozenset()
    except _Damaged:
        counts, counted = _none(), frozenset()
        notes = (f"warning: {path} was damaged: it was thrown away, and all shingles were counted anew",)
    if counted - parts.keys():
        counts, counted = _none(), frozenset()
    new = [parts[name] for name in sorted(parts.keys() - counted)]
    if new:
        with engine.within() as apart:
            fresh = count_prompts(apart, apart.scan_files(new))
        counts = np.minimum(fresh, _MOST - counts, out=fresh).astype(np.uint8) + counts
        _keep(path, counts, parts)
    return counts, notes


def _none() -> _Bytes:
    return np.zeros(BUCKETS, np.uint8)


def _kept(path: Path) -> tuple[_Bytes, frozenset[str]]:
    """What was counted, and of which parts; nothing where another version counted.

    Raises:
        FileNotFoundError: when nothing was counted yet.
        _Damaged: when the file is not what was written.
    """
    line, _, body = path.read_bytes().partition(b"\n")
    try:
        told = json.loads(line)
        if told["form"] != _FORM or told["version"] != version("stillwatch"):
            return _none(), frozenset()
        if _digest(told["parts"], body) != told["digest"]:
            raise _Damaged
        counts = pa.Codec(_PACKED).decompress(body, BUCKETS, asbytes=True)
        return np.frombuffer(counts, np.uint8), frozenset(told["parts"])
    except (ValueError, KeyError, TypeError, OSError) as error:
        raise _Damaged from error


def _keep(path: Path, counts: _Bytes, parts: Mapping[str, Path]) -> None:
    body, names = pa.Codec(_PACKED, 1).compress(counts.tobytes(), asbytes=True), sorted(parts)
    told = {"form": _FORM, "version": version("stillwatch"), "parts": names, "digest": _digest(names, body)}
    durable_write(path, json.dumps(told).encode() + b"\n" + body, mode=0o600)


def _digest(parts: list[str], body: bytes) -> str:
    made = hashlib.blake2b(json.dumps(parts).encode(), digest_size=16)
    made.update(body)
    return made.hexdigest()
