"""Logs that grow under a watch's eyes, and a clock that tests move."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from stillwatch.core import Settings
from stillwatch.engine import Workspace
from stillwatch.pipeline import Inputs, Schedule, Watcher

from .logs import NOW, SMALL, Rows, asked, capture

NEVER = Schedule(every=1e9, rows=10**9, settle=10.0)
"""Detect once, when there is anything at all."""


@dataclass
class Clock:
    """Seconds that only go forward, and a calendar that somebody may set."""

    seconds: float = 1000.0
    now: dt.datetime = field(default=NOW)

    def __call__(self) -> float:
        return self.seconds

    def wall(self) -> dt.datetime:
        return self.now

    def pass_by(self, seconds: float) -> None:
        self.seconds += seconds
        self.now += dt.timedelta(seconds=seconds)


def rows(first: int, last: int) -> Rows:
    return [asked(i, f"c-{i % 7}@customer.example", f"what is {i} and {i * i}, explained") for i in range(first, last)]


def lines(first: int, last: int) -> bytes:
    return b"".join(json.dumps(capture(row)).encode() + b"\n" for row in rows(first, last))


def add(path: Path, data: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as file:
        file.write(data)
    return path


def watch(
    space: Workspace,
    logs: Sequence[Path],
    clock: Clock,
    schedule: Schedule = NEVER,
    settings: Settings = SMALL,
    **more: Any,
) -> Watcher:
    inputs = Inputs(logs=logs, **more)
    return Watcher(space, inputs, settings, schedule, clock=clock, wall=clock.wall)


def requests(space: Workspace) -> list[int]:
    """Exchange ids that are in, sorted, with whatever is there twice."""
    space.store.reload()
    return sorted(space.store.read("exchanges", ["exchange_id"]).column("exchange_id").to_pylist())
