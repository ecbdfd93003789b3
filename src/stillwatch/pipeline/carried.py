"""Signals carried from one detection to the next: only accounts of which something is new are measured again.

A signal of evidence looks at one account alone (`tests/every` holds every signal to it), so what was measured of an account stands
until a part of the features that holds it comes or goes. Kept is one row an account and signal, below `state/measured/`, whatever the
history; where anything else has changed (the version, the facts, the launches, the days that are looked at) or a part was rewritten,
all is measured anew. So the result is that of measuring everything, and a missing or damaged file costs time alone.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from stillwatch import signals
from stillwatch.engine import TABLES, Engine, Relation, Sql, Store, durable_write

__all__ = ["Carried", "measured_now", "parts_of_features"]

_INDEX = "carried.json"
_OWN = frozenset({"features", "account_facts", "releases"})
"""What a signal may read to be carried: nothing in it is made of other accounts' exchanges."""
_MOST = 0.5
"""Share of the exchanges that are new beyond which measuring everything costs no more."""


def _of_touched() -> Sql:
    """The rows of touched accounts, with the columns alone that any signal names: lists of shingles are most of the bytes."""
    said = set(re.findall(r"\w+", " ".join(one.query.template for one in signals.SIGNALS.values())))
    columns = ", ".join(f"f.{name}" for name in TABLES["features"].names() if name in said)
    return Sql(
        "features_of_touched", f"select {columns} from {{features}} f join {{touched}} t on t.account = f.account"
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Carried:
    """What an earlier detection measured: under which key, of which parts, and where its rows lie."""

    key: str
    parts: frozenset[str]
    folder: Path

    def rows(self, name: str) -> pa.Table:
        """What was measured by one signal."""
        return pq.read_table(self.folder / f"{name}.parquet", schema=signals.MEASURED)


def measured_now(
    engine: Engine, store: Store, state: Path, given: Mapping[str, Relation], *, days: list[int]
) -> dict[str, pa.Table]:
    """Every account by every signal, as `signals.measure` gives it.

    Args:
        state: the workspace's folder of state.
        given: the relations that signals read, by name; `features` are those of `days`.
        days: which days are looked at.
    """
    key, parts = _key(store, days), parts_of_features(store)
    kept = [one for one in signals.SIGNALS.values() if one.evidence and set(one.query.inputs) <= _OWN]
    before = _carried(state / "measured", key, kept)
    touched = None if before is None else _touched(before, parts)
    if before is None or touched is None:
        out = _measured(engine, given)
    else:
        names = {one.name for one in kept}
        rest = [one for one in signals.SIGNALS.values() if one.name not in names]
        out = _measured(engine, given, rest)
        out |= _brought_up(engine, given, before, touched, kept)
        out = {name: out[name] for name in signals.SIGNALS}
    _keep(state / "measured", key, parts, {one.name: out[one.name] for one in kept})
    return out


def _measured(
    engine: Engine, given: Mapping[str, Relation], chosen: list[signals.Signal] | None = None
) -> dict[str, pa.Table]:
    return signals.measure(
        engine,
        given["features"],
        given["account_facts"],
        given["releases"],
        given["artifacts"],
        given["signups"],
        given["topics"],
        signals=chosen,
    )


def _brought_up(
    engine: Engine, given: Mapping[str, Relation], before: Carried, touched: pa.Array, kept: list[signals.Signal]
) -> dict[str, pa.Table]:
    """What was measured of accounts that are not touched, and the others measured anew."""
    chosen = engine.from_arrow(pa.table({"account": touched}))
    theirs = engine.keep(engine.sql(_of_touched(), features=given["features"], touched=chosen))
    fresh = _measured(engine, {**given, "features": theirs}, kept) if len(touched) else {}
    out = {}
    for one in kept:
        rows = before.rows(one.name)
        old = rows.filter(pc.invert(pc.is_in(rows.column("account"), touched)))
        new = fresh[one.name] if fresh else rows.schema.empty_table()
        new = new.filter(pc.is_in(new.column("account"), touched))
        out[one.name] = pa.concat_tables([old, new]).sort_by("account").combine_chunks()
    return out


def _touched(before: Carried, parts: Mapping[str, tuple[Path, int]]) -> pa.Array | None:
    """Accounts that stand in parts that are new; None where a part is gone or too much is new."""
    if before.parts - parts.keys():
        return None
    new = [name for name in parts if name not in before.parts]
    if sum(parts[name][1] for name in new) > _MOST * sum(rows for _, rows in parts.values()):
        return None
    if not new:
        return pa.array([], pa.int64())
    found: set[int] = set()
    for name in new:
        accounts = pq.ParquetFile(parts[name][0]).read(columns=["account"]).column("account")
        found.update(pc.unique(accounts).drop_null().to_pylist())
    return pa.array(sorted(found), pa.int64())


def parts_of_features(store: Store) -> dict[str, tuple[Path, int]]:
    """The parts of the features by what tells one from another, with their files and rows."""
    manifest, folder = store.manifest("features"), store.folder("features")
    recipe = {piece: [told.get("reading"), told.get("telemetry")] for piece, told in manifest.done.items()}
    return {
        json.dumps([one.path, one.rows, one.bytes, [recipe.get(piece) for piece, _ in one.origins]]): (
            folder / one.path,
            one.rows,
        )
        for one in manifest.parts
    }


def _key(store: Store, days: list[int]) -> str:
    """What else the rows depend on."""
    told = {
        "version": version("stillwatch"),
        "signals": [[one.name, one.query.template] for one in signals.SIGNALS.values()],
        "facts": [
            [(one.path, one.rows, one.bytes) for one in store.manifest(name).parts]
            for name in ("account_facts", "releases")
        ],
        "days": days,
    }
    return hashlib.blake2b(json.dumps(told, sort_keys=True).encode(), digest_size=16).hexdigest()


def _carried(folder: Path, key: str, kept: list[signals.Signal]) -> Carried | None:
    """What was measured under the same key; None where nothing was, or it cannot be read."""
    try:
        told = json.loads((folder / _INDEX).read_bytes())
        found = Carried(key=told["key"], parts=frozenset(told["parts"]), folder=folder / str(told["folder"]))
        whole = found.key == key and all(
            pq.read_metadata(found.folder / f"{one.name}.parquet").num_rows == told["rows"][one.name] for one in kept
        )
        return found if whole else None
    except (OSError, ValueError, KeyError, TypeError, pa.ArrowException):
        return None


def _keep(folder: Path, key: str, parts: Mapping[str, object], rows: Mapping[str, pa.Table]) -> None:
    """Keep what was measured: the rows in a folder of their own, then the index that points there, then without the ones before."""
    name = hashlib.blake2b(json.dumps([key, sorted(parts)]).encode(), digest_size=8).hexdigest()
    place = folder / name
    place.mkdir(parents=True, exist_ok=True, mode=0o700)
    for signal, table in rows.items():
        pq.write_table(table, place / f"{signal}.parquet", compression="zstd", compression_level=1)
    told = {"key": key, "parts": sorted(parts), "folder": name, "rows": {one: t.num_rows for one, t in rows.items()}}
    durable_write(folder / _INDEX, json.dumps(told).encode(), mode=0o600)
    for other in folder.iterdir():
        if other.is_dir() and other.name != name:
            shutil.rmtree(other, ignore_errors=True)
