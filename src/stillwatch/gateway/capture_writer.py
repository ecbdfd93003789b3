"""The process that turns exchanges that went by into Parquet files which `stillwatch scan` reads: `python -m ... INBOX ROWS SECONDS`.

A file appears under its name when it is whole; then the number of its rows is said on standard output. Columns are those that a scan
maps by name; bodies are read by the same code that reads captures. Of customers with zero retention only numbers are written, never text.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from operator import attrgetter
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from stillwatch.engine import table
from stillwatch.gateway.capture import Seen
from stillwatch.ingest.capture import wire
from stillwatch.ingest.clean import BadField, Reading
from stillwatch.ingest.column_map import TARGETS
from stillwatch.ingest.exchange import Exchange
from stillwatch.ingest.log_format import SHAPE_ERRORS

__all__ = ["Rolling", "frames", "row"]

_TEXTS = ("system", "prompt", "messages", "output", "reasoning", "tools")
_KINDS = {column.name: column.type for column in table("exchanges").columns}
_NAMES = frozenset(
    ("account", "org", "credential", "end_user", "ip", "user_agent", "tls_fingerprint", "conversation", "request")
)
_SURE = frozenset(("at", "account", "org", "credential", "http_status", "pathway"))
_values = attrgetter(*TARGETS)
_LISTS = frozenset(("reasoning_artifacts", "artifacts_returned"))
_AGAIN = 5.0
"""Seconds after which a file that could not be written is tried again."""
_LAST_TRIES = 3


def _kind(name: str) -> pa.DataType:
    if name in _LISTS:
        return pa.list_(pa.string())
    return pa.string() if name in _NAMES else _KINDS[name]


SCHEMA = pa.schema([(name, _kind(name)) for name in TARGETS])
"""Names as they are, before they become pseudonyms in a scan; everything else as in `exchanges`."""


def row(seen: Seen) -> tuple[Any, ...]:
    """One exchange as the values of `SCHEMA`. A body that cannot be read leaves its columns unknown."""
    x = Exchange(
        at=seen.at,
        account=seen.account,
        org=seen.org,
        ip=seen.ip,
        user_agent=seen.user_agent,
        http_status=seen.status,
        pathway=seen.pathway,
        retention_class="zero" if seen.zero else "standard",
    )
    asked = {} if seen.credential is None else {"authorization": seen.credential}
    answered = {} if seen.request_id is None else {"x-request-id": seen.request_id}
    try:
        wire(
            x,
            Reading(),
            path=seen.path,
            asked=asked,
            answered=answered,
            request=seen.request.decode("utf-8", "replace"),
            response=seen.response.decode("utf-8", "replace"),
        )
    except (BadField, *SHAPE_ERRORS):
        x.credential = seen.credential
    if seen.cancelled:
        x.outcome = "cancelled"
    if seen.zero:
        for name in _TEXTS:
            setattr(x, name, None)
    return _values(x)


class Rolling:
    """Rows on their way into files of an inbox.

    Args:
        rows, seconds, most_bytes: when a file is closed and a new one begun.
        written: called with the number of rows of every file that is on the disk.
    """

    def __init__(
        self,
        inbox: Path,
        *,
        rows: int,
        seconds: float,
        most_bytes: int = 64 << 20,
        written: Callable[[int], object] = lambda _rows: None,
    ) -> None:
        self._inbox, self._rows, self._seconds, self._most, self._written = inbox, rows, seconds, most_bytes, written
        self._held: list[tuple[Any, ...]] = []
        self._bytes = 0
        self._failing = False
        self._due = 0.0
        self._number = 0

    @property
    def patience(self) -> float | None:
        """Seconds until the open file is due; `None` when there is none."""
        return max(0.0, self._due - time.monotonic()) if self._held else None

    @property
    def full(self) -> bool:
        """Whether as much is held as may be: nothing more should be taken in until it could be written."""
        return self._bytes >= self._most or len(self._held) >= self._rows

    def add(self, seen: Seen) -> None:
        """Take one exchange in."""
        if not self._held:
            self._due = time.monotonic() + self._seconds
        self._held.append(row(seen))
        self._bytes += len(seen.request) + len(seen.response) + 1024
        if (self.full and not self._failing) or self.patience == 0:
            self.close()

    def close(self) -> bool:
        """Write what is held as one file, whole or not at all; what could not be written, as on a full disk, is tried again later."""
        if not self._held:
            return True
        try:
            self._write()
        except OSError as error:
            self._due = time.monotonic() + _AGAIN
            self._failing = True
            sys.stderr.write(f"the capture cannot be written ({error.strerror}); tried again\n")
            return False
        self._failing = False
        self._written(len(self._held))
        self._held, self._bytes = [], 0
        return True

    def _write(self) -> None:
        stamp = time.strftime("%Y%m%dT%H%M%S", time.gmtime())
        name = f"gateway-{stamp}-{os.getpid()}-{self._number + 1:06d}.parquet"
        written = self._inbox / f".{name}.part"
        try:
            pq.write_table(_table(self._held), written, compression="zstd")
            written.chmod(0o600)
            with written.open("rb") as file:
                os.fsync(file.fileno())
            written.rename(self._inbox / name)
        except OSError:
            with contextlib.suppress(OSError):
                written.unlink()
            raise
        self._number += 1


def _table(rows: Sequence[tuple[Any, ...]]) -> pa.Table:
    try:
        columns = [pa.array(values, one.type) for one, values in zip(SCHEMA, zip(*rows, strict=True), strict=True)]
        return pa.Table.from_arrays(columns, schema=SCHEMA)
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError, UnicodeEncodeError):
        if len(rows) == 1:
            kept = [value if name in _SURE else None for name, value in zip(TARGETS, rows[0], strict=True)]
            return _table([tuple(kept)])
        return pa.concat_tables([_table([one]) for one in rows])


def frames(pipe: int, rolling: Rolling) -> Iterator[bytes]:
    """Frames from a pipe until it ends, rolling files whenever they are due."""
    held = bytearray()
    while True:
        # What cannot be written holds the pipe back: then the serving process drops the oldest, and counts them.
        ready, _, _ = select.select([] if rolling.full else [pipe], [], [], rolling.patience)
        if not ready:
            rolling.close()
            continue
        piece = os.read(pipe, 1 << 20)
        if not piece:
            return
        held += piece
        start = 0
        while len(held) - start >= 4:
            end = start + 4 + int.from_bytes(held[start : start + 4], "little")
            if end > len(held):
                break
            yield bytes(held[start + 4 : end])
            start = end
        del held[:start]


def _main() -> None:
    for one in (signal.SIGINT, signal.SIGTERM):
        signal.signal(one, signal.SIG_IGN)  # the end of the pipe is the sign to finish
    os.nice(5)
    inbox = Path(sys.argv[1])
    inbox.mkdir(parents=True, exist_ok=True, mode=0o700)

    def written(rows: int) -> None:
        with contextlib.suppress(BrokenPipeError):  # nobody listens any more; the file is there all the same
            os.write(sys.stdout.fileno(), rows.to_bytes(4, "little"))

    rolling = Rolling(inbox, rows=int(sys.argv[2]), seconds=float(sys.argv[3]), written=written)
    decode = msgspec.msgpack.Decoder(Seen).decode
    for frame in frames(sys.stdin.fileno(), rolling):
        rolling.add(decode(frame))
    for _ in range(_LAST_TRIES):
        if rolling.close():
            return
        time.sleep(1.0)
    sys.exit(1)


if __name__ == "__main__":
    _main()
