"""The process that turns exchanges that went by into rows which `stillwatch scan` reads: `python -m ... WHERE ROWS SECONDS [otlp]`.

Rows go to a sink: Parquet files, or OpenTelemetry spans in files or at a collector. How many it has taken, and how many it never will, is
said on standard output. Bodies are read by the same code that reads captures. Of customers with zero retention only numbers go, never text.
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

from stillwatch.gateway.capture import LOST, Seen
from stillwatch.gateway.capture_files import SCHEMA, Row, parquet_files
from stillwatch.gateway.capture_otlp import Collector, otlp_files
from stillwatch.ingest.capture import wire
from stillwatch.ingest.clean import BadField, Reading
from stillwatch.ingest.column_map import TARGETS
from stillwatch.ingest.exchange import Exchange
from stillwatch.ingest.log_format import SHAPE_ERRORS

__all__ = ["SCHEMA", "Rolling", "Sink", "frames", "row"]

Sink = Callable[[Sequence[Row]], int]
"""Takes rows and says how many of them it has; an `OSError` means that it may take them later."""

_TEXTS = ("system", "prompt", "messages", "output", "reasoning", "tools")
_values = attrgetter(*TARGETS)
_AGAIN = 5.0
"""Seconds after which a file that could not be written is tried again."""
_LAST_TRIES = 3
_SPANS = 512
_SPAN_BYTES = 4 << 20
"""Spans, and bytes of bodies, that are sent to a collector at once: most take no more than 20 MB."""


def row(seen: Seen) -> Row:
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
    """Rows on their way into a sink, many at a time.

    Args:
        sink: where they go; a folder takes Parquet files.
        rows, seconds, most_bytes: how many are held, and how long, until they go.
        written: called with the number of rows that the sink has taken.
        lost: called with the number of rows that it never will.
    """

    def __init__(
        self,
        sink: Path | Sink,
        *,
        rows: int,
        seconds: float,
        most_bytes: int = 64 << 20,
        written: Callable[[int], object] = lambda _rows: None,
        lost: Callable[[int], object] = lambda _rows: None,
    ) -> None:
        self._sink = parquet_files(sink) if isinstance(sink, Path) else sink
        self._rows, self._seconds, self._most, self._written, self._lost = rows, seconds, most_bytes, written, lost
        self._held: list[Row] = []
        self._bytes = 0
        self._failing = False
        self._due = 0.0

    @property
    def patience(self) -> float | None:
        """Seconds until what is held is due; `None` when nothing is."""
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
        """Give what is held to the sink; what it cannot take now, as on a full disk, is tried again later."""
        if not self._held:
            return True
        try:
            taken = self._sink(self._held)
        except OSError as error:
            self._due = time.monotonic() + _AGAIN
            self._failing = True
            sys.stderr.write(f"the capture cannot be written ({error.strerror}); tried again\n")
            return False
        self._failing = False
        if taken:
            self._written(taken)
        if taken < len(self._held):
            self._lost(len(self._held) - taken)
        self._held, self._bytes = [], 0
        return True


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


def _rolling(words: Sequence[str], **more: Any) -> Rolling:
    """What the words of the command line say."""
    where, rows, seconds = words[0], int(words[1]), float(words[2])
    spans = words[3:] == ["otlp"]
    if spans and "://" in where:
        return Rolling(
            Collector(where), rows=min(rows, _SPANS), seconds=min(seconds, 5.0), most_bytes=_SPAN_BYTES, **more
        )
    folder = Path(where)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return Rolling(otlp_files(folder) if spans else parquet_files(folder), rows=rows, seconds=seconds, **more)


def _main() -> None:
    for one in (signal.SIGINT, signal.SIGTERM):
        signal.signal(one, signal.SIG_IGN)  # the end of the pipe is the sign to finish
    os.nice(5)

    def say(word: int) -> None:
        with contextlib.suppress(BrokenPipeError):  # nobody listens any more; what was taken is taken all the same
            os.write(sys.stdout.fileno(), word.to_bytes(4, "little"))

    rolling = _rolling(sys.argv[1:], written=say, lost=lambda count: say(count | LOST))
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
