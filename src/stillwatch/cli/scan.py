"""`stillwatch scan`: logs in, findings out."""

from __future__ import annotations

import shlex
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter
from rich.console import Console
from rich.table import Table
from rich.text import Text

from stillwatch.cli.app import app
from stillwatch.cli.progress import progress_bar

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stillwatch.ingest import Source
    from stillwatch.pipeline import Scanned
    from stillwatch.report import ActorView

__all__ = ["as_typed", "scan", "show", "sources_of"]

DEFAULT_WORKSPACE = Path("stillwatch-workspace")
_NOTES = 12


@app.command
def scan(
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
    engine: Literal["duckdb", "spark"] | None = None,
    json: Annotated[bool, Parameter(negative=())] = False,
) -> None:
    """Find harvesting actors and accounts in API logs.

    Logs that are in already are passed over, so the same command goes on where it was interrupted, and running it twice changes nothing.

    Args:
        paths: Log files, folders or globs. Formats are told by content; gzip and zstd are read as they are.
        source: Address of logs that are no files: kafka://, nats://, valkey://, postgresql://, s3://, delta:// and others; may be repeated.
        workspace: Folder for tables, keys and reports; made when it is absent.
        accounts: Account facts (CSV, JSON lines or Parquet): when opened, plan, sign-up path, payment, device.
        telemetry: Product telemetry (account and client), to tell clients that are only claimed.
        releases: Model launches (model and time).
        cleared: Accounts that people have cleared: a table (account, by, at, reason), or one account a line.
        format: Name of the log format, when it should not be told by content.
        columns: TOML file that maps the columns of a Parquet, CSV or JSON-lines log.
        settings: Settings file; stillwatch.toml in the workspace by default.
        engine: What detection runs on; run.engine of the settings by default.
        json: Print the findings as JSON instead of tables.
    """
    from stillwatch.core import Error, read_settings
    from stillwatch.engine import Workspace
    from stillwatch.pipeline import Inputs
    from stillwatch.pipeline import scan as run
    from stillwatch.report import render_json

    if settings is not None and not settings.exists():
        raise Error(f"{settings}: no such settings file")
    sources = sources_of(paths, source)
    chosen = read_settings(settings or workspace / "stillwatch.toml")
    if engine is not None:
        chosen = replace(chosen, run=replace(chosen.run, engine=engine))
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
    with progress_bar() as progress:
        scanned = run(Workspace(workspace), inputs, chosen, command=as_typed(), progress=progress)
    if json:
        sys.stdout.buffer.write(render_json(scanned.view) + b"\n")
        return
    show(scanned)


def sources_of(paths: Sequence[Path] | None, addresses: Sequence[str] | None) -> tuple[Source, ...]:
    """The sources at addresses.

    Raises:
        Error: when neither a path nor an address was given, or an address cannot be read.
    """
    from stillwatch.core import Error
    from stillwatch.ingest import source_of

    if not paths and not addresses:
        raise Error("nothing to read: name log files or folders, or --source ADDRESS")
    return tuple(map(source_of, addresses or ()))


def as_typed() -> str:
    """The command that runs, without passwords of addresses: reports repeat it."""
    from stillwatch.ingest import public

    return shlex.join(["stillwatch", *map(public, sys.argv[1:])])


def show(scanned: Scanned) -> None:
    """Print what a scan found as tables."""
    console = Console(highlight=False)
    run = scanned.view.run
    for note in scanned.notes[:_NOTES]:
        console.print(Text.assemble(("note", "yellow"), " ", note.partition(" Tried ")[0]))
    if len(scanned.notes) > _NOTES:
        console.print(Text.assemble(("note", "yellow"), f" and {len(scanned.notes) - _NOTES} more"))
    console.print(
        f"{run.exchanges:,} exchanges of {run.accounts:,} accounts"
        f" · {run.duplicates:,} duplicates counted once · {run.rejects:,} rows rejected · {run.unattributed:,} name no account"
    )
    if scanned.unchanged:
        console.print("Nothing new since the last scan.")
    if scanned.view.for_review:
        console.print(_findings(scanned.view.for_review, "Actors for review"))
    else:
        console.print("[bold]No actor for review.[/]")
    aside = [a for a in scanned.view.actors if a not in scanned.view.for_review]
    if aside:
        console.print(_findings(aside[:12], f"Looked at and not put up for review ({len(aside)})", reasons=True))
    for account in scanned.view.accounts_for_review[:12]:
        console.print(Text(f"account {account.handle}: {account.reason}"))
    for budget in scanned.view.budgets:
        if budget.note:
            console.print(Text(f"{budget.level}: {budget.note}", "dim"))
    console.print(Text(f"\nReport: {scanned.report}"))
    console.print("[dim]stillwatch explain HANDLE says more of one actor or account.[/]")


def _findings(actors: tuple[ActorView, ...] | list[ActorView], title: str, *, reasons: bool = False) -> Table:
    shown = Table(title=title, title_justify="left", title_style="bold")
    for name, justify in (
        ("actor", "left"),
        ("accounts", "right"),
        ("exchanges", "right"),
        ("yield", "right"),
        ("e-value", "right"),
    ):
        shown.add_column(name, justify=justify)  # type: ignore[arg-type]
    shown.add_column("why" if reasons else "capability sought", overflow="fold")
    for one in actors:
        evidence = "undecided" if one.e_value is None else f"{one.e_value:.2g}"
        told = one.reason if reasons else one.capability
        counts = (f"{one.accounts:,}", f"{one.exchanges:,}", f"{one.yield_exchanges:,}")
        shown.add_row(one.handle, *counts, evidence, Text(told))
    return shown
