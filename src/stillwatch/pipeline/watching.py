"""The main job done again and again: what is new in the logs read every round, findings and standing brought up to date on a schedule.

    Growing.look  ->  read_logs  ->  (when due) scan  ->  pulse

Nothing is remembered outside the tables that a watch needs to go on, so it can be killed at any point and started again.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import logging
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import msgspec
import pyarrow.parquet as pq

from stillwatch.core import Settings
from stillwatch.core.errors import WorkspaceError
from stillwatch.engine import Workspace, durable_write
from stillwatch.ingest import Growing, Plan
from stillwatch.pipeline.landed import land_some, landings, release
from stillwatch.pipeline.pulse import Pulse
from stillwatch.pipeline.read_logs import Remembered, read_logs
from stillwatch.pipeline.scan import Inputs, Scanned, read_options, reading, scan

__all__ = ["Busy", "Round", "Schedule", "Watcher"]

_log = logging.getLogger(__name__)


class Busy(WorkspaceError):
    """Somebody else writes to the workspace just now."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Schedule:
    """When a watch detects: `every` seconds if anything is new, or as soon as `rows` exchanges are; at most half of the time."""

    every: float = 600.0
    rows: int = 200_000
    settle: float = 10.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Round:
    """What one round did: exchanges read, notes on files left out, and the scan, if one was due."""

    fresh: int
    notes: tuple[str, ...]
    scanned: Scanned | None


