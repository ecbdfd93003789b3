"""A real PostgreSQL for the length of a test module, where one is installed; the rest is skipped and says so."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

__all__ = ["postgres"]

_BINARIES = sorted(Path("/usr/lib/postgresql").glob("*/bin")) if Path("/usr/lib/postgresql").exists() else []
_AS_OTHER = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []


@contextmanager
def postgres(port: int) -> Iterator[str]:
    """A server over a fresh folder; the address of its database. It does not start as root, so another user runs it then."""
    pytest.importorskip("pg8000", reason="pip install stillwatch[postgres]")
    if not _BINARIES or (_AS_OTHER and shutil.which("runuser") is None):
        pytest.skip("PostgreSQL is not installed: apt-get install postgresql")
    folder = Path(
        tempfile.mkdtemp(prefix="stillwatch-postgres-")
    )  # where that user may go, which pytest's own folders forbid
    folder.chmod(0o777)
    data, bin_ = folder / "data", _BINARIES[-1]

    def run(*command: str) -> None:
        subprocess.run(
            [*_AS_OTHER, *command], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=folder
        )

    try:
        run(str(bin_ / "initdb"), "-D", str(data), "-A", "trust", "-U", "stillwatch", "-N")
        options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1"
        run(str(bin_ / "pg_ctl"), "-D", str(data), "-w", "-l", str(folder / "log"), "-o", options, "start")
        try:
            yield f"postgresql://stillwatch@127.0.0.1:{port}/postgres"
        finally:
            run(str(bin_ / "pg_ctl"), "-D", str(data), "-w", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
