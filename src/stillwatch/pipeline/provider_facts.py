"""What the provider knows beside its logs: facts of accounts, launches, cleared accounts, product telemetry.

They are committed before the logs are read; once those are in, it is told how many of their accounts the facts name.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from stillwatch.engine import TABLES, Workspace
from stillwatch.ingest import Facts, read_accounts, read_cleared, read_releases, read_telemetry
from stillwatch.pipeline.facts_kept import digest_of, facts_name, keep_facts, kept_facts
from stillwatch.pipeline.purposes import keep_purposes
from stillwatch.pipeline.stage import keep_names

__all__ = ["commit_facts", "how_many_cleared", "how_many_known", "telemetry_of"]


def commit_facts(
    workspace: Workspace, *, accounts: Path | None, releases: Path | None, cleared: Path | None
) -> list[str]:
    """Commit what the provider knows of accounts, their purposes and launches; unreadable rows are told and kept as rejects."""
    notes = list(keep_purposes(workspace))
    readers: tuple[tuple[str, Path | None, Callable[[Path], Facts]], ...] = (
        ("account_facts", accounts, lambda path: read_accounts(path, workspace.names)),
        ("releases", releases, read_releases),
        ("labels", cleared, lambda path: read_cleared(path, workspace.names)),
    )
    for name, path, read in readers:
        if path is None:
            continue
        digest = digest_of(path)
        told = kept_facts(workspace, name, path, digest)
        if told is None:
            facts = read(path)
            workspace.store.put(name, facts.table.sort_by(TABLES[name].key[0]))
            told = _left_out(workspace, path, facts)
            keep_facts(workspace, name, path, digest, told)
        notes += told
    pa.default_memory_pool().release_unused()  # or what the facts of many accounts took is kept while the logs are read
    return notes


def how_many_known(workspace: Workspace, path: Path) -> str:
    """How many accounts of the logs the file of account facts knows: a wrong column of names is known by it."""
    accounts = _accounts(workspace)
    known = len(accounts.intersection(_named_by(workspace, "account_facts")))
    told = f"{path}: facts known for {known:,} of {len(accounts):,} accounts"
    if known or not accounts:
        return told
    return f"warning: {told}; no account in it is written as in the logs, so nothing in it counts: look at its account column"


def how_many_cleared(workspace: Workspace, path: Path) -> str:
    """How many accounts of a list of cleared ones are in the logs; the others calibrate nothing."""
    listed = _named_by(workspace, "labels")
    here = len(_accounts(workspace).intersection(listed))
    told = f"{path}: {len(listed):,} cleared accounts, {here:,} of them in the logs"
    if here or not listed:
        return f"{told}; {len(listed) - here:,} unknown here" if len(listed) > here else told
    return f"warning: {told}; no name in it is written as in the logs, so nobody is cleared"


def telemetry_of(workspace: Workspace, path: Path | None) -> tuple[frozenset[tuple[int, str]] | None, list[str]]:
    """Accounts and clients that product telemetry knows, and what the summary has to say of rows left out."""
    if path is None:
        return None, []
    facts = read_telemetry(path, workspace.names)
    pairs = zip(facts.table.column("account").to_pylist(), facts.table.column("client").to_pylist(), strict=True)
    return frozenset(pairs), _left_out(workspace, path, facts)


def _accounts(workspace: Workspace) -> set[int]:
    """Every account of the logs."""
    found: set[int] = set()
    for part in workspace.store.files("features"):
        found.update(
            pc.unique(pq.ParquetFile(part).read(columns=["account"]).column("account")).drop_null().to_pylist()
        )
    return found


def _named_by(workspace: Workspace, table_name: str) -> list[int]:
    listed: list[int] = workspace.store.read(table_name, ["account"]).column("account").to_pylist()
    return listed


def _left_out(workspace: Workspace, path: Path, facts: Facts) -> list[str]:
    """Keep the rejects and raw names of a file of facts; say how many rows were left out."""
    if not facts.table.num_rows and not facts.rejects.num_rows:
        return [f"{path}: empty"]
    rows = facts.rejects if isinstance(facts.rejects, pa.Table) else pa.Table.from_batches([facts.rejects])
    name = facts_name(path)
    keep_names(workspace.root, name, facts.vault)
    if not rows.num_rows:
        return []
    part = workspace.store.write_part("rejects", rows, made_from=name)
    if part.path not in {one.path for one in workspace.store.manifest("rejects").parts}:
        workspace.store.append("rejects", [part], {})
    first = rows.slice(0, 1).to_pylist()[0]
    return [
        f"{path}: {rows.num_rows} rows were left out, the first at line {first['line']}: {first['field']}: {first['reason']}"
    ]
