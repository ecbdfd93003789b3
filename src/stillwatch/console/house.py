"""What every page looks at: the last scan, the cases, and the people; each read anew only when it has changed on disk."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from argon2 import PasswordHasher

from stillwatch.cases import Book, Desk, State
from stillwatch.console.findings import Findings, Marks, read_findings
from stillwatch.console.going import Going
from stillwatch.console.grants import Grants
from stillwatch.console.people import People
from stillwatch.console.register import Register
from stillwatch.console.sessions import Sessions, Throttle
from stillwatch.console.settings import ProviderSettings, read_console
from stillwatch.core import FormatError, read_settings
from stillwatch.engine import TABLES, Workspace
from stillwatch.pipeline import Drawers, last_view, publish_standing
from stillwatch.report import ActorView, ScanView

if TYPE_CHECKING:
    from stillwatch.console.provider import Provider

__all__ = ["House", "Scan", "marks_in"]

_HEAVY_AT_ONCE = 2
"""Visits at once to pages that read large tables; the other pages stay quick meanwhile."""

_LAPSE_EVERY = 60.0
"""Seconds between looks for decisions whose time is over."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Scan:
    """The last scan: its view, its findings, and where the rows of each account lie."""

    view: ScanView
    findings: Findings
    drawers: Drawers
    actors: Mapping[str, ActorView]

    @property
    def threshold_p(self) -> float | None:
        """The p-value that the error budget of single accounts demanded."""
        return next((one.needed for one in self.view.budgets if one.level == "accounts"), None)


def marks_in(book: Book, now: dt.datetime) -> Marks:
    """What was done with which finding."""
    cased = {one.handle: one.id for one in book.cases.values() if one.state is not State.MERGED}
    cased |= {o.handle: c.id for c in book.cases.values() if c.state is not State.MERGED for o in c.openings}
    labelled = {name: one.verdict.value for name, one in book.feedback.labels.items()}
    return Marks(in_case=cased, labelled=labelled, paused=frozenset(book.feedback.paused(now)))


class House:
    """One installation as the console sees it.

    Args:
        workspace: the folder of the scans.
        clock: says the time; the system's by default.
        hasher: hashes passwords; a test may take a quick one.
        secure: whether people reach it by HTTPS, by a proxy in front of it.

    `settings` are those of `console.toml`, and `provider` is who vouches for people besides the console, if anybody does. `heavy` is held
    by a visit that reads large tables; `labels_behind` says that what calibrates the next scan lacks somebody's label, and `labelling` is
    held by whoever writes it.
    """

    def __init__(
        self,
        workspace: Workspace,
        clock: Callable[[], dt.datetime] | None = None,
        hasher: PasswordHasher | None = None,
        *,
        secure: bool = False,
    ) -> None:
        self.workspace = workspace
        self.clock = clock or (lambda: dt.datetime.now(dt.UTC))
        self.desk = Desk(workspace, self.clock)
        self.secure = secure
        self.settings = read_console(workspace.root)
        register = Register(self.settings.database)
        self.people = People(register, hasher)
        self.sessions = Sessions(register, self._seconds)
        self.throttle = Throttle(register, self._seconds)
        self.going = Going(register, self._seconds)
        self.provider = _provider(self.settings.provider, self._seconds)
        self.grants = Grants(self._seconds)
        self.heavy = threading.BoundedSemaphore(_HEAVY_AT_ONCE)
        self.labelling = threading.Lock()
        self.labels_behind = False
        self._lock = threading.Lock()
        self._lapsed = self._seconds()
        self._counting: frozenset[int] = frozenset()
        self._tables: object = None
        self._scan: tuple[object, Scan | None] = (None, None)

    def _seconds(self) -> float:
        return self.clock().timestamp()

    def refresh(self) -> None:
        """See what others committed: parts of tables that were replaced are gone. Costs a look at each manifest."""
        state = tuple(_stamp(self.workspace.root / "tables" / name / "manifest.json") for name in TABLES)
        with self._lock:
            if self._tables != state:
                self.workspace.store.reload()
                self._tables = state

    def scan(self) -> Scan | None:
        """The last scan; `None` before the first."""
        root = self.workspace.root
        tables = ("runs", "actors", "account_evidence", "account_facts", "links", "calibration")
        state = tuple(_stamp(root / "tables" / name / "manifest.json") for name in tables)
        with self._lock:
            if self._scan[0] != state:
                self.workspace.store.reload()
                self._scan = (state, self._read())
            return self._scan[1]

    def _read(self) -> Scan | None:
        try:
            view = last_view(self.workspace)
        except FormatError:
            return None
        return Scan(
            view=view,
            findings=read_findings(self.workspace),
            drawers=Drawers(self.workspace),
            actors={one.handle: one for one in view.actors},
        )

    def lapse(self) -> None:
        """End decisions whose time is over, looking once a minute, and let the gateway know."""
        now = self._seconds()
        if now - self._lapsed < _LAPSE_EVERY:
            return
        self._lapsed = now
        purposes = self._purposes()
        if self.desk.lapse() or purposes != self._counting:
            self._counting = purposes
            self.publish()

    def _purposes(self) -> frozenset[int]:
        """Numbers of the declared purposes that count now."""
        return frozenset(n for n, one in self.book().feedback.purposes.items() if one.counts(self.clock()))

    def publish(self) -> None:
        """Publish the standing anew, so that a gateway knows of a decision within seconds."""
        publish_standing(self.workspace, read_settings(self.workspace.root / "stillwatch.toml"), desk=self.desk)

    def book(self) -> Book:
        """The journal as it stands; every record is checked when it is read.

        Raises:
            TamperingFound: when it is not as it was written.
        """
        return self.desk.book()


def _provider(settings: ProviderSettings | None, clock: Callable[[], float]) -> Provider | None:
    """Who vouches for people; what it takes to believe them is loaded only where somebody does."""
    if settings is None:
        return None
    from stillwatch.console.provider import Provider

    return Provider(settings, clock)


def _stamp(path: Path) -> tuple[int, int, int] | None:
    """What changes when a file is replaced or written to."""
    try:
        told = path.stat()
    except FileNotFoundError:
        return None
    return told.st_ino, told.st_size, told.st_mtime_ns
