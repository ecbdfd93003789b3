"""The main job: real logs in, explained findings out.

    ingest.plan  ->  stage, commit  ->  detect  ->  view  ->  report, standing

Reading it is reading the product. Everything in it can be interrupted and run again.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from stillwatch.core import FormatError, Settings
from stillwatch.core.errors import CaseError, Fault, SettingsError, TamperingFound
from stillwatch.engine import Workspace, durable_write, table
from stillwatch.ingest import Plan, ReadOptions, Source, plan
from stillwatch.pipeline.case_keeping import keep_cases
from stillwatch.pipeline.detect import Findings, detect
from stillwatch.pipeline.landed import land, release
from stillwatch.pipeline.provider_facts import commit_facts, how_many_cleared, how_many_known, telemetry_of
from stillwatch.pipeline.read_logs import Progress, Read, read_logs
from stillwatch.pipeline.stage import Context
from stillwatch.pipeline.standing import publish_standing
from stillwatch.pipeline.view import view
from stillwatch.pipeline.view_run import coverage, settings_that_matter, settings_used
from stillwatch.report import RunFacts, ScanView, SourceRead, render_html, render_json, render_markdown
from stillwatch.text import Scaffold, read_scaffolds

__all__ = ["Inputs", "Scanned", "last_view", "read_options", "reading", "scan", "view_of"]

_CHUNK_BYTES = 40_000_000
"""Raw bytes of a log that one worker takes at a time: enough that commits are few, little enough that two fit in memory."""

_CHUNK_ROWS = 16_000
"""The same for logs whose rows are small or packed: a worker's memory is several times the text of its rows."""

_COUNTED_ELSEWHERE = "exchanges without an account"
"""A readers' note that every summary has as `unattributed`, there without the duplicates."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Inputs:
    """What a scan reads: logs, sources that are no files, and what the provider knows beside them."""

    logs: Sequence[Path]
    accounts: Path | None = None
    telemetry: Path | None = None
    releases: Path | None = None
    cleared: Path | None = None
    force: str | None = None
    mapping: Path | None = None
    sources: Sequence[Source] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Scanned:
    """What a scan gave: the view, where its report is, what was read, and whether anything was new."""

    view: ScanView
    report: Path
    read: Read
    notes: tuple[str, ...]
    unchanged: bool


def scan(
    workspace: Workspace,
    inputs: Inputs,
    settings: Settings,
    *,
    command: str = "",
    progress: Progress | None = None,
    now: dt.datetime | None = None,
    planned: Plan | None = None,
) -> Scanned:
    """Read the logs that are not in yet, weigh accounts, find actors, write the report. The same scan again changes nothing.

    Args:
        now: the clock against which timestamps in the future are told; the system's by default.
        planned: the pieces of the logs, where somebody has cut them already.

    Raises:
        FormatError: when no log could be recognised or held no exchange at all.
        DiskFull, WorkspaceError: when the workspace cannot take it; what was committed before is whole.
    """
    with workspace.writing():
        options = read_options(inputs, settings, now or dt.datetime.now(dt.UTC))
        landed = None
        if planned is None:
            landed = land(workspace, inputs.sources)
            planned = _planned(inputs.logs, landed.folders, options)
        context, left_out = reading(workspace, inputs, settings, options)
        notes = [
            *planned.notes,
            *(landed.notes if landed else ()),
            *commit_facts(workspace, accounts=inputs.accounts, releases=inputs.releases, cleared=inputs.cleared),
            *left_out,
        ]
        read = read_logs(workspace, planned, context, workers=settings.run.workers, progress=progress)
        if landed:
            release(landed.landings, planned, read.chunks)
        notes += [f"{count:,} {name}" for name, count in read.notes.items() if name != _COUNTED_ELSEWHERE]
        if read.again:
            notes.append(f"{read.again} pieces of logs were read again: what they are read with has changed")
        if not workspace.store.manifest("features").rows:
            raise FormatError(_nothing(planned, read))
        if inputs.accounts is not None:
            notes.append(how_many_known(workspace, inputs.accounts))
        if inputs.cleared is not None:
            notes.append(how_many_cleared(workspace, inputs.cleared))
        told = tuple(map(_readable, notes))
        run = _run_id(workspace, settings)
        folder = workspace.root / "reports" / run
        kept = folder / "view.json"
        underway = workspace.root / "state" / "underway"
        if kept.exists() and _last_run(workspace) == run and not underway.exists():
            return Scanned(view=_load(kept), report=folder / "report.html", read=read, notes=told, unchanged=True)
        durable_write(underway, run.encode())
        findings = detect(workspace, settings, progress=progress)
        facts = _run_facts(run, workspace, planned, read, findings, settings, command)
        made = view(workspace, findings, settings, facts=facts)
        _write(folder, made)
        _record(workspace, run, settings, made)
        told += keep_cases(workspace, settings, made)
        told += _publish(workspace, settings, now or dt.datetime.now(dt.UTC))
        underway.unlink()
        told += (*findings.notes, *findings.followed.notes())
        return Scanned(view=made, report=folder / "report.html", read=read, notes=told, unchanged=False)


def last_view(workspace: Workspace) -> ScanView:
    """The view of the last scan.

    Raises:
        FormatError: when nothing was scanned yet.
    """
    run = _last_run(workspace)
    path = workspace.root / "reports" / (run or "none") / "view.json"
    if run is None or not path.exists():
        raise FormatError(f"{workspace.root}: nothing was scanned here yet; run stillwatch scan first")
    return _load(path)


def view_of(workspace: Workspace, run: str) -> ScanView | None:
    """The view of an earlier scan by its run's id; None when its report is no longer there."""
    path = workspace.root / "reports" / run / "view.json"
    return _load(path) if re.fullmatch("[0-9a-f]{16}", run) and path.exists() else None


