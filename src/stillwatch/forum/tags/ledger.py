"""What a custodian remembers of requests: who, which kind, how many, with what outcome. Points are never written, only a hash of a batch.

SQLite with a full flush: an evaluation is counted on the disk before its answer leaves, so a kill can lose a member an answer but never
give one away uncounted. The same batch asked again (a lost answer) is answered again without being counted, a few times.
"""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from stillwatch.forum.tags.kinds import Kind
from stillwatch.forum.tags.quotas import AlarmKind, Quota, Spent, alarms
from stillwatch.forum.tags.refusals import Refusal, RequestRefused

__all__ = ["REPEATS", "Alarm", "Ledger", "Line"]

REPEATS = 8
"""How often one batch is answered again without being counted."""

_TABLES = """
create table if not exists spent (member text, kind text, epoch text, day text, n integer not null,
    primary key (member, kind, epoch, day)) without rowid;
create table if not exists batches (digest blob primary key, day text not null, repeats integer not null) without rowid;
create table if not exists lines (at text not null, member text not null, kind text not null, epoch text not null, n integer not null,
    outcome text not null);
create table if not exists alarms (at text not null, member text not null, kind text not null, alarm text not null, words text not null,
    day text not null, primary key (member, kind, alarm, day)) without rowid;
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One request as it is kept: `outcome` is `counted`, `repeated` or the word of a refusal; the minute, not the second."""

    at: str
    member: str
    kind: str
    epoch: str
    n: int
    outcome: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Alarm:
    """One thing that a person at the custodian should look at."""

    at: str
    member: str
    kind: str
    alarm: AlarmKind
    words: str


