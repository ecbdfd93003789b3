"""Writes a world as a provider would have it: three folders of logs in time order, and two files of facts. Never the truth."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np
import pyarrow as pa

from stillwatch.range import facts
from stillwatch.range.ground import ACCOUNT_FACTS, LAUNCH, MODELS
from stillwatch.range.logs.litellm import spend
from stillwatch.range.logs.openai import capture, message
from stillwatch.range.logs.otlp import export_request, part_message, span
from stillwatch.range.logs.render import Exchange, Renderer
from stillwatch.range.rhythm import DAY
from stillwatch.range.world import World

__all__ = ["FILES", "write_accounts", "write_logs", "write_releases"]

FILES = 4
"""Files that each format is cut into, one for each quarter of the day."""

_BATCH = 4096
_SPANS = 16
_EPOCH = int(facts.DAY_OF_WORLD.timestamp()) * 1_000_000


@contextmanager
def _open(path: Path) -> Iterator[Callable[[bytes], Any]]:
    """Open a log for writing, compressed as its name says; the bytes do not hang on the clock or on the path."""
    if path.suffix == ".gz":
        with (
            path.open("wb") as raw,
            gzip.GzipFile(filename="", mode="wb", fileobj=raw, compresslevel=1, mtime=0) as packed,
        ):
            yield packed.write
    elif path.suffix == ".zst":
        with pa.OSFile(str(path), "wb") as raw, pa.CompressedOutputStream(raw, "zstd") as packed:
            yield packed.write
    else:
        plain: IO[bytes]
        with path.open("wb", buffering=1 << 20) as plain:
            yield plain.write


def _iso(at: list[int]) -> list[str]:
    """Times in microseconds after the world's midnight as ISO text without zone."""
    stamps = (np.array(at, np.int64) + _EPOCH).view("datetime64[us]")
    return [str(stamp) for stamp in np.datetime_as_string(stamps).tolist()]


def write_logs(world: World, folder: Path) -> None:
    """Write the three formats into `folder`: openai/ (captures, gzip), litellm/ (spend rows, plain) and otel/ (spans, zstd).

    Rows are rendered a few thousand at a time, so memory does not grow with the length of the logs.
    """
    format_of = world.formats[world.rows["account"]]
    quarter_of = np.minimum(world.rows["at"] * FILES // DAY, FILES - 1)
    shapes = (
        (0, "openai", "capture", "jsonl.gz"),
        (1, "litellm", "spend_logs", "jsonl"),
        (2, "otel", "traces", "jsonl.zst"),
    )
    for number, name, stem, suffix in shapes:
        (folder / name).mkdir(parents=True, exist_ok=True)
        renderer = Renderer(world, message if number < 2 else part_message)
        mine = world.order[format_of[world.order] == number]
        for quarter in range(FILES):
            rows = mine[quarter_of[mine] == quarter]
            with _open(folder / name / f"{stem}-{quarter * 24 // FILES:02d}.{suffix}") as write:
                _write_rows(world, renderer, rows, number, write)


def _write_rows(
    world: World, renderer: Renderer, rows: np.ndarray[Any, Any], number: int, write: Callable[[bytes], Any]
) -> None:
    names, orgs = world.accounts["account"], world.accounts["org"]
    line = capture() if number == 0 else spend()
    held: list[str] = []
    for first in range(0, len(rows), _BATCH):
        batch: list[Exchange] = []
        for exchange in renderer.render(rows[first : first + _BATCH]):
            batch.extend([exchange, exchange] if world.repeats[exchange.row] else [exchange])
        out: list[str] = []
        if number == 2:
            for exchange in batch:
                begin, end = (_EPOCH + exchange.at) * 1000, (_EPOCH + exchange.ended) * 1000
                held.append(span(exchange, started=begin, ended=end, account=names[exchange.account]))
                if len(held) == _SPANS:
                    out.append(export_request(held))
                    held = []
        else:
            starts, ends = _iso([e.at for e in batch]), _iso([e.ended for e in batch])
            for exchange, started, stopped in zip(batch, starts, ends, strict=True):
                out.append(
                    line(
                        exchange,
                        started=started,
                        ended=stopped,
                        account=names[exchange.account],
                        org=orgs[exchange.account],
                    )
                )
        write(b"".join([text.encode("utf-8") for text in out]))
    if held:
        write(export_request(held).encode("utf-8"))


def write_accounts(world: World, path: Path) -> None:
    """Write what the provider knows about each account: `account` as the logs have it, then the facts. Empty is unknown."""
    order = sorted(range(len(world.formats)), key=lambda k: world.accounts["account"][k])
    with path.open("w", encoding="utf-8", newline="") as out:
        table = csv.writer(out, lineterminator="\n")
        table.writerow(("account", *ACCOUNT_FACTS))
        for k in order:
            table.writerow([world.accounts[name][k] for name in ("account", *ACCOUNT_FACTS)])


def write_releases(path: Path) -> None:
    """Write the model launches: two old ones and that of the day."""
    days = (-210, -120, 0)
    with path.open("w", encoding="utf-8", newline="") as out:
        table = csv.writer(out, lineterminator="\n")
        table.writerow(("model", "at"))
        for model, day in zip(MODELS, days, strict=True):
            table.writerow((model, facts.stamp(LAUNCH, days=day)))
