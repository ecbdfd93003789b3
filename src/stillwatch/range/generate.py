"""Writing a large world: shards side by side, resumable, and nothing that looks like a world until it is one."""

from __future__ import annotations

import errno
import hashlib
import json
import multiprocessing
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from stillwatch.core.errors import DiskFull, Error
from stillwatch.range.launches import launches, write_releases
from stillwatch.range.pack import find_prompts
from stillwatch.range.parts import builder_of
from stillwatch.range.recipe import Recipe
from stillwatch.range.rolls import FACTS
from stillwatch.range.shards import Job, Written, write_shards, written
from stillwatch.range.truth import TRUTH

__all__ = ["WorldPaths", "bytes_needed", "world_hash", "write_world"]

_UNFINISHED = ".unfinished"
_ROW_BYTES, _ROW_BYTES_WITH_HISTORY, _ACCOUNT_BYTES = 260, 560, 130
_PART_ROWS = 150_000
_SPARE = 1 << 28
"""Bytes that are left free whatever a world takes."""

Progress = Callable[[int, int], None]
"""Called with exchanges written and expected."""


@dataclass(frozen=True, kw_only=True, slots=True)
class WorldPaths:
    """A world on disk: the folder of logs, the files of facts, the folder of the sealed truth, and its hash."""

    logs: Path
    accounts_file: Path
    releases_file: Path
    truth: Path
    accounts: int
    exchanges: int
    bytes: int
    hash: str


def bytes_needed(recipe: Recipe) -> int:
    """About how many bytes a world takes on disk; measured on worlds of the repository's prompt pack, and rounded up."""
    row = (_ROW_BYTES_WITH_HISTORY if recipe.history else _ROW_BYTES) + (recipe.prompt_bytes or 0)
    return (recipe.exchanges + _PART_ROWS * len(recipe.parts)) * row + recipe.accounts * _ACCOUNT_BYTES


def write_world(
    out: Path,
    recipe: Recipe,
    *,
    prompts: Path | None = None,
    truth: Path | None = None,
    workers: int = 2,
    progress: Progress | None = None,
) -> WorldPaths:
    """Write a world under `out`: `logs/part-00000.parquet` and on, `facts/`, `world.json`, and the truth apart.

    Until the world is whole everything lies in `out/.unfinished`; called again with the same recipe, it goes on with the shards that are
    missing, and a world that is whole is left as it is. The content does not hang on the number of `workers`.

    Args:
        truth: folder for the sealed truth, `out/truth` by default; nothing that detects may be given a folder above it.

    Raises:
        Error: if `out` holds something else, or a part is not known.
        DiskFull: before anything is written, if the disk has too little room; or later, when it is full, and the world can be gone on with.
    """
    for part in recipe.parts:
        builder_of(part, recipe.fold)
    folder, sealed = find_prompts(prompts).resolve(), truth if truth is not None else out / "truth"
    done = out / "world.json"
    if done.is_file():
        return _whole(out, recipe, sealed)
    half = out / _UNFINISHED
    _begin(out, half, recipe, sealed)
    records = {}
    missing: dict[int, list[int]] = {}
    shards = list(recipe.shards())
    for shard in shards:
        record = written(half, recipe, shard)
        if record is None:
            missing.setdefault(shard.block, []).append(shard.number)
        else:
            records[shard.number] = record
    _room(out, recipe, share=(len(shards) - len(records)) / len(shards))
    jobs = [
        Job(recipe=recipe, block=block, shards=[shards[k] for k in numbers], folder=half, prompts=folder)
        for block, numbers in missing.items()
    ]
    rows = sum(record.rows for record in records.values())
    try:
        for found in _run(jobs, workers):
            records.update((record.number, record) for record in found)
            rows += sum(record.rows for record in found)
            if progress is not None:
                progress(rows, recipe.exchanges)
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise DiskFull(
                f"{out.name}: the disk is full after {rows:,} exchanges; free some room and write it again to go on"
            ) from error
        raise
    return _finish(out, half, recipe, sealed, [records[k] for k in sorted(records)])


def world_hash(records: Iterable[Written]) -> str:
    """The content hash of a world from its shards in the order of their numbers."""
    found = hashlib.blake2b(digest_size=16)
    for record in sorted(records, key=lambda one: one.number):
        found.update(f"{record.number} {record.content} {record.rolls}\n".encode())
    return found.hexdigest()