def _publish(workspace: Workspace, settings: Settings, now: dt.datetime) -> tuple[str, ...]:
    """Publish the standing; a journal of cases that cannot be trusted stops that alone, and is said."""
    try:
        publish_standing(workspace, settings, scanned=now)
    except (TamperingFound, CaseError) as error:
        return (f"warning: the standing was not published, the one before stays in force: {error}",)
    return ()


def reading(
    workspace: Workspace, inputs: Inputs, settings: Settings, options: ReadOptions
) -> tuple[Context, list[str]]:
    """What those who read logs into this workspace need, and what the summary has to say of telemetry left out."""
    telemetry, left_out = telemetry_of(workspace, inputs.telemetry)
    context = Context(
        root=workspace.root,
        key=workspace.key,
        options=options,
        telemetry=telemetry,
        future_hours=settings.ingest.future_hours,
        scaffolds=_scaffolds(settings),
    )
    return context, left_out


def read_options(inputs: Inputs, settings: Settings, now: dt.datetime) -> ReadOptions:
    """How the logs are read, by the settings and the clock."""
    ahead = dt.timedelta(hours=settings.ingest.future_hours - 24)
    return ReadOptions(
        force=inputs.force,
        mapping=inputs.mapping,
        now=int((now + ahead).timestamp() * 1_000_000),
        default_account=settings.ingest.default_account or None,
        max_line_bytes=settings.ingest.max_line_bytes,
        chunk_bytes=_CHUNK_BYTES,
        chunk_rows=_CHUNK_ROWS,
    )


def _planned(logs: Sequence[Path], landed: Sequence[Path], options: ReadOptions) -> Plan:
    """The pieces of the logs and of what landed; of sources that brought nothing there are none."""
    filled = [folder for folder in landed if any(folder.glob("[0-9]*"))]
    return plan([*logs, *filled], options) if logs or filled else Plan(chunks=(), files=(), notes=())