class Watcher:
    """A watch over logs.

    Args:
        clock: seconds that only ever go forward: every schedule rests on it, so setting the system's clock changes none.
        wall: the system's clock, for the lag and for timestamps in the future.
    """

    def __init__(
        self,
        workspace: Workspace,
        inputs: Inputs,
        settings: Settings,
        schedule: Schedule | None = None,
        *,
        command: str = "",
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC),
    ) -> None:
        self._workspace, self._inputs, self._settings = workspace, inputs, settings
        self._schedule, self._command = schedule or Schedule(), command
        self._clock, self._wall = clock, wall
        self._landings = landings(workspace, inputs.sources)
        self._away: tuple[str, ...] = ()
        folders = [one.folder for one in self._landings]
        self._growing = Growing([*inputs.logs, *folders], settle_seconds=self._schedule.settle, clock=clock)
        self._remembered = Remembered()
        self._looked_into: set[str] = set()
        self._newest: dt.datetime | None = None
        self._found_at: float | None = None
        self._begun = clock()
        self._waiting_rows = 0
        self._told_at = clock()
        self._pulse = Pulse(at=wall(), state="starting")

    def round(self) -> Round:
        """Read what is new and, when it is time, detect.

        Raises:
            Busy: when somebody else writes to the workspace; the next round tries again.
            DiskFull, WorkspaceError: when the workspace cannot take it; what was committed before is whole.
        """
        fresh, planned = self._read()
        self._waiting_rows += fresh
        scanned = self._detect(planned) if self._due() else None
        away, rounds = self._away, self._pulse.rounds + 1
        failures = self._pulse.failures + len(away)
        self._tell("behind" if away else "watching", rounds=rounds, failures=failures, problem="; ".join(away))
        return Round(fresh=fresh, notes=planned.notes, scanned=scanned)

    def failed(self, problem: str) -> None:
        """Note a round that failed and will be tried again."""
        self._remembered = Remembered()
        self._tell("behind", failures=self._pulse.failures + 1, problem=problem)

    def end(self) -> None:
        """Note that the watch is over."""
        self._tell("ended")

    @property
    def pulse(self) -> Pulse:
        """How the watch was doing after its last round, with its ages as of now."""
        last, passed, now = self._pulse, self._clock() - self._told_at, self._wall()
        return replace(
            last,
            at=now,
            lag_seconds=_behind(now, last.newest),
            round_seconds=passed,
            found_seconds=None if last.found_seconds is None else last.found_seconds + passed,
            oldest_unread_seconds=last.oldest_unread_seconds + passed if last.unread else 0.0,
        )

    def _read(self) -> tuple[int, Plan]:
        workspace, inputs, settings = self._workspace, self._inputs, self._settings
        with contextlib.ExitStack() as held:
            try:
                held.enter_context(workspace.writing())
            except WorkspaceError as error:
                raise Busy(str(error)) from error
            landed = land_some(self._landings)
            self._away = landed.away
            done = workspace.store.manifest("features").done
            options = read_options(inputs, settings, self._wall())
            planned = self._growing.look(done.keys(), options)
            planned = replace(planned, notes=(*planned.notes, *landed.notes, *landed.away))
            new = {chunk.id for chunk in planned.chunks if chunk.id not in done}
            if not new and self._pulse.rounds:
                release(self._landings, planned, done.keys())
                return 0, planned
            context, left_out = reading(workspace, inputs, settings, options)
            read = read_logs(
                workspace,
                planned,
                context,
                workers=settings.run.workers,
                holds=self._growing.holds,
                remembered=self._remembered,
            )
            release(self._landings, planned, read.chunks)
            came = [told for chunk, told in read.chunks.items() if chunk in new]
            if new:
                self._pulse = replace(
                    self._pulse,
                    fresh=self._pulse.fresh + read.fresh,
                    duplicates=self._pulse.duplicates + sum(told["duplicates"] for told in came),
                    rejects=self._pulse.rejects + sum(told["rejects"] for told in came),
                )
            kept = tuple(chunk for chunk in planned.chunks if chunk.id in read.chunks)
            return read.fresh, Plan(chunks=kept, files=planned.files, notes=(*planned.notes, *left_out))

    def _due(self) -> bool:
        """Whether it is time to detect; the first time as soon as there is anything and no file is about to be read, or a part of the logs
        would be judged as all of them."""
        if not self._workspace.store.manifest("features").rows:
            return False
        if self._found_at is None:
            late = self._clock() - self._begun >= self._schedule.every
            return late or not self._growing.settling()
        if not self._waiting_rows:
            return False
        passed = self._clock() - self._found_at
        wanted = passed >= self._schedule.every or self._waiting_rows >= self._schedule.rows
        return wanted and passed >= (self._pulse.detect_seconds or 0.0)

    def _detect(self, planned: Plan) -> Scanned:
        begun = self._clock()
        scanned = scan(
            self._workspace, self._inputs, self._settings, command=self._command, now=self._wall(), planned=planned
        )
        self._found_at, self._waiting_rows = self._clock(), 0
        self._pulse = replace(
            self._pulse,
            detections=self._pulse.detections + 1,
            detect_seconds=self._found_at - begun,
            actors=len(scanned.view.for_review),
        )
        for note in scanned.notes:
            if note.startswith("warning:"):
                _log.warning("%s", note.removeprefix("warning: "))
        return scanned

    def _tell(self, state: str, **more: Any) -> None:
        """Take the pulse and keep it in `state/watch.json`, for whoever cannot ask the watch itself."""
        store, now = self._workspace.store, self._wall()
        self._look_for_newest()
        unread = self._growing.unread(store.manifest("features").done.keys())
        exchanges = store.manifest("exchanges")
        self._pulse = replace(
            self._pulse,
            at=now,
            state=state,
            newest=self._newest,
            lag_seconds=_behind(now, self._newest),
            round_seconds=0.0,
            oldest_unread_seconds=unread[0].seconds if unread else 0.0,
            unread=len(unread),
            found_seconds=None if self._found_at is None else self._clock() - self._found_at,
            exchanges=exchanges.rows,
            parts=len(exchanges.parts),
            free_bytes=shutil.disk_usage(self._workspace.root).free,
            **more,
        )
        self._told_at = self._clock()
        durable_write(self._workspace.root / "state" / "watch.json", msgspec.json.encode(self._pulse), mode=0o600)

    def _look_for_newest(self) -> None:
        """When the newest exchange began, from the footers of parts that were not looked into yet."""
        for part in self._workspace.store.manifest("features").parts:
            if part.path in self._looked_into:
                continue
            meta = pq.read_metadata(self._workspace.store.folder("features") / part.path)
            place = meta.schema.names.index("at")
            for group in range(meta.num_row_groups):
                told = meta.row_group(group).column(place).statistics
                if told is not None and told.has_min_max and (self._newest is None or told.max > self._newest):
                    self._newest = told.max
            self._looked_into.add(part.path)


def _behind(now: dt.datetime, newest: dt.datetime | None) -> float | None:
    return None if newest is None else max(0.0, (now - newest).total_seconds())