def _begin(out: Path, half: Path, recipe: Recipe, sealed: Path) -> None:
    if out.exists() and not out.is_dir():
        raise Error(f"{out.name}: is a file, expected a folder")
    told = half / "recipe.json"
    if sealed.exists() and ((half / "truth").exists() or not half.exists()):
        raise Error(
            f"{sealed.name}: is there already, and the truth of a world goes into a folder of its own; remove it or name another"
        )
    if told.is_file():
        if told.read_text(encoding="utf-8").strip() != recipe.as_json():
            raise Error(
                f"{out.name}: holds an unfinished world of another recipe; remove its {_UNFINISHED} or name another folder"
            )
        return
    if any((out / name).exists() for name in ("logs", "facts")):
        raise Error(f"{out.name}: holds something else than a world; name another folder")
    _room(out, recipe, share=1.0)
    for name in ("logs", "facts", "truth", "done"):
        (half / name).mkdir(parents=True, exist_ok=True)
    told.write_text(recipe.as_json() + "\n", encoding="utf-8")


def _room(out: Path, recipe: Recipe, *, share: float) -> None:
    place = next(folder for folder in (out, *out.resolve().parents) if folder.is_dir())
    needed, free = round(bytes_needed(recipe) * share), shutil.disk_usage(place).free
    if share > 0 and needed + _SPARE > free:
        raise DiskFull(
            f"{out.name}: a world of {recipe.exchanges:,} exchanges takes about {needed / 1e9:.1f} GB more and {free / 1e9:.1f} GB are "
            "free; ask for fewer exchanges, leave out the history, or name a folder on another disk"
        )


def _run(jobs: Sequence[Job], workers: int) -> Iterator[list[Written]]:
    if workers <= 1 or len(jobs) <= 1:
        yield from map(write_shards, jobs)
        return
    with ProcessPoolExecutor(min(workers, len(jobs)), mp_context=multiprocessing.get_context("spawn")) as pool:
        waiting = set()
        left = iter(jobs)
        try:
            waiting = {pool.submit(write_shards, job) for _, job in zip(range(2 * workers), left, strict=False)}
            while waiting:
                ready, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                waiting |= {pool.submit(write_shards, job) for _, job in zip(ready, left, strict=False)}
                for one in ready:
                    yield one.result()
        except BrokenProcessPool as error:
            raise Error(
                "a writing process was ended from outside, perhaps for want of memory; write the world again to go on"
            ) from error
        finally:
            for one in waiting:
                one.cancel()


def _finish(out: Path, half: Path, recipe: Recipe, sealed: Path, records: Sequence[Written]) -> WorldPaths:
    """Put the facts and the truth of all blocks together and everything in its place; `world.json` comes last."""
    found = world_hash(records)
    totals = {"accounts": sum(one.accounts for one in records), "exchanges": sum(one.rows for one in records)}
    told = {"hash": found, **totals, "bytes": sum(one.bytes for one in records)}
    if not (out / "facts").exists():
        _joined(half / "facts", half / "facts" / "accounts.parquet", FACTS)
        write_releases(launches(recipe.seed, recipe.days), half / "facts" / "releases.csv")
    if (half / "truth").exists():
        _joined(half / "truth", half / "truth" / "accounts.parquet", TRUTH)
        summary = {**json.loads(recipe.as_json()), **told}
        (half / "truth" / "world.json").write_text(json.dumps(summary, indent=1) + "\n", encoding="utf-8")
    sealed.parent.mkdir(parents=True, exist_ok=True)
    for source, target in ((half / "truth", sealed), (half / "facts", out / "facts"), (half / "logs", out / "logs")):
        if source.exists():
            for stray in source.glob("*.half-*"):
                stray.unlink()
            shutil.move(source, target)
    (out / "world.json").write_text(
        json.dumps({"recipe": recipe.fingerprint(), **told}, indent=1) + "\n", encoding="utf-8"
    )
    shutil.rmtree(half)
    return _whole(out, recipe, sealed)


def _whole(out: Path, recipe: Recipe, sealed: Path) -> WorldPaths:
    told = json.loads((out / "world.json").read_text(encoding="utf-8"))
    if told["recipe"] != recipe.fingerprint():
        raise Error(f"{out.name}: holds another world; name another folder")
    return WorldPaths(
        logs=out / "logs",
        accounts_file=out / "facts" / "accounts.parquet",
        releases_file=out / "facts" / "releases.csv",
        truth=sealed,
        accounts=told["accounts"],
        exchanges=told["exchanges"],
        bytes=told["bytes"],
        hash=told["hash"],
    )


def _joined(folder: Path, path: Path, schema: pa.Schema) -> None:
    """Join the files of blocks to one, a block at a time, and remove them when it is whole."""
    blocks = sorted(folder.glob("block-*.parquet"))
    if not blocks:
        return
    half = path.with_suffix(".half")
    with pq.ParquetWriter(half, schema, compression="zstd", compression_level=1, store_schema=False) as writer:
        for block in blocks:
            writer.write_table(pq.read_table(block, schema=schema))
    half.rename(path)
    for block in blocks:
        block.unlink()
