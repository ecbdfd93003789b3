"""Whether what is released is the same whoever builds it, is small, and installs with each extra on each Python.

Wheel and source archive are built twice, from two copies of what git tracks, in folders of other names, under other umasks, times and hash
seeds. `uv` resolves each extra against the package index for a Python without having it; where one is at hand the wheel is also installed
into a fresh environment of its own, as `pipx` does, and asked for its version.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

from figures import ROOT, Figures, bar

PYTHONS = ("3.11", "3.12", "3.13")
PLATFORM = "x86_64-manylinux_2_35"
"""Debian 12, Ubuntu 22.04 and later: `psi` has no files for older ones, all other extras have."""
MOST = 3_000_000
EPOCH = "1795000000"


def packages(folder: Path, *, uv: str, extras: list[str] | None = None) -> Figures:
    """Build twice, weigh, resolve and install."""
    first, second = (
        built(folder / name, umask=umask, seed=seed) for name, umask, seed in (("a", 0o022, "1"), ("other", 0o077, "2"))
    )
    same = first == second and len(first) == 2
    wheel = next((folder / "a" / "dist").glob("*.whl"))
    size = wheel.stat().st_size
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    named = extras if extras is not None else ["", *(one for one in project["optional-dependencies"] if one != "dev")]
    resolved = {f"{one or 'none'} on {python}": resolves(uv, wheel, one, python) for one in named for python in PYTHONS}
    failed = [name for name, told in resolved.items() if told is None]
    works = installed(uv, wheel, folder / "venv") == f"stillwatch {project['version']}"
    bars = [
        bar("wheel and source archive, built twice, byte for byte the same", float(same), "", "1", same),
        bar("wheel", size, "bytes", f"<= {MOST:,}", size <= MOST),
        bar(
            f"extras that resolve on Python {', '.join(PYTHONS)}",
            len(resolved) - len(failed),
            f"of {len(resolved)}",
            "all",
            not failed,
        ),
        bar("the wheel alone installs and tells its version", float(works), "", "1", works),
    ]
    raw: dict[str, Any] = {"sha256": first, "resolved": resolved, "failed": failed, "python": sys.version.split()[0]}
    return bars, raw


def built(folder: Path, *, umask: int, seed: str) -> dict[str, str]:
    """SHA-256 of wheel and source archive by name, built from a copy of the tracked files."""
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout.decode()
    for name in filter(None, tracked.split("\0")):
        target = folder / name
        if (ROOT / name).is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, target)
            if os.access(ROOT / name, os.X_OK):
                target.chmod(0o755)
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-d", "dist"],
        cwd=folder,
        check=True,
        capture_output=True,
        umask=umask,
        env=os.environ | {"SOURCE_DATE_EPOCH": EPOCH, "PYTHONHASHSEED": seed},
    )
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted((folder / "dist").iterdir())}


def resolves(uv: str, wheel: Path, extra: str, python: str) -> int | None:
    """How many packages the wheel with an extra needs on a Python; nothing where it cannot be resolved."""
    wanted = f"stillwatch[{extra}] @ {wheel.as_uri()}" if extra else f"stillwatch @ {wheel.as_uri()}"
    command = [
        uv,
        "pip",
        "compile",
        "-",
        "--python-version",
        python,
        "--python-platform",
        PLATFORM,
        "--quiet",
        "--no-annotate",
        "--no-header",
    ]
    done = subprocess.run(command, input=wanted, capture_output=True, text=True, check=False)
    return sum(line[:1].isalnum() for line in done.stdout.splitlines()) if done.returncode == 0 else None


def installed(uv: str, wheel: Path, place: Path) -> str:
    """The version that the command tells in an environment of its own."""
    subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, str(place)], check=True)
    subprocess.run([uv, "pip", "install", "--quiet", "--python", str(place / "bin" / "python"), str(wheel)], check=True)
    asked = subprocess.run(
        [str(place / "bin" / "stillwatch"), "--version"], capture_output=True, text=True, check=False
    )
    return asked.stdout.strip()
