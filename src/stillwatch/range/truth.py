"""The sealed truth of a world: who was who, and what each request of a hidden actor was for. It never lies beside the logs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from stillwatch.core.errors import Error

__all__ = ["ACTS", "TRUTH", "Truth", "read_acts", "read_truth", "seal_truth"]

TRUTH = pa.schema([(name, pa.string()) for name in ("account", "role", "group")])
"""The truth of accounts."""

ACTS = pa.schema([(name, pa.string()) for name in ("request_id", "account", "role", "group", "purpose")])
"""The truth of exchanges: every request of a hidden actor's account, and what it was for (`Purpose`, in small letters)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Truth:
    """Role (benign, lookalike, actor) and group of every account, by its raw id as the logs have it."""

    role: dict[str, str]
    group: dict[str, str]

    def groups(self, role: str) -> dict[str, set[str]]:
        """Accounts of each group of one role, groups in alphabetical order."""
        found: dict[str, set[str]] = {}
        for account, of in self.role.items():
            if of == role:
                found.setdefault(self.group[account], set()).add(account)
        return dict(sorted(found.items()))


def seal_truth(folder: Path, *, accounts: pa.Table, acts: pa.Table, world: Mapping[str, object]) -> None:
    """Write `accounts.parquet` (`TRUTH`), `exchanges-00000.parquet` (`ACTS`) and `world.json` into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, table, schema in (("accounts", accounts, TRUTH), ("exchanges-00000", acts, ACTS)):
        pq.write_table(table.select(schema.names).cast(schema), folder / f"{name}.parquet", compression="zstd")
    (folder / "world.json").write_text(json.dumps(world, indent=1) + "\n", encoding="utf-8")


def read_truth(folder: Path) -> Truth:
    """Read the sealed truth.

    Raises:
        Error: if the folder holds none.
    """
    path = folder / "accounts.parquet"
    if not path.is_file():
        raise Error(f"{folder.name}: holds no sealed truth (accounts.parquet)")
    table = pq.read_table(path)
    names = table["account"].to_pylist()
    return Truth(
        role=dict(zip(names, table["role"].to_pylist(), strict=True)),
        group=dict(zip(names, table["group"].to_pylist(), strict=True)),
    )


def read_acts(folder: Path) -> pa.Table:
    """What each request of a hidden actor was for; a world without any has no rows."""
    files = sorted(folder.glob("exchanges-*.parquet"))
    return pa.concat_tables([ACTS.empty_table(), *(pq.read_table(path, schema=ACTS) for path in files)])
