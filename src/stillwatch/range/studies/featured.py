"""A world as the pipeline sees it: its rows read by the ingest room and featurised, its facts, and the truth kept apart.

The benign background of a seed is featurised once and kept; a campaign is featurised by itself and spliced in, because features of an
exchange depend on that exchange alone. Worlds are written in a folder with a name that begins with `.half-` and renamed when they are
whole, so an interrupted one leaves nothing that could be mistaken for a world.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from stillwatch.core import Pseudonymiser
from stillwatch.core.errors import DiskFull
from stillwatch.engine import Store, durable_write
from stillwatch.ingest import ReadOptions, plan, read_accounts, read_chunk, read_releases
from stillwatch.pipeline.stage import FEATURES_VERSION, featurise
from stillwatch.range.logs.write import write_accounts, write_releases
from stillwatch.range.painter import SCHEMA, Painter, Stock
from stillwatch.range.truth import Truth, read_truth, seal_truth
from stillwatch.range.world import World, digest

__all__ = ["KEY", "NAMES", "Featured", "code_of", "featured_world", "room_for"]

Told = Mapping[str, float | None]
"""What is true of a campaign by name; unknown or infinite is null."""

Build = Callable[[], World | tuple[World | None, Told]]

KEY = hashlib.blake2b(b"the range of stillwatch", digest_size=32).digest()
"""The pseudonym key of all studies: their worlds are made up, and the same key lets campaigns be spliced in."""

NAMES = Pseudonymiser(KEY)

_SHARD = 250_000
_SLICE = 32_768
_BYTES_KEPT, _BYTES_PAINTED = 500, 900
"""Upper bounds of what an exchange takes as features and as a row of a painted shard, bytes."""

_TEXTS = ["exchange_id", "account", "prompt"]

_ROOMS = ("core", "text", "stats", "engine", "ingest", "signals", "accounts", "actors", "pipeline", "range")
_SHOWN = ("page", "results.py", "presets.py", "studies")
"""Parts of the range that shape no world."""


@dataclass(frozen=True, kw_only=True)
class Featured:
    """A featurised world in a folder: `files` of features, account facts, launches. The truth lies beside and is read on its own."""

    folder: Path
    name: str
    seed: int
    accounts: int
    exchanges: int
    content: str
    told: Told

    @property
    def store(self) -> Store:
        """The tables of the world."""
        return Store(self.folder)

    @property
    def files(self) -> list[Path]:
        """The Parquet files of its features."""
        return self.store.files("features")

    @property
    def texts(self) -> list[Path]:
        """The Parquet files of its prompts (exchange_id, account, prompt), for methods that read words."""
        return sorted((self.folder / "texts").glob("*.parquet"))

    def facts(self) -> pa.Table:
        """What the provider knows about its accounts."""
        return self.store.read("account_facts")

    def truth(self) -> Truth:
        """Who was who. No detector may read this."""
        if not self.exchanges:
            return Truth(role={}, group={})
        return read_truth(self.folder / "truth")

    def forget(self) -> None:
        """Remove it from the disk; nothing else needs it."""
        gone = self.folder.with_name(f".half-{os.getpid()}-{self.folder.name}")
        self.folder.rename(gone)
        shutil.rmtree(gone, ignore_errors=True)


def featured_world(
    cache_folder: Path,
    name: str,
    build: Build,
    *,
    stock: Stock,
    exchanges: int,
) -> Featured:
    """The world `name` from the cache, or built, featurised and put there. `name` must say everything that shapes the world.

    Args:
        build: builds it; with what is true of it where there is something to tell. Without a world, an empty one is put there.
        stock: what it is painted from.
        exchanges: about how many it will have, to see beforehand whether it fits the disk.

    Raises:
        DiskFull: before anything is written, when it would not fit.
    """
    folder = cache_folder / f"{name.replace('/', ' ')}-{code_of()[:12]}"
    if (folder / "world.json").is_file():
        return _opened(folder, name)
    cache_folder.mkdir(parents=True, exist_ok=True)
    room_for(cache_folder, exchanges)
    with _whole(folder) as half:
        made = build()
        world, true = made if isinstance(made, tuple) else (made, {})
        told: dict[str, object] = {"seed": 0, "accounts": 0, "exchanges": 0, "content": "nothing", "told": dict(true)}
        if world is not None:
            _featurise(world, half, stock)
            told |= {
                "seed": world.seed,
                "accounts": len(world.formats),
                "exchanges": len(world),
                "content": digest(world),
            }
            seal_truth(half / "truth", accounts=world.accounts, world=world.summary())
        durable_write(half / "world.json", json.dumps(told, indent=1).encode() + b"\n")
    return _opened(folder, name)


def room_for(folder: Path, exchanges: int) -> None:
    """See that a world of so many exchanges fits the disk, before it is begun.

    Raises:
        DiskFull: when it does not.
    """
    needed = exchanges * _BYTES_KEPT + min(exchanges, _SHARD) * _BYTES_PAINTED
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise DiskFull(
            f"{folder}: a world of {exchanges:,} exchanges takes about {needed / 1e9:.1f} GB while it is made, and {free / 1e9:.1f} GB "
            "are free; free some room, name another folder with --out, or ask for fewer --exchanges"
        )


@cache
def code_of() -> str:
    """A hash of the code that shapes worlds, features and findings: what was made by other code is made again."""
    told = hashlib.blake2b(f"features {FEATURES_VERSION}".encode(), digest_size=16)
    package = resources.files("stillwatch")
    for room in _ROOMS:
        root = Path(str(package.joinpath(room)))
        for path in sorted(root.rglob("*")):
            inside = path.relative_to(root)
            if path.suffix in (".py", ".json", ".toml") and not (room == "range" and inside.parts[0] in _SHOWN):
                told.update(f"{room}/{inside.as_posix()}".encode())
                told.update(path.read_bytes())
    return told.hexdigest()


def _opened(folder: Path, name: str) -> Featured:
    told = json.loads((folder / "world.json").read_text(encoding="utf-8"))
    return Featured(folder=folder, name=name, **told)


@contextlib.contextmanager
def _whole(folder: Path) -> Iterator[Path]:
    """A folder that appears under its name when everything in it is done, and not at all otherwise."""
    for left in folder.parent.glob(".half-*"):
        shutil.rmtree(left, ignore_errors=True)
    half = folder.with_name(f".half-{os.getpid()}-{folder.name}")
    half.mkdir(mode=0o700)
    try:
        yield half
        half.rename(folder)
    except BaseException:
        shutil.rmtree(half, ignore_errors=True)
        raise


def _featurise(world: World, folder: Path, stock: Stock) -> None:
    """Paint the world a shard at a time, read each as a log is read, and keep features and facts."""
    store, painter = Store(folder), Painter(world, stock, None)
    painted, texts = folder / "painted.parquet", folder / "texts"
    texts.mkdir()
    parts = []
    for shard, first in enumerate(range(0, len(world), _SHARD)):
        with pq.ParquetWriter(painted, SCHEMA, compression="lz4", write_statistics=["at"]) as writer:
            for start in range(first, min(first + _SHARD, len(world)), _SLICE):
                writer.write_batch(painter.batch(world.order[start : min(start + _SLICE, first + _SHARD)]))
        options = ReadOptions()
        for piece, chunk in enumerate(plan([painted], options).chunks):
            rows = read_chunk(chunk, NAMES, options).batch
            made = featurise(rows, NAMES)
            name = f"{shard:04d}-{piece:04d}"
            pq.write_table(pa.Table.from_batches([rows.select(_TEXTS)]), texts / f"{name}.parquet", compression="zstd")
            parts.append(store.write_part("features", made, made_from=name, name=name))
    painted.unlink()
    store.append("features", parts, {})
    for table, write, read in (
        ("account_facts", lambda path: write_accounts(world, path), lambda path: read_accounts(path, NAMES)),
        ("releases", write_releases, read_releases),
    ):
        path = folder / f"{table}.csv"
        write(path)
        store.put(table, read(path).table)
        path.unlink()