class Ledger:
    """The counts of one custodian.

    Args:
        path: its file; made, for its owner alone.
        clock: says the time, aware.
        tell: is told every line as it is written, such as the forum's log.
    """

    def __init__(
        self, path: Path, clock: Callable[[], dt.datetime], tell: Callable[[Line], None] = lambda _: None
    ) -> None:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.touch(mode=0o600)
        self.path, self._clock, self._tell = path, clock, tell
        with self._open() as base:
            base.executescript("pragma journal_mode = wal;" + _TABLES)

    def allow(self, member: str, kind: Kind, epoch: str, n: int, digest: bytes, quota: Quota) -> None:
        """Whether a batch may be evaluated, before any work is done for it; nothing is counted.

        Raises:
            RequestRefused: when it is more than is left today or in this epoch, or was asked too often.
        """
        with self._open() as base:
            self._allowed(base, member, kind, epoch, n, digest, quota)

    def charge(self, member: str, kind: Kind, epoch: str, n: int, digest: bytes, quota: Quota) -> bool:
        """Count a batch, before its answer leaves; False for one that was counted before.

        Raises:
            RequestRefused: as `allow` does, which may have let two through at once.
        """
        day = self._clock().date().isoformat()
        with self._open() as base:
            base.execute("begin immediate")
            before = self._allowed(base, member, kind, epoch, n, digest, quota)
            if before is None:
                base.execute("update batches set repeats = repeats + 1 where digest = ?", (digest,))
                base.execute("commit")
                return False
            base.execute(
                "insert into spent values (?, ?, ?, ?, ?) on conflict do update set n = n + excluded.n",
                (member, kind, epoch, day, n),
            )
            base.execute("insert into batches values (?, ?, 0)", (digest, day))
            after = self._spent(base, member, kind, epoch, quota)
            for alarm, words in alarms(kind, quota, before, after):
                self._raise_alarm(base, member, kind, alarm, words)
            base.execute("commit")
            return True

    def _allowed(
        self, base: sqlite3.Connection, member: str, kind: Kind, epoch: str, n: int, digest: bytes, quota: Quota
    ) -> Spent | None:
        """What was spent before, or None for a batch that was counted already."""
        seen = base.execute("select repeats from batches where digest = ?", (digest,)).fetchone()
        if seen is not None:
            if seen[0] < REPEATS:
                return None
            self._raise_alarm(base, member, kind, AlarmKind.REPEATS, f"one batch of {n} asked {seen[0] + 2} times")
            raise RequestRefused(Refusal.OVER_QUOTA, f"this batch was answered {REPEATS + 1} times already")
        before = self._spent(base, member, kind, epoch, quota)
        for what, had, most in (("today", before.today, quota.day), ("in this epoch", before.epoch, quota.epoch)):
            if had + n > most:
                left = max(0, most - had)
                raise RequestRefused(Refusal.OVER_QUOTA, f"{kind}: {left} of {most} are left {what}, got {n}")
        return before

    def write(self, member: str, kind: str, epoch: str, n: int, outcome: str) -> None:
        """Keep one request's line; twenty refused for their points in a day set off an alarm."""
        now = self._clock()
        line = Line(at=now.strftime("%Y-%m-%dT%H:%MZ"), member=member, kind=kind, epoch=epoch, n=n, outcome=outcome)
        with self._open() as base:
            base.execute("begin immediate")
            base.execute(
                "insert into lines values (?, ?, ?, ?, ?, ?)",
                (line.at, member, kind, epoch, n, outcome),
            )
            if outcome == Refusal.NO_POINT:
                day = now.date().isoformat()
                (refused,) = base.execute(
                    "select count(*) from lines where member = ? and outcome = ? and at >= ?", (member, outcome, day)
                ).fetchone()
                if refused == 20:
                    self._raise_alarm(
                        base, member, kind, AlarmKind.NO_POINTS, "20 batches with bytes that are no points"
                    )
            base.execute("commit")
        self._tell(line)

    def spent(self, member: str, kind: Kind, epoch: str, quota: Quota) -> Spent:
        """What a member has used."""
        with self._open() as base:
            return self._spent(base, member, kind, epoch, quota)

    def lines(self) -> list[Line]:
        """Every request, in order."""
        with self._open() as base:
            rows = base.execute("select at, member, kind, epoch, n, outcome from lines order by rowid")
            return [Line(at=a, member=m, kind=k, epoch=e, n=n, outcome=o) for a, m, k, e, n, o in rows]

    def numbered(self, after: int, most: int) -> list[tuple[int, Line]]:
        """Requests after a number, in order, each with its own: what is told to the forum's log."""
        with self._open() as base:
            asked = (
                "select rowid, at, member, kind, epoch, n, outcome from lines where rowid > ? order by rowid limit ?"
            )
            return [
                (seq, Line(at=a, member=m, kind=k, epoch=e, n=n, outcome=o))
                for seq, a, m, k, e, n, o in base.execute(asked, (after, most))
            ]

    def alarms(self) -> list[Alarm]:
        """Every alarm, in order of time."""
        with self._open() as base:
            rows = base.execute("select at, member, kind, alarm, words from alarms order by at, member, kind, alarm")
            return [Alarm(at=a, member=m, kind=k, alarm=AlarmKind(w), words=s) for a, m, k, w, s in rows]

    def forget(self, before: dt.date) -> None:
        """Drop the hashes of batches and the lines from before a day; the counts of epochs stay.

        The last line stays, whatever its day: the next one has the number after it, by which the forum's log knows what was told.
        """
        with self._open() as base:
            base.execute("delete from batches where day < ?", (before.isoformat(),))
            old = "delete from lines where at < ? and rowid < (select max(rowid) from lines)"
            base.execute(old, (before.isoformat(),))

    def _spent(self, base: sqlite3.Connection, member: str, kind: Kind, epoch: str, quota: Quota) -> Spent:
        today = self._clock().date()
        days = dict(
            base.execute("select day, sum(n) from spent where member = ? and kind = ? group by day", (member, kind))
        )
        (whole,) = base.execute(
            "select coalesce(sum(n), 0) from spent where member = ? and kind = ? and epoch = ?", (member, kind, epoch)
        ).fetchone()
        week = [(today - dt.timedelta(days=back)).isoformat() for back in range(7)]
        return Spent(
            today=days.get(today.isoformat(), 0),
            epoch=whole,
            full_days=sum(days.get(day, 0) >= 0.8 * quota.day for day in week),
        )

    def _raise_alarm(self, base: sqlite3.Connection, member: str, kind: str, alarm: AlarmKind, words: str) -> None:
        now = self._clock()
        base.execute(
            "insert or ignore into alarms values (?, ?, ?, ?, ?, ?)",
            (now.strftime("%Y-%m-%dT%H:%MZ"), member, kind, alarm, words, now.date().isoformat()),
        )

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        base = sqlite3.connect(self.path, timeout=30, isolation_level=None)
        try:
            base.execute("pragma synchronous = full")
            yield base
        finally:
            base.close()
