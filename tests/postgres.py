"""A real PostgreSQL for the length of a test module, where one is installed; the rest is skipped and says so."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

__all__ = ["postgres_in"]

_BINARIES = sorted(Path("/usr/lib/postgresql").glob("*/bin")) if Path("/usr/lib/postgresql").exists() else []
_AS_OTHER = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []


@contextmanager
def postgres_in(folder: Path, *, port: int) -> Iterator[str]:
    """A server over a fresh folder; the address of its database. It does not start as root, so another user runs it there."""
    pytest.importorskip("pg8000", reason="pip install stillwatch[postgres]")
    if not _BINARIES or (_AS_OTHER and shutil.which("runuser") is None):
        pytest.skip("PostgreSQL is not installed: apt-get install postgresql")
    folder.chmod(0o777)
    for above in folder.parents:
        if above.owner() == "root" and above != Path("/"):
            above.chmod(above.stat().st_mode | 0o011)
    data, bin_ = folder / "data", _BINARIES[-1]

    def run(*command: str) -> None:
        subprocess.run(
            [*_AS_OTHER, *command], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=folder
        )

    run(str(bin_ / "initdb"), "-D", str(data), "-A", "trust", "-U", "stillwatch", "-N")
    options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1"
    run(str(bin_ / "pg_ctl"), "-D", str(data), "-w", "-l", str(folder / "log"), "-o", options, "start")
    try:
        yield f"postgresql://stillwatch@127.0.0.1:{port}/postgres"
    finally:
        run(str(bin_ / "pg_ctl"), "-D", str(data), "-w", "-m", "immediate", "stop")
