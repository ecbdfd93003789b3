"""A world as the pipeline sees it: its rows featurised as they are painted, its facts, and the truth kept apart.

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
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from stillwatch.core import Pseudonymiser
from stillwatch.core.errors import DiskFull
from stillwatch.engine import Store, durable_write
from stillwatch.ingest import read_accounts, read_releases
from stillwatch.pipeline.stage import FEATURES_VERSION
from stillwatch.range.content import content_hash
from stillwatch.range.launches import Launches, write_releases
from stillwatch.range.press import Press
from stillwatch.range.rolls import FACTS
from stillwatch.range.studies.parts import Poured, Site, Told
from stillwatch.range.studies.rows import features_of
from stillwatch.range.truth import ACTS, TRUTH, Truth, read_acts, read_truth, seal_truth

__all__ = ["KEY", "NAMES", "Featured", "code_of", "featured_world", "room_for"]

KEY = hashlib.blake2b(b"the range of stillwatch", digest_size=32).digest()
"""The pseudonym key of all studies: their worlds are made up, and the same key lets campaigns be spliced in."""

NAMES = Pseudonymiser(KEY)

_BYTES_KEPT = 500
"""Upper bound of what an exchange takes as features and prompt, bytes."""

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
        return read_truth(self.folder / "truth")

    def acts(self) -> pa.Table:
        """What each request of a hidden actor was for. No detector may read this."""
        return read_acts(self.folder / "truth")

    def forget(self) -> None:
        """Remove it from the disk; nothing else needs it."""
        gone = self.folder.with_name(f".half-{os.getpid()}-{self.folder.name}")
        self.folder.rename(gone)
        shutil.rmtree(gone, ignore_errors=True)


def featured_world(
    cache_folder: Path,
    name: str,
    site: Site,
    pour: Callable[[], tuple[Iterable[Poured], Told]],
    *,
    exchanges: int,
) -> Featured:
    """The world `name` from the cache, or poured, featurised and put there. `name` must say everything that shapes the world.

    Args:
        site: the world it is, or is to be spliced into.
        pour: gives its pieces, with what is true of it where there is something to tell. Without a piece, an empty world is put there.
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
        pieces, true = pour()
        told = {"seed": site.recipe.seed, **_pour(pieces, site, half), "told": dict(true)}
        durable_write(half / "world.json", json.dumps(told, indent=1).encode() + b"\n")
    return _opened(folder, name)


def room_for(folder: Path, exchanges: int) -> None:
    """See that a world of so many exchanges fits the disk, before it is begun.

    Raises:
        DiskFull: when it does not.
    """
    needed = exchanges * _BYTES_KEPT
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


def _pour(pieces: Iterable[Poured], site: Site, folder: Path) -> dict[str, object]:
    """Paint and featurise the pieces of a world one after another, and seal its truth; what was poured, in numbers."""
    store, texts = Store(folder), folder / "texts"
    texts.mkdir()
    parts, facts, truth, acts = [], [FACTS.empty_table()], [TRUTH.empty_table()], [ACTS.empty_table()]
    content = hashlib.blake2b(digest_size=16)
    exchanges = 0
    for number, piece in enumerate(pieces):
        press = Press(piece.sheet, site.desk, site.recipe, site.launched)
        for part, batch in enumerate(press.slices()):
            made, said = features_of(batch, NAMES)
            name = f"{number:04d}-{part:04d}"
            pq.write_table(pa.Table.from_batches([said]), texts / f"{name}.parquet", compression="lz4")
            parts.append(store.write_part("features", made, made_from=name, name=name))
        content.update(press.digest().encode())
        exchanges += len(piece.sheet)
        acts.append(piece.acts)
        if piece.facts is not None and piece.truth is not None:
            content.update((content_hash(piece.facts) + content_hash(piece.truth)).encode())
            facts.append(piece.facts)
            truth.append(piece.truth)
    store.append("features", parts, {})
    known, true = pa.concat_tables(facts), pa.concat_tables(truth)
    _put_facts(store, folder, known, site.launched)
    told = {"accounts": true.num_rows, "exchanges": exchanges, "content": content.hexdigest()}
    seal_truth(folder / "truth", accounts=true, acts=pa.concat_tables(acts), world=told)
    return told


def _put_facts(store: Store, folder: Path, known: pa.Table, launched: Launches) -> None:
    """Facts and launches, read as a provider's files are."""
    accounts, releases = folder / "facts.parquet", folder / "releases.csv"
    pq.write_table(known, accounts)
    write_releases(launched, releases)
    store.put("account_facts", read_accounts(accounts, NAMES).table)
    store.put("releases", read_releases(releases).table)
    accounts.unlink()
    releases.unlink()
