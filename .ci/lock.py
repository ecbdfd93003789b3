#!/usr/bin/env python3
"""Write `constraints.txt` and `docs/site-constraints.txt`: names, versions and hashes of everything that is installed, and no addresses.

    make lock

`uv` resolves; it comes into an environment of its own, `.venv-lock`. One version of each package for every CPython from 3.11 on and
Linux on x86_64 and aarch64, with a marker where one is not needed everywhere; the hashes are those of all published files of that
version. The first part of the file is what runs and builds Stillwatch, the part after the line `# development` is
everything else: what the extras need, and what checks it all.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
HEAD = """\
# What Stillwatch is installed with: names, versions, hashes. Written by `make lock`, never by hand.
# For CPython 3.11 and later on Linux, x86_64 and aarch64. Install with pip install --require-hashes -r constraints.txt
"""
DEVELOPMENT = "# development\n"
APART = ("lakes", "psi", "spark", "zoo")
"""Extras that live in an environment of their own, for what they bring along (Spark: half a gigabyte; lakes: thirty packages)."""
EDITABLE = "editables>=0.5"
SITE = ["mkdocs>=1.6,<2"]
SITE_HEAD = "# What make site is built with, in an environment of its own. Written by make lock, never by hand.\n"
PROJECT = """\
[project]
name = "wanted"
version = "0"
requires-python = ">=3.11"
dependencies = %s
[tool.uv]
environments = ["%s"]
"""
EVERYWHERE = "platform_python_implementation == 'CPython' and sys_platform == 'linux'"


def main(uv: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    core = [*project["project"]["dependencies"], *project["build-system"]["requires"], EDITABLE]
    extras = project["project"]["optional-dependencies"]
    checks = [one for name, extra in extras.items() if name not in APART for one in extra]
    with tempfile.TemporaryDirectory() as folder:
        everything = resolved(uv, Path(folder), [*core, *checks], [])
        pins = [f"{name}=={version(told)}" for name, told in everything.items()]
        alone = resolved(uv, Path(folder), core, pins)
    differ = [name for name, told in alone.items() if version(told) != version(everything[name])]
    if differ:
        sys.exit(f"constraints: {', '.join(differ)} resolve differently without the development tools")
    rest = [told for name, told in everything.items() if name not in alone]
    (ROOT / "constraints.txt").write_text(HEAD + "".join(alone.values()) + DEVELOPMENT + "".join(rest), "utf-8")
    with tempfile.TemporaryDirectory() as folder:
        site = resolved(uv, Path(folder), SITE, [])
    (ROOT / "docs" / "site-constraints.txt").write_text(SITE_HEAD + "".join(site.values()), "utf-8")
    print(f"constraints.txt: {len(alone)} packages to run and build, {len(rest)} to check")


def resolved(uv: str, folder: Path, wanted: list[str], pins: list[str]) -> dict[str, str]:
    """Requirement with its hashes by package name, in the order of names."""
    (folder / "pyproject.toml").write_text(PROJECT % (wanted, EVERYWHERE), "utf-8")
    (folder / "pins.txt").write_text("\n".join(pins) + "\n", "utf-8")
    everywhere = ["--universal", "--python-version", "3.11", "--fork-strategy", "fewest"]
    plain = ["--no-annotate", "--no-header", "--no-emit-index-url", "--no-emit-find-links", "--quiet"]
    command = [
        uv,
        "pip",
        "compile",
        "pyproject.toml",
        "--constraint",
        "pins.txt",
        "--generate-hashes",
        *everywhere,
        *plain,
    ]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"constraints: uv could not resolve them\n{done.stderr}")
    told = re.findall(
        r"^[A-Za-z0-9][^\n]*\n(?:[ \t]+[^\n]*\n)*", done.stdout.replace(f" ; {EVERYWHERE}", ""), flags=re.MULTILINE
    )
    return {re.split(r"[=\[;\s]", one, maxsplit=1)[0]: one for one in told}


def version(told: str) -> str:
    return told.partition("==")[2].split()[0]


if __name__ == "__main__":
    main(str(Path(sys.argv[1]).absolute()))
