"""One shard of a large world, from its number to a Parquet file: a pure function of recipe and number, whoever writes it and when."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from stillwatch.range.blocks import Block, build_block
from stillwatch.range.content import content_hash
from stillwatch.range.desk import Desk, desk
from stillwatch.range.grounded import cut
from stillwatch.range.launches import Launches, launches
from stillwatch.range.parts import build_part
from stillwatch.range.press import DICTIONARIES, SCHEMA, Press
from stillwatch.range.recipe import Recipe, Shard
from stillwatch.range.rolls import FACTS, acts_of_part, facts_of, facts_of_part, truth_of, truth_of_part
from stillwatch.range.sheets import Sheet, laid_together
from stillwatch.range.talks import talks
from stillwatch.range.truth import ACTS, TRUTH

__all__ = ["Job", "Written", "rolls_of", "sheet_of", "write_shards", "written"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """Shards of one block that one process writes, and where; `folder` is that of the unfinished world."""

    recipe: Recipe
    block: int
    shards: Sequence[Shard]
    folder: Path
    prompts: Path


@dataclass(frozen=True, kw_only=True, slots=True)
class Written:
    """What is known of a shard that is whole on disk. `rolls` is the hash of the block's facts and truth, on its first shard only."""

    number: int
    recipe: str
    rows: int
    accounts: int
    bytes: int
    content: str
    rolls: str


def written(folder: Path, recipe: Recipe, shard: Shard) -> Written | None:
    """The record of a shard if it is whole: written by the same recipe, and its file of the size it had."""
    try:
        record = Written(**json.loads((folder / "done" / f"{shard.number:05d}.json").read_text(encoding="utf-8")))
        whole = (folder / "logs" / _name(shard)).stat().st_size == record.bytes
    except (OSError, ValueError, TypeError):
        return None
    return record if whole and record.recipe == recipe.fingerprint() else None


def write_shards(job: Job) -> list[Written]:
    """Write some shards of one block; each is renamed to its name when it is whole, and then recorded. Its parts are let go at the end."""
    pa.set_cpu_count(1)
    on = desk(job.prompts, job.recipe.fold)
    launched = launches(job.recipe.seed, job.recipe.days)
    block = build_block(job.recipe, job.block, on)
    try:
        return [_write(job, shard, block, on, launched) for shard in job.shards]
    finally:
        build_part.cache_clear()


def sheet_of(recipe: Recipe, shard: Shard, block: Block, on: Desk, launched: Launches) -> tuple[Sheet, pa.Table]:
    """The rows of a shard, its parts' among them, and the truth about those of hidden actors."""
    sheets, acts = [talks(recipe, shard, block, on, launched)], [ACTS.empty_table()]
    for part in recipe.parts_of(shard.block):
        built = build_part(recipe.setting, part, on, launched)
        rows = cut(built.sheet, shard.first_day, shard.days)
        sheets.append(rows)
        acts.append(acts_of_part(built, rows))
    return laid_together(sheets, known=len(on.texts)), pa.concat_tables(acts)


def rolls_of(recipe: Recipe, block: Block, number: int, on: Desk, launched: Launches) -> tuple[pa.Table, pa.Table]:
    """What is known of the accounts of a block and its parts, and what is true of them, in the order of the sheet's accounts."""
    built = [build_part(recipe.setting, part, on, launched) for part in recipe.parts_of(number)]
    known = pa.concat_tables([FACTS.empty_table(), facts_of(recipe, block), *(facts_of_part(one) for one in built)])
    true = pa.concat_tables([TRUTH.empty_table(), truth_of(block), *(truth_of_part(one) for one in built)])
    return known, true


def _write(job: Job, shard: Shard, block: Block, on: Desk, launched: Launches) -> Written:
    recipe, folder = job.recipe, job.folder
    sheet, acts = sheet_of(recipe, shard, block, on, launched)
    press = Press(sheet, on, recipe, launched)
    path = folder / "logs" / _name(shard)
    half = path.with_suffix(f".half-{os.getpid()}")
    with pq.ParquetWriter(
        half,
        SCHEMA,
        compression="zstd",
        compression_level=1,
        use_dictionary=list(DICTIONARIES),
        write_statistics=["at"],
        dictionary_pagesize_limit=1 << 26,
        store_schema=False,
    ) as writer:
        for batch in press.slices():
            writer.write_batch(batch)
    half.rename(path)
    accounts, rolls = _write_rolls(recipe, shard, block, on, launched, folder) if shard.first_day == 0 else (0, "")
    if len(acts):
        _put(acts, folder / "truth" / f"exchanges-{shard.number:05d}.parquet")
    record = Written(
        number=shard.number,
        recipe=recipe.fingerprint(),
        rows=len(sheet),
        accounts=accounts,
        bytes=path.stat().st_size,
        content=press.digest(),
        rolls=rolls,
    )
    told = folder / "done" / f"{shard.number:05d}.json"
    half = told.with_suffix(f".half-{os.getpid()}")
    half.write_text(json.dumps(asdict(record)) + "\n", encoding="utf-8")
    half.rename(told)
    return record


def _write_rolls(
    recipe: Recipe, shard: Shard, block: Block, on: Desk, launched: Launches, folder: Path
) -> tuple[int, str]:
    """Write a block's facts to the facts and its truth to the truth."""
    known, true = rolls_of(recipe, block, shard.block, on, launched)
    _put(known, folder / "facts" / f"block-{shard.block:05d}.parquet")
    _put(true, folder / "truth" / f"block-{shard.block:05d}.parquet")
    return known.num_rows, content_hash(known) + content_hash(true)


def _put(table: pa.Table, path: Path) -> None:
    half = path.with_suffix(f".half-{os.getpid()}")
    pq.write_table(table, half, compression="zstd", compression_level=1, store_schema=False)
    half.rename(path)


def _name(shard: Shard) -> str:
    return f"part-{shard.number:05d}.parquet"
