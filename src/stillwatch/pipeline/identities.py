"""Raw identifiers of accounts (mail, phone, card token, device, traits) in the vault, and out of it for those who may have them.

They are kept beside the raw account names and are read by nothing but `identifiers`, which the command line hands to the forum as its
vault: the case's members are asked for there, after the journal says so.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterable, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from stillwatch.core import Error, unhandle
from stillwatch.engine import Workspace, durable_write

__all__ = ["identifiers", "keep_identities"]

_KIND = "identity:"


def keep_identities(workspace: Workspace, path: Path, kinds: Iterable[str]) -> int:
    """Keep the identifiers of a CSV file (`account`, then a column a kind) in the vault; how many values were kept.

    Raises:
        Error: when the file has no column `account`, or none of the kinds.
    """
    wanted = list(kinds)
    rows: list[tuple[str, int, str]] = []
    data = path.read_bytes().decode("utf-8-sig", "replace")
    reader = csv.DictReader(io.StringIO(data, newline=""))
    there = [kind for kind in wanted if kind in (reader.fieldnames or ())]
    if "account" not in (reader.fieldnames or ()) or not there:
        raise Error(f"{path}: expected a column account and one or more of {', '.join(wanted)}")
    for row in reader:
        account = (row["account"] or "").strip()
        if account:
            named = workspace.names.name("account", account)
            rows += [(_KIND + kind, named, row[kind].strip()) for kind in there if (row[kind] or "").strip()]
    rows = sorted(set(rows))
    if rows:
        kept, pseudonyms, raws = zip(*rows, strict=True)
        made = pa.BufferOutputStream()
        pq.write_table(pa.table({"kind": kept, "pseudonym": pa.array(pseudonyms, pa.int64()), "raw": raws}), made)
        name = hashlib.sha256(data.encode()).hexdigest()[:16]
        durable_write(workspace.root / "vault" / f"identities-{name}.parquet", made.getvalue().to_pybytes(), mode=0o600)
    return len(rows)


def identifiers(workspace: Workspace, handles: Sequence[str], kinds: Iterable[str]) -> dict[tuple[str, str], list[str]]:
    """Raw values by account's handle and kind; what the vault does not hold is absent."""
    shown = {unhandle(text)[1]: text for text in handles}
    wanted = [_KIND + kind for kind in kinds]
    found: dict[tuple[str, str], set[str]] = {}
    for path in sorted((workspace.root / "vault").glob("identities-*.parquet")):
        asked = pc.field("kind").isin(wanted) & pc.field("pseudonym").isin(list(shown))
        for row in pq.read_table(path, filters=asked).to_pylist():
            found.setdefault((shown[row["pseudonym"]], row["kind"].removeprefix(_KIND)), set()).add(row["raw"])
    return {key: sorted(values) for key, values in sorted(found.items())}
