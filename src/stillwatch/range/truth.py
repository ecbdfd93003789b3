"""The sealed truth of a world: who was who. Written to a folder of its own, never beside the logs."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from stillwatch.core.errors import Error

__all__ = ["Truth", "read_truth", "seal_truth"]


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


def seal_truth(folder: Path, *, accounts: dict[str, list[str]], world: dict[str, object]) -> None:
    """Write `accounts.parquet` (account, role, group) and `world.json` into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    pq.write_table(
        pa.table({name: accounts[name] for name in ("account", "role", "group")}),
        folder / "accounts.parquet",
        compression="zstd",
    )
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
