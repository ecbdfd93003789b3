"""Large worlds for measuring speed: millions of exchanges as Parquet, rendered by Arrow's kernels, in independent shards.

A shard is a day of its own customers (ordinary ones and lookalikes, in proportion); the first shard also holds the hidden actors at
their full size. Every shard spans the whole day, so a reader meets each hour once in each file.
"""

from __future__ import annotations

import csv
import multiprocessing
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq

from stillwatch.core.errors import Error
from stillwatch.range.ground import ACCOUNT_FACTS
from stillwatch.range.pack import read_pack
from stillwatch.range.painter import SCHEMA, Painter, stock_of
from stillwatch.range.seeds import stream
from stillwatch.range.truth import seal_truth
from stillwatch.range.world import build_world

__all__ = ["ParquetPaths", "write_parquet"]

_SHARD = 250_000
_SLICE = 32_768
_REPEATED = [
    "account",
    "org",
    "api_key",
    "ip",
    "user_agent",
    "model",
    "system",
    "max_tokens",
    "temperature",
    "n",
    "status",
]
"""Columns with few values, stored as dictionaries."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ParquetPaths:
    """Where a large world lies: the folder of Parquet files, the file of account facts, and the folder with the sealed truth."""

    logs: Path
    accounts_file: Path
    truth: Path
    accounts: int
    exchanges: int


@dataclass(frozen=True, kw_only=True, slots=True)
class _Shard:
    path: Path
    seed: int
    number: int
    accounts: int
    exchanges: int
    prompt_bytes: int | None
    prompts: Path


def write_parquet(
    out: Path,
    *,
    seed: int,
    accounts: int = 200_000,
    exchanges: int = 10_000_000,
    prompt_bytes: int | None = 1024,
    prompts: Path | None = None,
    workers: int = 2,
) -> ParquetPaths:
    """Write a large world under `out`: `logs/part-0000.parquet` and on, `facts/accounts.csv`, and `truth/` apart.

    Columns: at, account, org, api_key, ip, user_agent, model, system, prompt, messages (earlier turns as JSON), output, input_tokens,
    output_tokens, max_tokens, temperature, n, stream, status, request_id, conversation. With `prompt_bytes`, prompts are brought to
    about that mean length by words of no meaning behind the real text; the earlier turns in `messages` stay as they were. The files are
    the same for the same seed whatever the number of `workers`.

    Raises:
        Error: if the prompt pack is not found, or the numbers leave no room for ordinary customers.
    """
    pack = read_pack(prompts)
    count = max(1, min(round(exchanges / _SHARD), accounts // 5000))
    if accounts < 1000 or exchanges < 4 * accounts:
        raise Error(
            f"accounts, exchanges: got {accounts} and {exchanges}, expected at least 1000 accounts and 4 exchanges each"
        )
    logs = out / "logs"
    logs.mkdir(parents=True, exist_ok=True)
    shards = [
        _Shard(
            path=logs / f"part-{k:04d}.parquet",
            seed=seed,
            number=k,
            accounts=accounts * (k + 1) // count - accounts * k // count,
            exchanges=exchanges * (k + 1) // count - exchanges * k // count,
            prompt_bytes=prompt_bytes,
            prompts=pack.folder,
        )
        for k in range(count)
    ]
    if workers > 1 and len(shards) > 1:
        with multiprocessing.get_context("spawn").Pool(min(workers, len(shards)), maxtasksperchild=8) as pool:
            people = pool.map(_write_shard, shards, chunksize=1)
    else:
        people = [_write_shard(shard) for shard in shards]
    facts = out / "facts" / "accounts.csv"
    facts.parent.mkdir(parents=True, exist_ok=True)
    columns = ("account", *ACCOUNT_FACTS)
    with facts.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(columns)
        for part in people:
            table.writerows(zip(*(part[name] for name in columns), strict=True))
    everybody = {name: [value for part in people for value in part[name]] for name in ("account", "role", "group")}
    seal_truth(
        out / "truth",
        accounts=everybody,
        world={"seed": seed, "accounts": accounts, "exchanges": exchanges, "shards": count},
    )
    return ParquetPaths(logs=logs, accounts_file=facts, truth=out / "truth", accounts=accounts, exchanges=exchanges)


def _write_shard(shard: _Shard) -> dict[str, list[str]]:
    stock = stock_of(shard.prompts)
    seed = shard.seed if shard.number == 0 else int(stream(shard.seed, "shard", str(shard.number)).integers(1 << 62))
    world = build_world(
        seed=seed,
        accounts=shard.accounts,
        exchanges=shard.exchanges,
        prompts=stock.pack,
        campaigns=shard.number == 0,
    )
    painter = Painter(world, stock, shard.prompt_bytes)
    with pq.ParquetWriter(
        shard.path, SCHEMA, compression="zstd", compression_level=1, use_dictionary=_REPEATED, write_statistics=["at"]
    ) as writer:
        for first in range(0, len(world), _SLICE):
            writer.write_batch(painter.batch(world.order[first : first + _SLICE]))
    return world.accounts