def _scaffolds(settings: Settings) -> tuple[Scaffold, ...]:
    """Further public harness texts that the settings name."""
    path = settings.ingest.scaffolds
    if not path:
        return ()
    try:
        return read_scaffolds(Path(path).read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError([Fault(path="ingest.scaffolds", message=f"{path} cannot be read: {error}")]) from error


def _nothing(planned: Plan, read: Read) -> str:
    tried = ", ".join(f"{file.path} ({file.format})" for file in planned.files[:5]) or "no file"
    return f"no exchange could be read from {tried}; {read.rejects} rows were rejected. " + " ".join(planned.notes[:5])


def _run_id(workspace: Workspace, settings: Settings) -> str:
    """Sixteen hex digits that name this scan: its inputs, the settings that matter, and the version."""
    store = workspace.store
    features = store.manifest("features")
    recipe = {chunk: [told.get("reading"), told.get("telemetry")] for chunk, told in features.done.items()}
    told = {
        "version": version("stillwatch"),
        "settings": settings_that_matter(settings),
        "features": sorted((p.path, p.rows, [recipe[name] for name, _ in p.origins]) for p in features.parts),
        "facts": [
            [p.path for p in store.manifest(n).parts] for n in ("account_facts", "releases", "labels", "purposes")
        ],
    }
    return hashlib.blake2b(json.dumps(told, sort_keys=True).encode(), digest_size=8).hexdigest()


def _last_run(workspace: Workspace) -> str | None:
    rows = workspace.store.read("runs").to_pylist()
    return f"{rows[-1]['run'] & 0xFFFF_FFFF_FFFF_FFFF:016x}" if rows else None


def _run_facts(
    run: str, workspace: Workspace, planned: Plan, read: Read, findings: Findings, settings: Settings, command: str
) -> RunFacts:
    counted = findings.pictures.coverage
    by_source: dict[str, list[int]] = {}
    for chunk in (one for one in planned.chunks if one.id in read.chunks):
        total = by_source.setdefault(chunk.path, [0, 0])
        total[0] += read.chunks[chunk.id]["rows"]
        total[1] += read.chunks[chunk.id]["rejects"]
    first, last, tokens = counted["first_at"], counted["last_at"], counted["tokens"]
    return RunFacts(
        run=run,
        version=version("stillwatch"),
        exchanges=counted["exchanges"] or 0,
        accounts=counted["accounts"] or 0,
        rejects=read.rejects,
        duplicates=read.duplicates,
        unattributed=read.unattributed,
        output_tokens=tokens,
        first_at=None if first is None else _time(first),
        last_at=None if last is None else _time(last),
        command=_readable(command),
        inputs=tuple(
            SourceRead(
                path=_readable(file.path),
                format=file.format,
                exchanges=by_source.get(file.path, [0, 0])[0],
                rejects=by_source.get(file.path, [0, 0])[1],
            )
            for file in planned.files
        ),
        coverage=coverage(findings),
        settings=settings_used(settings),
    )


def _readable(text: str) -> str:
    """A text with the names of files in it as UTF-8 can write it: the system lets a name be any bytes."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _time(microseconds: int) -> dt.datetime:
    return dt.datetime.fromtimestamp(0, dt.UTC) + dt.timedelta(microseconds=microseconds)


def _write(folder: Path, made: ScanView) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    durable_write(folder / "report.html", render_html(made).encode())
    durable_write(folder / "report.md", render_markdown(made).encode())
    durable_write(folder / "report.json", render_json(made))
    durable_write(folder / "view.json", msgspec.json.encode(made))


def _load(path: Path) -> ScanView:
    return msgspec.json.decode(path.read_bytes(), type=ScanView)


def _record(workspace: Workspace, run: str, settings: Settings, made: ScanView) -> None:
    number = int(run, 16)
    summary = {
        "exchanges": made.run.exchanges,
        "accounts": made.run.accounts,
        "rejects": made.run.rejects,
        "duplicates": made.run.duplicates,
        "actors": len(made.for_review),
    }
    row = {
        "run": number - (1 << 64) if number >= 1 << 63 else number,
        "version": made.run.version,
        "settings": json.dumps(settings_that_matter(settings), sort_keys=True),
        "summary": json.dumps(summary, sort_keys=True),
    }
    fresh = pa.Table.from_pylist([row], schema=table("runs").schema)
    old = workspace.store.read("runs")
    workspace.store.put(
        "runs",
        pa.concat_tables([old.filter(pc.not_equal(old.column("run"), row["run"])), fresh]).combine_chunks(),
    )
