"""`stillwatch watch`: what `scan` does, again and again, over logs that are still being written."""

from __future__ import annotations

import contextlib
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from stillwatch.cli.app import app
from stillwatch.cli.scan import DEFAULT_WORKSPACE, as_typed, sources_of

if TYPE_CHECKING:
    from stillwatch.pipeline import Round, Watcher

__all__ = ["watch"]


@app.command
def watch(
    paths: Annotated[list[Path] | None, Parameter(negative=())] = None,
    /,
    *,
    source: Annotated[list[str] | None, Parameter(negative=(), env_var="STILLWATCH_SOURCE")] = None,
    workspace: Path = DEFAULT_WORKSPACE,
    accounts: Path | None = None,
    telemetry: Path | None = None,
    releases: Path | None = None,
    cleared: Path | None = None,
    format: Annotated[str | None, Parameter(name="--format")] = None,  # noqa: A002 - the option is called so
    columns: Path | None = None,
    settings: Path | None = None,
    poll: float = 30.0,
    detect_minutes: float = 10.0,
    detect_rows: int = 200_000,
    settle: float = 10.0,
    port: int | None = None,
    host: str = "127.0.0.1",
    once: Annotated[bool, Parameter(negative=())] = False,
) -> None:
    """Watch logs that are still being written: read what is new, and keep findings and standing up to date.

    Files of lines are read up to their last whole line; other files when they have kept their size for a while. Rotated logs may be
    renamed, not rewritten. Ctrl-C, a kill or a power cut at any point loses nothing and counts nothing twice: start it again.

    Args:
        paths: Log files, folders or globs, such as the inbox of a gateway's workspace; what is not there yet is waited for.
        source: Address of logs that are no files: kafka://, nats://, valkey://, postgresql://, s3://, delta:// and others; may be repeated.
        workspace: Folder for tables, keys and reports; made when it is absent.
        accounts: Account facts (CSV, JSON lines or Parquet): when opened, plan, sign-up path, payment, device.
        telemetry: Product telemetry (account and client), to tell clients that are only claimed.
        releases: Model launches (model and time).
        cleared: Accounts that people have cleared: a table (account, by, at, reason), or one account a line.
        format: Name of the log format, when it should not be told by content.
        columns: TOML file that maps the columns of a Parquet, CSV or JSON-lines log.
        settings: Settings file; stillwatch.toml in the workspace by default.
        poll: Seconds between two looks at the logs.
        detect_minutes: Minutes after which findings are brought up to date, if anything is new.
        detect_rows: New exchanges that bring them up to date earlier; detection never takes more than half of the time.
        settle: Seconds for which a file that is read whole must have kept its size.
        port: Port of /metrics and /health; no pages without it, state/watch.json says the same.
        host: Address of these pages; they have no password.
        once: Do one round, detect, and end.
    """
    from stillwatch.core import Error, read_settings
    from stillwatch.engine import Workspace
    from stillwatch.pipeline import Inputs, Schedule, Watcher

    if settings is not None and not settings.exists():
        raise Error(f"{settings}: no such settings file")
    if poll <= 0 or detect_minutes < 0 or detect_rows < 1 or settle < 0:
        raise Error("--poll must be above 0, --detect-rows at least 1, --detect-minutes and --settle at least 0")
    sources = sources_of(paths, source)
    chosen = read_settings(settings or workspace / "stillwatch.toml")
    inputs = Inputs(
        logs=paths or [],
        sources=sources,
        accounts=accounts,
        telemetry=telemetry,
        releases=releases,
        cleared=cleared,
        force=format,
        mapping=columns,
    )
    schedule = Schedule(every=60 * detect_minutes, rows=detect_rows, settle=0.0 if once else settle)
    command = as_typed()
    watcher = Watcher(Workspace(workspace), inputs, chosen, schedule, command=command)
    with _ended_by_signals() as ended, _pages(watcher, host, port):
        try:
            if once:
                _say(watcher, watcher.round())
            else:
                _go_on(watcher, poll, ended)
        finally:
            with contextlib.suppress(Error, OSError):
                watcher.end()


def _go_on(watcher: Watcher, poll: float, ended: threading.Event) -> None:
    from stillwatch.core import FormatError
    from stillwatch.pipeline import Busy

    print("Watching; Ctrl-C ends it.", flush=True)
    told: set[str] = set()
    while not ended.is_set():
        try:
            done = watcher.round()
            _say(watcher, done)
            for note in done.notes:
                if note not in told:
                    print(f"note {note}", flush=True)
            told = set(done.notes)
        except (Busy, FormatError, FileNotFoundError) as error:
            watcher.failed(str(error))
            print(f"stillwatch: {error}; the next round tries again", file=sys.stderr, flush=True)
        ended.wait(poll)


def _say(watcher: Watcher, done: Round) -> None:
    """A line for a round that brought anything."""
    pulse = watcher.pulse
    stamp = f"{pulse.at:%Y-%m-%d %H:%M:%S}"
    if done.fresh or done.scanned is not None:
        lag = "unknown" if pulse.lag_seconds is None else f"{pulse.lag_seconds:,.0f} s"
        print(f"{stamp} {done.fresh:,} new, {pulse.exchanges:,} in all, lag {lag}", flush=True)
    if done.scanned is not None and not done.scanned.unchanged:
        found = done.scanned.view.for_review
        named = ", ".join(one.handle for one in found[:5]) or "none"
        print(f"{stamp} actors for review: {named}. Report: {done.scanned.report}", flush=True)


@contextlib.contextmanager
def _ended_by_signals() -> Iterator[threading.Event]:
    """SIGTERM ends the watch like the end of its work, Ctrl-C as it ends every command; what is under way is done again by the next one.

    The event is set, too: an exception that meets a place where none can be raised (a finaliser, a callback) is lost, and the next round
    must not begin. Where Ctrl-C is not heard, as in the background of a shell, it stays so.
    """
    ended, asked = threading.Event(), list[int]()

    def end(number: int, _: Any) -> None:
        asked.append(number)
        ended.set()
        if number == signal.SIGINT:
            raise KeyboardInterrupt
        sys.exit(0)

    heard = [signal.SIGTERM]
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        heard.append(signal.SIGINT)
    before = {number: signal.signal(number, end) for number in heard}
    try:
        yield ended
        if signal.SIGINT in asked:
            raise KeyboardInterrupt
    except BaseException:
        if asked[:1] == [signal.SIGTERM]:
            sys.exit(0)
        raise
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def _pages(watcher: Watcher, host: str, port: int | None) -> Iterator[None]:
    if port is None:
        yield
        return
    from stillwatch.cli.watch_pages import served

    with served(lambda: watcher.pulse, host, port) as taken:
        print(f"Pages of the operator on {host}:{taken}: /metrics and /health.", flush=True)
        yield
