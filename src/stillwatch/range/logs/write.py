"""Writes a world as a provider would have it: three folders of logs in time order, and two files of facts. Never the truth."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
from numpy.typing import NDArray

from stillwatch.range import facts
from stillwatch.range.logs.litellm import spend
from stillwatch.range.logs.openai import capture, message
from stillwatch.range.logs.otlp import export_request, part_message, span
from stillwatch.range.logs.render import Exchange, Renderer
from stillwatch.range.names import Ints
from stillwatch.range.rhythm import DAY
from stillwatch.range.world import World

__all__ = ["FILES", "AccountNames", "account_names", "write_accounts", "write_logs"]

FILES = 4
"""Files that each format is cut into, one for each quarter of the day."""

_BATCH = 4096
_SPANS = 16
_EPOCH = int(facts.DAY_OF_WORLD.timestamp()) * 1_000_000


@dataclass(frozen=True, kw_only=True)
class AccountNames:
    """Which log each account of a world is in, and what it is called there. An organisation uses one program, so it is in one log."""

    formats: Ints
    names: list[str]
    known: dict[str, str]

    def applied(self, table: pa.Table) -> pa.Table:
        """A table of the world with its accounts called as the logs call them."""
        place = table.column_names.index("account")
        called = [self.known[name] for name in table["account"].to_pylist()]
        return table.set_column(place, "account", pa.array(called, pa.string()))


def account_names(world: World) -> AccountNames:
    """The names of a world's accounts in the three logs."""
    plain, orgs = world.facts["account"].to_pylist(), world.facts["org"].to_pylist()
    tags = [_digest(world.recipe.seed, name) for name in plain]
    formats = [int(_digest(world.recipe.seed, org)[:8], 16) % 3 for org in orgs]
    names = [_called(kind, tag) for kind, tag in zip(formats, tags, strict=True)]
    return AccountNames(formats=np.array(formats, np.int64), names=names, known=dict(zip(plain, names, strict=True)))


def _digest(seed: int, name: str) -> str:
    return hashlib.blake2b(f"{seed}/{name}".encode(), digest_size=16).hexdigest()


def _called(kind: int, tag: str) -> str:
    """An account id as each kind of log has it: an id of the provider, a UUID (version 4) of the gateway, a number of the edge."""
    if kind == 0:
        return f"acct_{tag[:16]}"
    if kind == 1:
        return f"{tag[:8]}-{tag[8:12]}-4{tag[13:16]}-{'89ab'[int(tag[16], 16) % 4]}{tag[17:20]}-{tag[20:]}"
    return f"u{int(tag[:16], 16) % 10**12:012d}"


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


def write_logs(world: World, called: AccountNames, folder: Path) -> None:
    """Write the three formats into `folder`: openai/ (captures, gzip), litellm/ (spend rows, plain) and otel/ (spans, zstd).

    Rows are rendered a few thousand at a time, so memory does not grow with the length of the logs.
    """
    columns = world.sheet.columns
    format_of = called.formats[columns["account"]]
    quarter_of = np.minimum(columns["at"] % DAY * FILES // DAY, FILES - 1)
    order, repeats, orgs = world.order, world.repeats, world.facts["org"].to_pylist()
    shapes = (
        (0, "openai", "capture", "jsonl.gz"),
        (1, "litellm", "spend_logs", "jsonl"),
        (2, "otel", "traces", "jsonl.zst"),
    )
    for number, name, stem, suffix in shapes:
        (folder / name).mkdir(parents=True, exist_ok=True)
        renderer = Renderer(world, message if number < 2 else part_message)
        mine = order[format_of[order] == number]
        for quarter in range(FILES):
            rows = mine[quarter_of[mine] == quarter]
            with _open(folder / name / f"{stem}-{quarter * 24 // FILES:02d}.{suffix}") as write:
                _write_rows(renderer, rows, repeats, (called.names, orgs), number, write)


def _write_rows(
    renderer: Renderer,
    rows: Ints,
    repeats: NDArray[np.bool_],
    who: tuple[list[str], list[str]],
    number: int,
    write: Callable[[bytes], Any],
) -> None:
    names, orgs = who
    line = capture() if number == 0 else spend()
    held: list[str] = []
    for first in range(0, len(rows), _BATCH):
        batch: list[Exchange] = []
        for exchange in renderer.render(rows[first : first + _BATCH]):
            batch.extend([exchange, exchange] if repeats[exchange.row] else [exchange])
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


def write_accounts(facts: pa.Table, called: AccountNames, path: Path) -> None:
    """Write what the provider knows about each account: `account` as the logs have it, then the facts. Empty is unknown."""
    table = called.applied(facts).sort_by("account")
    pyarrow.csv.write_csv(table, path, pyarrow.csv.WriteOptions(quoting_style="needed"))
